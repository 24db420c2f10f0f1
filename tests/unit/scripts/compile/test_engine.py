"""Kapitan's process: what it says, how it ends, and that it does end. A script plays Kapitan."""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.compile import engine as module
from scripts.compile.engine import Engine, EngineError, Job, Report
from scripts.compile.worker import DEATH
from scripts.compile.workspace import Workspace

Play = Callable[..., Report]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Runs a script in Kapitan's place and listens to it."""
    steps: list[str] = []

    def run(script: str, patience: float = 60.0) -> Report:
        worker = tmp_path / "worker.py"
        head = "import json, os, signal, sys, time\njob = json.loads(sys.stdin.readline())\n"
        worker.write_text(head + textwrap.dedent(script), encoding="utf-8")
        monkeypatch.setattr(module, "WORKER", worker)
        with Workspace(tmp_path).locked(wait=False) as lock:
            engine = Engine(tmp_path, tmp_path / "tmp", lock)
            try:
                job = Job(tmp_path / "inventory", tmp_path / "out", ["eu.a", "eu.b"], only=True)
                return engine.compile(job, steps.append, patience)
            finally:
                engine.close()

    return run


def test_progress_and_warnings(play: Play) -> None:
    report = play("""
        print("Rendered inventory (0.04s): discovered 2 targets.")
        print("Compiling 2/2 targets using 2 concurrent processes: (2 CPU available)")
        print("Compiled eu/a (0.10s)")
        print("something is deprecated", file=sys.stderr)
        print("Compiled eu/b (0.25s)")
        print("Compiled 2 targets in 0.30s", flush=True)
        time.sleep(60)
        """)

    assert report.seconds == {"eu.a": 0.10, "eu.b": 0.25}
    assert report.said == ["something is deprecated"]


def test_the_job_is_kapitans_command_line(play: Play, tmp_path: Path) -> None:
    report = play("""
        print(*job["arguments"], os.environ["TMPDIR"])
        print("Compiled 2 targets in 0.30s")
        """)

    assert report.said == [
        f"compile --inventory-path {tmp_path}/inventory --output-path {tmp_path}/out "
        f"--targets eu.a eu.b {tmp_path}/tmp"
    ]


def test_what_is_wrong_is_told_as_it_was_said(play: Play) -> None:
    with pytest.raises(EngineError) as error:
        play("""
            print("Rendered inventory (0.04s): discovered 2 targets.")
            print("inventory/targets/eu/a.yml:3:5: unknown key x; remove it [eu.a]", file=sys.stderr)
            print("\\n\\nError compiling eu.a", file=sys.stderr)
            sys.exit(1)
            """)

    assert str(error.value).splitlines() == [
        "inventory/targets/eu/a.yml:3:5: unknown key x; remove it [eu.a]",
        "Error compiling eu.a",
    ]


def test_a_silent_end_is_explained(play: Play) -> None:
    with pytest.raises(EngineError, match="did not say why"):
        play("sys.exit(1)")


def test_an_end_without_a_result_is_none(play: Play) -> None:
    with pytest.raises(EngineError, match="ended with code 0"):
        play('print("Compiled eu/a (0.10s)")')


def test_a_full_disk_is_one_line(play: Play) -> None:
    with pytest.raises(EngineError) as error:
        play("""
            print("Traceback (most recent call last):")
            print("OSError: [Errno 28] No space left on device: '/x/y'")
            print("Error compiling targets")
            sys.exit(1)
            """)

    assert str(error.value).startswith("OSError: [Errno 28] No space left on device: '/x/y'; free some space")
    assert "Traceback" not in str(error.value)


def test_a_killed_process_is_named(play: Play) -> None:
    with pytest.raises(EngineError, match="killed by SIGKILL"):
        play("os.kill(os.getpid(), signal.SIGKILL)")


def test_a_process_of_the_pool_may_outlive_it(play: Play) -> None:
    with pytest.raises(EngineError, match="killed by SIGKILL"):
        play("""
            if os.fork():
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)
            """)


def test_silence_ends(play: Play, tmp_path: Path) -> None:
    late = tmp_path / "late"

    with pytest.raises(EngineError, match=r"said nothing for 1 s; not compiled yet: eu\.b\. compiled/ is as"):
        play(f'print("Compiled eu/a (0.10s)", flush=True); time.sleep(60); open({str(late)!r}, "w")', 1.0)

    assert not late.exists()


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (-9, r"killed by SIGKILL \(out of memory\?\); not compiled yet: eu\.b\. compiled/ is as"),
        (-11, r"killed by SIGSEGV \(a crash in native code\)"),
        (3, r"ended with code 3: no component may exit"),
    ],
)
def test_a_death_in_the_pool_is_told(play: Play, code: int, says: str) -> None:
    with pytest.raises(EngineError, match=says):
        play(f"""
            print("Compiled eu/a (0.10s)", flush=True)
            print("{DEATH} {code}", flush=True)
            time.sleep(60)
            """)


def test_nothing_survives(play: Play, tmp_path: Path) -> None:
    play(f"""
        pid = os.fork()
        if not pid:
            time.sleep(60)
        open("{tmp_path}/pid", "w").write(str(pid))
        print("Compiled 2 targets in 0.30s", flush=True)
        time.sleep(60)
        """)

    pid = int((tmp_path / "pid").read_text(encoding="ascii"))
    deadline = time.monotonic() + 10
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[2]
    except (ProcessLookupError, FileNotFoundError):
        return False
