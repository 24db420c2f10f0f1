"""Work that another processor does meanwhile."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Generic, TypeVar, cast

T = TypeVar("T")
_NOT_FORKED = "_gojsonnet"
"""Go's runtime has threads of its own, which a fork does not take along: a process that has it is not forked."""


class Aside(Generic[T]):
    """What a function returns, worked out in a process of its own from the moment on when this is made.

    Where there is no second processor, or no fork, and where that process comes to an end without an answer, it is
    worked out when it is asked for.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        """``work`` returns what can be pickled, and changes nothing."""
        self._work = work
        self._answer: Connection | None = None
        if _can_fork():
            context = multiprocessing.get_context("fork")
            self._answer, to = context.Pipe(duplex=False)
            self._process = context.Process(target=_send, args=(work, to), daemon=True)
            self._process.start()
            to.close()

    def result(self) -> T:
        """The answer, once."""
        if self._answer is None:
            return self._work()
        try:
            done, found = self._answer.recv()
        except EOFError:
            done, found = False, None
        self._answer.close()
        self._process.join()
        return cast(T, found) if done else self._work()


def _can_fork() -> bool:
    processors = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    return processors > 1 and _NOT_FORKED not in sys.modules


def _send(work: Callable[[], T], to: Connection) -> None:
    try:
        answer: tuple[bool, T | None] = (True, work())
    except Exception:
        answer = (False, None)  # it is tried again, and raises, where somebody sees it
    to.send(answer)
