from __future__ import annotations

from typing import Any

from components.stack import sizing
from tests.support.stacks import make_stack

_OLLAMA: dict[str, Any] = {
    "serving": {"runtime": "ollama", "tensorParallelSize": None, "maxModelLen": 8192},
    "model": {"ollamaTag": "llama3.3:70b"},
}


def test_gpu_pod() -> None:
    stack = make_stack()
    assert sizing.cpu(stack) == "32"  # 8 cores for each of 4 GPUs
    assert sizing.memory(stack) == "192Gi"  # 48 GiB for each
    assert sizing.shared_memory(stack) == "16Gi"  # 4 GiB for each rank
    assert sizing.ephemeral_storage(stack) == "155Gi"  # 1.1 x 131.4 + 10
    assert sizing.startup_seconds(stack) == 960  # 300 + 131.4 / 0.2, whole minutes


def test_single_gpu_needs_little_shared_memory() -> None:
    assert sizing.shared_memory(make_stack(serving={"tensorParallelSize": 1})) == "1Gi"


def test_mounted_weights_need_no_node_storage() -> None:
    assert (
        sizing.ephemeral_storage(make_stack(model={"weights": {"uri": "oci://registry.example.com/llama:1"}}))
        == "10Gi"
    )


def test_cpu_pod_holds_weights_and_cache() -> None:
    stack = make_stack(
        serving={
            "runtime": "llamacpp",
            "pool": "cpu",
            "tensorParallelSize": None,
            "maxModelLen": 8192,
            "parallelRequests": 2,
        },
        model={"weights": {"uri": "s3://m/q.gguf", "file": "q.gguf", "sizeGiB": 40}},
    )
    assert sizing.kv_cache_gib(stack) == 5.0  # 327,680 bytes a token x 8192 x 2
    assert sizing.memory(stack) == "53Gi"  # 44 + 5 + 4
    assert sizing.cpu(stack) == "8"


def test_an_engine_that_pulls_needs_time_and_room_to_download() -> None:
    stack = make_stack(**_OLLAMA)
    assert sizing.startup_seconds(stack) == 3600  # 300 + 131.4 / 0.2 + 131.4 / 0.05
    assert sizing.ephemeral_storage(stack) == "155Gi"
    kept = make_stack(
        **{**_OLLAMA, "serving": _OLLAMA["serving"] | {"storage": {"claim": {"name": "cache"}}}}
    )
    assert sizing.ephemeral_storage(kept) == "10Gi"


def test_the_inventory_overrides_every_size() -> None:
    stack = make_stack(
        serving={
            "startupSeconds": 120,
            "resources": {
                "cpu": "4000m",
                "memory": "1024Gi",
                "ephemeralStorage": "1Gi",
                "sharedMemory": "2048Mi",
            },
        }
    )
    assert sizing.cpu(stack) == "4"
    assert sizing.memory(stack) == "1Ti"
    assert sizing.ephemeral_storage(stack) == "1Gi"
    assert sizing.shared_memory(stack) == "2Gi"
    assert sizing.startup_seconds(stack) == 120


def test_gpus_are_counted_in_one_place() -> None:
    cluster = {
        "pools": {"h100": {"rolloutReserve": 4}},
        "versions": {"keda": "2.18.0"},
        "prometheusUrl": "http://p:9090",
    }
    demand = make_stack(serving={"maxReplicas": 3}, cluster=cluster).gpu_demand
    assert (demand.per_replica, demand.minimum, demand.maximum, demand.rollout_peak) == (4, 4, 12, 16)


def test_rollout_fits_the_gpus_that_are_free() -> None:
    tight = make_stack(cluster={"pools": {"h100": {"rolloutReserve": 3}}})
    roomy = make_stack(cluster={"pools": {"h100": {"rolloutReserve": 4}}})
    assert (tight.max_surge, tight.max_unavailable) == (0, 1)
    assert (roomy.max_surge, roomy.max_unavailable) == (1, 0)


def test_adapters_that_are_copied_need_node_storage_beside_weights_that_are_not() -> None:
    adapters = {"a": {"uri": "hf://x/a", "sizeGiB": 5}, "b": {"uri": "s3://m/b"}, "c": {"uri": "pvc://c"}}
    claimed = {"storage": {"claim": {"name": "weights"}}}

    assert sizing.ephemeral_storage(make_stack(serving=claimed)) == "10Gi"
    assert sizing.copied_gib(make_stack(serving=claimed, model={"adapters": adapters})) == 6
    assert sizing.ephemeral_storage(make_stack(serving=claimed, model={"adapters": adapters})) == "17Gi"
    assert sizing.ephemeral_storage(make_stack(model={"adapters": adapters})) == "162Gi"  # 1.1 x 137.4 + 10
