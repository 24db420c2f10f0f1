from __future__ import annotations

from typing import Any

import pytest

from tests.support.objects import objects, one
from tests.support.stacks import make_stack

_OLLAMA: dict[str, Any] = {
    "serving": {"runtime": "ollama", "tensorParallelSize": None, "gpus": 1, "maxModelLen": 8192},
    "model": {
        "name": "google/gemma-3-27b-it",
        "ollamaTag": "gemma3:27b",
        "weights": {"uri": None, "sizeGiB": 17},
        "architecture": None,
    },
}
_LLAMACPP: dict[str, Any] = {
    "serving": {
        "runtime": "llamacpp",
        "pool": "cpu",
        "tensorParallelSize": None,
        "maxModelLen": 8192,
        "parallelRequests": 4,
    },
    "model": {"weights": {"uri": "oci://registry.example.com/qwen:1", "file": "q.gguf", "sizeGiB": 5}},
}
_KNATIVE: dict[str, Any] = {
    "serving": {"mode": "Knative", "minReplicas": 1},
    "gateway": {"enabled": False},
    "cluster": {
        "versions": {"knative": "1.21.1"},
        "knative": {
            "features": {"kubernetes.podspec-nodeselector": True, "kubernetes.podspec-tolerations": True}
        },
    },
}


def _predictor(**overrides: Any) -> dict[str, Any]:
    predictor: dict[str, Any] = one(make_stack(**overrides), "InferenceService")["spec"]["predictor"]
    return predictor


def test_the_mode_is_always_written() -> None:
    annotations = one(make_stack(), "InferenceService")["metadata"]["annotations"]
    assert annotations["serving.kserve.io/deploymentMode"] == "Standard"
    assert annotations["serving.kserve.io/autoscalerClass"] == "none"


def test_vllm_is_told_the_names_it_serves() -> None:
    arguments = _predictor()["model"]["args"]
    assert arguments[:3] == ["--served-model-name", "meta-llama/Llama-3.3-70B-Instruct", "llama-70b"]
    assert "--tensor-parallel-size=4" in arguments
    assert "--max-model-len=32768" in arguments


def test_a_stack_overrides_a_models_flag_and_a_model_a_runtimes() -> None:
    arguments = _predictor(
        runtimes={"vllm": {"args": {"max-num-seqs": 64, "seed": 1, "enable-prefix-caching": True}}},
        model={"args": {"vllm": {"max-num-seqs": 128, "seed": 2}, "llamacpp": {"seed": 3}}},
        serving={"args": {"max-num-seqs": 256}},
    )["model"]["args"]
    assert {"--max-num-seqs=256", "--seed=2", "--enable-prefix-caching"} <= set(arguments)
    assert sum("max-num-seqs" in argument for argument in arguments) == 1


def test_shared_memory_for_the_ranks() -> None:
    predictor = _predictor()
    assert predictor["volumes"] == [{"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "16Gi"}}]


def test_probes_outlast_the_load() -> None:
    probe = _predictor()["model"]["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 960


def test_gpus_and_memory_are_limits_too() -> None:
    resources = _predictor()["model"]["resources"]
    assert resources["requests"]["nvidia.com/gpu"] == resources["limits"]["nvidia.com/gpu"] == "4"
    assert resources["limits"]["memory"] == resources["requests"]["memory"]
    assert "cpu" not in resources["limits"]


def test_nodes_come_from_accelerator_and_pool() -> None:
    predictor = _predictor(cluster={"pools": {"h100": {"nodeSelector": {"zone": "a"}}}})
    assert predictor["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3", "zone": "a"}
    assert predictor["tolerations"] == [
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    ]


def test_revision_is_pinned_in_the_uri() -> None:
    uri = _predictor()["model"]["storageUri"]
    assert uri == "hf://meta-llama/Llama-3.3-70B-Instruct:6f6073b423013f6a7d4d9f39144961bfbfbc386b"


def test_gated_weights_get_their_token_through_the_service_account() -> None:
    stack = make_stack(model={"gated": True})
    secret = one(stack, "ExternalSecret")
    account = one(stack, "ServiceAccount", "llama-70b-model")
    assert secret["spec"]["data"][0]["secretKey"] == "HF_TOKEN"
    assert account["secrets"] == [{"name": secret["spec"]["target"]["name"]}]
    assert (
        one(stack, "InferenceService")["spec"]["predictor"]["serviceAccountName"]
        == account["metadata"]["name"]
    )


def test_open_weights_need_no_secret() -> None:
    assert "ExternalSecret" not in objects(make_stack())


def test_a_gated_model_from_a_claim_needs_no_token() -> None:
    claim = {"storage": {"claim": {"name": "weights", "path": "llama"}}}
    assert "ExternalSecret" not in objects(make_stack(model={"gated": True}, serving=claim))


def test_a_created_claim_is_never_deleted() -> None:
    storage = {"claim": {"name": "weights", "path": "llama", "create": True, "size": "200Gi"}}
    stack = make_stack(serving={"storage": storage})
    claim = one(stack, "PersistentVolumeClaim")
    assert one(stack, "InferenceService")["spec"]["predictor"]["model"]["storageUri"] == "pvc://weights/llama"
    assert claim["metadata"]["annotations"]["argocd.argoproj.io/sync-options"] == "Prune=false,Delete=false"


def test_keda_scales_on_a_metric_that_the_engine_has() -> None:
    predictor = _predictor(
        serving={"maxReplicas": 4},
        cluster={"versions": {"keda": "2.18.0"}, "prometheusUrl": "http://prometheus.monitoring:9090"},
    )
    (metric,) = predictor["autoScaling"]["metrics"]
    query = metric["external"]["metric"]["query"]
    assert query == 'sum(vllm:num_requests_waiting{namespace="llm-platform",stack="llama-70b"})'
    assert metric["external"]["target"] == {"type": "Value", "value": "5"}
    assert "scaleMetric" not in predictor


def test_hpa_scales_on_cpu() -> None:
    scaling = {"scaler": "hpa", "target": 70}
    predictor = _predictor(serving={"maxReplicas": 4, "autoscaling": scaling})
    assert (predictor["scaleMetric"], predictor["scaleTarget"]) == ("cpu", 70)


def test_several_replicas_get_a_disruption_budget() -> None:
    budget = one(make_stack(serving={"minReplicas": 2}), "PodDisruptionBudget")
    assert budget["spec"]["selector"]["matchLabels"] == {"app": "isvc.llama-70b-predictor"}
    assert "PodDisruptionBudget" not in objects(make_stack())


def test_llamacpp_splits_no_context_and_names_its_engine() -> None:
    predictor = _predictor(**_LLAMACPP)
    arguments = predictor["model"]["args"]
    assert arguments[:2] == ["--model", "/mnt/models/q.gguf"]
    pairs = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert (pairs["--ctx-size"], pairs["--parallel"]) == ("32768", "4")
    assert predictor["labels"] == {"llm-d.ai/engine-type": "llamacpp"}
    assert predictor["model"]["storageUri"] == "oci://registry.example.com/qwen:1"


def test_ollama_avoids_the_multi_model_agent() -> None:
    model = _predictor(**_OLLAMA)["model"]
    assert "storageUri" not in model
    assert model["modelFormat"]["name"] == "huggingface"
    environment = {entry["name"]: entry["value"] for entry in model["env"]}
    assert environment["MODEL_TAG"] == "gemma3:27b"
    assert environment["MODEL_NAMES"] == "llama-70b"
    assert environment["OLLAMA_CONTEXT_LENGTH"] == "8192"


def test_ollama_keeps_its_models_on_a_claim() -> None:
    serving = _OLLAMA["serving"] | {"storage": {"claim": {"name": "ollama", "create": True, "size": "50Gi"}}}
    stack = make_stack(**{**_OLLAMA, "serving": serving})
    volumes = one(stack, "InferenceService")["spec"]["predictor"]["volumes"]
    assert volumes == [{"name": "data", "persistentVolumeClaim": {"claimName": "ollama"}}]
    assert one(stack, "PersistentVolumeClaim")["metadata"]["name"] == "ollama"
    security = one(stack, "InferenceService")["spec"]["predictor"]["securityContext"]
    assert security == {"fsGroup": 1000, "fsGroupChangePolicy": "OnRootMismatch"}


def test_knative_gets_no_field_that_it_refuses() -> None:
    stack = make_stack(**_KNATIVE)
    service = one(stack, "InferenceService")
    predictor = service["spec"]["predictor"]
    for refused in ("deploymentStrategy", "terminationGracePeriodSeconds", "autoScaling"):
        assert refused not in predictor
    assert "lifecycle" not in predictor["model"]
    assert predictor["timeout"] == 600
    annotations = service["metadata"]["annotations"]
    assert "serving.kserve.io/autoscalerClass" not in annotations
    assert annotations["serving.knative.dev/progress-deadline"] == "1920s"


def test_adapters_are_mounted_beside_the_weights() -> None:
    predictor = _predictor(model={"adapters": {"support": {"uri": "s3://adapters/support", "rank": 24}}})
    assert predictor["storageUris"][1] == {
        "uri": "s3://adapters/support",
        "mountPath": "/mnt/adapters/support",
    }
    assert "storageUri" not in predictor["model"]
    arguments = predictor["model"]["args"]
    assert {"--enable-lora", "--max-loras=1", "--max-lora-rank=32", "support=/mnt/adapters/support"} <= set(
        arguments
    )


def test_an_adapter_in_a_claim_lies_below_its_root() -> None:
    """Beside other storage URIs KServe mounts the root of a claim, whatever path the URI has."""
    predictor = _predictor(model={"adapters": {"support": {"uri": "pvc://adapters/en/support"}}})
    assert predictor["storageUris"][1]["uri"] == "pvc://adapters/en/support"
    assert "support=/mnt/adapters/support/en/support" in predictor["model"]["args"]


def test_the_folder_of_an_adapter_makes_a_name_of_a_volume() -> None:
    predictor = _predictor(model={"adapters": {"Support_v1.2": {"uri": "pvc://support"}}})
    assert predictor["storageUris"][1]["mountPath"] == "/mnt/adapters/support-v1-2"
    assert "Support_v1.2=/mnt/adapters/support-v1-2" in predictor["model"]["args"]


@pytest.mark.parametrize("name", ["nvidia.com/gpu", "amd.com/gpu", "habana.ai/gaudi"])
def test_kserve_knows_whole_cards(name: str) -> None:
    service = one(make_stack(accelerators={"h100": {"resourceName": name}}), "InferenceService")
    assert "serving.kserve.io/gpu-resource-types" not in service["metadata"]["annotations"]


def test_kserve_is_told_that_a_slice_is_a_gpu() -> None:
    stack = make_stack(accelerators={"h100": {"resourceName": "nvidia.com/mig-3g.40gb"}})
    annotations = one(stack, "InferenceService")["metadata"]["annotations"]
    assert annotations["serving.kserve.io/gpu-resource-types"] == '["nvidia.com/mig-3g.40gb"]'


def test_a_namespaced_runtime_goes_with_the_stack() -> None:
    stack = make_stack(runtimes={"vllm": {"namespaced": True}}, cluster={"runtimes": {"vllm": False}})
    runtime = one(stack, "ServingRuntime")
    assert runtime["metadata"]["namespace"] == "llm-platform"
    assert (
        one(stack, "InferenceService")["spec"]["predictor"]["model"]["runtime"] == runtime["metadata"]["name"]
    )
    assert runtime["metadata"]["name"] == "inferstack-llama-70b-vllm"


@pytest.mark.parametrize("mode", [{}, _KNATIVE])
def test_kserve_publishes_nothing(mode: dict[str, Any]) -> None:
    labels = one(make_stack(**mode), "InferenceService")["metadata"]["labels"]
    assert labels["networking.kserve.io/visibility"] == "cluster-local"


def test_private_registries_and_object_stores() -> None:
    stack = make_stack(
        model={"weights": {"uri": "s3://models/llama"}},
        serving={"storage": {"secret": "object-store"}},
        cluster={"imagePullSecrets": {"registry": True, "old": False}},
    )
    for name in ("llama-70b-model", "llama-70b-inference-gateway-epp"):
        assert one(stack, "ServiceAccount", name)["imagePullSecrets"] == [{"name": "registry"}]
    assert one(stack, "ServiceAccount", "llama-70b-model")["secrets"] == [{"name": "object-store"}]
