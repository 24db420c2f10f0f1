"""How a worker of Kapitan's pool lives, and how it dies so that the pool does not wait for it for ever.

When a target fails, Kapitan terminates its pool at once. A worker that SIGTERM kills outright may hold the lock of
the result queue, most likely while it hands over that very failure; then `multiprocessing.Pool.terminate` waits for
the lock for ever. A worker that has a moment more lets go of it.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
import time
from functools import cache

MOMENT = 0.2
"""Seconds; handing over a result takes microseconds."""


@cache
def die_gently() -> None:
    """Let this worker live a moment after SIGTERM. Does nothing outside of a pool, or the second time."""
    if multiprocessing.parent_process() is None:
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    # Not the handler, but the byte in the pipe ends the process: a handler waits until the main thread runs Python,
    # which it does not while it waits for a lock.
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda *_: None)
    threading.Thread(target=_end_after, args=(reader,), daemon=True).start()


@cache
def collect_seldom() -> None:
    """Leave out the rendered inventory, which lives as long as the worker, when Python looks for garbage. Does nothing
    outside of a pool, or the second time."""
    if multiprocessing.parent_process() is None:
        return
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def _end_after(reader: int) -> None:
    while os.read(reader, 1)[0] != signal.SIGTERM:
        pass
    time.sleep(MOMENT)
    os._exit(128 + signal.SIGTERM)
