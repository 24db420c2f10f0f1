"""The AppProject permits what is compiled, and nothing else."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest

from components.cluster.params import Fleet
from components.contracts import is_cluster_scoped
from tests.support.stacks import make_stack, wired
from tests.unit.argocd.fleets import argocd, compiled, objects

WIRINGS = ("envoy-extension-policy", "envoy-ai-gateway", "istio", "agentgateway", "gke")


def project(fleet: Fleet) -> dict[str, Any]:
    spec: dict[str, Any] = argocd(fleet)[f"AppProject/inference-{fleet.cluster.name}"]["spec"]
    return spec


def several() -> Fleet:
    return compiled(
        make_stack(),
        make_stack("qwen3", serving={"namespace": "team-a", "minReplicas": 2, "maxReplicas": 2}),
        make_stack("plain", gateway={"enabled": False}),
    )


def group_kinds(items: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(item["group"], item["kind"]) for item in items]


@pytest.mark.parametrize("wiring", WIRINGS)
def test_the_kinds_are_exactly_those_compiled(wiring: str) -> None:
    fleet = compiled(make_stack(**wired(wiring)))
    found = {
        (one["apiVersion"].rpartition("/")[0], one["kind"])
        for many in objects(fleet).values()
        for one in many
    }
    spec = project(fleet)
    cluster_wide = group_kinds(spec["clusterResourceWhitelist"])
    namespaced = group_kinds(spec["namespaceResourceWhitelist"])
    assert namespaced == sorted(kind for kind in found if not is_cluster_scoped(*kind))
    assert cluster_wide == sorted(kind for kind in found if is_cluster_scoped(*kind))


def test_every_compiled_object_is_permitted() -> None:
    fleet = several()
    spec = project(fleet)
    namespaced = group_kinds(spec["namespaceResourceWhitelist"])
    namespaces = [one["namespace"] for one in spec["destinations"]]
    for one in (one for many in objects(fleet).values() for one in many):
        kind = (one["apiVersion"].rpartition("/")[0], one["kind"])
        if is_cluster_scoped(*kind):
            entries = [
                item for item in spec["clusterResourceWhitelist"] if (item["group"], item["kind"]) == kind
            ]
            assert any(fnmatchcase(one["metadata"]["name"], item["name"]) for item in entries), one[
                "metadata"
            ]
        else:
            assert kind in namespaced
            assert one["metadata"]["namespace"] in namespaces


def test_cluster_scoped_names_are_limited() -> None:
    assert project(several())["clusterResourceWhitelist"] == [
        {"group": "", "kind": "Namespace", "name": "llm-platform"},
        {"group": "", "kind": "Namespace", "name": "team-a"},
        *(
            {
                "group": "rbac.authorization.k8s.io",
                "kind": kind,
                "name": "*-*-inference-gateway-epp-metrics-auth",
            }
            for kind in ("ClusterRole", "ClusterRoleBinding")
        ),
        {"group": "serving.kserve.io", "kind": "ClusterServingRuntime", "name": "inferstack-*"},
    ]


def test_destinations_name_the_cluster_and_every_namespace() -> None:
    assert project(several())["destinations"] == [
        {"name": "in-cluster", "namespace": namespace}
        for namespace in ("llm-platform", "monitoring", "team-a")
    ]


def test_a_cluster_without_monitoring_may_not_write_there() -> None:
    fleet = compiled(make_stack(), cluster={"monitoring": {"enabled": False}})
    assert [one["namespace"] for one in project(fleet)["destinations"]] == ["llm-platform"]


def test_the_only_source_is_the_repository() -> None:
    assert project(several())["sourceRepos"] == ["https://git.example.com/platform/inference.git"]


def test_what_retires_stays_permitted() -> None:
    retiring = {
        "kinds": {"networking.istio.io/DestinationRule": True, "Secret": True, "batch/Job": False},
        "namespaces": {"team-b": True, "team-c": False},
    }
    spec = project(compiled(make_stack(), cluster={"argocd": {"retiring": retiring}}))
    kinds = group_kinds(spec["namespaceResourceWhitelist"])
    assert ("networking.istio.io", "DestinationRule") in kinds
    assert ("batch", "Job") not in kinds
    assert len(kinds) == len(set(kinds))
    namespaces = [one["namespace"] for one in spec["destinations"]]
    assert "team-b" in namespaces
    assert "team-c" not in namespaces


def test_the_project_outlives_its_applications() -> None:
    fleet = several()
    metadata = argocd(fleet)["AppProject/inference-eu-h100"]["metadata"]
    assert metadata["finalizers"] == ["resources-finalizer.argocd.argoproj.io"]
    assert metadata["namespace"] == "argocd"


def test_without_own_namespaces_none_may_be_made() -> None:
    fleet = compiled(make_stack(), cluster={"namespaces": {"create": False}})
    kinds = group_kinds(project(fleet)["clusterResourceWhitelist"])
    assert ("", "Namespace") not in kinds
