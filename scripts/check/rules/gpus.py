"""The GPU ledger: what the stacks of a pool take against what it has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from scripts.check.fleet import ClusterView, StackView
from scripts.check.ledger import Row, rows
from scripts.check.model import Hit
from scripts.check.rule import rule


@rule(
    "gpu-minimum-fits",
    scope="cluster",
    why="Some pods of the smallest deployment stay Pending, and their models are never served.",
    fix="Take minReplicas or a stack away, move one to another pool, or add nodes.",
    source="inference-stacks.md 3 idea 3; kuberay#1476",
)
def minimum_fits(view: ClusterView) -> Iterator[Hit]:
    """A pool has the GPUs for every stack at its smallest number of replicas."""
    for row in _known(view):
        if row.minimum > _capacity(row):
            yield _over(view, row, "at the smallest number of replicas", row.minimum)


@rule(
    "gpu-maximum-fits",
    scope="cluster",
    why="When the autoscalers reach their maximum, the last pods stay Pending while requests queue.",
    fix="Lower maxReplicas, move a stack to another pool, or add nodes.",
    source="inference-stacks.md 3 idea 3; kuberay#4239; llm-d-autoscaling#1528",
)
def maximum_fits(view: ClusterView) -> Iterator[Hit]:
    """A pool has the GPUs for every stack at its largest number of replicas."""
    for row in _known(view):
        if row.minimum <= _capacity(row) < row.maximum:
            yield _over(view, row, "at the largest number of replicas", row.maximum)


@rule(
    "gpu-rollout-fits",
    scope="cluster",
    why="A rollout waits for GPUs that never get free: the new pod stays Pending, and the old one is kept.",
    fix="Lower maxReplicas, set serving.rollout.maxSurge: 0 and maxUnavailable: 1, or add nodes.",
    source="inference-stacks.md 3 ideas 3 and 7; kserve#5452; serving.md 27",
)
def rollout_fits(view: ClusterView) -> Iterator[Hit]:
    """A pool has the GPUs for the surge of its largest stack while all others run at their maximum."""
    for row in _known(view):
        if row.maximum <= _capacity(row) < row.peak:
            yield _over(view, row, f"with the surge of {_surging(row)} on top of every maximum", row.peak)


@rule(
    "gpu-pods-placeable",
    scope="cluster",
    why="The pool has enough GPUs in sum, but no node has enough of them free, and the pod stays Pending.",
    fix="Use pod sizes that divide a node (1, 2, 4, 8), lower maxReplicas, or add a node.",
    source="inference-stacks.md 3 idea 3 and 4 row 11",
)
def pods_placeable(view: ClusterView) -> Iterator[Hit]:
    """Every pod finds a node of its pool at the largest number of replicas."""
    for row in _known(view):
        if row.maximum <= _capacity(row) and (left := row.unplaced("maximum")):
            yield _nodes(view, row, f"at the largest number of replicas {_told(left)} find no node")


@rule(
    "gpu-rollout-placeable",
    scope="cluster",
    why="The free GPUs lie on different nodes, so the new pod of a rollout stays Pending, and the old one is kept.",
    fix="Keep a node with that many GPUs free: lower maxReplicas of another stack, add a node, or set maxSurge: 0.",
    source="inference-stacks.md 3 idea 7; ODH kserve#1822",
)
def rollout_placeable(view: ClusterView) -> Iterator[Hit]:
    """The pod that a rollout adds finds a node while everything else runs at its maximum."""
    for row in _known(view):
        if row.peak > _capacity(row) or row.unplaced("maximum"):
            continue
        if left := row.unplaced("peak"):
            yield _nodes(view, row, f"while {_surging(row)} rolls out, {_told(left)} find no node")


@rule(
    "gpu-node-loss",
    scope="cluster",
    level="warning",
    relaxed={"dev": "note"},
    why="When one node fails or is drained, these models lose pods that find no other place.",
    fix="Keep one node's worth of GPUs free, or accept it with a waiver.",
    source="inference-stacks.md 3 ideas 3 and 21",
)
def node_loss(view: ClusterView) -> Iterator[Hit]:
    """With one node less, every stack still runs at its smallest number of replicas."""
    for row in _known(view):
        if row.minimum > _capacity(row) or row.unplaced("minimum"):
            continue
        if left := row.unplaced("minimum", lost=1):
            has = f"{row.nodes - 1} x {row.per_node} GPUs are left"
            yield _nodes(view, row, f"without one node ({has}) {_told(left)} find no place")


@rule(
    "gpu-reserve-free",
    scope="cluster",
    level="warning",
    why="Rollouts count on the reserve to start a new pod first, and find it taken when all run at their maximum.",
    fix="Lower rolloutReserve to what is free, or maxReplicas of a stack.",
    source="design.md; inference-stacks.md 3 idea 7",
)
def reserve_free(view: ClusterView) -> Iterator[Hit]:
    """What a pool reserves for rollouts is free when every stack runs at its maximum."""
    for row in _known(view):
        free = _capacity(row) - row.maximum
        if 0 <= free < row.reserve:
            yield Hit(
                view.target,
                f"cluster.pools.{row.pool}.rolloutReserve",
                f"pool {row.pool} reserves {row.reserve} GPUs, but only {free} of {row.capacity} are left beside"
                f" the {row.maximum} of every stack's maximum",
                cause=("cluster", "pools", row.pool, "rolloutReserve"),
            )


@rule(
    "gpu-node-size-known",
    scope="cluster",
    level="warning",
    why="Nobody can say whether the pods of this pool find a place.",
    fix="Set accelerators.<name>.perNode.",
    source="inference-stacks.md 3.1 point 8",
)
def node_size_known(view: ClusterView) -> Iterator[Hit]:
    """The number of GPUs in a node is known for every GPU pool that a stack uses."""
    for stack in view.stacks.values():
        if stack.accelerator.is_gpu and not stack.accelerator.per_node:
            name = stack.pool.accelerator
            yield Hit(
                f"{view.name}.{stack.name}",
                f"accelerators.{name}.perNode",
                f"accelerator {name} of pool {stack.serving.pool} does not say how many GPUs a node has",
                cause=("accelerators", name),
            )


@rule(
    "gpu-pod-fits-node",
    scope="stack",
    why="No node can hold the pod, and it stays Pending for ever.",
    fix="Use smaller parallel sizes: one pod lies on one node.",
    source="inference-stacks.md 3 idea 5; OME catalogue (a pod of 16 GPUs)",
)
def pod_fits_node(view: StackView) -> Iterator[Hit]:
    """One pod asks for no more GPUs than one node of its pool has."""
    stack, per_node = view.stack, view.stack.accelerator.per_node
    if per_node and stack.gpus_per_pod > per_node:
        key = "gpus" if stack.serving.gpus else "tensorParallelSize"
        yield Hit(
            view.target,
            f"serving.{key}",
            f"a pod of {stack.gpus_per_pod} GPUs, but a node of pool {stack.serving.pool} has {per_node}",
            cause=("serving", key),
        )


@rule(
    "pool-nodes-counted-once",
    scope="cluster",
    why="Two pools count the same nodes, so the ledger promises GPUs twice.",
    fix="Give each pool a nodeSelector that the other's nodes do not match, or make them one pool.",
    source="inference-stacks.md 3 idea 3",
)
def nodes_counted_once(view: ClusterView) -> Iterator[Hit]:
    """No node belongs to two GPU pools of a cluster."""
    accelerators = view.params.accelerators if view.params else {}
    seen: list[tuple[str, dict[str, str]]] = []
    for name, pool in sorted(view.facts.pools.items()):
        accelerator = accelerators.get(pool.accelerator)
        if accelerator is None or not accelerator.is_gpu:
            continue
        selector = accelerator.node_selector | pool.node_selector
        for other, its in seen:
            if selector.items() <= its.items() or its.items() <= selector.items():
                yield Hit(
                    view.target,
                    f"cluster.pools.{name}.nodeSelector",
                    f"nodes of pool {other} ({_labels(its)}) and of pool {name} ({_labels(selector)}) are the same",
                    cause=("cluster", "pools", name),
                )
        seen.append((name, selector))


def _known(view: ClusterView) -> Iterator[Row]:
    """Rows of pools whose capacity is known."""
    return (row for row in rows(view.declared) if row.capacity is not None)


def _capacity(row: Row) -> int:
    return row.capacity or 0


def _over(view: ClusterView, row: Row, when: str, needed: int) -> Hit:
    """A hit for a pool that has too few GPUs, with the stacks that take most."""
    entries = sorted(row.entries, key=lambda entry: (-entry.maximum, entry.stack))
    most = ", ".join(f"{entry.stack} {entry.maximum}" for entry in entries[:3])
    return Hit(
        view.target,
        f"cluster.pools.{row.pool}.nodes",
        f"pool {row.pool} needs {needed} GPUs {when} and has {row.nodes} x {row.per_node} = {row.capacity}"
        f" (most at their maximum: {most})",
        cause=("cluster", "pools", row.pool, "nodes"),
    )


def _nodes(view: ClusterView, row: Row, said: str) -> Hit:
    return Hit(
        view.target,
        f"cluster.pools.{row.pool}.nodes",
        f"pool {row.pool} of {row.nodes} x {row.per_node} GPUs: {said}",
        cause=("cluster", "pools", row.pool, "nodes"),
    )


def _told(pods: Iterable[tuple[int, str]]) -> str:
    """``2 pods of llama-70b (4 GPUs each)``, at most three stacks."""
    counted = Counter(pods)
    said = [
        f"{count} pod{'s' * (count > 1)} of {stack} ({size} GPU{'s' * (size > 1)} each)"
        for (size, stack), count in sorted(counted.items(), key=lambda item: (-item[0][0], item[0][1]))
    ]
    more = f" and {len(said) - 3} more stacks" if len(said) > 3 else ""
    return ", ".join(said[:3]) + more


def _surging(row: Row) -> str:
    return max(row.entries, key=lambda entry: entry.surge).stack


def _labels(selector: dict[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(selector.items())) or "no label"
