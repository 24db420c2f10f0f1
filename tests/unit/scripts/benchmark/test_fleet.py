"""Synthetic fleets: of any size, always the same, of the committed mix."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from components.inventory.guard import guard
from scripts.benchmark.fleet import write_fleet
from tests.support.compiling import ROOT

INVENTORY = ROOT / "inventory"


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("size", [1, 7, 100, 401])
def test_a_fleet_has_the_size_that_was_asked_for(tmp_path: Path, size: int) -> None:
    names = write_fleet(INVENTORY, tmp_path, size)

    assert len(names) == len(set(names)) == size
    written = {path for path in tmp_path.glob("targets/*/*.yml") if path.stem != "cluster"}
    assert {f"{path.parent.name}.{path.stem}" for path in written} == set(names)


def test_a_seed_gives_one_fleet(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_fleet(INVENTORY, tmp_path / name, 60, seed)

    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert files(tmp_path / "a") != files(tmp_path / "c")


def test_a_fleet_is_of_the_committed_mix(tmp_path: Path) -> None:
    committed = Counter(path.stem for path in INVENTORY.glob("targets/*/*.yml") if path.stem != "cluster")
    made = Counter(
        re.sub(r"-\d\d$", "", name.partition(".")[2]) for name in write_fleet(INVENTORY, tmp_path, 500)
    )

    assert made.keys() == committed.keys()
    total = committed.total()
    for stack, count in committed.items():
        assert made[stack] / 500 == pytest.approx(count / total, abs=0.03)


def test_the_guard_has_nothing_against_it(tmp_path: Path) -> None:
    write_fleet(INVENTORY, tmp_path / "inventory", 100)

    assert [problem for problem in guard(tmp_path / "inventory") if problem.level == "error"] == []
