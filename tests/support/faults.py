"""Kill a function, or fail it, at each of its calls to the file system."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from scripts.compile import exchange

CALLS = ("link", "mkdir", "open", "rename", "replace", "rmdir", "unlink", "fsync")


class Stopwatch:
    """Counts calls, and does something at one of them."""

    def __init__(self, at: int, then: Callable[[], None]) -> None:
        self.count = 0
        self._at = at
        self._then = then

    def tick(self) -> None:
        """One more call."""
        self.count += 1
        if self.count == self._at:
            self._then()


@contextmanager
def watched(watch: Stopwatch) -> Iterator[None]:
    """Every call that changes the file system ticks first."""
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, _ticking(watch, getattr(os, name)))
        patch.setattr(exchange, "_exchange", _ticking(watch, exchange._exchange))
        yield


def _ticking(watch: Stopwatch, original: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        watch.tick()
        return original(*arguments, **options)

    return call


def calls_of(function: Callable[[], None]) -> int:
    """How many there are."""
    watch = Stopwatch(0, lambda: None)
    with watched(watch):
        function()
    return watch.count


def killed_at(call: int, function: Callable[[], None]) -> None:
    """Run a function in a fork that is killed before one of its calls."""
    child = os.fork()
    if not child:
        with watched(Stopwatch(call, lambda: os.kill(os.getpid(), signal.SIGKILL))):
            function()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL
