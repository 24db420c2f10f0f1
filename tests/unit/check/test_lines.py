"""The reader of lines: what it takes it reads as the YAML parser does, in value and type; the rest it leaves alone."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from components.common import emit
from scripts.check import lines, text
from scripts.check.text import TextError

ROOT = Path(__file__).parents[3]
PIECES = st.sampled_from(
    """
a⏎b-c⏎"k"⏎'k'⏎a:⏎a: 1⏎a: |⏎a: |-⏎"x: y": z⏎- ⏎- - ⏎-⏎- a: b⏎- x⏎- |⏎  ⏎    ⏎#⏎ # c⏎a: b: c⏎a: 'it''s'⏎a: "⏎a: {}
a: []⏎- {}⏎yes: no⏎a: yes⏎a: 0x1f⏎a: 1.5⏎a: -1⏎a: ~⏎null⏎a: null⏎1: a⏎---⏎...⏎a: x y⏎a: --f=1⏎a: b:c⏎a: 2020-01-01
a: *x⏎a: &x⏎a: !t⏎a: >⏎? a⏎a:b⏎a : b⏎\t⏎é⏎a: b ⏎<<: c⏎=: 1⏎b: |⏎c:⏎b: 2⏎c: d⏎a: 1e3⏎a: 1e+16⏎a: 1_0⏎a: 010⏎a: .5
""".replace("\n", "⏎").split("⏎")
)
VALUES = st.recursive(
    st.sampled_from(["x", "a\nb\n", "a\n\n  b", "it's", 1, True, None, 0.5, "1", "a b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """What we would write, with up to two lines put in or taken away."""
    found = emit.dump(draw(st.dictionaries(st.sampled_from("abcd"), VALUES, min_size=1, max_size=4))).split(
        "\n"
    )
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(found) - 1))
        new = draw(st.sampled_from(["", "  ", "    ", "- ", "  - ", " "])) + draw(PIECES)
        found[at : at + draw(st.integers(0, 1))] = [new]
    return "\n".join(found)


def typed(value: Any) -> Any:
    """A value with its types: 1, 1.0 and true are different, and so are orders of keys."""
    if isinstance(value, dict):
        return [(key, typed(item)) for key, item in value.items()]
    return [typed(item) for item in value] if isinstance(value, list) else (type(value).__name__, value)


def parsed(source: str) -> Any:
    """What the YAML parser makes of a text, by the strict rules of ``text.py``; the error's text where it refuses."""
    try:
        return typed(text._value(text.compose(source), 0))
    except TextError as error:
        return str(error)


def holds(source: str) -> None:
    found = lines.read(source)
    assert found is None or typed(found) == parsed(source), source


@settings(max_examples=1500, deadline=None)
@given(source=texts())
def test_reads_as_the_parser_does_or_not_at_all(source: str) -> None:
    holds(source)


@cache
def committed() -> list[str]:
    return [
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "compiled" / "eu-h100").rglob("*.yaml"))
    ]


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_committed_file_with_a_few_characters_changed(data: st.DataObject) -> None:
    source = data.draw(st.sampled_from(committed()))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(source)))
        cut = data.draw(st.integers(0, 3))
        source = (
            source[:at]
            + data.draw(st.sampled_from(["", " ", "  ", "\n", ":", "- ", "'", '"', "|", "#", "x"]))
            + source[at + cut :]
        )
    holds(source)


def test_what_is_committed_is_read_here() -> None:
    left = [source for source in committed() if lines.read(source) is None]
    assert len(left) < len(committed()) / 20
    for source in committed():
        holds(source)


@pytest.mark.parametrize("size", [2, 300])
def test_what_we_write_is_read(size: int) -> None:
    data = {
        "apiVersion": "v1",
        "list": [{"name": f"n-{i}", "text": "a\n  b\n\nc\n", "on": True} for i in range(size)],
    }
    assert lines.read(emit.dump(data)) == data == yaml.safe_load(emit.dump(data))


def test_empty_collections_are_not_shared() -> None:
    first, second = lines.read("a: {}\nb: []\n"), lines.read("a: {}\nb: []\n")
    assert first == second == {"a": {}, "b": []}
    assert first["a"] is not second["a"]
    assert first["b"] is not second["b"]


def test_lines_that_are_remembered_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_MAX_KNOWN", 10)
    assert lines.read("".join(f"bound-{i}: {i}\n" for i in range(40))) == {f"bound-{i}": i for i in range(40)}
    assert len(lines._KNOWN) <= 10
