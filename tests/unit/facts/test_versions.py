"""Versions of every scheme in one order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.facts.versions import (
    Range,
    VersionError,
    newest,
    parse,
    parse_tag,
    range_of,
    same_minor,
)

ASCENDING = [
    "0.8.5",
    "0.8.5.post1",
    "0.9.0",
    "0.10.1",
    "0.10.1.1",
    "0.10.2",
    "0.33.0-rc2",
    "0.33.0",
    "1.31.0-alpha.1",
    "1.31.0-rc.0",
    "1.31.0",
    "1.36",
    "26.7.0",
]


def test_releases_ascend() -> None:
    assert sorted(ASCENDING, key=parse) == ASCENDING


def test_builds_of_llama_cpp_are_numbers() -> None:
    assert parse("b999") < parse("b8123") < parse("b10000")


@pytest.mark.parametrize(
    ("one", "other"),
    [("v1.9.0", "1.9.0"), ("1.9", "1.9.0"), ("0.19.0+cu129", "0.19.0"), ("0.32.15-rocm", "0.32.15")],
)
def test_prefix_padding_and_build_variant_do_not_count(one: str, other: str) -> None:
    assert parse(one) == parse(other)
    assert hash(parse(one)) == hash(parse(other))


@pytest.mark.parametrize("text", ["latest", "", "main", "v", "1.2.3.4.5", "b", "1..2"])
def test_what_is_no_version_says_how_one_looks(text: str) -> None:
    with pytest.raises(VersionError, match=r"write it like 0\.33\.0"):
        parse(text)


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("v0.33.0", "0.33.0"),
        ("0.32.15-rocm", "0.32.15"),
        ("server-cuda-b8123", "b8123"),
        ("server-b8123", "b8123"),
        ("v0.19.1-cu130", "0.19.1"),
        ("latest", None),
        ("server", None),
        ("main", None),
    ],
)
def test_image_tags(tag: str, version: str | None) -> None:
    found = parse_tag(tag)
    assert found == (parse(version) if version else None)


def test_a_range_holds_its_start_and_not_its_end() -> None:
    span = range_of("0.17.0", "0.20.0")
    assert parse("0.17.0") in span
    assert parse("0.19.1") in span
    assert parse("0.20.0") not in span
    assert span.before(parse("0.16.9"))
    assert span.after(parse("0.20.0"))
    assert str(span) == ">= 0.17.0, < 0.20.0"
    assert str(Range()) == "any version"


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(VersionError, match="not before"):
        range_of("1.0.0", "1.0.0")


def test_minor_releases() -> None:
    assert same_minor("1.8.1", "1.8.3")
    assert not same_minor("1.8.3", "1.9.0")
    assert str(newest(["1.9.0", "1.10.0", "1.8.3"])) == "1.10.0"


@given(st.tuples(*[st.integers(0, 500)] * 3), st.tuples(*[st.integers(0, 500)] * 3))
def test_order_is_that_of_the_numbers(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    left, right = (parse(".".join(map(str, numbers))) for numbers in (one, other))
    assert (left < right) == (one < other)
    assert (left == right) == (one == other)


@given(st.text(max_size=20))
def test_any_text_is_a_version_or_an_error_of_one_line(text: str) -> None:
    try:
        found = parse(text)
    except VersionError as error:
        message = str(error)
    else:
        message = str(found)
    assert len(message.splitlines()) == 1
