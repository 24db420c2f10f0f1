from __future__ import annotations

import os
import sys

import pytest

from scripts import aside
from scripts.aside import Aside
from scripts.review.change import MISSING


@pytest.fixture
def forks(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        pytest.skip("processes are forked on Linux only")
    monkeypatch.setattr(aside, "_can_fork", lambda: True)


@pytest.mark.usefixtures("forks")
def test_the_work_is_done_in_another_process() -> None:
    assert Aside(os.getpid).result() != os.getpid()


@pytest.mark.usefixtures("forks")
def test_a_value_that_is_not_there_is_the_same_in_every_process() -> None:
    assert Aside(lambda: [MISSING]).result()[0] is MISSING


@pytest.mark.usefixtures("forks")
def test_a_process_that_ends_without_an_answer_is_made_up_for() -> None:
    here = os.getpid()

    def work() -> str:
        if os.getpid() != here:
            os._exit(1)
        return "done here"

    assert Aside(work).result() == "done here"


@pytest.mark.usefixtures("forks")
def test_what_fails_fails_where_it_is_asked_for() -> None:
    def work() -> str:
        raise ValueError("broken")

    failing = Aside(work)
    with pytest.raises(ValueError, match="broken"):
        failing.result()


def test_a_process_with_threads_of_go_is_not_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "_gojsonnet", sys)
    assert Aside(os.getpid).result() == os.getpid()
