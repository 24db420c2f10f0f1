"""vLLM's OpenAI server (read off vLLM 0.33.0)."""

from __future__ import annotations

from typing import Any

from components.common import flags, names
from components.common.model import Adapter
from components.common.runtime import Runtime
from components.serving_runtimes.engines.protocol import hardened, http_probe, variables
from components.stack import sizing
from components.stack.params import Stack

PORT = 8080
METRICS_PATH: str | None = "/metrics"
MODEL_FORMAT = {"name": "vLLM", "version": "1"}
LITELLM_PREFIX = "hosted_vllm"

_HOME = "/home/vllm"
# A UID without a passwd entry needs USER for torch's getpwuid (vllm#9118), and every cache below a writable HOME.
_ENVIRONMENT = {
    "HOME": _HOME,
    "USER": "vllm",
    "HF_HOME": f"{_HOME}/hf",
    "HF_HUB_OFFLINE": "1",
    "TRITON_CACHE_DIR": f"{_HOME}/triton",
    "TORCHINDUCTOR_CACHE_DIR": f"{_HOME}/inductor",
    "VLLM_CACHE_ROOT": f"{_HOME}/vllm",
    "VLLM_CONFIG_ROOT": f"{_HOME}/config",
    "VLLM_NO_USAGE_STATS": "1",
    "XDG_CACHE_HOME": f"{_HOME}/cache",
    "XDG_CONFIG_HOME": f"{_HOME}/config",
}

# The only values of --max-lora-rank (vllm/config/lora.py).
_LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)


def container(runtime: Runtime) -> dict[str, Any]:
    """The container of a vLLM runtime. The root file system stays writable: NVIDIA's CDI hook writes to it."""
    return {
        "name": "kserve-container",
        "image": runtime.image.reference,
        "command": ["vllm", "serve"],
        "args": ["/mnt/models", "--host=0.0.0.0", f"--port={PORT}"],
        "env": variables(_ENVIRONMENT | runtime.env),
        "ports": [{"containerPort": PORT, "protocol": "TCP"}],
        "readinessProbe": http_probe("/health", PORT, period=5, failures=3),
        "livenessProbe": http_probe("/health", PORT, period=10, failures=6),
        "securityContext": hardened(read_only=False),
        "volumeMounts": [
            {"name": "shm", "mountPath": "/dev/shm"},
            {"name": "home", "mountPath": _HOME},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }


def volumes() -> list[dict[str, Any]]:
    """Writable places of the runtime."""
    return [{"name": "home", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}]


def arguments(stack: Stack) -> list[str]:
    """Served names first (the first one is the ``model_name`` label of every metric), then flags by name."""
    derived = (
        {"max-model-len": stack.context_length} | _parallelism(stack) | _memory(stack) | _adapters(stack)
    )
    chosen = derived | stack.runtime.args | stack.model.args.get("vllm", {}) | stack.serving.args
    return ["--served-model-name", *stack.served_names, *flags.render(chosen)]


def _parallelism(stack: Stack) -> dict[str, Any]:
    serving = stack.serving
    sizes = {
        "tensor-parallel-size": serving.tensor_parallel_size,
        "pipeline-parallel-size": serving.pipeline_parallel_size,
        "data-parallel-size": serving.data_parallel_size,
    }
    experts = {"enable-expert-parallel": True} if serving.expert_parallel else {}
    return {flag: size for flag, size in sizes.items() if size > 1} | experts


def _memory(stack: Stack) -> dict[str, Any]:
    wanted = {
        "gpu-memory-utilization": stack.serving.gpu_memory_utilization,
        "kv-cache-dtype": stack.serving.kv_cache_dtype,
    }
    return {flag: value for flag, value in wanted.items() if value is not None}


def _adapters(stack: Stack) -> dict[str, Any]:
    adapters = stack.model.adapters
    if not adapters:
        return {}
    return {
        "enable-lora": True,
        "lora-modules": [f"{name}={_adapter_path(name, adapters[name])}" for name in sorted(adapters)],
        "max-lora-rank": next(
            rank for rank in _LORA_RANKS if rank >= max(adapter.rank for adapter in adapters.values())
        ),
        "max-loras": len(adapters),
    }


def _adapter_path(name: str, adapter: Adapter) -> str:
    """Where an adapter lies in the pod. Of several storage URIs KServe v0.20 mounts the root of a claim, whatever path
    the URI has (storage_initializer_injector.go)."""
    claimed = adapter.uri.startswith("pvc://")
    _, _, path = adapter.uri.removeprefix("pvc://").strip("/").partition("/")
    return names.adapter_folder(name) + (f"/{path}" if claimed and path else "")


def environment(stack: Stack) -> dict[str, str]:
    """Variables of one stack."""
    return dict(stack.serving.env)


def pod_volumes(stack: Stack) -> list[dict[str, Any]]:
    """Shared memory for the ranks of a pod (vllm#7466)."""
    return [{"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": sizing.shared_memory(stack)}}]


def epp_plugins(stack: Stack) -> dict[str, Any]:
    """vLLM reports queue, KV cache and LoRA state under the EPP's built-in metric names."""
    scorers = {"queue-scorer": 2.0, "kv-cache-utilization-scorer": 2.0}
    if stack.model.adapters:
        scorers["lora-affinity-scorer"] = 1.0
    return {"scorers": scorers, "plugins": {}, "sources": None, "detector": None, "producer": {}}
