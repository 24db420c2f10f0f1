"""Two compiles give the same bytes, whatever the Python, its hash seed, the locale, the time zone and the folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.checkout import ROOT, Checkout, difference

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ONE = {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
OTHER = {"PYTHONHASHSEED": "4242", "TZ": "Asia/Kathmandu", "LC_ALL": "C"}
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


def other_python() -> str:
    """A Python of another minor version that can compile. Skips the test when there is none."""
    python = os.environ.get("INFERSTACK_ALT_PYTHON", str(ROOT / ".venv-alt/bin/python"))
    if not Path(python).exists():
        pytest.skip("no second Python with the locked packages; `make alt-python` makes one")
    version = subprocess.run(
        [python, "-c", VERSION], capture_output=True, text=True, check=True
    ).stdout.strip()
    if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
        pytest.skip(f"{python} is of the same version as this Python ({version})")
    return python


def compiled(root: Path, python: str, environment: dict[str, str]) -> dict[str, bytes]:
    checkout = Checkout.copy(root, compiled=False)
    ran = checkout.kapitan(python, **environment)
    assert ran.code == 0, ran.output
    return checkout.compiled()


def test_hash_seed_locale_time_zone_and_folder_change_nothing(tmp_path: Path) -> None:
    one = compiled(tmp_path / "one", sys.executable, ONE)
    other = compiled(tmp_path / "another" / "folder", sys.executable, OTHER)

    assert len(one) > 200
    assert difference(one, other) == []


def test_another_python_version_changes_nothing(tmp_path: Path) -> None:
    python = other_python()

    one = compiled(tmp_path / "one", sys.executable, ONE)
    other = compiled(tmp_path / "other", python, OTHER)

    assert difference(one, other) == []
