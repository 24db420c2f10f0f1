from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.inventory.reference import (
    Part,
    Ref,
    ReferenceSyntaxError,
    has_reference,
    parse,
    references,
)
from tests.unit.inventory.trees import TARGET_FILE, reclass, write


def shown(parts: tuple[Part, ...]) -> list[object]:
    """Parts without offsets: a reference is the list of its parts."""
    return [part if isinstance(part, str) else shown(part.parts) for part in parts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${a:b}", [["a:b"]]),
        ("x-${a}-y", ["x-", ["a"], "-y"]),
        ("${a:${b:${c}}:d}", [["a:", ["b:", ["c"]], ":d"]]),
        ("$${a}}", ["$", ["a"], "}"]),
        (r"\${a}", ["${a}"]),
        (r"\\${a}", ["\\", ["a"]]),
        (r"${a\}}", [["a}"]]),
        (r"\$[ a ]", ["$[ a ]"]),
        (r"\x${a}", [r"\x", ["a"]]),
        ("{${a}", ["{", ["a"]]),
        ("${ a }", [[" a "]]),
    ],
)
def test_parts(text: str, expected: list[object]) -> None:
    assert shown(parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "offset"), [("${}", 0), ("x ${a", 2), ("${a:${b}", 0), ("${a}${", 4), ("${" * 99, 64)]
)
def test_what_is_no_reference(text: str, offset: int) -> None:
    with pytest.raises(ReferenceSyntaxError) as error:
        parse(text)
    assert error.value.offset == offset


def test_nested_references_come_first_with_their_places() -> None:
    text = "x ${a:${b}} ${c::1}"
    found = references(parse(text))
    assert [text[ref.start : ref.end] for ref in found] == ["${b}", "${a:${b}}", "${c::1}"]
    assert [ref.static_path for ref in found] == ["b", None, "c"]


def test_only_texts_with_an_opening_are_parsed() -> None:
    assert has_reference("${a}")
    assert has_reference("$[a")
    assert not has_reference("$a {b} \\$")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["${", "}", "\\", "$", "[", "$[", "known", ":", "x", "{"]), max_size=9))
def test_reads_as_reclass_rs(pieces: list[str]) -> None:
    """A text that parses is one that reclass-rs renders, or refuses for a missing key alone."""
    text = "".join(pieces)
    with tempfile.TemporaryDirectory() as folder:
        parameters = f"parameters:\n  known: value\n  text: {json.dumps(text)}\n"
        inventory = write(Path(folder), {TARGET_FILE: parameters})
        try:
            rendered, refused = reclass(inventory)["text"], ""
        except ValueError as error:
            rendered, refused = None, str(error)
    if not has_reference(text):
        assert rendered == text
        return
    try:
        parts = parse(text)
    except ReferenceSyntaxError:
        assert "Error parsing reference" in refused
        return
    assert "Error parsing reference" not in refused
    if all(isinstance(part, str) or part == Ref(("known",), part.start, part.end) for part in parts):
        assert rendered == "".join(part if isinstance(part, str) else "value" for part in parts)
