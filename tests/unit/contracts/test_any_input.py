"""Whatever is validated, the answer is violations or none: what is no object, no JSON, of no known kind."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.contracts import validate
from components.contracts.documents import at
from tests.unit.contracts import samples as s
from tests.unit.contracts.samples import Json, changed, said


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        ({}, "apiVersion: is required"),
        ({"apiVersion": "v1"}, "kind: is required"),
        ({"apiVersion": "v1", "kind": 1}, "kind: must be a string"),
        (
            {"apiVersion": "v1", "kind": "ConfigMp"},
            "kind: Kubernetes has no kind 'ConfigMp' in the core group",
        ),
        ({"apiVersion": "v1", "kind": "ConfigMapList"}, "kind: Kubernetes has no kind 'ConfigMapList'"),
        ({"apiVersion": "v1", "kind": "PodSpec"}, "kind: Kubernetes has no kind 'PodSpec'"),
        ({"apiVersion": "v1", "kind": "../v1.36.0-local/service"}, "kind: Kubernetes has no kind"),
        (
            {"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget"},
            "apiVersion: Kubernetes 1.36 knows PodDisruptionBudget as policy/v1 only",
        ),
        (
            {"apiVersion": "gateway.networking.k8s.io/v1alpha2", "kind": "HTTPRoute"},
            "apiVersion: this project knows HTTPRoute as gateway.networking.k8s.io/v1 only",
        ),
        (
            {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HttpRoute"},
            "that this project knows; did you mean 'HTTPRoute'?",
        ),
        (
            {"apiVersion": "gateway.envoyproxy.io.x/v1", "kind": "Backend"},
            "is no API group that this project knows; did you mean 'gateway.envoyproxy.io'?",
        ),
        ([], "is not an object with apiVersion and kind"),
        (None, "is not an object with apiVersion and kind"),
    ],
)
def test_an_unknown_kind_is_a_violation(obj: Any, expected: str) -> None:
    (violation,) = validate(obj, "1.36")
    assert expected in str(violation)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({1: "a"}, "spec: has the key 1, which is not a string"),
        (datetime.date(2026, 1, 1), "spec: holds a date, which JSON does not have"),
        (b"x", "spec: holds a bytes"),
        ({"a": "\ud800"}, "spec.a: holds a str, which JSON does not have"),
        ({"a": [1, {2, 3}]}, "spec.a[1]: holds a set"),
    ],
)
def test_what_is_no_json_is_a_violation(value: Any, expected: str) -> None:
    assert any(text.startswith(expected) for text in said(changed(s.POOL, "spec", value)))


def test_a_very_deep_object_is_a_violation_and_no_crash() -> None:
    deep: Json = {}
    for _ in range(3000):
        deep = {"a": deep}
    obj = {**s.POOL, "spec": deep}
    assert said(obj)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def paths(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in children:
        yield (*path, key)
        yield from paths(value, (*path, key))


@settings(max_examples=300, deadline=None)
@given(obj=st.sampled_from(s.VALID), value=JSON, data=st.data())
def test_any_value_anywhere_ends_in_violations_or_none(obj: Json, value: Any, data: st.DataObject) -> None:
    broken = copy.deepcopy(obj)
    *parents, last = data.draw(st.sampled_from(sorted(paths(broken), key=str)))
    at(broken, parents)[last] = value
    for violation in validate(broken, "1.36"):
        assert violation.message
        assert "\n" not in violation.message


@given(JSON)
def test_anything_is_validated(value: Any) -> None:
    assert validate(value, "1.36")


def test_a_name_too_long_for_a_file_is_no_crash() -> None:
    obj = {**s.CONFIG, "apiVersion": "v" * 400}
    assert said(obj) == ["apiVersion: Kubernetes 1.36 knows ConfigMap as v1 only"]
