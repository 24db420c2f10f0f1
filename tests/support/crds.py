"""The upstream CRDs that tests compare with, where they are at hand."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from components.contracts.crds import CrdIndex

ROOT = Path(__file__).parents[2]
# Beside the checkout, or where the environment says.
CRDS = Path(os.environ.get("INFERSTACK_CRDS") or ROOT.parent / "shared" / "crds")

requires_crds = pytest.mark.skipif(
    not CRDS.is_dir(), reason=f"no CRDs in {CRDS.name}/ beside the checkout, nor in $INFERSTACK_CRDS"
)


@cache
def index() -> CrdIndex:
    """The CRDs; files are parsed when they are asked for."""
    return CrdIndex(CRDS)
