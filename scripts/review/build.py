"""From two trees to the model of the change."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import replace

from scripts.aside import Aside
from scripts.review.attribution import attribute, unexplained
from scripts.review.causes import target_edits
from scripts.review.change import Cause, Change, ObjectChange
from scripts.review.consequences import consequences
from scripts.review.ledger import ledger, memory
from scripts.review.objects import compare
from scripts.review.picture import pictures
from scripts.review.recompile import compile_texts
from scripts.review.sides import Pair
from scripts.review.sources import Edits, edits
from scripts.review.stale import stale
from scripts.review.verdict import verdict
from scripts.review.view import View
from scripts.review.workshop import Workshop


def build(pair: Pair, date: datetime.date) -> Change:
    """The model of the change. ``date``: the day that waivers are held against."""
    compared = Aside(lambda: compare(pair.base.texts, pair.head.texts))
    edited = edits(pair)
    by_target = target_edits(pair, edited)
    workshop = Workshop(pair, by_target)
    compiled = Aside(lambda: stale(Workshop(pair, by_target, compile_texts)))
    code = Cause("code", files=pair.code) if pair.code else None
    objects, index = attribute(workshop, compared.result(), code)
    found = compiled.result()
    objects = unexplained(objects, index, pair.head.texts, found.wanted)
    objects, causes = _all(objects, index, edited)
    change = Change(
        base=pair.base.label,
        head=pair.head.label,
        objects=tuple(objects),
        causes=causes,
        notes=(*pair.notes, *_broken(pair), *found.notes),
    )
    view = View(pair, change, date)
    change = replace(
        change,
        ledger=tuple(ledger(view)),
        memory=tuple(memory(view)),
        pictures=tuple(pictures(view)),
        models=_models(view),
    )
    view = View(pair, change, date)
    change = replace(change, consequences=tuple(consequences(view)))
    return replace(change, verdict=verdict(change))


def _models(view: View) -> dict[str, str]:
    stacks = {**view.stacks_before, **view.stacks_after}
    return {target: stacks[target].model.name for target in sorted(stacks)}


def _all(
    objects: Iterable[ObjectChange], index: dict[Cause, int], edited: Edits
) -> tuple[list[ObjectChange], tuple[Cause, ...]]:
    """Every edit, those without an effect on what is synced too; sorted by place, and the indices with them."""
    known = dict.fromkeys(
        (*index, *edited.values.values(), *edited.includes.values(), *edited.files.values())
    )
    causes = sorted(known, key=lambda one: (one.kind in ("code", "unknown"), one.file, one.line, one.key))
    place = {cause: number for number, cause in enumerate(causes)}
    moved = {number: place[cause] for cause, number in index.items()}

    def again(numbers: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(moved[number] for number in numbers))

    renumbered = [
        replace(
            one,
            causes=again(one.causes),
            fields=tuple(replace(change, causes=again(change.causes)) for change in one.fields),
        )
        for one in objects
    ]
    return renumbered, tuple(causes)


def _broken(pair: Pair) -> list[str]:
    """Targets whose inventory does not render, on either side."""
    found = []
    for side, lost in ((pair.base, "the numbers before"), (pair.head, "the numbers after")):
        problems = dict.fromkeys(
            str(problem)
            for target in sorted(pair.affected & side.targets)
            if side.parameters(target) is None and (problem := side.problem(target)) is not None
        )
        if problems:
            first, more = next(iter(problems)), len(problems) - 1
            rest = f" (and {more} more)" if more else ""
            found.append(
                f"the inventory at {side.label} does not render, so causes and {lost} are not complete: {first}{rest}"
            )
    return found
