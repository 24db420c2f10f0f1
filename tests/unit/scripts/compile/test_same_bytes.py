"""Whatever was edited, in whatever order: the tree is what compiling everything anew gives, or nothing was done."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.common.errors import InferstackError, MistakesError
from components.inventory.guard import guard
from components.inventory.rendered import RenderError
from scripts.compile.workspace import Workspace
from scripts.project import Project
from tests.support.compiling import Tree, compile_now, expected, tree
from tests.support.edits import EDITS, Edit

BUSY = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=8, deadline=None, suppress_health_check=BUSY)
@given(
    steps=st.lists(st.lists(st.sampled_from(EDITS), min_size=1, max_size=3), min_size=1, max_size=4),
    seed=st.integers(0, 2**16),
)
def test_random_edits(
    steps: list[list[Edit]],
    seed: int,
    compiled_once: Path,
    fast: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    root = tmp_path_factory.mktemp("random") / "project"
    shutil.copytree(compiled_once, root, symlinks=True)
    check(Project(root), steps, random.Random(seed))
    shutil.rmtree(root.parent)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_many_random_edits(seed: int, compiled_once: Path, fast: None, tmp_path: Path) -> None:
    shutil.copytree(compiled_once, tmp_path / "project", symlinks=True)
    chance = random.Random(seed)
    steps = [chance.choices(EDITS, k=chance.randint(1, 3)) for _ in range(20)]
    assert check(Project(tmp_path / "project"), steps, chance) > len(steps) / 3


def check(project: Project, steps: list[list[Edit]], chance: random.Random) -> int:
    """How many of the steps could be compiled; what could not is undone."""
    good = project.root / "good"
    compiled = 0
    for edits in steps:
        shutil.copytree(project.inventory, good)
        for edit in edits:
            edit(project, chance)
        before = tree(project.root / "compiled")
        wanted = outcome(project)
        try:
            compile_now(project)
        except InferstackError:
            assert wanted is None
            assert tree(project.root / "compiled") == before
            shutil.rmtree(project.inventory)
            shutil.copytree(good, project.inventory)
        else:
            assert wanted is not None
            assert tree(project.root / "compiled") == wanted
            assert compile_now(project).tree is None
            compiled += 1
        assert not Workspace(project.root).staging.exists()
        shutil.rmtree(good)
    return compiled


def outcome(project: Project) -> Tree | None:
    """What compiling everything anew gives; None when that fails."""
    if any(problem.level == "error" for problem in guard(project.inventory)):
        return None
    try:
        return expected(project)
    except (MistakesError, RenderError):
        return None
