"""The check of one cluster: read, parse, run every rule that needs no other cluster. Runs in a process of its
own."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from components.cluster.params import TARGET
from components.contracts import Registry, validate
from components.inventory.inventory import Inventory
from components.inventory.origin import Origins
from scripts.check import conventions, stage, verdicts
from scripts.check.cause import Causes
from scripts.check.declared import Declared, declared
from scripts.check.fleet import ClusterView
from scripts.check.model import Finding, Hit
from scripts.check.read import Tree, read
from scripts.check.rule import Rule, rules
from scripts.check.rules.references import draw
from scripts.check.running import Seconds, cluster_hits, finding, guarded, is_note
from scripts.check.tree import TreeView
from scripts.schemas.place import folders


@dataclass(frozen=True)
class Job:
    """One cluster to check."""

    root: Path
    """The project."""
    cluster: str
    targets: frozenset[str]
    """Its targets that render."""
    known: frozenset[str]
    """All its targets."""
    debug: bool = False
    """Let a faulty rule end the run."""
    notes: bool = True
    """Look up the causes of notes too."""
    memory: bool = False
    """Tell whether each model fits, not only those that do not."""
    crds: Path | None = None
    """A folder of CustomResourceDefinitions, which go before the contracts; without it, those of the cluster's
    versions that `inferstack schemas` has got."""


@dataclass(frozen=True)
class Result:
    """What came of a job."""

    declared: Declared
    findings: tuple[Finding, ...]
    objects: int
    seconds: Seconds
    memory: tuple[verdicts.Row, ...] = ()
    """Whether its models fit; empty unless the job asks for it."""
    faults: tuple[str, ...] = ()
    """Rules that failed themselves, one line each."""


_INVENTORIES: dict[Path, Inventory] = {}


def share(inventory: Inventory) -> None:
    """Lets jobs use an inventory whose files are read already; processes that are forked later share it."""
    _INVENTORIES.clear()
    _INVENTORIES[inventory.root] = inventory


def _inventory_of(root: Path) -> Inventory:
    folder = (root / "inventory").absolute()
    return _INVENTORIES.get(folder) or Inventory(folder)


@cache
def _registry(*crds: Path) -> Registry:
    return Registry(*crds)


class _Cluster:
    """The state of one job."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.inventory = _inventory_of(job.root)
        self.origins = Origins(self.inventory)
        self.causes = Causes(self.origins)
        self.seconds = Seconds()
        self.findings: list[Finding] = []
        self.faults: list[str] = []
        self.environment = ""
        self.declared: Declared | None = None

    def take(self, rule: Rule, hits: Iterator[Hit]) -> None:
        """Makes findings of a rule's hits."""
        since = time.process_time()
        for hit in hits if self.job.debug else guarded(hits):
            if isinstance(hit, Exception):
                self.faults.append(f"rule {rule.id} on {self.job.cluster}: {type(hit).__name__}: {hit}")
            else:
                causes = self.causes if self.job.notes or not is_note(rule, hit, self.environment) else None
                self.findings.append(finding(rule, hit, self.environment, self.declared, causes))
        self.seconds.add(rule.id, since)


def check_cluster(job: Job) -> Result:
    """Checks one cluster. Never raises for what it finds; a faulty rule is a fault of the result."""
    was_on = gc.isenabled()
    gc.disable()  # a cluster's objects live until the end: looking for garbage among them is a fifth of the time
    try:
        return _checked(job)
    finally:
        if was_on:
            gc.enable()


def _checked(job: Job) -> Result:
    cluster = _Cluster(job)
    since = time.process_time()
    tree = read(job.root, job.cluster)
    since = cluster.seconds.add("read", since)
    view = _inventory(cluster)
    cluster.seconds.add("inventory", since)
    known = cluster.declared
    assert known is not None  # noqa: S101 - set by _inventory
    cluster.environment = known.environment.name if known.environment else ""
    for rule in rules().values():
        if rule.scope == "inventory":
            cluster.take(rule, rule.check(view))
        elif rule.scope == "tree":
            cluster.take(rule, rule.check(TreeView(tree, known, job.known)))
    memory = _rules(cluster, tree, known)
    found = tuple(cluster.findings)
    return Result(known, found, len(tree.objects), cluster.seconds, memory, tuple(cluster.faults))


def _inventory(cluster: _Cluster) -> stage.InventoryView:
    parameters, problems = stage.rendered(cluster.inventory, cluster.job.targets, cluster.origins)
    known = declared(cluster.job.cluster, parameters)
    own = {target.rpartition(".")[2] for target in cluster.job.known}
    known = replace(known, unread=frozenset(own - {TARGET} - known.stacks.keys()))
    cluster.declared = known
    parsed = [(target, one) for target, mistakes in known.mistakes.items() for one in mistakes]
    return stage.InventoryView(
        problems=(*problems, *conventions.plumbing(cluster.inventory, parameters)),
        parameters=tuple(parsed),
        combinations=tuple(stage.combinations(known)),
    )


def _rules(cluster: _Cluster, tree: Tree, known: Declared) -> tuple[verdicts.Row, ...]:
    if known.facts is None:
        return ()
    crds = (cluster.job.crds,) if cluster.job.crds else folders(cluster.job.root, known.facts.versions)
    view = ClusterView(known, tree.objects, _registry(*crds).validate if crds else validate)
    since = time.process_time()
    draw(view)
    cluster.seconds.add("graph", since)
    for rule in rules().values():
        cluster.take(rule, cluster_hits(rule, view))
    return tuple(verdicts.verdicts(view)) if cluster.job.memory else ()
