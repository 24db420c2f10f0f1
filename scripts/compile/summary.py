"""What a compile did, for people."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from scripts.compile.changes import Change
from scripts.compile.inputs import is_cluster
from scripts.compile.job import Outcome
from scripts.compile.plan import Plan
from scripts.compile.terminal import counted, duration, shown
from scripts.compile.verify import told_faults

SHOWN: Final = 40
"""Files of a difference that are listed one by one."""
SLOWEST: Final = 10


def summary(outcome: Outcome) -> str:
    """A few lines."""
    return "\n".join(_summary(outcome))


def difference(outcome: Outcome) -> list[str]:
    """What ``compiled/`` is not, a line for each file; empty when it is as it should be."""
    changes = outcome.tree.changes if outcome.tree else ()
    lines = [f"{_what(change, outcome.work)}: compiled/{shown(change.path)}" for change in changes[:SHOWN]]
    if len(changes) > SHOWN:
        lines.append(f"and {counted(len(changes) - SHOWN, 'more file')}")
    return lines


def faults(outcome: Outcome) -> list[str]:
    """Rules that failed themselves."""
    return told_faults(outcome.checked.faults)


def slowest(seconds: Mapping[str, float]) -> list[str]:
    """The targets that took longest."""
    ordered = sorted(seconds.items(), key=lambda item: (-item[1], item[0]))[:SLOWEST]
    return [f"{spent:8.2f} s  {target}" for target, spent in ordered]


def hottest(profile: Path, root: Path) -> list[str]:
    """The functions of the project that took longest, with what they called."""
    import pstats

    found: list[tuple[float, int, str]] = []
    for (file, line, name), (_, calls, _, spent, _) in pstats.Stats(str(profile)).stats.items():  # type: ignore[attr-defined]
        if file.startswith(f"{root}{os.sep}") and ".venv" not in file and not name.startswith("<"):
            found.append((spent, calls, f"{os.path.relpath(file, root)}:{line} {name}"))
    found.sort(reverse=True)
    return [f"{spent:8.2f} s {calls:8} x  {where}" for spent, calls, where in found[:SLOWEST]]


def _summary(outcome: Outcome) -> Iterator[str]:
    work = outcome.work
    total = sum(outcome.seconds.values())
    if outcome.tree is None:
        yield f"nothing to do: {counted(len(work.kept), 'target')} as they should be, {duration(total)}"
        return
    clusters = sum(map(is_cluster, work.reasons))
    made = [counted(len(work.reasons) - clusters, "stack"), counted(clusters, "cluster")]
    yield f"compiled {' and '.join(made)}, kept {len(work.kept):,}, pruned {len(work.gone):,}"
    yield _files(outcome.tree.changes, outcome.tree.unit)
    checked = outcome.checked
    if checked.clusters:
        warned = (
            f", {counted(checked.warnings, 'warning')}: see `inferstack check`" if checked.warnings else ""
        )
        yield f"checked {counted(checked.objects, 'object')} of {counted(checked.clusters, 'cluster')}{warned}"
    if outcome.unchecked:
        yield f"not checked: {_some(outcome.unchecked)}, of which only a part is compiled"
    phases = ", ".join(f"{name} {spent:.2f}" for name, spent in outcome.seconds.items())
    yield f"{duration(total)}: {phases}"


def _some(names: Iterable[str]) -> str:
    first, *more = sorted(names)
    return f"{first} and {counted(len(more), 'more cluster')}" if more else first


def _files(changes: tuple[Change, ...], unit: str | None) -> str:
    if not changes:
        return "no file changed"
    kinds = Counter(change.kind for change in changes)
    told = ", ".join(f"{kinds[kind]:,} {kind}" for kind in ("added", "changed", "removed") if kinds[kind])
    return f"files: {told}, all in compiled/{shown(unit or '')}"


def _what(change: Change, work: Plan) -> str:
    """Why a file is not as it should be."""
    if not change.target:
        return "stray"
    if change.target in work.gone:
        return "gone"
    reason = work.reasons[change.target]
    if reason in ("edited", "missing"):
        return {"added": "missing", "changed": "edited", "removed": "stray"}[change.kind]
    return {"added": "missing", "changed": "stale", "removed": "gone"}[change.kind]
