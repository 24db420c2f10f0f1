"""Accessors answer whatever the shape."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.check.node import Node
from scripts.check.where import steps

DOCUMENT: dict[str, Any] = {
    "metadata": {"name": "x", "labels": {"app": "x", "odd": 1}},
    "spec": {
        "replicas": 2,
        "paused": True,
        "rules": [{"backendRefs": [{"name": "a"}, "odd", {"name": "b"}]}, 7, {"backendRefs": None}],
        "args": ["--a", 1, None, "--b"],
    },
}
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)
PATHS = st.lists(st.sampled_from(["a", "b", "c", "a[]", "b[]"]), max_size=4).map(".".join)


def test_each_opens_lists_and_skips_what_is_no_mapping() -> None:
    found = list(Node(DOCUMENT).each("spec.rules[].backendRefs[]"))
    assert [one.text("name") for one in found] == ["a", "b"]
    assert [one.field for one in found] == ["spec.rules[0].backendRefs[0]", "spec.rules[0].backendRefs[2]"]
    assert found[1].at("name") == "spec.rules[0].backendRefs[2].name"


def test_values_of_another_type_read_as_absent() -> None:
    node = Node(DOCUMENT)
    assert node.text("spec.replicas") == ""
    assert node.number("spec.paused") is None
    assert node.flag("spec.replicas") is False
    assert node.texts("metadata.labels") == {"app": "x"}
    assert node.strings("spec.args") == ["--a", "--b"]
    assert node.map("spec.rules") == {}
    assert not node.has("spec.rules.name")


@given(value=ANY, path=PATHS)
def test_no_accessor_raises(value: Any, path: str) -> None:
    node = Node(value)
    for one in [node, *node.each(path)]:
        assert isinstance(one.text(path), str)
        assert isinstance(one.map(path), dict)
        assert isinstance(one.strings(path), list)
        assert isinstance(one.flag(path), bool)
        assert one.number(path) is None or isinstance(one.number(path), int)
        assert isinstance(one.node(path).field, str)
        assert one.has(path) == (one.raw(path) is not None)


@pytest.mark.parametrize(
    "path",
    [("spec", "rules", 0, "name"), ("data", "epp.yaml", "plugins", 3), ("metadata", "labels", "a.b/c"), ()],
)
def test_a_field_is_read_back(path: tuple[str | int, ...]) -> None:
    assert tuple(steps(Node(None, path).field)) == path
