"""Which edit of the inventory changes which rendered value of which target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from components.inventory.origin import CannotResolve
from components.inventory.value import Definition
from scripts.review.change import Cause
from scripts.review.sides import Pair, Side, differing
from scripts.review.sources import Edits, KeyPath

UNKNOWN = Cause("unknown")


@dataclass(frozen=True, slots=True)
class Moved:
    """A rendered value that differs."""

    key: KeyPath
    old: Any
    new: Any


@dataclass(frozen=True)
class TargetEdits:
    """What differs in one target's rendered parameters, by the edit that does it."""

    target: str
    """At the head; at the base where it is gone."""
    was: str = ""
    """The target at the base; empty where it is new."""
    whole: Cause | None = None
    """Why the target is there, gone or elsewhere."""
    values: Mapping[Cause, tuple[Moved, ...]] = field(default_factory=dict)
    also: tuple[Cause, ...] = ()
    """Classes that are new with the target."""

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Every edit that may matter in it."""
        return (*((self.whole,) if self.whole else ()), *self.values)


def target_edits(pair: Pair, edits: Edits) -> dict[str, TargetEdits]:
    """What differs in every target that an edit reaches, by target."""
    found: dict[str, TargetEdits] = {}
    moved = {_target(new): _target(old) for new, old in edits.moved.items() if "/targets/" in new}
    for target in sorted(pair.affected):
        at_head = target in pair.head.targets
        at_base = target in pair.base.targets
        if not at_head:
            found[target] = TargetEdits(target, target, edits.files.get(_file(target, pair.base), UNKNOWN))
            continue
        was = target if at_base else moved.get(target, "")
        whole = None if at_base else edits.files.get(_file(target, pair.head), UNKNOWN)
        values = _values(pair, edits, target, was) if was else {}
        if whole or values:
            files = pair.head.files(target)[:-1] if whole else ()
            also = tuple(edits.files[file] for file in files if file in edits.files)
            found[target] = TargetEdits(target, was, whole, values, also)
    return found


def _target(file: str) -> str:
    parts = file.split("/")
    return f"{parts[-2]}.{parts[-1].rpartition('.')[0]}"


def _file(target: str, side: Side) -> str:
    return str(side.origins.target_file(target))


def _values(pair: Pair, edits: Edits, target: str, was: str) -> dict[Cause, tuple[Moved, ...]]:
    old, new = pair.base.parameters(was), pair.head.parameters(target)
    if new is None:
        return {}
    if old is None:  # what of it changed is not known, so any edit of its files may matter
        files = set(pair.head.files(target))
        every = (*edits.values.values(), *edits.includes.values(), *edits.files.values())
        return {cause: () for cause in every if cause.file in files}
    found: dict[Cause, list[Moved]] = {}
    for key, one, two in differing(old, new):
        for cause in _causes(pair, edits, target, was, key):
            found.setdefault(cause, []).append(Moved(key, one, two))
    return {cause: tuple(moves) for cause, moves in found.items()}


def _causes(pair: Pair, edits: Edits, target: str, was: str, key: KeyPath) -> list[Cause]:
    """The edit behind one value: of the line that sets it now, else of the line that set it, else of what brings
    the file of either into the target."""
    now, then = _winners(pair.head, target, key), _winners(pair.base, was, key)
    for definition in (*now, *then):
        moved_to = next((new for new, old in edits.moved.items() if old == definition.file), definition.file)
        cause = edits.value(moved_to, definition.key)
        if cause is not None:
            return [cause]
    for side, name, definitions in ((pair.head, target, now), (pair.base, was, then)):
        for definition in definitions:
            include = _include(side, name, definition, edits)
            if include is not None:
                return [include, *([edits.files[definition.file]] if definition.file in edits.files else [])]
    files = {definition.file for definition in (*now, *then)} & edits.files.keys()
    if files:
        return [edits.files[min(files)]]
    return sorted(_own_includes(pair.head, target, edits), key=lambda one: one.place) or [UNKNOWN]


def _winners(side: Side, target: str, key: KeyPath) -> list[Definition]:
    """The lines that make a value, the one in effect first, each followed by those of the values it refers to."""
    try:
        found = side.origins.trace(target, key)
    except CannotResolve:
        return []
    return list(_behind(reversed(found)))


def _behind(found: Iterable[Definition]) -> Iterator[Definition]:
    for definition in found:
        yield definition
        for reference in definition.via:
            yield from _behind(reversed(reference.definitions))


def _include(side: Side, target: str, definition: Definition, edits: Edits) -> Cause | None:
    """The edited include through which the definition's file is part of the target."""
    for include in side.origins.chain(target).includes_of(definition.file):
        cause = edits.includes.get((include.file, include.written))
        if cause is not None:
            return cause
    return None


def _own_includes(side: Side, target: str, edits: Edits) -> set[Cause]:
    files = set(side.files(target))
    return {cause for (file, _), cause in edits.includes.items() if file in files}
