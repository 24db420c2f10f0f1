"""What a command costs: wall and CPU seconds of it and all its children, and the peak memory of its process tree."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.1
SAMPLE_SHARE = 50
"""A sample is followed by a pause of so many times what it took: the kernel walks all pages of a large process."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One run."""

    wall: float
    """Seconds."""
    cpu: float
    """User and system seconds of all processes."""
    peak_mib: float
    """Largest sum of the tree's proportional set sizes seen, in MiB, sampled up to ten times a second."""
    printed: str = ""
    """What it printed."""


class CommandFailedError(RuntimeError):
    """The measured command failed; the message holds the end of what it printed."""


def measure(command: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end and measure it. Raises CommandFailedError when it fails."""
    before = os.times()
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    peak = _Peak(process.pid)
    peak.start()
    printed, _ = process.communicate()
    peak.stop()
    wall = time.perf_counter() - start
    after = os.times()
    if process.returncode:
        raise CommandFailedError(f"{' '.join(command)} exited {process.returncode}: {printed[-2000:]}")
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return Cost(wall, cpu, peak.mib, printed)


class _Peak(threading.Thread):
    """Samples the memory of a process tree (Linux)."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.mib = 0.0
        self._pid = pid
        self._done = threading.Event()

    def run(self) -> None:
        pause = SAMPLE_SECONDS
        while not self._done.wait(pause):
            began = time.thread_time()
            self.mib = max(self.mib, sum(_pss(pid) for pid in _tree(self._pid)) / 1024)
            pause = max(SAMPLE_SECONDS, SAMPLE_SHARE * (time.thread_time() - began))

    def stop(self) -> None:
        self._done.set()
        self.join()


def _tree(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        try:
            children = Path(f"/proc/{one}/task/{one}/children").read_text(encoding="ascii").split()
        except OSError:
            continue
        found.extend(int(child) for child in children)
    return found


def _pss(pid: int) -> int:
    """Proportional set size in KiB; 0 for a process that is gone."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
