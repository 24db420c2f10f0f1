"""The committed fleet, opened once."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.explain.workshop import Workshop
from scripts.project import Project

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def workshop() -> Workshop:
    """The committed inventory and tree, to read."""
    return Workshop(Project(ROOT))
