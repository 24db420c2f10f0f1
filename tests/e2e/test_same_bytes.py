"""Whatever inventory, whatever was edited: `inferstack compile` leaves what stock `kapitan compile` gives, or nothing
was done."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from scripts.compile.workspace import Workspace
from scripts.project import Project
from tests.e2e.compiling import guard, inferstack, stock
from tests.support.compiling import new_project, tree
from tests.support.edits import EDITS

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

STEPS = 3


@pytest.mark.parametrize("seed", range(4))
def test_random_inventories_and_random_edits(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    project = new_project(tmp_path / "project", chance.randint(2, 14), seed)
    compiled = [step(project, chance, edits, tmp_path) for edits in (0, *chance.choices((1, 2, 3), k=STEPS))]

    assert compiled[0]
    assert any(compiled[1:])


def step(project: Project, chance: random.Random, edits: int, tmp_path: Path) -> bool:
    """Edit, compile, compare; False when the edits were refused, and taken back."""
    good = tmp_path / "good"
    shutil.rmtree(good, ignore_errors=True)
    shutil.copytree(project.inventory, good)
    done = chance.choices(EDITS, k=edits)
    for edit in done:
        edit(project, chance)
    before = tree(project.root / "compiled")
    refused = guard(project.root).returncode
    code, said, wanted = (1, "", before) if refused else stock(project.root, tmp_path / "stock")

    ran = inferstack(project.root, "--accept-removals", code=None)

    told = f"{[edit.__name__ for edit in done]}\n{said}{ran.stdout}{ran.stderr}"
    assert bool(ran.returncode) is bool(code), told
    assert tree(project.root / "compiled") == (before if code else wanted), told
    assert not Workspace(project.root).staging.exists()
    if code:
        shutil.rmtree(project.inventory)
        shutil.copytree(good, project.inventory)
    return not code
