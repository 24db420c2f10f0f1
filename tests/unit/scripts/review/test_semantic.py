from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.review.change import MISSING
from scripts.review.semantic import apply, changes, embedded, flags, shown


def said(old: Any, new: Any) -> dict[str, tuple[Any, Any]]:
    return {shown(one.path): (one.old, one.new) for one in changes(old, new)}


def test_order_is_no_change() -> None:
    old = {"ports": [{"name": "a", "port": 1}, {"name": "b", "port": 2}], "hosts": ["x", "y"]}
    new = {"hosts": ["y", "x"], "ports": [{"name": "b", "port": 2}, {"port": 1, "name": "a"}]}
    assert changes(old, new) == ()


def test_list_items_are_told_apart_by_their_key() -> None:
    old = {"ports": [{"name": "a", "port": 1}, {"name": "b", "port": 2}]}
    new = {"ports": [{"name": "c", "port": 3}, {"name": "b", "port": 4}]}
    assert said(old, new) == {
        "ports[name=a]": ({"name": "a", "port": 1}, MISSING),
        "ports[name=b].port": (2, 4),
        "ports[name=c]": (MISSING, {"name": "c", "port": 3}),
    }


def test_maps_of_one_entry_are_told_apart_by_it() -> None:
    old, new = [{"a": ["x"]}, {"b": ["y"]}], [{"b": ["z"]}, {"a": ["x"]}]
    assert list(said(old, new)) == ["[b].b[y]", "[b].b[z]"]


def test_arguments_are_compared_by_flag() -> None:
    old = {"args": ["/mnt", "--names", "a", "b", "--len=1", "--on"]}
    new = {"args": ["/mnt", "--len=2", "--names", "a", "b"]}
    assert said(old, new) == {"args[--len]": (["=1"], ["=2"]), "args[--on]": ([], MISSING)}


def test_a_flag_twice_makes_arguments_an_ordinary_list() -> None:
    assert flags(["--a", "1", "--a", "2"]) is None
    assert said({"args": ["--a", "--a"]}, {"args": ["--a"]}) == {"args": (["--a", "--a"], ["--a"])}


def test_the_order_of_a_command_is_its_meaning() -> None:
    assert list(said({"command": ["a", "b"]}, {"command": ["b", "a"]})) == ["command"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("a: 1\nb: 2\n", "# note\nb: 2\na: 1\n"), ('{"a":1}', '{\n  "a": 1\n}'), ("- a\n- b\n", "[a, b]\n")],
)
def test_formatting_of_embedded_text_is_no_change(old: str, new: str) -> None:
    assert changes({"data": old}, {"data": new}) == ()


def test_embedded_text_is_compared_inside() -> None:
    old = {"data": {"c.yaml": "plugins:\n- type: x\n  weight: 1\n"}}
    new = {"data": {"c.yaml": "plugins:\n- type: x\n  weight: 2\n"}}
    assert said(old, new) == {"data.c.yaml|plugins[type=x].weight": (1, 2)}


def test_text_that_holds_no_data_is_text() -> None:
    assert embedded("just\ntext") is None
    assert embedded("a: [") is None
    assert embedded("one: line") is None


def test_a_number_is_no_boolean() -> None:
    assert said({"a": 1}, {"a": True}) == {"a": (1, True)}
    assert said({"a": 1}, {"a": 1.0}) == {"a": (1, 1.0)}


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(["", "a", "b", "--a", "--a=1", "x: 1\ny: 2\n"])
)
ITEMS = st.fixed_dictionaries({"name": st.sampled_from("abc")}, optional={"v": SCALARS})
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(ITEMS, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "args", "command", "a.b", "c"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def canonical(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: canonical(item, name) for name, item in value.items()}
    if isinstance(value, list):
        found = [canonical(item) for item in value]
        return found if key == "command" else sorted(found, key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, str) and (inner := embedded(value)) is not None:
        return canonical(inner)
    return value


@given(st.dictionaries(st.sampled_from("abcd"), VALUES), st.dictionaries(st.sampled_from("abcd"), VALUES))
def test_the_changes_of_one_applied_to_it_make_the_other(old: Any, new: Any) -> None:
    assert canonical(apply(old, changes(old, new))) == canonical(new)


@given(st.dictionaries(st.sampled_from("abcd"), VALUES))
def test_nothing_differs_from_itself(value: Any) -> None:
    assert changes(value, json.loads(json.dumps(value))) == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"fallbacks": [{"a": ["b", "c"]}]}, {"fallbacks": [{"a": ["c", "b"]}]}),
        ({"fallbacks": [{"a": ["b"]}]}, {"fallbacks": [{"a": ["c", "b"]}]}),
        (
            {"initContainers": [{"name": "a"}, {"name": "b"}]},
            {"initContainers": [{"name": "b"}, {"name": "a"}]},
        ),
        (
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)"}]},
            {"env": [{"name": "B", "value": "$(A)"}, {"name": "A", "value": "1"}]},
        ),
    ],
)
def test_order_is_told_where_it_is_a_meaning(old: Any, new: Any) -> None:
    found = changes(old, new)
    assert len(found) == 1
    assert apply(old, found) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"fallbacks": [{"a": ["b"]}, {"c": ["d"]}]}, {"fallbacks": [{"c": ["d"]}, {"a": ["b"]}]}),
        (
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
            {"env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]},
        ),
    ],
)
def test_order_beside_it_is_none(old: Any, new: Any) -> None:
    assert not changes(old, new)
