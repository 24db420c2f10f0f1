"""One compile at a time, and nothing left of one that was cut off."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.compile.workspace import BusyError, Workspace

HOLD = """
import sys, time
from pathlib import Path
from scripts.compile.workspace import Workspace
with Workspace(Path(sys.argv[1])).locked(wait=True):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def holder(root: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD, str(root), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[4])
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_another_compile_is_refused(tmp_path: Path) -> None:
    with holder(tmp_path, 60) as other:
        with (
            pytest.raises(BusyError, match=f"process {other.pid} is compiling"),
            Workspace(tmp_path).locked(wait=False),
        ):
            pass
        other.kill()


def test_another_compile_is_waited_for(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with holder(tmp_path, 0.5) as other:
        start = time.monotonic()
        with Workspace(tmp_path).locked(wait=True):
            assert time.monotonic() - start > 0.2

    assert f"waiting for process {other.pid}" in capfd.readouterr().err


def test_a_killed_compile_holds_no_lock(tmp_path: Path) -> None:
    with holder(tmp_path, 60) as other:
        other.send_signal(signal.SIGKILL)

    with Workspace(tmp_path).locked(wait=False):
        pass


def test_whoever_inherits_the_lock_holds_it(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with workspace.locked(wait=False) as lock:
        child = subprocess.Popen(["sleep", "60"], pass_fds=(lock.descriptor,))
    try:
        with pytest.raises(BusyError), workspace.locked(wait=False):
            pass
    finally:
        child.kill()
        child.wait()
    with workspace.locked(wait=False):
        pass


def test_the_clock_is_that_of_the_file_system(tmp_path: Path) -> None:
    with Workspace(tmp_path).locked(wait=False) as lock:
        before = lock.now()
        (tmp_path / "file").touch()
        after = lock.now()

    assert before <= (tmp_path / "file").stat().st_mtime_ns <= after


def test_leftovers_are_removed(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    (workspace.staging / "deep" / "er").mkdir(parents=True)
    (workspace.staging / "file").touch()

    workspace.recover()

    assert not workspace.staging.exists()


def test_a_link_in_place_of_the_staging_folder_is_not_followed(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "project")
    workspace.folder.mkdir(parents=True)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    workspace.staging.symlink_to(tmp_path / "precious")

    workspace.recover()

    assert (tmp_path / "precious" / "file").exists()
    assert not workspace.staging.exists()


def test_a_stage_is_gone_whatever_happens(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)

    def fail() -> None:
        with workspace.stage() as staging:
            (staging / "file").touch()
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - raised above
        fail()
    assert not workspace.staging.exists()


def test_leftovers_that_nobody_may_write_to_are_removed(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with workspace.stage() as staging:
        (staging / "a" / "b").mkdir(parents=True)
        (staging / "a" / "b" / "file").touch()
        (staging / "a" / "b").chmod(0o500)

    assert not workspace.staging.exists()
