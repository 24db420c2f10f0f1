"""Waivers: a rule does not hold here, because somebody said so, until a date.

A waiver stands in the inventory (``waivers: {<rule>: {owner, reason, until, objects}}``), in a target or in a
class that several targets include. It sets findings of its rule in its targets aside until its last day; a
cluster's own target covers the whole cluster.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from components.stack.params import Waiver
from scripts.check.model import Finding

WARN_DAYS = 14
LONGEST_DAYS = 366
"""So many days before its end a waiver is announced."""

Waivers = Mapping[str, Mapping[str, Waiver]]
"""Waivers by target, then by rule."""


@dataclass(frozen=True)
class WaiverUse:
    """One waiver as it was used: what rules of scope ``waiver`` see."""

    targets: tuple[str, ...]
    """The targets that include it, sorted."""
    rule: str
    waiver: Waiver
    date: datetime.date
    """The day of the run."""
    hits: int
    """Findings that it set aside, or would have."""
    known: bool
    """Whether there is a rule of that name that can be waived."""

    @property
    def days_left(self) -> int:
        """Days until its last day; negative after it."""
        return (self.until - self.date).days

    @property
    def until(self) -> datetime.date:
        """Its last day; a date that does not exist ended long ago."""
        try:
            return datetime.date.fromisoformat(self.waiver.until)
        except ValueError:
            return datetime.date.min


def apply(
    findings: Iterable[Finding], waivers: Waivers, date: datetime.date, known: frozenset[str]
) -> tuple[list[Finding], list[WaiverUse]]:
    """The findings with what is waived marked so, and how every waiver was used. ``known``: rules that can be
    waived."""
    counts: dict[tuple[str, str], int] = {}
    told: list[Finding] = []
    for finding in findings:
        target = _waiving(finding, waivers) if finding.rule in known else None
        if target is not None:
            waiver = waivers[target][finding.rule]
            counts[target, finding.rule] = counts.get((target, finding.rule), 0) + 1
            reason = f"{waiver.owner} until {waiver.until}: {waiver.reason}"
            told.append(replace(finding, waived=reason) if date.isoformat() <= waiver.until else finding)
        else:
            told.append(finding)
    return told, list(_uses(waivers, counts, date, known))


def _waiving(finding: Finding, waivers: Waivers) -> str | None:
    """The target whose waiver covers a finding: its own, else its cluster's."""
    for target in (finding.target, f"{finding.cluster}.cluster"):
        waiver = waivers.get(target, {}).get(finding.rule)
        if waiver and _covers(waiver, finding):
            return target
    return None


def _covers(waiver: Waiver, finding: Finding) -> bool:
    wanted = {name for name, on in waiver.objects.items() if on}
    kind, _, name = finding.object.partition(" ")
    return not wanted or f"{kind}/{name.rpartition('/')[2]}" in wanted


def _uses(
    waivers: Waivers, counts: Mapping[tuple[str, str], int], date: datetime.date, known: frozenset[str]
) -> Iterator[WaiverUse]:
    """Each waiver once: targets that hold the same one share it, because they include the same class."""
    same: dict[tuple[str, str], list[str]] = {}
    for target, held in waivers.items():
        for rule, waiver in held.items():
            same.setdefault((rule, waiver.model_dump_json()), []).append(target)
    for (rule, _), targets in sorted(same.items()):
        hits = sum(counts.get((target, rule), 0) for target in targets)
        yield WaiverUse(tuple(sorted(targets)), rule, waivers[targets[0]][rule], date, hits, rule in known)
