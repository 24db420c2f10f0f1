from __future__ import annotations

from dataclasses import replace

import pytest

from scripts.review import markdown
from scripts.review.change import (
    Cause,
    Change,
    Consequence,
    FieldChange,
    LedgerRow,
    Level,
    ObjectChange,
    ObjectId,
    Step,
    Verdict,
)


def large(count: int, words: int = 30) -> Change:
    """A change of that many stacks, each by an edit of its own."""
    text = "word | `x` <b> @team " * words
    level = Level(8, 1, 2, 3)
    return Change(
        base="main",
        head="topic",
        objects=tuple(
            ObjectChange(
                "changed",
                ObjectId(f"c{number}", "", "Service", "ns", f"s{number}"),
                f"c{number}.s{number}",
                f"compiled/c{number}/s{number}/x.yaml",
                tuple(
                    FieldChange((Step("key", f"f{index}"),), text, f"{text}{index}", (number,))
                    for index in range(5)
                ),
            )
            for number in range(count)
        ),
        causes=tuple(Cause("value", f"inventory/{number}.yml", 1, "a", text, "b") for number in range(count)),
        consequences=tuple(
            Consequence("x", "look", text, (f"c{number}",), (), text) for number in range(count)
        ),
        ledger=tuple(
            LedgerRow(f"c{n}", "p", "GPUs", "x", "EUR", level, replace(level, minimum=2))
            for n in range(count)
        ),
        verdict=Verdict("look", (text,) * 5),
        notes=(text,) * 3,
    )


@pytest.mark.parametrize("count", [0, 1, 10, 100, 1000, 4000])
@pytest.mark.parametrize("words", [1, 200])
def test_a_comment_is_never_too_long(count: int, words: int) -> None:
    written = markdown.write(large(count, words), "https://ci.example.com/page")
    assert len(written) <= markdown.LIMIT
    assert written.startswith(markdown.MARKER)
    assert "https://ci.example.com/page" in written
    assert written.count("<details") == written.count("</details>")


def test_little_is_not_shortened() -> None:
    written = markdown.write(large(5, 1))
    assert "more" not in written
    assert written.count("inventory/") == 5


def test_foreign_text_is_no_markup() -> None:
    written = markdown.write(large(3))
    assert "<b>" not in written.replace("`", "").split("### Why")[0]
    assert "@team" not in written.split("### Why")[0]
