"""Kapitan in a process of its own: started early, given its job, watched, and listened to."""

from __future__ import annotations

import contextlib
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from scripts.compile.errors import ToldError
from scripts.compile.worker import DEATH
from scripts.compile.workspace import Lock

WORKER: Final = Path(__file__).with_name("worker.py")
POLL_SECONDS: Final = 0.2
STALL_SECONDS: Final = 300.0
"""A target takes some hundredths of a second."""

_COMPILED: Final = re.compile(r"Compiled (\S+) \(([0-9.]+)s\)")
_CHATTER: Final = re.compile(r"Rendered inventory \(.*|Compiling \d+/\d+ targets using .*|\s*")
_FINISHED: Final = re.compile(r"Compiled \d+ targets in .*")
"""Said when the output is complete; what is left is the end of processes and the removal of temporary files."""
_DEATH: Final = re.compile(rf"{DEATH} (-?\d+)")
_NO_SPACE: Final = re.compile(r"No space left on device|Disk quota exceeded")


class EngineError(ToldError):
    """Kapitan did not compile. The message is what a user should read, whole."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be compiled."""

    inventory: Path
    output: Path
    """Kapitan writes to ``compiled`` below it."""
    targets: Sequence[str]
    only: bool
    """Whether the inventory holds other targets too."""
    processes: int | None = None
    profile: Path | None = None

    def line(self) -> bytes:
        """The job as the worker reads it."""
        arguments = ["compile", "--inventory-path", str(self.inventory), "--output-path", str(self.output)]
        if self.processes:
            arguments += ["--parallelism", str(self.processes)]
        if self.only:
            arguments += ["--targets", *self.targets]
        profile = str(self.profile) if self.profile else None
        return json.dumps({"arguments": arguments, "profile": profile}).encode() + b"\n"


@dataclass(slots=True)
class Report:
    """What Kapitan said and took."""

    seconds: dict[str, float] = field(default_factory=dict)
    """Wall seconds by target."""
    said: list[str] = field(default_factory=list)
    """Lines that are not about progress: warnings, or what is wrong."""


class Engine:
    """One process of Kapitan; it imports while its caller works on. Close it, whatever happens."""

    def __init__(self, root: Path, temporary: Path, lock: Lock) -> None:
        """``root`` is the project; Kapitan's temporary files go to ``temporary``; ``lock`` is passed on."""
        temporary.mkdir(parents=True, exist_ok=True)
        code = (root / "components").resolve().parent
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(WORKER), str(code)],
            cwd=root,
            env={**os.environ, "TMPDIR": str(temporary)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(lock.descriptor,),
            start_new_session=True,
        )

    def compile(self, job: Job, step: Callable[[str], None], stall: float = STALL_SECONDS) -> Report:
        """Compile; ``step`` is called with each target that is done. Raises EngineError."""
        self._hand_over(job)
        report = Report()
        for line in self._lines(stall, job, report):
            if _FINISHED.fullmatch(line) and not job.profile:
                return report
            done = _COMPILED.fullmatch(line)
            if done:
                target = done[1].replace("/", ".")
                report.seconds[target] = float(done[2])
                step(target)
            elif death := _DEATH.fullmatch(line):
                raise EngineError(_died(int(death[1]), _left(job, report)))
            elif not _CHATTER.fullmatch(line):
                report.said.append(line)
        code = self._process.wait()
        if job.profile and not code:
            return report
        raise EngineError(_failure(code, report.said))

    def close(self) -> None:
        """End the process and all that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()

    def _hand_over(self, job: Job) -> None:
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - opened above
        with contextlib.suppress(BrokenPipeError):  # it has failed already: its output says why
            pipe.write(job.line())
            pipe.close()

    def _lines(self, stall: float, job: Job, report: Report) -> Iterator[str]:
        """What Kapitan prints, line by line, until it ends. Raises EngineError when nothing more will come."""
        pipe = self._process.stdout
        assert pipe is not None  # noqa: S101 - opened above
        rest = b""
        heard = time.monotonic()
        with selectors.DefaultSelector() as ready:
            ready.register(pipe, selectors.EVENT_READ)
            while True:
                ended = self._process.poll() is not None
                if ready.select(POLL_SECONDS):
                    chunk = os.read(pipe.fileno(), 65536)
                    if not chunk:
                        break
                    heard = time.monotonic()
                    *lines, rest = (rest + chunk).split(b"\n")
                    yield from (line.decode("utf-8", "replace") for line in lines)
                elif ended:  # a process of its pool outlives it and holds the pipe
                    break
                elif time.monotonic() - heard > stall:
                    told = f"Kapitan has said nothing for {stall:.0f} s"
                    raise EngineError(f"{told}; {_left(job, report)}")
        if rest:
            yield rest.decode("utf-8", "replace")


def _left(job: Job, report: Report) -> str:
    left = [target for target in job.targets if target not in report.seconds]
    names = ", ".join(left[:4]) + (f" and {len(left) - 4} more" if len(left) > 4 else "")
    return f"not compiled yet: {names}. compiled/ is as it was"


def _died(code: int, left: str) -> str:
    if code >= 0:
        return f"a process of Kapitan ended with code {code}: no component may exit; {left}"
    name = signal.Signals(-code).name
    why = {"SIGKILL": " (out of memory?)", "SIGSEGV": " (a crash in native code)"}.get(name, "")
    return f"a process of Kapitan was killed by {name}{why}; {left}"


def _failure(code: int, said: list[str]) -> str:
    text = "\n".join(said)
    if _NO_SPACE.search(text):
        last = next(line for line in reversed(said) if _NO_SPACE.search(line))
        return f"{last.strip()}; free some space and run again. compiled/ is as it was"
    if code < 0:
        name = signal.Signals(-code).name
        text += f"\nkapitan was killed by {name}; compiled/ is as it was"
    elif not said:
        text = (
            f"kapitan ended with code {code} and did not say why; `kapitan compile --verbose` does. "
            "compiled/ is as it was"
        )
    return text.strip("\n")
