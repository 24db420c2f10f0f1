from __future__ import annotations

import pytest

from components.inventory.problem import Problem, quoted, render_problems, sort_problems, suggest

ERROR = Problem("inventory/classes/a.yml", 12, 5, "unknown class `b`", "did you mean `c`?", "class-unknown")


def test_one_line() -> None:
    assert str(ERROR) == "inventory/classes/a.yml:12:5: unknown class `b`. did you mean `c`?"


@pytest.mark.parametrize(
    ("line", "column", "place"), [(0, 0, "a.yml"), (3, 0, "a.yml:3"), (3, 4, "a.yml:3:4")]
)
def test_the_place_holds_what_is_known(line: int, column: int, place: str) -> None:
    assert str(Problem("a.yml", line, column, "wrong", "")) == f"{place}: wrong"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("clases", "classes"),
        ("Parameters", "parameters"),
        ("parameter", "parameters"),
        ("zzz", None),
        ("", None),
    ],
)
def test_suggest(word: str, expected: str | None) -> None:
    assert suggest(word, ["classes", "parameters", "exports"]) == expected


def test_suggest_gives_up_on_a_list_that_is_no_vocabulary() -> None:
    assert suggest("key-7x", (f"key-{number}" for number in range(10_000))) is None


def test_quoted_is_one_short_line() -> None:
    assert quoted("a\nb\x1b") == "`a\\nb\\x1b`"
    assert len(quoted("x" * 500)) == 82


def test_errors_first_then_by_place_and_each_once() -> None:
    warning = Problem("a.yml", 1, 1, "odd", "", level="warning")
    later = Problem("inventory/classes/a.yml", 13, 1, "wrong", "")
    assert sort_problems([warning, later, ERROR, ERROR]) == [ERROR, later, warning]


def test_rendered_for_a_terminal() -> None:
    chained = Problem("b.yml", 2, 3, "wrong", "mend it", chain=("t.yml:1:5", "a.yml:2:5"))
    warning = Problem("a.yml", 1, 1, "odd", "", level="warning")
    assert render_problems([warning, chained, ERROR]).splitlines() == [
        "b.yml:2:3: wrong. mend it",
        "    included from a.yml:2:5",
        "    included from t.yml:1:5",
        "inventory/classes/a.yml:12:5: unknown class `b`. did you mean `c`?",
        "warning: a.yml:1:1: odd",
        "2 errors, 1 warning",
    ]
    assert render_problems([]) == ""
