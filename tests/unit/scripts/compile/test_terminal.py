"""What is drawn, and what is printed where nothing can be drawn."""

from __future__ import annotations

import io

import pytest

from scripts.compile.terminal import Terminal, counted, duration


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def compile_all(stream: io.StringIO, each: float, total: int = 20) -> str:
    clock = Clock()
    with Terminal(stream, clock) as progress:
        progress.phase("inputs")
        progress.start(total)
        for index in range(total):
            clock.now += each
            progress.step(f"eu.stack-{index}")
    return stream.getvalue()


def test_a_terminal_shows_what_is_compiled_and_how_long_is_left() -> None:
    drawn = compile_all(Screen(), 1.0)

    assert "inputs …" in drawn
    assert "[############............] 10/20  10 s left  eu.stack-9" in drawn
    assert drawn.endswith("\r\x1b[K")
    assert "\n" not in drawn


def test_a_terminal_is_not_drawn_for_every_target() -> None:
    assert compile_all(Screen(), 0.001, 1000).count("\r") < 20


def test_elsewhere_a_line_now_and_then() -> None:
    lines = compile_all(io.StringIO(), 1.0).splitlines()

    assert lines[0] == "compiling 20 targets …"
    assert lines[1] == "compiled 5 of 20, 15 s left"
    assert len(lines) == 5


def test_how_long_the_first_took_says_nothing_of_the_others() -> None:
    stream, clock = io.StringIO(), Clock()
    with Terminal(stream, clock) as progress:
        progress.start(2000)
        clock.now += 60  # the inventory of a large fleet
        progress.step("eu.first")
        for index in range(1000):
            clock.now += 0.1
            progress.step(f"eu.stack-{index}")

    lines = stream.getvalue().splitlines()
    assert lines[1] == "compiled 1 of 2,000, time left: not known yet"
    assert lines[-1] == "compiled 969 of 2,000, 103 s left"


def test_elsewhere_a_short_compile_is_one_line() -> None:
    assert compile_all(io.StringIO(), 0.01) == "compiling 20 targets …\n"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.042, "0.04 s"), (1.25, "1.2 s"), (59.6, "60 s"), (125, "2 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_counts() -> None:
    assert [counted(0, "target"), counted(1, "target"), counted(1234, "target")] == [
        "0 targets",
        "1 target",
        "1,234 targets",
    ]
