"""Killed at any moment, `inferstack compile` leaves compiled/ as it was or as it should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.compiling import Killing, inferstack

pytestmark = pytest.mark.e2e


def taking_over(root: Path) -> Killing:
    """Takes over what shards have compiled: without Kapitan, most of a run is publishing."""
    shards = (root / "first", root / "second")
    killing = Killing(root / "project", tuple(("--merge", str(shard)) for shard in shards))  # type: ignore[arg-type]
    for state, shard in enumerate(shards):
        killing.prepare(state)
        inferstack(killing.project.root, "--output", str(shard))
    # A class that all are made from differs too, so that the whole tree is exchanged.
    killing.learn()
    return killing


def test_killed_at_random_moments(tmp_path: Path) -> None:
    killing = Killing(tmp_path / "project")
    killing.learn()

    seen = killing.kill(12, seed=1)

    assert seen["as it was"]
    killing.finish()


def test_killed_at_random_moments_of_publishing(tmp_path: Path) -> None:
    killing = taking_over(tmp_path)

    seen = killing.kill(24, seed=2)

    assert seen["as it was"]
    assert seen["as it should be"] + seen["ended"]
    killing.finish()


@pytest.mark.slow
def test_killed_at_two_hundred_random_moments(tmp_path: Path) -> None:
    compiling, publishing = Killing(tmp_path / "a" / "project"), taking_over(tmp_path / "b")
    compiling.learn()

    seen = [compiling.kill(60, seed=3), publishing.kill(140, seed=4)]

    assert sum(sum(one.values()) for one in seen) == 200
    assert all(one["as it was"] and one["as it should be"] for one in seen)
    compiling.finish()
    publishing.finish()
