"""From a deployment to the memory that it needs: what of its arguments and variables decides it."""

from __future__ import annotations

from scripts.check.argv import whole
from scripts.check.deployment import Deployment
from scripts.check.fit import GIB, Plan
from scripts.check.fit_gguf import GgufPlan

_LOADED_AS = {"fp8": 0.5, "fp8_e4m3": 0.5, "bitsandbytes": 0.3, "experts_int8": 0.55}
"""Share of a 16-bit checkpoint that is left when vLLM quantises it while it loads (``--quantization``)."""
_SIXTEEN = ("bf16", "fp16")
_AUTOMATIC_CONTEXT = 2048
"""Tokens that must fit where vLLM is told to choose the longest context that does."""


def vllm_plan(one: Deployment) -> Plan | None:
    """The memory plan of a vLLM deployment on GPUs; None where a fact that decides it is not known."""
    stack, arguments = one.stack, one.arguments
    accelerator, architecture = stack.accelerator, stack.model.architecture
    if one.engine.name != "vllm" or not one.takes_flags or not accelerator.is_gpu:
        return None
    if architecture is None or accelerator.memory_gib is None:
        return None
    factor = _loaded_share(one)
    by_hand = whole(arguments.text("kv-cache-memory-bytes") or "")
    return Plan(
        architecture=architecture,
        weights_gib=stack.model.weights.size_gib * factor,
        card_gib=accelerator.memory_gib,
        utilization=utilization(one),
        context=_AUTOMATIC_CONTEXT if arguments.text("max-model-len") in ("auto", "-1") else one.context,
        version=one.version,
        accelerator=stack.pool.accelerator,
        tensor=max(one.tensor, 1),
        pipeline=max(one.pipeline, 1),
        data=max(one.data, 1),
        kv_dtype=arguments.text("kv-cache-dtype") or "auto",
        hybrid_manager=hybrid_manager(one),
        offloaded_gib=arguments.decimal("cpu-offload-gb") or 0,
        kv_gib=by_hand / GIB if by_hand else None,
        guessed=factor != 1 or arguments.find("speculative-config") is not None,
    )


def utilization(one: Deployment) -> float:
    """The share of the card that vLLM may use; its default where what is given is no share."""
    given = one.arguments.decimal("gpu-memory-utilization") or 0
    return given if 0 < given <= 1 else float(one.engine.default("gpu-memory-utilization", one.version))


def hybrid_manager(one: Deployment) -> bool:
    """Whether sliding windows save KV cache: a KV connector switches that off unless it is asked for
    (llm-d guides: ``--no-disable-hybrid-kv-cache-manager``)."""
    disabled = one.arguments.on("disable-hybrid-kv-cache-manager")
    if disabled is None:
        return one.arguments.find("kv-transfer-config") is None
    return not disabled


def _loaded_share(one: Deployment) -> float:
    """What the engine loads, as a share of the checkpoint."""
    precision = one.stack.model.precision
    if one.arguments.text("dtype") in ("float", "float32"):
        return 2.0 if precision in _SIXTEEN else 1.0
    if precision == "fp32":
        return 0.5  # vLLM's dtype "auto" loads 32 bits as 16
    wanted = one.arguments.text("quantization") or ""
    return _LOADED_AS.get(wanted, 1.0) if precision in _SIXTEEN else 1.0


def gguf_plan(one: Deployment) -> GgufPlan | None:
    """The memory plan of a llama.cpp or Ollama deployment; None where a fact that decides it is not known."""
    stack, name = one.stack, one.engine.name
    accelerator = stack.accelerator
    limit = one.quantity("resources.limits", "memory") or one.quantity("resources.requests", "memory")
    if name not in ("llamacpp", "ollama") or not one.pod.known or limit is None:
        return None
    if accelerator.is_gpu and accelerator.memory_gib is None:
        return None
    cache = one.main.env.get("OLLAMA_KV_CACHE_TYPE", "f16")
    layers = one.arguments.number("gpu-layers")
    return GgufPlan(
        weights_gib=stack.model.weights.size_gib,
        architecture=stack.model.architecture,
        context=one.context,
        slots=one.slots,
        host_gib=limit / GIB,
        vram_gib=(accelerator.memory_gib or 0) * one.gpus() if accelerator.is_gpu else 0,
        gpu_layers=None if name == "ollama" else (layers or 0),
        key_type=one.arguments.text("cache-type-k") or cache,
        value_type=one.arguments.text("cache-type-v") or cache,
        full_windows=bool(one.arguments.on("swa-full")),
    )
