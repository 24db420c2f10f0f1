"""The whole check: the guard, every cluster on its own, then what spans clusters, waivers, and the order of
telling."""

from __future__ import annotations

import datetime
import multiprocessing
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from components.inventory.inventory import Inventory
from components.inventory.origin import Origins
from components.inventory.problem import Problem
from scripts.check import ledger, read, stage, verdicts, waivers
from scripts.check.cause import Causes
from scripts.check.declared import clusters_of
from scripts.check.fleet import FleetView
from scripts.check.model import Finding, Level
from scripts.check.rule import rules
from scripts.check.running import Seconds, finding
from scripts.check.where import with_lines
from scripts.check.work import Job, Result, check_cluster, share

SMALL = 64
"""Up to so many targets one process is faster than starting more."""


@dataclass(frozen=True)
class Report:
    """What a check found."""

    findings: tuple[Finding, ...]
    """Without those that are waived; errors first, then by place."""
    waived: tuple[Finding, ...]
    targets: int
    objects: int
    seconds: Seconds
    faults: tuple[str, ...]
    """What went wrong in the check itself, one line each."""
    ledger: tuple[ledger.Row, ...] = ()
    """What every pool has and what its stacks take, by cluster and pool."""
    memory: tuple[verdicts.Row, ...] = ()
    """Whether each model fits, by target; empty unless it was asked for."""

    def count(self, level: Level) -> int:
        """Findings of a level."""
        return sum(one.level == level for one in self.findings)


def check(
    root: Path,
    date: datetime.date,
    jobs: int = 0,
    *,
    debug: bool = False,
    notes: bool = True,
    memory: bool = False,
    crds: Path | None = None,
) -> Report:
    """Checks the project in ``root`` as of ``date``, in ``jobs`` processes (0: one a processor). ``debug`` lets a
    faulty rule raise; without ``notes`` the lines of notes are not looked up; with ``memory`` each model
    has its verdict; ``crds`` is a folder of CustomResourceDefinitions that go before the contracts."""
    seconds = Seconds()
    since = time.process_time()
    inventory = Inventory(root / "inventory")
    problems, whole = stage.guarded(inventory)
    seconds.add("guard", since)
    share(inventory)
    todo = _jobs(root, inventory, whole)
    results = _results(
        [replace(job, debug=debug, notes=notes, memory=memory, crds=crds) for job in todo], jobs
    )
    for result in results:
        seconds.merge(result.seconds)
    causes = Causes(Origins(inventory))
    found = list(_outside(problems, root, causes))
    for result in results:
        found.extend(result.findings)
    fleet = FleetView({result.declared.cluster: result.declared for result in results})
    found.extend(_fleet_findings(fleet, causes))
    told = _with_waivers(found, results, date, causes)
    ordered = sorted(with_lines(root, _once(told), notes=notes), key=lambda one: one.sort_key)
    return Report(
        findings=tuple(one for one in ordered if not one.waived),
        waived=tuple(one for one in ordered if one.waived),
        targets=len(inventory.layout.targets),
        objects=sum(result.objects for result in results),
        seconds=seconds,
        ledger=tuple(ledger.ledger(fleet)),
        memory=tuple(row for result in results for row in result.memory),
        faults=tuple(fault for result in results for fault in result.faults),
    )


def _jobs(root: Path, inventory: Inventory, whole: frozenset[str]) -> list[Job]:
    """One a cluster, the largest first, so that the processes end together."""
    every = inventory.layout.targets
    names = {*clusters_of(every), *read.clusters(root)} - {""}
    own: dict[str, list[str]] = {name: [] for name in names}
    for target in every:
        own.setdefault(target.rpartition(".")[0], []).append(target)
    found = [Job(root, name, whole.intersection(own[name]), frozenset(own[name])) for name in sorted(names)]
    return sorted(found, key=lambda job: -len(job.known))


def _results(todo: Sequence[Job], jobs: int) -> list[Result]:
    """The jobs' results by name of the cluster."""
    wanted = min(jobs or os.cpu_count() or 1, len(todo))
    if wanted < 2 or (not jobs and sum(len(job.known) for job in todo) <= SMALL):
        return sorted(map(check_cluster, todo), key=lambda result: result.declared.cluster)
    rules()  # before the fork, so that no process loads them again
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else None
    with ProcessPoolExecutor(wanted, mp_context=multiprocessing.get_context(method)) as pool:
        return sorted(pool.map(check_cluster, todo), key=lambda result: result.declared.cluster)


def _outside(problems: Iterable[Problem], root: Path, causes: Causes) -> Iterator[Finding]:
    """What is wrong with the inventory's files, and what lies in the compiled tree outside every cluster."""
    view = stage.InventoryView(problems=tuple(problems), strays=tuple(read.strays(root)))
    for rule in rules().values():
        if rule.scope == "inventory":
            for hit in rule.check(view):
                yield finding(rule, hit, "", None, causes)


def _fleet_findings(view: FleetView, causes: Causes) -> Iterator[Finding]:
    for rule in rules().values():
        if rule.scope == "fleet":
            for hit in rule.check(view):
                target = hit.at if isinstance(hit.at, str) else hit.at.target
                known = view.clusters.get(target.rpartition(".")[0])
                environment = known.environment.name if known and known.environment else ""
                yield finding(rule, hit, environment, known, causes)


def _with_waivers(
    found: Iterable[Finding], results: Iterable[Result], date: datetime.date, causes: Causes
) -> Iterator[Finding]:
    held = {
        target: own
        for result in results
        for target in _targets(result)
        if (own := result.declared.waivers(target))
    }
    known = frozenset(rule.id for rule in rules().values() if rule.waivable)
    told, uses = waivers.apply(found, held, date, known)
    yield from told
    for rule in rules().values():
        if rule.scope == "waiver":
            for use in uses:
                for hit in rule.check(use):
                    yield finding(rule, hit, "", None, causes)


def _targets(result: Result) -> Iterator[str]:
    cluster = result.declared.cluster
    yield f"{cluster}.cluster"
    for stack in result.declared.stacks:
        yield f"{cluster}.{stack}"


def _once(found: Iterable[Finding]) -> Iterator[Finding]:
    """Each finding once: one line of the inventory that is wrong for many targets is told for the first, with
    how many there are."""
    first: dict[tuple[object, ...], Finding] = {}
    more: dict[tuple[object, ...], int] = {}
    for one in found:
        place = one.cause or one.file
        same = (one.rule, one.level, one.message, place, one.object, one.field, one.waived)
        if same in first:
            more[same] = more.get(same, 0) + 1
        first.setdefault(same, one)
    for key, one in first.items():
        count = more.get(key, 0)
        yield replace(one, message=f"{one.message} (and in {count} more targets)") if count else one
