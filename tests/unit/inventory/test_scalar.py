from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.inventory.node import MappingNode
from components.inventory.scalar import exceeds_64_bits, looks_like_version, other_reading, resolve
from components.inventory.source import load
from tests.unit.inventory.trees import TARGET_FILE, reclass, same, write


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("Null", None),
        ("TRUE", True),
        ("tRue", "tRue"),
        ("on", "on"),
        ("0755", "0755"),
        ("+5", 5),
        ("-0x1f", -31),
        ("0o17", 15),
        ("0b11", 3),
        ("0o8", "0o8"),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e400", "1e400"),
        ("1:30", "1:30"),
        ("2024-01-02", "2024-01-02"),
        ("18446744073709551615", 18446744073709551615),
    ],
)
def test_reads_as_reclass_rs(text: str, value: object) -> None:
    assert same(resolve(text), value)


@settings(max_examples=150, deadline=None)
@given(st.text("0123456789+-.eExXob_:aAfFnyT~", min_size=1, max_size=7))
def test_any_plain_scalar_reads_as_reclass_rs(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        inventory = write(Path(folder), {TARGET_FILE: f"parameters:\n  key: {text}\n"})
        source = load(inventory / TARGET_FILE, TARGET_FILE)
        if source.problems or not isinstance(source.parameters, MappingNode) or exceeds_64_bits(text):
            return
        try:
            rendered = reclass(inventory)["key"]
        except ValueError:  # an include by chance: `- x`
            return
        node = source.parameters.entries["key"].node
        assert same(getattr(node, "value", rendered), rendered)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("on", "true"),
        ("No", "false"),
        ("y", "true"),
        ("0755", "the octal number 493"),
        ("00", "the number 0"),
        ("0o17", "text"),
        ("1:30", "a number in base 60"),
        ("1_000", "a number"),
        ("1e3", "text"),
        ("12e03", "text"),
        ("1.5e3", "text"),
        ("2024-01-02", "a date"),
        ("=", "a value tag"),
    ],
)
def test_what_yaml_1_1_reads_otherwise(text: str, reading: str) -> None:
    assert other_reading(text) == reading


@pytest.mark.parametrize(
    "text",
    [
        "",
        "true",
        "null",
        "~",
        "0",
        "8",
        "-5",
        "1.5",
        ".5",
        "1.5e+3",
        "0x1F",
        ".inf",
        "089",
        "vllm",
        "0.36.3",
        "-",
    ],
)
def test_what_both_versions_read_alike(text: str) -> None:
    assert other_reading(text) is None


@pytest.mark.parametrize(
    ("text", "is_large"),
    [
        ("18446744073709551615", False),
        ("+18446744073709551615", False),
        ("18446744073709551616", True),
        ("-9223372036854775809", True),
        ("9" * 60, True),
        ("0x1ffffffffffffffff", True),
        ("000000000000000000000000000000", False),
        ("1.5", False),
        ("text", False),
    ],
)
def test_numbers_beyond_64_bits(text: str, is_large: bool) -> None:
    assert exceeds_64_bits(text) is is_large


@pytest.mark.parametrize(
    ("text", "is_version"), [("1.30", True), ("12.150", True), ("0.90", False), ("1.0", False)]
)
def test_numbers_that_lose_a_zero(text: str, is_version: bool) -> None:
    assert looks_like_version(text) is is_version
