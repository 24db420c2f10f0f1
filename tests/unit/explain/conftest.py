"""The committed fleet, opened once, and copies of it to change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scripts.explain.workshop import Workshop
from scripts.project import Project

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def workshop() -> Workshop:
    """The committed inventory and tree, to read."""
    return Workshop(Project(ROOT))


@pytest.fixture
def project(tmp_path: Path, workshop: Workshop) -> Project:
    """A copy of the inventory to change."""
    shutil.copy(workshop.project.root / ".kapitan", tmp_path)
    shutil.copytree(workshop.project.inventory, tmp_path / "inventory")
    return Project(tmp_path)
