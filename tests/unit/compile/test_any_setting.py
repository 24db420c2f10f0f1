"""Whatever value a key's own type lets through ends in manifests, or in a mistake that says what is wrong."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest

from components.cluster.params import ClusterParams
from components.common.errors import MistakesError
from components.compile.targets import compile_target, is_cluster
from components.inventory.rendered import render
from components.stack.params import StackParams
from tests.support.settings import set_some

ROOT = Path(__file__).resolve().parents[3]
FACTS = ("cluster", "environment", "accelerators", "runtimes")
"""Root keys that a cluster's stacks share with its own target."""


@pytest.fixture(scope="module")
def fleet() -> dict[str, dict[str, Any]]:
    """The committed fleet's parameters, by target."""
    return {target: dict(parameters) for target, parameters in render(ROOT / "inventory").items()}


def _builders_faults(target: str, parameters: dict[str, dict[str, Any]]) -> list[str]:
    """What a user could do nothing about. Raises whatever else is no mistake of the user."""
    try:
        compile_target(target, parameters)
    except MistakesError as error:
        overridden = ("overrides",)
        return [
            one.message
            for one in error.mistakes
            if one.remedy.startswith("report this") and one.path[:1] != overridden
        ]
    return []


def _stack_with(seed: int, fleet: dict[str, dict[str, Any]]) -> None:
    rng = random.Random(f"stack {seed}")
    target = rng.choice(sorted(name for name in fleet if not is_cluster(name)))
    own = copy.deepcopy(fleet[target])
    changed = set_some(own, StackParams, rng)

    assert not _builders_faults(target, {target: own}), (target, changed)


def _cluster_with(seed: int, fleet: dict[str, dict[str, Any]]) -> None:
    rng = random.Random(f"cluster {seed}")
    target = rng.choice(sorted(filter(is_cluster, fleet)))
    own = copy.deepcopy(fleet[target])
    changed = set_some(own, ClusterParams, rng)
    shared = {key: own[key] for key in FACTS if key in own}
    prefix = target.removesuffix("cluster")
    members = {name: {**one, **shared} for name, one in fleet.items() if name.startswith(prefix)}

    assert not _builders_faults(target, members | {target: own}), (target, changed)


@pytest.mark.parametrize("start", range(0, 400, 40))
def test_a_stack(start: int, fleet: dict[str, dict[str, Any]]) -> None:
    for seed in range(start, start + 40):
        _stack_with(seed, fleet)


@pytest.mark.parametrize("start", range(0, 100, 20))
def test_a_cluster(start: int, fleet: dict[str, dict[str, Any]]) -> None:
    for seed in range(start, start + 20):
        _cluster_with(seed, fleet)


@pytest.mark.slow
def test_many_stacks_and_clusters(fleet: dict[str, dict[str, Any]]) -> None:
    for seed in range(1000, 5000):
        _stack_with(seed, fleet)
    for seed in range(1000, 1600):
        _cluster_with(seed, fleet)
