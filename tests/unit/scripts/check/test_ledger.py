"""The GPU ledger."""

from __future__ import annotations

from typing import Any

import pytest

from components.common.accelerator import Accelerator
from components.common.cluster import AcceleratorPool
from components.stack.params import Stack
from scripts.check.declared import declared
from scripts.check.fleet import FleetView
from scripts.check.ledger import ledger, record, row, text, unplaced
from tests.support import stacks

EIGHT = Accelerator.model_validate({"vendor": "nvidia", "resourceName": "nvidia.com/gpu", "perNode": 8})


def stack(name: str, tensor: int, low: int, high: int, **serving: Any) -> Stack:
    wanted = {"tensorParallelSize": tensor, "minReplicas": low, "maxReplicas": high, **serving}
    return Stack(name, stacks.stack_model(serving=wanted))


def pool(nodes: int, *members: Stack) -> Any:
    facts = AcceleratorPool.model_validate({"accelerator": "h100", "nodes": nodes})
    return row("eu", "h100", facts, {"h100": EIGHT}, members)


def test_counts() -> None:
    found = pool(
        3,
        stack("b", 4, 1, 3, rollout={"maxSurge": 1}),
        stack("a", 2, 2, 2, rollout={"maxSurge": 0, "maxUnavailable": 1}),
    )
    assert (found.capacity, found.minimum, found.maximum, found.peak, found.free) == (24, 8, 16, 20, 4)
    assert [entry.stack for entry in found.entries] == ["a", "b"]


def test_one_rollout_at_a_time() -> None:
    both = {"rollout": {"maxSurge": 1}}
    assert pool(4, stack("a", 8, 1, 1, **both), stack("b", 4, 1, 1, **both)).peak == 8 + 4 + 8


@pytest.mark.parametrize(
    ("sizes", "nodes", "waiting"),
    [
        ([8, 8], 2, []),
        ([8, 4, 4], 2, []),
        ([8, 8, 1], 2, [1]),
        ([4, 4, 4, 4, 1], 2, [1]),
        ([6, 6, 2, 2], 2, []),
        ([5, 5, 5], 2, [5]),  # 15 of 16 GPUs, and no node has 5 left
        ([12], 2, [12]),
        ([1], 0, [1]),
        ([], 0, []),
    ],
)
def test_pods_lie_on_one_node(sizes: list[int], nodes: int, waiting: list[int]) -> None:
    pods = [(size, f"s{number}") for number, size in enumerate(sizes)]
    assert [size for size, _ in unplaced(pods, nodes, 8)] == waiting


def test_loss_of_a_node_names_who_waits() -> None:
    found = pool(2, stack("big", 8, 1, 1), stack("small", 4, 1, 1))
    assert found.unplaced("minimum") == []
    assert found.unplaced("minimum", lost=1) == [(4, "small")]


def test_unknown_node_sizes_have_no_capacity() -> None:
    facts = AcceleratorPool.model_validate({"accelerator": "h100", "nodes": 2})
    unknown = EIGHT.model_copy(update={"per_node": None})
    found = row("eu", "h100", facts, {"h100": unknown}, [stack("a", 4, 1, 1)])
    assert (found.capacity, found.free, found.maximum) == (None, None, 4)


def test_the_table() -> None:
    own = stacks.cluster_params(cluster={"pools": {"h100": {"rolloutReserve": 4}}})
    one = stacks.stack_params(
        cluster={"pools": {"h100": {"rolloutReserve": 4}}}, serving={"minReplicas": 1, "maxReplicas": 3}
    )
    cpu = {
        "runtime": "llamacpp",
        "pool": "cpu",
        "tensorParallelSize": None,
        "minReplicas": 2,
        "maxReplicas": 2,
    }
    small = stacks.stack_params(serving=cpu)
    rendered = {"eu-h100.cluster": own, "eu-h100.llama-70b": one, "eu-h100.small": small}
    fleet = FleetView({"eu-h100": declared("eu-h100", rendered)})
    assert text(ledger(fleet)) == (
        "cluster  pool         nodes       has  min  max  peak  free  largest  at the peak  a node lost\n"
        "eu-h100  cpu          4 cpu         ?    2    2     2     ?        ?  ?            ?\n"
        "           small                         2    2     2\n"
        "eu-h100  h100         2 x 8 h100   16    4   12    16     0        0  all placed   all placed\n"
        "           llama-70b  4 a pod            4   12    16\n"
    )


def test_the_table_names_who_waits_and_what_takes_a_whole_node() -> None:
    found = pool(2, stack("big", 8, 1, 1), stack("small", 4, 1, 2, rollout={"maxSurge": 1}))
    assert text([found]).splitlines()[1:] == [
        "eu       h100     2 x 8 h100     16   12   16    20    -4        0  no place for small  no place for small",
        "           big    a whole node         8    8     8",
        "           small  4 a pod              4    8    12",
    ]


@pytest.mark.parametrize(
    ("nodes", "members", "largest"),
    [
        (3, [("a", 5, 1)], 8),
        (2, [("a", 5, 2)], 3),  # six GPUs are free, and no pod of four finds a node
        (1, [("a", 8, 1)], 0),
        (0, [], 0),
    ],
)
def test_the_largest_pod_that_still_fits(
    nodes: int, members: list[tuple[str, int, int]], largest: int
) -> None:
    own = {"rollout": {"maxSurge": 0, "maxUnavailable": 1}}
    found = pool(nodes, *(stack(name, size, count, count, **own) for name, size, count in members))
    assert found.largest == largest


def test_a_row_as_data() -> None:
    found = record(pool(1, stack("big", 8, 1, 1), stack("small", 4, 1, 1)))
    assert (found["capacity"], found["peak"], found["free"], found["largestPod"]) == (8, 12, -4, 0)
    assert found["unplacedAtPeak"] == [{"stack": "small", "size": 4}]
    unknown = EIGHT.model_copy(update={"per_node": None})
    facts = AcceleratorPool.model_validate({"accelerator": "h100", "nodes": 2})
    bare = record(row("eu", "h100", facts, {"h100": unknown}, []))
    assert {bare[key] for key in ("capacity", "free", "largestPod", "unplacedAtPeak", "perNode")} == {None}
