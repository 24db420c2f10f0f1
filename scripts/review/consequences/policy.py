"""Rules that are set aside, and objects that are patched past the builders."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from components.stack.params import Waiver
from scripts.check.declared import Declared
from scripts.check.waivers import WARN_DAYS
from scripts.review import show
from scripts.review.change import Consequence
from scripts.review.consequences.words import counted, place, several
from scripts.review.view import View


def _targets(clusters: Mapping[str, Declared]) -> Iterator[tuple[str, Declared]]:
    for name, declared in clusters.items():
        if declared.params:
            yield f"{name}.cluster", declared
        for stack in declared.stacks:
            yield f"{name}.{stack}", declared


def waivers(view: View) -> Iterator[Consequence]:
    """Waivers that are new, last longer, or run out."""
    before = {target: dict(declared.waivers(target)) for target, declared in _targets(view.before)}
    found: dict[tuple[str, str, str], list[str]] = {}
    sentences: dict[tuple[str, str, str], tuple[str, Any]] = {}
    for target, declared in _targets(view.after):
        for rule, waiver in declared.waivers(target).items():
            old = before.get(view.twins.get(target, target), {}).get(rule)
            for key, severity, sentence in _said(rule, old, waiver, view.date):
                found.setdefault((key, rule, sentence), []).append(target)
                sentences[key, rule, sentence] = (sentence, severity)
    for about, targets in sorted(found.items()):
        sentence, severity = sentences[about]
        where = several(place(target) for target in targets)
        clusters = tuple(sorted({target.rpartition(".")[0] for target in targets}))
        yield Consequence(about[0], severity, f"{sentence} Where: {where}.", clusters, tuple(sorted(targets)))
    yield from _ended(view, before)


def _said(rule: str, old: Waiver | None, new: Waiver, date: datetime.date) -> Iterator[tuple[str, Any, str]]:
    who = f"{new.owner} until {new.until}: {new.reason.rstrip('.')}"
    if old is None:
        yield "waiver-added", "look", f"Rule {rule} is set aside by {who}."
    elif old.until != new.until:
        longer = "longer" if new.until > old.until else "shorter"
        yield (
            "waiver-changed",
            "look",
            f"Rule {rule} is set aside {longer} ({old.until} → {new.until}) by {who}.",
        )
    elif old != new:
        yield "waiver-changed", "look", f"The waiver of rule {rule} changes: {who}."
    try:
        left = (datetime.date.fromisoformat(new.until) - date).days
    except ValueError:
        return
    if left < 0:
        yield "waiver-over", "dangerous", f"The waiver of rule {rule} ended on {new.until}: the check fails."
    elif left <= WARN_DAYS:
        yield (
            "waiver-ends",
            "look",
            f"The waiver of rule {rule} ends on {new.until} ({counted(left, 'day')}).",
        )


def _ended(view: View, before: Mapping[str, Mapping[str, Waiver]]) -> Iterator[Consequence]:
    after = {target: declared.waivers(target) for target, declared in _targets(view.after)}
    gone: dict[str, list[str]] = {}
    for target, held in before.items():
        for rule in held:
            if target in after and rule not in after[target]:
                gone.setdefault(rule, []).append(target)
    for rule, targets in sorted(gone.items()):
        where = several(place(target) for target in targets)
        clusters = tuple(sorted({target.rpartition(".")[0] for target in targets}))
        yield Consequence(
            "waiver-removed", "routine", f"Rule {rule} holds again for {where}.", clusters, tuple(targets)
        )


def overrides(view: View) -> Iterator[Consequence]:
    """Objects that the inventory patches, and Endpoint Picker configuration that it merges over the builder's."""
    before = {target: _patches(declared, target) for target, declared in _targets(view.before)}
    for target, declared in _targets(view.after):
        old = before.get(view.twins.get(target, target), {})
        new = _patches(declared, target)
        cluster = (target.rpartition(".")[0],)
        for what in sorted(new):
            if what not in old:
                sentence = f"{what} of {place(target)} is patched past the builders: {several(sorted(new[what]), 5)}."
                yield Consequence("override-added", "look", sentence, cluster, (target,))
            elif old[what] != new[what]:
                sentence = f"The patch of {what} of {place(target)} changes: {several(sorted(new[what]), 5)}."
                yield Consequence("override-changed", "look", sentence, cluster, (target,))
        for what in sorted(old.keys() - new.keys()):
            yield Consequence(
                "override-removed",
                "routine",
                f"{what} of {place(target)} is patched no more.",
                cluster,
                (target,),
            )


def _patches(declared: Declared, target: str) -> dict[str, Mapping[str, Any]]:
    params = declared.own(target)
    if params is None:
        return {}
    found: dict[str, Mapping[str, Any]] = {
        f"{kind} {name}": patch
        for kind, patches in params.overrides.items()
        for name, patch in patches.items()
    }
    if params.gateway.epp.config:
        found["the Endpoint Picker's configuration"] = params.gateway.epp.config
    return found


def environments(view: View) -> Iterator[Consequence]:
    """What an environment demands, and what Argo CD may undo or delete by itself."""
    changed: dict[str, list[str]] = {}
    for name, declared in view.after.items():
        old = view.before.get(name)
        if old is None or old.environment is None or declared.environment is None:
            continue
        one, two = old.environment.model_dump(), declared.environment.model_dump()
        for key in sorted(key for key in two if one[key] != two[key]):
            changed.setdefault(
                f"{key.replace('_', ' ')}: {' → '.join(show.pair(one[key], two[key]))}", []
            ).append(name)
    for what, names in sorted(changed.items()):
        sentence = f"The environment of {several(names)} changes: {what}."
        yield Consequence("environment", "look", sentence, tuple(names))
