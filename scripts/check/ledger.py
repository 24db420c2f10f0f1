"""The GPU ledger: what the stacks of every pool take, at the least, at the most, while the largest one rolls
out, and with one node lost, against what the pool has; placed on its nodes, because a pod lies on one node.

Counts come from :func:`components.common.gpus.gpu_demand` alone. Pods are placed the largest first, each on
the fullest node that has room for it, which is exact for sizes that divide the node (1, 2, 4, 8). What else
runs on the nodes is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.common.accelerator import Accelerator
from components.common.cluster import AcceleratorPool
from components.stack.params import Stack
from scripts.check.declared import Declared
from scripts.check.fleet import FleetView
from scripts.table import aligned


@dataclass(frozen=True, slots=True)
class Entry:
    """One stack in its pool; counts are GPUs, in a CPU pool pods."""

    stack: str
    per_pod: int
    minimum: int
    maximum: int
    surge: int
    """What a rollout takes on top."""


@dataclass(frozen=True, slots=True)
class Row:
    """One pool of one cluster."""

    cluster: str
    pool: str
    accelerator: str
    nodes: int
    per_node: int
    """GPUs of one node; 0 where that is not known, or where the pool has none."""
    reserve: int
    entries: tuple[Entry, ...]
    """Sorted by name."""

    @property
    def unit(self) -> str:
        """What is counted."""
        return "GPUs" if self.per_node else "pods"

    @property
    def capacity(self) -> int | None:
        """GPUs of all nodes; None where they are not known."""
        return self.nodes * self.per_node if self.per_node else None

    @property
    def minimum(self) -> int:
        """With every stack at its smallest number of replicas."""
        return sum(entry.minimum for entry in self.entries)

    @property
    def maximum(self) -> int:
        """With every stack at its largest number of replicas."""
        return sum(entry.maximum for entry in self.entries)

    @property
    def surge(self) -> int:
        """What the largest rollout takes on top. Rollouts of several stacks wait for each other's GPUs."""
        return max((entry.surge for entry in self.entries), default=0)

    @property
    def peak(self) -> int:
        """At the largest number of replicas, while the stack with the largest pods rolls out."""
        return self.maximum + self.surge

    @property
    def free(self) -> int | None:
        """What is left at the peak; negative when it is over budget."""
        return None if self.capacity is None else self.capacity - self.peak

    def pods(self, which: str) -> list[tuple[int, str]]:
        """(GPUs, stack) of every pod at ``minimum``, ``maximum`` or ``peak``, the largest first."""
        found = [
            (entry.per_pod, entry.stack)
            for entry in self.entries
            if entry.per_pod
            for _ in range((entry.minimum if which == "minimum" else entry.maximum) // entry.per_pod)
        ]
        if which == "peak" and self.surge:
            largest = max(self.entries, key=lambda entry: entry.surge)
            found.extend([(largest.per_pod, largest.stack)] * (largest.surge // largest.per_pod))
        return sorted(found, key=lambda pod: (-pod[0], pod[1]))

    def unplaced(self, which: str, lost: int = 0) -> list[tuple[int, str]]:
        """(GPUs, stack) of the pods that find no node when ``lost`` nodes are gone."""
        return unplaced(self.pods(which), max(self.nodes - lost, 0), self.per_node)

    @property
    def largest(self) -> int | None:
        """GPUs of the largest pod that still finds a node at the peak; None where nodes are not known."""
        if self.capacity is None:
            return None
        return max(_placed(self.pods("peak"), self.nodes, self.per_node)[1], default=0)


def unplaced(pods: Iterable[tuple[int, str]], nodes: int, per_node: int) -> list[tuple[int, str]]:
    """The pods that find no node; ``pods`` come the largest first."""
    return _placed(pods, nodes, per_node)[0]


def _placed(
    pods: Iterable[tuple[int, str]], nodes: int, per_node: int
) -> tuple[list[tuple[int, str]], dict[int, int]]:
    """The pods that find no node, and how many nodes are left with so many free GPUs."""
    free: dict[int, int] = {per_node: nodes} if nodes else {}
    left = []
    for pod in pods:
        size = pod[0]
        fitting = min((room for room in free if room >= size), default=None)
        if fitting is None:
            left.append(pod)
            continue
        free[fitting] -= 1
        if not free[fitting]:
            del free[fitting]
        free[fitting - size] = free.get(fitting - size, 0) + 1
    return left, free


def ledger(fleet: FleetView) -> list[Row]:
    """The rows of all clusters, by cluster and pool; clusters that do not parse have none."""
    return [row for name in sorted(fleet.clusters) for row in rows(fleet.clusters[name])]


def rows(declared: Declared) -> Iterator[Row]:
    """The rows of one cluster, by pool."""
    facts = declared.facts
    if facts is None:
        return
    accelerators = _accelerators(declared)
    for name in sorted(facts.pools):
        stacks = [stack for stack in declared.stacks.values() if stack.serving.pool == name]
        yield row(declared.cluster, name, facts.pools[name], accelerators, stacks)


def row(
    cluster: str,
    name: str,
    pool: AcceleratorPool,
    accelerators: Mapping[str, Accelerator],
    stacks: Sequence[Stack],
) -> Row:
    """The row of one pool with these stacks."""
    accelerator = accelerators.get(pool.accelerator)
    gpu = accelerator is not None and accelerator.is_gpu
    return Row(
        cluster=cluster,
        pool=name,
        accelerator=pool.accelerator,
        nodes=pool.nodes,
        per_node=(accelerator.per_node or 0) if accelerator and gpu else 0,
        reserve=pool.rollout_reserve,
        entries=tuple(sorted((_entry(stack) for stack in stacks), key=lambda entry: entry.stack)),
    )


def _accelerators(declared: Declared) -> Mapping[str, Accelerator]:
    if declared.params:
        return declared.params.accelerators
    return next((stack.params.accelerators for stack in declared.stacks.values()), {})


def _entry(stack: Stack) -> Entry:
    demand = stack.gpu_demand
    if stack.gpus_per_pod:
        surge = demand.rollout_peak - demand.maximum
        return Entry(stack.name, demand.per_replica, demand.minimum, demand.maximum, surge)
    return Entry(stack.name, 1, stack.serving.min_replicas, stack.max_replicas, stack.max_surge)


_HEAD = (
    "cluster",
    "pool",
    "nodes",
    "has",
    "min",
    "max",
    "peak",
    "free",
    "largest",
    "at the peak",
    "a node lost",
)
_NUMBERS = range(3, 9)


def text(found: Sequence[Row]) -> str:
    """The ledger for people: a line a pool, and below it a line a stack."""
    lines: list[Sequence[str]] = [_HEAD]
    for one in found:
        lines.append(_line(one))
        lines.extend(_stack_line(one, entry) for entry in one.entries)
    return aligned(lines, _NUMBERS)


def _line(one: Row) -> tuple[str, ...]:
    counts = (str(one.minimum), str(one.maximum), str(one.peak))
    if one.capacity is None:
        nodes = f"{one.nodes} {one.accelerator}"
        return (one.cluster, one.pool, nodes, "?", *counts, "?", "?", "?", "?")
    nodes = f"{one.nodes} x {one.per_node} {one.accelerator}"
    places = (_places(one.unplaced("peak")), _places(one.unplaced("minimum", lost=1)))
    return (
        one.cluster,
        one.pool,
        nodes,
        str(one.capacity),
        *counts,
        str(one.free),
        str(one.largest),
        *places,
    )


def _places(waiting: Iterable[tuple[int, str]]) -> str:
    names = sorted({stack for _, stack in waiting})
    return f"no place for {', '.join(names)}" if names else "all placed"


def _stack_line(one: Row, entry: Entry) -> tuple[str, ...]:
    size = f"{entry.per_pod} a pod" if one.per_node else ""
    if one.per_node and entry.per_pod == one.per_node:
        size = "a whole node"
    counts = (str(entry.minimum), str(entry.maximum), str(entry.maximum + entry.surge))
    return ("", f"  {entry.stack}", size, "", *counts, "", "", "", "")


def record(one: Row) -> dict[str, Any]:
    """A row as plain data; null where nodes are not known."""
    return {
        "cluster": one.cluster,
        "pool": one.pool,
        "accelerator": one.accelerator,
        "unit": one.unit,
        "nodes": one.nodes,
        "perNode": one.per_node or None,
        "capacity": one.capacity,
        "minimum": one.minimum,
        "maximum": one.maximum,
        "peak": one.peak,
        "free": one.free,
        "largestPod": one.largest,
        "unplacedAtPeak": _pods(one, "peak", 0),
        "unplacedWithoutOneNode": _pods(one, "minimum", 1),
        "stacks": [
            {
                "stack": entry.stack,
                "perPod": entry.per_pod,
                "minimum": entry.minimum,
                "maximum": entry.maximum,
                "surge": entry.surge,
            }
            for entry in one.entries
        ],
    }


def _pods(one: Row, which: str, lost: int) -> list[dict[str, Any]] | None:
    """Pods that find no node."""
    if one.capacity is None:
        return None
    return [{"stack": stack, "size": size} for size, stack in one.unplaced(which, lost)]
