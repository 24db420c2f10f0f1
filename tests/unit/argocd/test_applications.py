"""The Applications of a cluster: what they sync, in which order, and what their deletion does."""

from __future__ import annotations

from typing import Any

import pytest

from components.argocd.applications import root_application
from components.cluster.params import Fleet
from components.contracts import validate
from components.facts.argocd import sync_option_problem
from tests.support.crds import index, requires_crds
from tests.support.stacks import make_stack
from tests.unit.argocd.fleets import argocd, compiled

FINALIZERS = ["resources-finalizer.argocd.argoproj.io"]
WAVE = "argocd.argoproj.io/sync-wave"


def applications(fleet: Fleet) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in argocd(fleet).values() if one["kind"] == "Application"}


def two() -> Fleet:
    return compiled(make_stack(), make_stack("qwen3", model={"name": "Qwen/Qwen3-32B"}))


def options(application: dict[str, Any]) -> list[str]:
    found: list[str] = application["spec"]["syncPolicy"]["syncOptions"]
    return found


def test_one_for_each_stack_and_each_component_that_holds_something() -> None:
    paths = {name: one["spec"]["source"]["path"] for name, one in applications(two()).items()}
    assert paths == {
        "eu-h100-llama-70b": "compiled/eu-h100/llama-70b",
        "eu-h100-monitoring": "compiled/eu-h100/cluster/monitoring",
        "eu-h100-platform": "compiled/eu-h100/cluster/platform",
        "eu-h100-qwen3": "compiled/eu-h100/qwen3",
    }


def test_an_empty_component_has_none() -> None:
    fleet = compiled(make_stack(), cluster={"monitoring": {"enabled": False}})
    assert "eu-h100-monitoring" not in applications(fleet)


def test_no_two_share_a_folder_or_one_below_another() -> None:
    fleet = two()
    paths = [
        one["spec"]["source"]["path"] for one in [*applications(fleet).values(), root_application(fleet)]
    ]
    assert not [(a, b) for a in paths for b in paths if a != b and f"{b}/".startswith(f"{a}/")]
    assert len(paths) == len(set(paths))


def test_the_platform_comes_first_and_everything_else_in_the_last_wave() -> None:
    waves = {name: int(one["metadata"]["annotations"][WAVE]) for name, one in applications(two()).items()}
    project = int(argocd(two())["AppProject/inference-eu-h100"]["metadata"]["annotations"][WAVE])
    assert project < waves.pop("eu-h100-platform") < min(waves.values())
    assert len(set(waves.values())) == 1


def test_sync_options() -> None:
    for one in applications(two()).values():
        assert set(options(one)) - {"PruneLast=true"} == {
            "ServerSideApply=true",
            "ApplyOutOfSyncOnly=true",
            "RespectIgnoreDifferences=true",
            "FailOnSharedResource=true",
            "SkipDryRunOnMissingResource=true",
        }
        assert [problem for option in options(one) if (problem := sync_option_problem(option))] == []
    assert "PruneLast=true" not in options(root_application(two()))


@pytest.mark.parametrize(
    ("reserve", "replicas", "waits"),
    [(0, 1, False), (3, 1, False), (4, 1, True), (4, 2, False), (8, 2, True)],
)
def test_a_stack_prunes_last_only_where_a_second_copy_fits(reserve: int, replicas: int, waits: bool) -> None:
    stack = make_stack(
        serving={"minReplicas": replicas, "maxReplicas": replicas},
        cluster={"pools": {"h100": {"rolloutReserve": reserve}}},
    )
    assert ("PruneLast=true" in options(applications(compiled(stack))["eu-h100-llama-70b"])) is waits


@pytest.mark.parametrize("component", ["platform", "monitoring"])
def test_components_prune_last(component: str) -> None:
    assert "PruneLast=true" in options(applications(two())[f"eu-h100-{component}"])


@pytest.mark.parametrize(("prune", "self_heal"), [(True, True), (True, False), (False, True), (False, False)])
def test_the_environment_decides_what_is_automatic(prune: bool, self_heal: bool) -> None:
    environment = {"name": "dev", "prune": prune, "selfHeal": self_heal}
    fleet = compiled(make_stack(environment=environment))
    for one in [*applications(fleet).values(), root_application(fleet)]:
        assert one["spec"]["syncPolicy"]["automated"] == {
            "enabled": True,
            "prune": prune,
            "selfHeal": self_heal,
            "allowEmpty": False,
        }


def test_deleting_a_stack_frees_its_gpus_and_nothing_deletes_the_platform() -> None:
    found = {name: one["metadata"].get("finalizers") for name, one in applications(two()).items()}
    assert found == {
        "eu-h100-llama-70b": FINALIZERS,
        "eu-h100-monitoring": FINALIZERS,
        "eu-h100-platform": None,
        "eu-h100-qwen3": FINALIZERS,
    }
    assert "finalizers" not in root_application(two())["metadata"]


def test_where_nothing_is_pruned_no_deletion_cascades() -> None:
    fleet = compiled(make_stack(environment={"name": "prod", "prune": False}))
    assert not [name for name, one in applications(fleet).items() if "finalizers" in one["metadata"]]


def test_ignored_differences_name_one_field_of_one_object() -> None:
    found = {name: one["spec"].get("ignoreDifferences") for name, one in applications(two()).items()}
    assert found.pop("eu-h100-llama-70b") == [
        {
            "group": "serving.kserve.io",
            "kind": "InferenceService",
            "name": "llama-70b",
            "namespace": "llm-platform",
            "jsonPointers": ["/spec/predictor/model/name"],
        }
    ]
    assert found.pop("eu-h100-qwen3")[0]["name"] == "qwen3"
    assert set(found.values()) == {None}


@pytest.mark.parametrize(
    ("on", "annotation"), [(True, "ServerSideDiff=true,IncludeMutationWebhook=true"), (False, None)]
)
def test_compare_options(on: bool, annotation: str | None) -> None:
    fleet = compiled(make_stack(), cluster={"argocd": {"serverSideDiff": on}})
    for one in [*applications(fleet).values(), root_application(fleet)]:
        assert one["metadata"].get("annotations", {}).get("argocd.argoproj.io/compare-options") == annotation


def test_labels_to_filter_by() -> None:
    labels = applications(two())["eu-h100-qwen3"]["metadata"]["labels"]
    assert {name: value for name, value in labels.items() if name.startswith("inferstack.io/")} == {
        "inferstack.io/cluster": "eu-h100",
        "inferstack.io/environment": "prod",
        "inferstack.io/model": "Qwen3-32B",
        "inferstack.io/stack": "qwen3",
    }


def test_a_model_name_that_is_no_label_is_left_out_and_still_shown() -> None:
    name = "acme/" + "x" * 64
    one = applications(compiled(make_stack(model={"name": name})))["eu-h100-llama-70b"]
    assert "inferstack.io/model" not in one["metadata"]["labels"]
    assert one["spec"]["info"] == [{"name": "Model", "value": name}]


def test_a_remote_cluster_is_named_and_the_root_stays_with_argocd() -> None:
    argocd_settings = {
        "destination": "eu-h100",
        "namespace": "gitops",
        "project": "llm",
        "rootProject": "infra",
    }
    fleet = compiled(make_stack(), cluster={"argocd": argocd_settings})
    root = root_application(fleet)
    assert root["spec"]["destination"] == {"server": "https://kubernetes.default.svc", "namespace": "gitops"}
    assert root["spec"]["project"] == "infra"
    for one in applications(fleet).values():
        assert one["metadata"]["namespace"] == "gitops"
        assert one["spec"]["destination"]["name"] == "eu-h100"
        assert one["spec"]["project"] == "llm"


def test_two_clusters_share_one_argocd() -> None:
    here = set(argocd(two()))
    there = set(argocd(compiled(make_stack(cluster={"name": "us-h100"}))))
    assert here & there == set()


def test_the_contracts_hold() -> None:
    fleet = two()
    for one in [*argocd(fleet).values(), root_application(fleet)]:
        assert validate(one, "1.36") == []


@requires_crds
def test_the_crds_hold() -> None:
    import jsonschema_rs

    fleet = two()
    for one in [*argocd(fleet).values(), root_application(fleet)]:
        schema = index().schemas("argoproj.io", one["kind"])["argoproj.io/v1alpha1"]
        assert list(jsonschema_rs.validator_for(schema).iter_errors(one)) == []
