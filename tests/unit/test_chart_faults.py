"""The ten faults of the modelled umbrella chart (serving.md section 7), each fixed and each with its proof."""

from __future__ import annotations

from typing import Any

import pytest

from components.cluster import platform
from components.common.errors import MistakesError
from components.common.place import place
from components.compile.targets import is_cluster
from components.inference_gateway.build import api_base
from components.inference_gateway.wiring import WIRINGS
from components.litellm.proxy_config import proxy_config
from components.stack import build
from components.stack.params import Stack
from tests.support.objects import objects, one
from tests.support.stacks import make_fleet, make_stack
from tests.unit.inference_gateway.test_build import ENGINES, wired

_KEDA = {"versions": {"keda": "2.20.2"}, "prometheusUrl": "http://prometheus.monitoring:9090"}
EVERY_WAY = [(wiring, engine) for wiring in WIRINGS for engine in ENGINES]


def _entry(stack: Stack) -> dict[str, Any]:
    (entry,) = proxy_config(make_fleet(stack))["model_list"]
    parameters: dict[str, Any] = entry["litellm_params"]
    return parameters


@pytest.mark.parametrize(("wiring", "engine"), EVERY_WAY)
def test_1_api_base_ends_with_v1(wiring: str, engine: str) -> None:
    assert _entry(make_stack(**wired(wiring, engine)))["api_base"].endswith("/v1")


@pytest.mark.parametrize(("wiring", "engine"), EVERY_WAY)
def test_2_litellm_asks_for_a_name_that_the_engine_serves(wiring: str, engine: str) -> None:
    stack = make_stack(**wired(wiring, engine))
    asked = _entry(stack)["model"].partition("/")[2]
    model = one(stack, "InferenceService")["spec"]["predictor"]["model"]
    told = [*model.get("args", []), *(item["value"] for item in model.get("env", []))]
    assert asked in told


@pytest.mark.parametrize(("wiring", "engine"), [way for way in EVERY_WAY if way[0] != "gke"])
def test_3_the_host_that_litellm_calls_is_a_service(wiring: str, engine: str) -> None:
    stack = make_stack(**wired(wiring, engine))
    name, namespace, *_ = api_base(stack).removeprefix("http://").split("/")[0].split(".")
    ours = {(m["metadata"]["namespace"], m["metadata"]["name"]) for m in objects(stack)["Service"]}
    # agentgateway itself makes a Service that is called like the Gateway.
    made = {(m["metadata"]["namespace"], m["metadata"]["name"]) for m in objects(stack)["Gateway"]}
    assert (namespace, name) in (ours if wiring != "agentgateway" else made)


def test_4_standard_mode_is_written_and_knative_with_a_pool_is_refused() -> None:
    annotations = one(make_stack(), "InferenceService")["metadata"]["annotations"]
    assert annotations["serving.kserve.io/deploymentMode"] == "Standard"
    with pytest.raises(MistakesError, match="blind Knative's autoscaler"):
        make_stack(serving={"mode": "Knative"}, cluster={"versions": {"knative": "1.21.1"}})


def test_5_gated_weights_have_a_token_room_and_time() -> None:
    stack = make_stack(model={"gated": True})
    model = one(stack, "InferenceService")["spec"]["predictor"]["model"]
    assert one(stack, "ExternalSecret")["spec"]["data"][0]["secretKey"] == "HF_TOKEN"
    assert int(model["resources"]["requests"]["ephemeral-storage"].removesuffix("Gi")) >= 150
    probe = model["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 131.4 / 0.2


def test_6_gpus_at_the_most_replicas_are_counted() -> None:
    demand = make_stack(serving={"maxReplicas": 4}, cluster=_KEDA).gpu_demand
    assert (demand.maximum, demand.per_replica) == (16, 4)


def test_7_a_rollout_needs_no_gpus_that_are_not_there() -> None:
    strategy = one(make_stack(), "InferenceService")["spec"]["predictor"]["deploymentStrategy"]
    assert strategy["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


@pytest.mark.parametrize("engine", ENGINES)
def test_8_no_runtime_becomes_a_multi_model_server(engine: str) -> None:
    """KServe v0.20 IsMMSPredictor: no storage, and a model format other than huggingface."""
    predictor = one(make_stack(**ENGINES[engine]), "InferenceService")["spec"]["predictor"]
    model = predictor["model"]
    assert (
        "storageUri" in model or "storageUris" in predictor or model["modelFormat"]["name"] == "huggingface"
    )


def test_9_a_gpu_server_is_not_scaled_by_cpu() -> None:
    stack = make_stack(serving={"maxReplicas": 4}, cluster=_KEDA)
    assert (
        one(stack, "InferenceService")["metadata"]["annotations"]["serving.kserve.io/autoscalerClass"]
        == "keda"
    )
    (metric,) = one(stack, "InferenceService")["spec"]["predictor"]["autoScaling"]["metrics"]
    assert "num_requests_waiting" in metric["external"]["metric"]["query"]


def test_10_cluster_wide_objects_of_two_stacks_do_not_collide() -> None:
    fleet = make_fleet(make_stack("one"), make_stack("two"))
    runtimes = [m for m in platform.build(fleet) if m["kind"] == "ClusterServingRuntime"]
    assert len({m["metadata"]["name"] for m in runtimes}) == len(runtimes)
    assert all(m["metadata"]["name"].startswith("inferstack-") for m in runtimes)
    seen: list[tuple[str, str]] = []
    for stack in fleet.stacks:
        target = f"eu-h100.{stack.name}"
        assert not is_cluster(target)
        placed = place(build.owner(target, stack), build.built(stack)).values()
        seen += [(m["kind"], m["metadata"]["name"]) for m in placed if "namespace" not in m["metadata"]]
    assert seen
    assert len(seen) == len(set(seen))
