"""Whether a model fits into the memory that it gets: no, margin or ok, in GiB, with the arithmetic
(inference-stacks.md 5.2 to 5.6).

vLLM, on one GPU of the pipeline stage that holds most::

    KV budget = card x utilization - weights / (TP x PP) - activation - what torch does not see
    one request = KV cache of one request at full context, with its sliding windows and fixed state
    left = KV budget - one request        no: < -1 GiB, margin: -1 to 1 GiB, ok: > 1 GiB

llama.cpp and Ollama: see :mod:`scripts.check.fit_gguf`. Everything here is per GPU and in GiB unless it says
otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from components.common.model import Architecture
from components.facts import memory

Verdict = Literal["ok", "margin", "no"]

GIB = 2**30
_EIGHT_BITS = ("fp8", "int8")
_FOUR_BITS = ("nvfp4", "int4", "turboquant_4bit", "turboquant_3bit", "turboquant_k3")
_EXPERT_SHARE = 0.95
"""Share of a mixture's weights that lies in its experts, at least (DeepSeek V3 0.975, Qwen3 235B 0.967)."""
_SCALE_BYTES = 4
"""Bytes of the scale that an MLA indexer keeps with every key (128 + 4 bytes a token and layer)."""
_ROPE_BYTES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One replica of a model on vLLM."""

    architecture: Architecture
    weights_gib: float
    """The checkpoint as the engine loads it."""
    card_gib: float
    """What one GPU offers."""
    utilization: float
    context: int
    """Tokens of one request."""
    version: str
    """vLLM's version."""
    accelerator: str | None = None
    """Its name in the fact tables (``h100-sxm``): whether the constants were measured there."""
    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    kv_dtype: str = "auto"
    hybrid_manager: bool = True
    """Whether layers with a sliding window keep only their window."""
    offloaded_gib: float = 0
    """Weights that each GPU leaves in host memory (``--cpu-offload-gb``)."""
    kv_gib: float | None = None
    """KV cache that was set by hand (``--kv-cache-memory-bytes``); it replaces the utilization."""
    guessed: bool = False
    """Whether the weights themselves are an estimate (quantised while they are loaded, a draft model)."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A verdict with what led to it. ``budget_gib`` and ``request_gib`` are of one GPU."""

    verdict: Verdict
    budget_gib: float
    request_gib: float
    calibrated: bool
    """Whether every constant was measured for this engine version and card."""
    doubtful: bool
    """Whether constants twice as large, which estimates have been, would change an ``ok``."""
    tokens: int
    """Tokens that the KV cache of one replica holds."""
    arithmetic: str

    @property
    def left_gib(self) -> float:
        """What is left after one request."""
        return self.budget_gib - self.request_gib


def verdict(left_gib: float) -> Verdict:
    """The verdict on what is left, in GiB."""
    margin = memory.margin_gib()
    if left_gib < -margin:
        return "no"
    return "margin" if left_gib <= margin else "ok"


@lru_cache(maxsize=4096)
def fit(plan: Plan) -> Fit:
    """The verdict on one replica."""
    kind: memory.ModelKind = "moe" if plan.architecture.experts else "dense"
    activation = memory.activation(
        plan.architecture.family,
        plan.version,
        kind=kind,
        pipeline=plan.pipeline,
        accelerator=plan.accelerator,
    )
    unseen = memory.non_torch(plan.version, plan.tensor, plan.pipeline, accelerator=plan.accelerator)
    weights = weights_gib(plan)
    total = plan.card_gib * plan.utilization
    budget = total - weights - activation.gib - unseen.gib
    if plan.kv_gib is not None:
        budget = min(plan.kv_gib, plan.card_gib - weights - activation.gib - unseen.gib)
    request = request_gib(plan)
    calibrated = activation.calibrated and unseen.calibrated and not plan.guessed
    found = verdict(budget - request)
    crowded = plan.kv_gib is None and plan.utilization > memory.exhausting_utilization()
    pessimist = verdict(budget - request - activation.gib - unseen.gib)
    return Fit(
        verdict="margin" if found == "ok" and crowded else found,
        budget_gib=budget,
        request_gib=request,
        calibrated=calibrated,
        doubtful=found == "ok" and not calibrated and pessimist != "ok",
        tokens=int(max(budget - fixed_gib(plan), 0) / request_rate(plan)) if request_rate(plan) else 0,
        arithmetic=_arithmetic(plan, weights, activation.gib, unseen.gib, budget, request),
    )


def weights_gib(plan: Plan) -> float:
    """Weights on one GPU: split over tensor ranks and stages; a mixture's experts over data ranks too."""
    share = plan.weights_gib / (plan.tensor * plan.pipeline)
    if plan.architecture.experts and plan.data > 1:
        share *= 1 - _EXPERT_SHARE + _EXPERT_SHARE / plan.data
    return max(share - plan.offloaded_gib, 0)


def kv_bytes(dtype: str) -> float:
    """Bytes of one number in the KV cache (``--kv-cache-dtype``); ``auto`` is the model's 16 bits."""
    if dtype.startswith(_EIGHT_BITS):
        return 1
    return 0.5 if dtype.startswith(_FOUR_BITS) else 2


def layer_bytes(architecture: Architecture, tensor: int, dtype: str, *, full: bool = True) -> float:
    """KV cache of one token in one layer, on one of ``tensor`` ranks. A rank keeps at least one KV head, and
    all of an MLA latent."""
    size = kv_bytes(dtype)
    if full and architecture.attention == "mla" and architecture.kv_lora_rank:
        indexer = architecture.indexer_head_dim
        rope = (architecture.rope_head_dim or 0) * _ROPE_BYTES
        return architecture.kv_lora_rank * size + rope + (indexer + _SCALE_BYTES if indexer else 0)
    own = full and architecture.full_attention_key_value_heads
    heads = own or architecture.key_value_heads
    dim = (full and architecture.full_attention_head_dim) or architecture.head_dim
    return 2 * max(1, heads / tensor) * dim * size


def full_layers(architecture: Architecture) -> int:
    """Layers whose KV cache grows with the context."""
    stated = architecture.full_attention_layers
    return architecture.layers if stated is None else min(stated, architecture.layers)


def token_bytes(architecture: Architecture, dtype: str = "auto") -> float:
    """KV cache that every further token takes, in bytes of the whole model before it is split."""
    return full_layers(architecture) * layer_bytes(architecture, 1, dtype)


def request_rate(plan: Plan) -> float:
    """KV cache that one more token of a long request takes, on one GPU."""
    architecture = plan.architecture
    own = _per_stage(full_layers(architecture), plan) * layer_bytes(architecture, plan.tensor, plan.kv_dtype)
    return (own if plan.hybrid_manager else own + _window_bytes(plan)) / GIB


def fixed_gib(plan: Plan) -> float:
    """KV cache of one long request that does not grow with its length, on one GPU."""
    state = plan.architecture.fixed_state_mib / 1024 / (plan.tensor * plan.pipeline)
    if not plan.hybrid_manager:
        return state
    window = min(plan.context, plan.architecture.window or 0)
    return state + _window_bytes(plan) * window / GIB


def request_gib(plan: Plan) -> float:
    """KV cache of one request at full context, on one GPU."""
    return request_rate(plan) * plan.context + fixed_gib(plan)


def _window_bytes(plan: Plan) -> float:
    """KV cache of one token in all layers of a stage that have a sliding window."""
    architecture = plan.architecture
    if architecture.attention != "sliding":
        return 0
    layers = _per_stage(architecture.layers - full_layers(architecture), plan)
    return layers * layer_bytes(architecture, plan.tensor, plan.kv_dtype, full=False)


def _per_stage(layers: int, plan: Plan) -> int:
    return -(-layers // plan.pipeline)


def _arithmetic(
    plan: Plan, weights: float, activation: float, unseen: float, budget: float, request: float
) -> str:
    taken = f"{weights:.1f} weights - {activation:.2f} activation - {unseen:.2f} CUDA and NCCL"
    whole = f"{plan.card_gib:.2f} GiB x {plan.utilization:g}"
    gets = f"{whole} - {taken} = {budget:.1f} GiB for the KV cache"
    if plan.kv_gib is not None:
        gets = f"{budget:.1f} GiB for the KV cache, as it is set ({plan.card_gib:.2f} GiB - {taken} at most)"
    return (
        f"{gets}, one request of {plan.context} tokens takes {request:.1f}, {budget - request:.1f} are left"
    )


def remedies(plan: Plan, per_node: int | None, capability: float | None) -> list[str]:
    """Changes of one inventory key each that would make it fit, with their values."""
    found = []
    spare = fit(plan).budget_gib - fixed_gib(plan) - memory.margin_gib()
    shorter = int(spare / request_rate(plan)) // 1024 * 1024 if request_rate(plan) else 0
    if 1024 <= shorter < plan.context:
        found.append(f"serving.maxModelLen: {shorter}")
    wider = plan.tensor * 2
    while wider * plan.pipeline * plan.data <= (per_node or 0):
        splits = not plan.architecture.attention_heads % wider
        if splits and fit(replace(plan, tensor=wider)).verdict == "ok":
            found.append(f"serving.tensorParallelSize: {wider}")
            break
        wider *= 2
    narrower = replace(plan, kv_dtype="fp8")
    if kv_bytes(plan.kv_dtype) > 1 and (capability or 0) >= 8.9 and fit(narrower).verdict == "ok":
        found.append("serving.kvCacheDtype: fp8")
    return found
