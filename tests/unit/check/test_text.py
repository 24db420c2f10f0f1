"""The strict reader: what it takes it reads as PyYAML does, and what it refuses it refuses with a line."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from components.common import emit
from scripts.check.text import MAX_DEPTH, TextError, document

SCALARS = st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=20)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)


@settings(max_examples=200, deadline=None)
@given(data=st.dictionaries(st.text(max_size=8), JSON, max_size=5))
def test_reads_what_we_write(data: dict[str, Any]) -> None:
    assert document(emit.dump(data)) == yaml.load(emit.dump(data), Loader=yaml.CSafeLoader) == data


@settings(max_examples=400, deadline=None)
@given(text=st.text(max_size=200) | st.text(alphabet="ab:-?[]{}&*!|>'\"#%@,\n \t01.", max_size=80))
@example("a: !!binary x")
@example("? - a\n: b")
@example("\ufeffa: b")
@example("a: 2020-01-01")
@example("a: !!set {b}")
@example("%YAML 9.9\n---\na: b")
@example("a: 0o17\nb: 0b1\nc: 1_0\nd: .inf\ne: 1:30")
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = document(text)
    except TextError:
        return
    assert found == yaml.load(text, Loader=yaml.CSafeLoader)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' is there twice"),
        ("a:\n  b: 1\n  b: 2\n", 3, "the key 'b' is there twice"),
        ("a: &x 1\nb: *x\n", 1, "the anchor x"),
        ("a: 1\n---\nb: 2\n", 2, "more than one document"),
        ("", 1, "nothing"),
        ("- a\n", 1, "a list"),
        ("a: yes\n", 1, "quote it"),
        ("a: 0x1f\n", 1, "quote it"),
        ("a: !!str 1\nb: !x 2\n", 2, "the tag !x"),
        ("8080: a\n", 1, "the key '8080' is not text"),
        ("<<<<<<< HEAD\na: 1\n=======\n", 2, "no YAML"),
        ("a: .nan\n", 1, "no number that JSON has"),
        ("a:\n\t- b\n", 2, "no YAML"),
    ],
)
def test_refused(text: str, line: int, message: str) -> None:
    with pytest.raises(TextError, match=message.replace("(", r"\(")) as refused:
        document(text)
    assert refused.value.line == line


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 100_000,
        "a: " + "{b: " * 50_000,
        "- " * 50_000,
        "a:\n" + "".join(" " * depth + "b:\n" for depth in range(1, 900)),
        "? " * 20_000,
        "a: " + "[" * (MAX_DEPTH + 5) + "]" * (MAX_DEPTH + 5),
    ],
    ids=["lists", "mappings", "items", "indentation", "keys", "just too deep"],
)
def test_deep_nesting_is_refused_before_the_stack_ends(text: str) -> None:
    with pytest.raises(TextError):
        document(text)


def test_long_text_with_many_brackets_is_read() -> None:
    assert document("a: '" + "{[" * 2000 + "'") == {"a": "{[" * 2000}


def test_huge_text_is_refused() -> None:
    with pytest.raises(TextError, match="no API server accepts"):
        document("a: " + "x" * (4 * 1024 * 1024))


def test_expanding_aliases_are_refused() -> None:
    laughs = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
    )
    with pytest.raises(TextError, match="anchor"):
        document(laughs)
