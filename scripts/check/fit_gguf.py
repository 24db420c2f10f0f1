"""Whether a GGUF model fits: file, KV cache of all slots at full context, and the engine's buffers against
the memory of the pod's GPUs, or of the pod itself (inference-stacks.md 5.1: gguf-parser; serving.md 2.2 and
2.3).

llama.cpp lays out as many layers on GPUs as it is told, and Ollama as many as fit: what does not fit there
runs on the CPU, which is slow and no failure, as long as the pod's memory holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from components.common.model import Architecture
from scripts.check.fit import GIB, Verdict, full_layers, verdict

CACHE_BYTES: Mapping[str, float] = {
    "f32": 4,
    "f16": 2,
    "bf16": 2,
    "q8_0": 1.0625,
    "q5_1": 0.75,
    "q5_0": 0.6875,
    "q4_1": 0.625,
    "q4_0": 0.5625,
    "iq4_nl": 0.5625,
}
"""Bytes of one number by llama.cpp's cache type (``--cache-type-k``, ``OLLAMA_KV_CACHE_TYPE``), ggml block
sizes."""
GPU_BUFFERS_GIB = 1.5
"""CUDA context and compute buffers, an estimate for vocabularies up to 262,144."""
CPU_BUFFERS_GIB = 0.5
"""Compute buffers and the program itself, an estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufPlan:
    """One replica of a model on llama.cpp or Ollama."""

    weights_gib: float
    """Size of the file."""
    architecture: Architecture | None
    context: int
    """Tokens of one slot."""
    slots: int
    host_gib: float
    """Memory limit of the pod."""
    vram_gib: float = 0
    """Memory of all its GPUs together; 0 without a GPU."""
    gpu_layers: int | None = None
    """Layers that are wanted on the GPU; None where the engine decides (Ollama)."""
    key_type: str = "f16"
    value_type: str = "f16"
    full_windows: bool = False
    """Whether layers with a sliding window keep everything (``--swa-full``)."""


@dataclass(frozen=True, slots=True)
class GgufFit:
    """A verdict on each memory; ``offloaded`` is the share of the layers that a GPU has to leave to the
    CPU."""

    verdict: Verdict
    left_gib: float
    kv_gib: float
    offloaded: float
    arithmetic: str


def cache_gib(plan: GgufPlan) -> float:
    """KV cache of all slots at full context; 0 where the architecture is not known."""
    architecture = plan.architecture
    if architecture is None:
        return 0
    size = (CACHE_BYTES.get(plan.key_type, 2) + CACHE_BYTES.get(plan.value_type, 2)) / 2
    full = full_layers(architecture)
    heads = architecture.full_attention_key_value_heads or architecture.key_value_heads
    dim = architecture.full_attention_head_dim or architecture.head_dim
    grows = full * 2 * heads * dim * size * plan.context
    window = plan.context if plan.full_windows else min(plan.context, architecture.window or plan.context)
    windowed = architecture.layers - full if architecture.attention == "sliding" else 0
    keeps = windowed * 2 * architecture.key_value_heads * architecture.head_dim * size * window
    return ((grows + keeps) / GIB + architecture.fixed_state_mib / 1024) * plan.slots


@lru_cache(maxsize=4096)
def fit_gguf(plan: GgufPlan) -> GgufFit:
    """The verdict: of the GPUs where there are any, else of the pod's memory."""
    cache = cache_gib(plan)
    if not plan.vram_gib:
        return _judged(plan, cache, plan.host_gib, CPU_BUFFERS_GIB, 0, "memory limit")
    layers = plan.architecture.layers if plan.architecture else 0
    wanted = plan.gpu_layers
    share = 1.0 if wanted is None or not layers else min(wanted / layers, 1.0)
    on_gpu = (plan.weights_gib + cache) * share
    found = _judged(plan, cache, plan.vram_gib, GPU_BUFFERS_GIB, 1 - share, "GPU memory", on_gpu)
    room = max(plan.vram_gib - GPU_BUFFERS_GIB, 0)
    if wanted is None and found.verdict == "no":
        rest = max(1 - room / (plan.weights_gib + cache), 0)
        host = (plan.weights_gib + cache) * rest + CPU_BUFFERS_GIB
        left = plan.host_gib - host
        said = f"{found.arithmetic}; {host:.1f} of {plan.host_gib:.1f} GiB memory for the rest"
        return GgufFit(verdict(left), left, cache, rest, said)
    return found


def _judged(
    plan: GgufPlan,
    cache: float,
    total: float,
    buffers: float,
    offloaded: float,
    what: str,
    model: float | None = None,
) -> GgufFit:
    needs = plan.weights_gib + cache if model is None else model
    left = total - needs - buffers
    parts = f"{plan.weights_gib:.1f} weights - {cache:.1f} KV cache for {plan.slots} x {plan.context} tokens"
    if offloaded:
        parts = f"{1 - offloaded:.0%} of ({parts.replace(' - ', ' + ')})"
    said = f"{total:.1f} GiB {what} - {parts} - {buffers:g} buffers = {left:.1f} GiB left"
    return GgufFit(verdict(left), left, cache, offloaded, said)
