"""Notices that Kapitan will never end.

Its process pool waits for ever for the result of a process that has died (kapitan#857): out of memory, a crash in
native code, ``sys.exit`` in a component. On Linux the death itself is seen; elsewhere, that nothing happens.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

LOOK_SECONDS: Final = 0.5
GRACE_SECONDS: Final = 3.0
"""A pool that Kapitan ends loses all of its processes within some hundredths of a second."""


class Watchdog:
    """Watches the children of one process."""

    def __init__(self, process: int, stall: float) -> None:
        """``stall``: seconds without a word after which all hope is lost."""
        self._process = process
        self._stall = stall
        self._last = time.monotonic()
        self._next_look = self._last
        self._before: set[int] = set()
        self._known: set[int] = set()
        self._lost_at: float | None = None

    def alive(self) -> None:
        """The process has said something."""
        self._last = time.monotonic()

    def fault(self, now: float) -> str | None:
        """Why the process will not end by itself, or None. Call it several times a second."""
        if now - self._last > self._stall:
            return f"Kapitan has said nothing for {self._stall:.0f} s"
        if now < self._next_look:
            return None
        self._next_look = now + LOOK_SECONDS
        children = pool(self._process)
        # Seen twice: what is about to become another program looks like a fork for an instant.
        self._known |= children & self._before
        self._before = children
        if not children or self._known <= children:
            self._lost_at = None
        elif self._lost_at is None:
            self._lost_at = now
        if self._lost_at is not None and now - self._lost_at > GRACE_SECONDS:
            return "a process of Kapitan died (out of memory, or a crash in native code), and Kapitan waits for it"
        return None


def pool(process: int) -> set[int]:
    """Children that run the same command as their parent, as forks do. Empty where /proc tells nothing."""
    own = _command(process)
    found: set[int] = set()
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            found.update(map(int, children.read_text(encoding="ascii").split()))
        except OSError:
            continue
    return {child for child in found if own and _command(child) == own}


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
