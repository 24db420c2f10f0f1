"""How far a compile is: one line that is drawn anew on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Protocol, Self, TextIO

BAR: Final = 24
REDRAW_SECONDS: Final = 0.1
PLAIN_SECONDS: Final = 5.0
ENOUGH: Final = 4
"""Targets that must be done after the first before they tell how long the others take. The first has waited for the
inventory."""


class Progress(Protocol):
    """What a run tells about itself while it goes on."""

    def phase(self, name: str) -> None:
        """Something else begins."""

    def start(self, total: int) -> None:
        """So many targets will be compiled."""

    def step(self, target: str) -> None:
        """One of them is done."""


class Terminal:
    """Progress on a stream; leaves nothing behind on a terminal."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._live = stream.isatty()
        self._phase = ""
        self._total = 0
        self._done = 0
        self._first = self._told = clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._erase()

    def phase(self, name: str) -> None:
        """Something else begins. Off a terminal it is not worth a line."""
        self._phase, self._total = name, 0
        if self._live:
            self._draw(f"{name} …")

    def start(self, total: int) -> None:
        """So many targets will be compiled."""
        self._total, self._done = total, 0
        self._first = self._told = self._clock()
        if self._live:
            self._draw(self._bar(""))
        else:
            self._line(f"compiling {counted(total, 'target')} …")

    def step(self, target: str) -> None:
        """One of them is done."""
        self._done += 1
        now = self._clock()
        if self._done == 1:
            self._first = now
        if now - self._told < (REDRAW_SECONDS if self._live else PLAIN_SECONDS):
            return
        self._told = now
        if self._live:
            self._draw(self._bar(target))
        else:
            self._line(f"compiled {self._done:,} of {self._total:,}, {self._left()}")

    def _bar(self, target: str) -> str:
        full = BAR * self._done // self._total if self._total else 0
        return f"[{'#' * full}{'.' * (BAR - full)}] {self._done}/{self._total}  {self._left()}  {target}"

    def _left(self) -> str:
        if self._done <= ENOUGH:
            return "time left: not known yet"
        seconds = (self._clock() - self._first) / (self._done - 1) * (self._total - self._done)
        return f"{seconds:.0f} s left" if seconds < 120 else f"{seconds / 60:.0f} min left"

    def _draw(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        self._stream.write(f"\r\x1b[K{text[:width]}")
        self._stream.flush()

    def _erase(self) -> None:
        if self._live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _line(self, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()


def counted(number: int, noun: str) -> str:
    """``1 target``, ``3 targets``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """``0.04 s``, ``1.2 s``, ``12 s``, ``3 min``."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def shown(path: str) -> str:
    """A path on one line, printable whatever bytes it holds."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
