from __future__ import annotations

from typing import Any

import pytest

from components.common.errors import MistakesError
from components.common.place import Built, Owner, merge_patch, place


def _owner(**overrides: Any) -> Owner:
    return Owner("eu.llama", "llama", "llm", "1.36", overrides)


def _account(name: str = "x", **extra: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}, **extra}


def test_completes_metadata() -> None:
    (path, placed), *_ = place(_owner(), [Built("model-service", "model-serving", [_account()])]).items()
    assert path == "model-service/serviceaccount-x.yaml"
    assert placed["metadata"] == {
        "name": "x",
        "namespace": "llm",
        "labels": {
            "app.kubernetes.io/component": "model-service",
            "app.kubernetes.io/instance": "llama",
            "app.kubernetes.io/managed-by": "inferstack",
            "app.kubernetes.io/name": "model-serving",
            "app.kubernetes.io/part-of": "inference-stack",
        },
        "annotations": {"argocd.argoproj.io/sync-wave": "-5"},
    }


def test_cluster_scoped_objects_have_no_namespace() -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}
    placed = place(_owner(), [Built("platform", "platform", [namespace])])
    assert "namespace" not in placed["platform/namespace-x.yaml"]["metadata"]


def test_override_is_merged_last() -> None:
    patch = {"x": {"automountServiceAccountToken": True, "metadata": {"labels": {"team": "a"}}}}
    owner = _owner(ServiceAccount=patch)
    manifest = _account(automountServiceAccountToken=False)
    placed = place(owner, [Built("c", "n", [manifest])])["c/serviceaccount-x.yaml"]
    assert placed["automountServiceAccountToken"] is True
    assert placed["metadata"]["labels"]["team"] == "a"
    assert manifest["automountServiceAccountToken"] is False


def test_override_that_hits_nothing_is_a_mistake() -> None:
    with pytest.raises(MistakesError) as caught:
        place(_owner(ServiceAccount={"y": {}}), [Built("c", "n", [_account()])])
    (mistake,) = caught.value.mistakes
    assert mistake.path == ("overrides", "ServiceAccount", "y")
    assert "changes nothing" in mistake.message
    assert "ServiceAccount x" in mistake.remedy


def test_override_that_breaks_the_schema_is_a_mistake() -> None:
    with pytest.raises(MistakesError) as caught:
        place(
            _owner(ServiceAccount={"x": {"automountServiceAccountTokn": True}}),
            [Built("c", "n", [_account()])],
        )
    (mistake,) = caught.value.mistakes
    assert mistake.path == ("overrides", "ServiceAccount", "x")
    assert "automountServiceAccountTokn" in mistake.message


@pytest.mark.parametrize(
    ("patch", "what"),
    [
        ({"apiVersion": 5}, "apiVersion"),
        ({"kind": None}, "kind"),
        ({"metadata": None}, "metadata"),
        ({"metadata": {"name": "y"}}, "metadata.name"),
        ({"metadata": {"namespace": "z", "labels": {"a": "b"}}}, "metadata.namespace"),
    ],
)
def test_override_that_makes_another_object_is_a_mistake(patch: dict[str, Any], what: str) -> None:
    with pytest.raises(MistakesError) as caught:
        place(_owner(ServiceAccount={"x": patch}), [Built("c", "n", [_account()])])
    (mistake,) = caught.value.mistakes
    assert mistake.path == ("overrides", "ServiceAccount", "x")
    assert f"changes {what}," in mistake.message


def test_two_objects_of_one_name_are_a_bug() -> None:
    with pytest.raises(AssertionError, match="two objects"):
        place(_owner(), [Built("c", "n", [_account(), _account()])])


def test_merge_patch() -> None:
    assert merge_patch({"a": {"b": 1, "c": 2}, "l": [1]}, {"a": {"b": None, "d": 3}, "l": [2]}) == {
        "a": {"c": 2, "d": 3},
        "l": [2],
    }
