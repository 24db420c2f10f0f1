"""The Jsonnet sources are laid out as jsonnetfmt lays them out."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path for suffix in ("jsonnet", "libsonnet") for path in (ROOT / "components").rglob(f"*.{suffix}")
)


@pytest.mark.skipif(
    shutil.which("jsonnetfmt") is None, reason="jsonnetfmt is not installed (Debian package jsonnet)"
)
def test_jsonnetfmt_would_change_nothing() -> None:
    assert SOURCES

    ran = subprocess.run(["jsonnetfmt", "--test", *SOURCES], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr or "run `make fmt`"
