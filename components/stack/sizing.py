"""Derived sizes of a model pod. Each function is one formula; the inventory can override every result."""

from __future__ import annotations

from components.common import quantities
from components.stack.params import Stack

_COPIED_SCHEMES = ("hf://", "s3://", "gs://", "http://", "https://", "hdfs://", "webhdfs://")
"""Schemes whose weights KServe's storage initializer copies to node storage (KServe v0.20)."""


def cpu(stack: Stack) -> str:
    """CPU request: ``cpuPerGpu`` for each GPU, 8 cores without one."""
    wanted = stack.serving.resources.cpu
    return quantities.cpu(wanted or str(stack.accelerator.cpu_per_gpu * stack.gpus_per_pod or 8))


def memory(stack: Stack) -> str:
    """Memory request and limit: with GPUs ``hostMemoryPerGpuGiB`` for each (at least shared memory + 16 GiB);
    without, the weights, the KV cache and 4 GiB."""
    wanted = stack.serving.resources.memory
    if wanted:
        return quantities.memory(wanted)
    if stack.gpus_per_pod:
        shared = float(quantities.parse(shared_memory(stack))) / 2**30
        return quantities.gib(
            max(stack.accelerator.host_memory_per_gpu_gib * stack.gpus_per_pod, shared + 16)
        )
    return quantities.gib(stack.model.weights.size_gib * 1.1 + kv_cache_gib(stack) + 4)


def kv_cache_gib(stack: Stack) -> float:
    """KV cache in GiB of all parallel requests at full context: 2 x layers x KV heads x head dim x 2 bytes a
    token (bf16); 4 GiB when the architecture is unknown."""
    architecture = stack.model.architecture
    if architecture is None:
        return 4
    layers = architecture.full_attention_layers or architecture.layers
    per_token = 2 * layers * architecture.key_value_heads * architecture.head_dim * 2
    return per_token * stack.context_length * stack.serving.parallel_requests / 2**30


def shared_memory(stack: Stack) -> str:
    """Size limit of /dev/shm: 4 GiB for each GPU that ranks share, 1 GiB for a single rank."""
    wanted = stack.serving.resources.shared_memory
    if wanted:
        return quantities.memory(wanted)
    return quantities.gib(4 * stack.gpus_per_pod if stack.gpus_per_pod > 1 else 1)


def ephemeral_storage(stack: Stack) -> str:
    """Node storage: 1.1 x what is fetched where it is copied to the node, and 10 GiB for caches."""
    wanted = stack.serving.resources.ephemeral_storage
    if wanted:
        return quantities.memory(wanted)
    return quantities.gib(copied_gib(stack) * 1.1 + 10)


def copied_gib(stack: Stack) -> float:
    """Size in GiB of what is copied to the node: weights and adapters that are neither mounted nor kept in a claim."""
    pulled = pulls_itself(stack) and stack.serving.storage.claim is None
    weights = fetched_gib(stack) if pulled or is_copied(stack.storage_uri or "") else 0
    adapters = stack.model.adapters.values()
    return weights + sum(adapter.size_gib for adapter in adapters if is_copied(adapter.uri))


def is_copied(uri: str) -> bool:
    """Whether KServe copies what lies at a storage URI to node storage, and does not mount it."""
    return uri.startswith(_COPIED_SCHEMES)


def fetched_gib(stack: Stack) -> float:
    """Size in GiB of what is fetched: of a Hugging Face repository all files, else the checkpoint."""
    weights = stack.model.weights
    whole = (stack.storage_uri or "").startswith("hf://") and weights.repository_gib
    return whole or weights.size_gib


def pulls_itself(stack: Stack) -> bool:
    """Whether the engine downloads the weights when it starts (Ollama)."""
    return stack.runtime.engine == "ollama"


def startup_seconds(stack: Stack) -> int:
    """How long a start may take: 5 minutes, plus the time to load (and, for Ollama, to download) the weights at
    the cluster's rates, rounded up to whole minutes."""
    wanted = stack.serving.startup_seconds
    if wanted:
        return wanted
    size = stack.model.weights.size_gib
    seconds = 300 + size / stack.cluster.weights_gib_per_second
    if pulls_itself(stack):
        seconds += size / stack.cluster.download_gib_per_second
    return int(-(-seconds // 60) * 60)


def cpu_cores(stack: Stack) -> int:
    """Whole cores of the CPU request, at least 1: the number of worker threads of a CPU engine."""
    return max(int(quantities.parse(cpu(stack))), 1)
