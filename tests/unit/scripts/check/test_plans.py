"""What of a deployment's arguments decides how much memory it needs."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.check.deployment import Deployment, deployments
from scripts.check.plans import gguf_plan, vllm_plan
from tests.support.check_fixtures import views


def one(base: str, target: str, **patch: Any) -> Deployment:
    fleet = views({"base": base, "inventory": {target: patch}})
    (found,) = deployments(fleet["eu-h100"]).values()
    return found


def llama(**serving: Any) -> Deployment:
    return one("istio", "eu-h100.llama-70b", serving=serving)


@pytest.mark.parametrize(
    ("serving", "attribute", "value"),
    [
        ({}, "utilization", 0.92),
        ({"gpuMemoryUtilization": 0.8}, "utilization", 0.8),
        ({"args": {"gpu-memory-utilization": 92}}, "utilization", 0.92),  # told by a rule of its own
        ({"args": {"gpu-memory-utilization": "nan"}}, "utilization", 0.92),
        ({}, "context", 32768),
        ({"args": {"max-model-len": "16K"}}, "context", 16384),
        ({"args": {"max-model-len": "auto"}}, "context", 2048),
        ({}, "tensor", 4),
        ({"tensorParallelSize": 2, "pipelineParallelSize": 2}, "pipeline", 2),
        ({"kvCacheDtype": "fp8"}, "kv_dtype", "fp8"),
        ({}, "hybrid_manager", True),
        ({"args": {"disable-hybrid-kv-cache-manager": True}}, "hybrid_manager", False),
        ({"args": {"kv-transfer-config": {"kv_role": "kv_both"}}}, "hybrid_manager", False),
        (
            {"args": {"kv-transfer-config": {"kv_role": "x"}, "disable-hybrid-kv-cache-manager": False}},
            "hybrid_manager",
            True,
        ),
        ({"args": {"cpu-offload-gb": 8}}, "offloaded_gib", 8),
        ({"args": {"kv-cache-memory-bytes": "10G"}}, "kv_gib", 10),
        ({"args": {"quantization": "fp8"}}, "weights_gib", 65.7),
        ({"args": {"quantization": "fp8"}}, "guessed", True),
        ({"args": {"dtype": "float32"}}, "weights_gib", 262.8),
        ({"args": {"speculative-config": {"model": "x"}}}, "guessed", True),
        ({}, "guessed", False),
    ],
)
def test_vllm(serving: dict[str, Any], attribute: str, value: Any) -> None:
    plan = vllm_plan(llama(**serving))
    assert plan is not None
    assert getattr(plan, attribute) == (pytest.approx(value) if isinstance(value, float) else value)


def test_the_default_share_depends_on_the_version() -> None:
    runtimes = {"vllm": {"version": "0.19.0", "image": {"tag": "v0.19.0"}}}
    plan = vllm_plan(one("istio", "*", runtimes=runtimes))
    assert plan is not None
    assert plan.utilization == 0.9


def test_nothing_is_planned_without_facts() -> None:
    fleet = views({"base": "istio", "declared": {"eu-h100.llama-70b": {"model": {"architecture": None}}}})
    (found,) = deployments(fleet["eu-h100"]).values()
    assert vllm_plan(found) is None
    assert gguf_plan(found) is None


def test_llamacpp() -> None:
    plan = gguf_plan(one("llamacpp", "eu-h100.llama-3b", serving={"args": {"cache-type-k": "q8_0"}}))
    assert plan is not None
    assert (plan.context, plan.slots, plan.vram_gib, plan.gpu_layers) == (8192, 4, 0, 0)
    assert (plan.key_type, plan.value_type) == ("q8_0", "f16")


def test_ollama() -> None:
    plan = gguf_plan(one("ollama", "eu-h100.gemma-27b", serving={"env": {"OLLAMA_KV_CACHE_TYPE": "q4_0"}}))
    assert plan is not None
    assert (plan.context, plan.slots, plan.gpu_layers, plan.key_type) == (8192, 1, None, "q4_0")
    assert plan.vram_gib == pytest.approx(79.6)


def test_causes_lead_to_where_a_flag_is_set() -> None:
    assert llama().cause("tensor-parallel-size") == ("serving", "tensorParallelSize")
    assert llama(args={"tensor-parallel-size": 4}).cause("tensor-parallel-size") == (
        "serving",
        "args",
        "tensor-parallel-size",
    )
    found = one("istio", "eu-h100.llama-70b", model={"args": {"vllm": {"max-num-seqs": 8}}})
    assert found.cause("max-num-seqs") == ("model", "args", "vllm", "max-num-seqs")
    found = one("istio", "*", runtimes={"vllm": {"args": {"max-num-seqs": 8}}})
    assert found.cause("max-num-seqs") == ("runtimes", "vllm", "args", "max-num-seqs")
    found = one("llamacpp", "eu-h100.llama-3b", serving={"args": {"n-gpu-layers": 0}})
    assert found.cause("gpu-layers") == ("serving", "args", "n-gpu-layers")


def test_fields_tell_runtime_and_model_apart() -> None:
    found = llama()
    port, context = found.arguments.find("port"), found.arguments.find("max-model-len")
    assert port is not None
    assert context is not None
    assert (found.at(port).kind, found.field(port)) == ("ClusterServingRuntime", "spec.containers[0].args")
    assert (found.at(context).kind, found.field(context)) == (
        "InferenceService",
        "spec.predictor.model.args[3]",
    )
