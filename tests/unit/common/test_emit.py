"""The YAML text reads back the same in every parser, and looks the way a person would write it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.common import emit

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_JSON)
def test_reads_back_the_same(value: Any) -> None:
    assert yaml.safe_load(emit.dump({"key": value})) == {"key": value}


@pytest.mark.parametrize(
    "text",
    [
        "1e3",
        "1234e56",
        "0x1f",
        "0o17",
        "0755",
        "1_000",
        "12:30",
        "y",
        "N",
        "on",
        "Off",
        "~",
        "null",
        "=",
        "<<",
        "",
        "2026-01-02",
        "1.36",
        ".5",
        "+1",
        "-1",
        "true",
        ".inf",
        ".NaN",
        "NaN",
    ],
)
def test_quotes_what_a_parser_could_misread(text: str) -> None:
    assert emit.dump({"key": text}) == f'key: "{text}"\n'


@pytest.mark.parametrize(
    "text",
    [
        "llama-70b",
        "hf://meta-llama/Llama-3.3-70B-Instruct",
        "--max-model-len=32768",
        "600s",
        "16Gi",
        "/dev/shm",
        "Available since yesterday",
        "None",
        "docker.io/vllm/vllm-openai:v0.33.0",
    ],
)
def test_leaves_plain_what_nobody_misreads(text: str) -> None:
    assert emit.dump({"key": text}) == f"key: {text}\n"


def test_long_strings_are_not_folded() -> None:
    assert emit.dump({"key": "word " * 100 + "end"}).count("\n") == 1


def test_lines_become_a_literal_block() -> None:
    assert emit.dump({"key": "one\ntwo\n"}) == "key: |\n  one\n  two\n"


def test_the_same_object_twice_is_written_twice() -> None:
    shared = {"a": 1}
    assert "&" not in emit.dump({"x": shared, "y": shared})


def test_identity_comes_first_and_the_rest_keeps_its_order() -> None:
    text = emit.document(
        {"spec": {"z": 1, "a": 2}, "metadata": {"name": "x"}, "kind": "K", "apiVersion": "v1"}
    )
    assert text == "apiVersion: v1\nkind: K\nmetadata:\n  name: x\nspec:\n  z: 1\n  a: 2\n"


def test_refuses_what_has_no_place_in_a_manifest() -> None:
    with pytest.raises(TypeError, match="set has no place"):
        emit.dump({"key": {1}})
