from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.explain.compare import counterparts, difference
from scripts.explain.keyed import fields, shown, steps


def told(base: Any, other: Any) -> dict[str, str]:
    return {shown(one.path): one.kind for one in difference(base, other)}


@pytest.mark.parametrize(
    ("base", "other", "expected"),
    [
        ({"a": 1}, {"a": 2}, {"a": "value"}),
        ({"a": 1}, {"a": 1, "b": 2}, {}),
        ({"a": {"b": 1}, "c": 2}, {"c": 2}, {"a": "presence"}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, {"a.c": "presence"}),
        ({"a": [1, 2]}, {"a": [1]}, {"a[1]": "presence"}),
        ({"a": {}}, {"a": {"b": 1}}, {"a": "value"}),
        ({"a": {"b": 1}}, {"a": "text"}, {"a": "presence"}),
        # an insertion is no change of what follows
        ({"a": ["--x=1", "--z=3"]}, {"a": ["--x=1", "--y=2", "--z=3"]}, {}),
        ({"a": ["--x=1"]}, {"a": ["--x=2"]}, {"a[--x]": "value"}),
        ({"a": [{"name": "p", "v": 1}]}, {"a": [{"name": "o", "v": 0}, {"name": "p", "v": 1}]}, {}),
        # a new name is one difference, not one in each field below it
        (
            {"a": [{"name": "p", "v": 1}, {"name": "q", "v": 2}]},
            {"a": [{"name": "x", "v": 1}, {"name": "q", "v": 2}]},
            {"a[name=p].name": "value"},
        ),
        ({"a": ["serve", "llama"]}, {"a": ["serve", "qwen"]}, {"a[llama]": "value"}),
        ({"d": {"x.yaml": "a: 1\nb: 2\n"}}, {"d": {"x.yaml": "b: 2\na: 3\n"}}, {"d.x.yaml|a": "value"}),
        ({"d": "only\ntext\n"}, {"d": "other\ntext\n"}, {"d": "value"}),
        # a field below another key is another field, and what changed in it is told too
        (
            {"d": {"one.yaml": "a: 1\nb: 2\n"}},
            {"d": {"two.yaml": "a: 1\nb: 3\n"}},
            {"d.one.yaml": "presence", "d.one.yaml|b": "value"},
        ),
        (
            {"a": [{"p": ["x"]}, {"q": ["y"]}]},
            {"a": [{"o": ["x"]}, {"q": ["y"]}]},
            {"a[p].p": "presence"},
        ),
    ],
)
def test_what_differs(base: Any, other: Any, expected: dict[str, str]) -> None:
    assert told(base, other) == expected


def test_a_renamed_object_is_compared_with_the_one_that_took_its_place() -> None:
    base = {"c/service-a.yaml": {"kind": "Service", "n": 1}, "c/service-b.yaml": {"kind": "Service", "n": 2}}
    other = {"c/service-a.yaml": {"kind": "Service", "n": 1}, "c/service-x.yaml": {"kind": "Service", "n": 2}}
    assert counterparts(base, other)["c/service-b.yaml"]["n"] == 2
    assert "c/service-b.yaml" not in counterparts(base, {"c/service-a.yaml": {"kind": "Service"}})


_VALUES = st.recursive(
    st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1), inner, max_size=3),
    max_leaves=12,
)


def _ways(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every way into a value."""
    yield path
    items = value if isinstance(value, dict) else {}
    if isinstance(value, list):
        items = dict(zip(steps(value), value, strict=True))
    for step, item in items.items():
        yield from _ways(item, (*path, step))


_OBJECTS = st.dictionaries(st.text("ab", min_size=1, max_size=2), _VALUES, max_size=4)


@given(_OBJECTS)
def test_nothing_differs_from_itself(value: dict[str, Any]) -> None:
    assert told(value, copy.deepcopy(value)) == {}


@given(_OBJECTS, _OBJECTS)
def test_every_difference_names_a_field_or_a_part_of_the_object(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    known = fields(one)
    for found in difference(one, other):
        if found.kind == "value":
            assert found.path in known
        else:
            assert any(path[: len(found.path)] == found.path for path in known)


@given(_OBJECTS, st.data())
def test_a_changed_scalar_is_found(value: dict[str, Any], data: st.DataObject) -> None:
    scalars = [
        path
        for path, item in fields(value).items()
        if isinstance(item, int) and not any("[" in s for s in path)
    ]
    if not scalars:
        return
    path = data.draw(st.sampled_from(scalars))
    other = copy.deepcopy(value)
    here: Any = other
    for key in path[:-1]:
        here = here[key]
    here[path[-1]] += 10
    assert told(value, other) == {shown(path): "value"}


_NO_TEXTS = st.recursive(
    st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1), inner, max_size=3),
    max_leaves=12,
)


@given(_NO_TEXTS, _NO_TEXTS)
def test_along_a_field_is_what_concerns_it(base: Any, other: Any) -> None:
    every = list(difference(base, other))
    for along in _ways(base):
        of_field = [
            one for one in every if one.path[: len(along)] == along or along[: len(one.path)] == one.path
        ]
        assert list(difference(base, other, along)) == of_field


@given(st.lists(st.sampled_from("abcde"), max_size=6), st.lists(st.sampled_from("abcde"), max_size=6))
def test_a_line_that_stands_in_both_texts_once_is_the_same(base: list[str], other: list[str]) -> None:
    every = list(difference(base, other))
    for step, line in zip(steps(base), base, strict=True):
        found = list(difference(base, other, (step,)))
        assert found in ([], [one for one in every if one.path in ((), (step,))])
        if base.count(line) == other.count(line) == 1:
            assert not found
