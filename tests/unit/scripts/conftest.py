"""A small project of its own for each test that writes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scripts.project import Project

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def committed() -> Project:
    """The checkout itself, to read."""
    return Project(ROOT)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A copy of the inventory and of the templates, to write to."""
    shutil.copy(ROOT / ".kapitan", tmp_path)
    for folder in ("inventory", "templates"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return Project(tmp_path)
