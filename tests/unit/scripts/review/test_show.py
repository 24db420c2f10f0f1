"""Values and counts in words."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.review import show
from scripts.review.change import MISSING
from scripts.review.grouping import Row

DIGEST = "sha256:c1c9f6fd5c109ba7f0546a59f5b2f15fb87f64c77782e90a27b648b42a8e67c"
LONG = [f"word{number}" for number in range(40)]


@pytest.mark.parametrize("limit", [50, 60])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"{DIGEST}3", f"{DIGEST}4"),
        (f"docker.io/vllm/vllm-openai@{DIGEST}3", f"docker.io/vllm/vllm-openai@{DIGEST}4"),
        ("x" * 200, "x" * 201),
        ("x" * 200, "x" * 100 + "y" + "x" * 99),
        ([*LONG, "a"], [*LONG, "b"]),
        ({"rules": [*LONG, {"a": 1}]}, {"rules": [*LONG, {"a": 2}]}),
        ("x" * 200, {"a": "x" * 200}),
    ],
)
def test_what_differs_is_seen(old: Any, new: Any, limit: int) -> None:
    before, after = show.pair(old, new, limit)
    assert before != after
    assert max(len(before), len(after)) <= limit


def test_the_last_digit_of_a_digest_is_shown_with_what_is_before_it() -> None:
    assert show.pair(f"{DIGEST}3", f"{DIGEST}4") == (f"…{DIGEST[-30:]}3", f"…{DIGEST[-30:]}4")


def test_a_value_that_comes_is_shown_from_its_beginning() -> None:
    before, after = show.pair(MISSING, LONG)
    assert before == "—"
    assert after.startswith("word0 word1 ")


@pytest.mark.parametrize(("count", "words"), [(1, "1 Service added"), (2, "2 Service objects added")])
def test_several_objects_of_a_kind(count: int, words: str) -> None:
    assert show.row(Row("added", "Service", "", MISSING, MISSING, count, (), ())) == words
