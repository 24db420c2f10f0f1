"""A small compiled project; the engine runs in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.compile import job
from scripts.project import Project
from tests.support.compiling import InProcessEngine, compile_now, new_project


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Kapitan is started."""
    monkeypatch.setattr(job, "Engine", InProcessEngine)


@pytest.fixture(scope="session")
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of ten stacks, compiled. Copy it before you write to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "Engine", InProcessEngine)
        project = new_project(tmp_path_factory.mktemp("compiled") / "project", 10)
        compile_now(project)
    return project.root


@pytest.fixture
def compiled(compiled_once: Path, tmp_path: Path, fast: None) -> Project:
    """A compiled project to write to."""
    import shutil

    shutil.copytree(compiled_once, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")
