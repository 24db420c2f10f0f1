from __future__ import annotations

import gc
import multiprocessing
import signal
import time
from multiprocessing.synchronize import Event, Lock

import pytest

from components.compile.worker import collect_seldom, die_gently

FORK = multiprocessing.get_context("fork")
SECONDS = 20


def hand_over(lock: Lock, ready: Event, gently: bool) -> None:
    """What a worker does when its target has failed."""
    if gently:
        die_gently()
    with lock:
        ready.set()
        time.sleep(0.05)
    time.sleep(SECONDS)


def wait_for_a_lock(lock: Lock, ready: Event) -> None:
    """What an idle worker does."""
    die_gently()
    ready.set()
    lock.acquire()


@pytest.mark.parametrize("gently", [True, False], ids=["gently", "killed outright"])
def test_a_terminated_worker_lets_go_of_its_lock(gently: bool) -> None:
    lock, ready = FORK.Lock(), FORK.Event()
    worker = FORK.Process(target=hand_over, args=(lock, ready, gently))
    worker.start()
    assert ready.wait(SECONDS)

    worker.terminate()

    worker.join(SECONDS)
    assert lock.acquire(timeout=1) is gently
    assert worker.exitcode == (128 + signal.SIGTERM if gently else -signal.SIGTERM)


def test_a_worker_that_waits_for_a_lock_ends_too() -> None:
    lock, ready = FORK.Lock(), FORK.Event()
    lock.acquire()
    worker = FORK.Process(target=wait_for_a_lock, args=(lock, ready))
    worker.start()
    assert ready.wait(SECONDS)

    worker.terminate()

    worker.join(SECONDS)
    assert worker.exitcode == 128 + signal.SIGTERM


def test_the_process_of_a_user_is_left_alone() -> None:
    before = signal.getsignal(signal.SIGTERM), gc.get_threshold(), gc.get_freeze_count()

    die_gently.__wrapped__()  # uncached: the processes of the other tests are forked from this one
    collect_seldom.__wrapped__()

    assert (signal.getsignal(signal.SIGTERM), gc.get_threshold(), gc.get_freeze_count()) == before
