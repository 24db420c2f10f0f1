"""No rule raises for what a document holds: odd shapes are the schemas' business, and a finding, never a traceback."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.check.fleet import ClusterView
from scripts.check.model import Obj
from scripts.check.rule import rules
from scripts.check.running import cluster_hits
from tests.support.check_fixtures import views

BASES = ("full", "shared", "istio", "gke", "llamacpp", "ollama", "knative")
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["", "a: [", "{{.Name}}", "600s", "-1", "pvc://", "hf://", "http://[", "1e9Gi", "--port", "\u202e"]
    )
)
ODD = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)

Path = tuple[str | int, ...]


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a document but the top."""
    items: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, item in items:
        yield (*path, key)
        yield from _paths(item, (*path, key))


def _with(document: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    parent: Any = changed
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value
    return changed


def _run_all(view: ClusterView) -> None:
    for rule in rules().values():
        for hit in cluster_hits(rule, view):
            assert hit.message, rule.id


@pytest.mark.parametrize("base", BASES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_odd_value_anywhere(base: str, data: st.DataObject) -> None:
    (view,) = views({"base": base}).values()
    changed: list[Obj] = list(view.objects)
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(changed) - 1))
        path = data.draw(st.sampled_from(list(_paths(changed[index].doc))))
        changed[index] = replace(changed[index], doc=_with(changed[index].doc, path, data.draw(ODD)))
    _run_all(ClusterView(view.declared, changed))


@settings(max_examples=25, deadline=None)
@given(documents=st.lists(st.dictionaries(st.text(max_size=10), ODD, max_size=5), max_size=4), kind=st.data())
def test_documents_that_are_no_objects(documents: list[dict[str, Any]], kind: st.DataObject) -> None:
    (view,) = views({"base": "vllm"}).values()
    kinds = sorted({obj.kind for obj in view.objects})
    odd = [
        Obj(
            f"compiled/eu-h100/x/y/{index}.yaml",
            "eu-h100",
            "eu-h100.x",
            "y",
            {**one, "kind": kind.draw(st.sampled_from(kinds))},
        )
        for index, one in enumerate(documents)
    ]
    _run_all(ClusterView(view.declared, [*view.objects, *odd]))


@pytest.mark.parametrize("base", BASES)
def test_each_object_reduced_to_its_name(base: str) -> None:
    (view,) = views({"base": base}).values()
    kept = ("apiVersion", "kind", "metadata")
    bare = [replace(obj, doc={key: obj.doc[key] for key in kept}) for obj in view.objects]
    _run_all(ClusterView(view.declared, bare))


@pytest.mark.parametrize("base", BASES)
def test_each_object_missing(base: str) -> None:
    (view,) = views({"base": base}).values()
    for index in range(len(view.objects)):
        _run_all(ClusterView(view.declared, [*view.objects[:index], *view.objects[index + 1 :]]))
