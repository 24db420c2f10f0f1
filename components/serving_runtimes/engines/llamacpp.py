"""llama.cpp's server (tools/server/README.md of the b6xxx builds)."""

from __future__ import annotations

from typing import Any

from components.common import flags
from components.common.runtime import Runtime
from components.serving_runtimes.engines.protocol import hardened, http_probe, variables
from components.stack import sizing
from components.stack.params import Stack

PORT = 8080
METRICS_PATH: str | None = "/metrics"
MODEL_FORMAT = {"name": "gguf", "version": "1"}
LITELLM_PREFIX = "openai"

_ENVIRONMENT = {"HOME": "/tmp", "LLAMA_CACHE": "/tmp/llama"}


def container(runtime: Runtime) -> dict[str, Any]:
    """The container of a llama.cpp runtime. Host and port are given because their defaults changed between
    builds; readiness asks /health, because /v1/models answers 200 while the model still loads."""
    return {
        "name": "kserve-container",
        "image": runtime.image.reference,
        "args": ["--host", "0.0.0.0", "--port", str(PORT), "--metrics"],
        "env": variables(_ENVIRONMENT | runtime.env),
        "ports": [{"containerPort": PORT, "protocol": "TCP"}],
        "readinessProbe": http_probe("/health", PORT, period=5, failures=3),
        "livenessProbe": http_probe("/health", PORT, period=10, failures=6),
        "securityContext": hardened(read_only=True),
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }


def volumes() -> list[dict[str, Any]]:
    """Writable places of the runtime."""
    return [{"name": "tmp", "emptyDir": {}}]


def arguments(stack: Stack) -> list[str]:
    """The model file and flags by name. The context is split over the slots, so each gets its full length."""
    slots = stack.serving.parallel_requests
    derived: dict[str, Any] = {
        "alias": stack.served_names[0],
        "ctx-size": stack.context_length * slots,
        "parallel": slots,
    }
    if stack.gpus_per_pod:
        derived["n-gpu-layers"] = 999
    else:
        derived["threads"] = sizing.cpu_cores(stack)
    if stack.model.kind == "embedding":
        derived["embedding"] = True
    chosen = derived | stack.runtime.args | stack.model.args.get("llamacpp", {}) | stack.serving.args
    return ["--model", f"/mnt/models/{stack.model.weights.file}", *flags.render(chosen, separate=True)]


def environment(stack: Stack) -> dict[str, str]:
    """Variables of one stack."""
    return dict(stack.serving.env)


def pod_volumes(stack: Stack) -> list[dict[str, Any]]:
    """None beside those of the runtime."""
    return []


def epp_plugins(stack: Stack) -> dict[str, Any]:
    """llama.cpp has no built-in metric mapping in the EPP and reports no KV cache usage (llama.cpp#13660)."""
    return {
        "scorers": {"queue-scorer": 2.0, "running-requests-size-scorer": 2.0},
        "plugins": {
            "metrics-data-source": {},
            "core-metrics-extractor": {
                "defaultEngine": "llamacpp",
                "engineConfigs": [
                    {
                        "name": "llamacpp",
                        "queuedRequestsSpec": "llamacpp:requests_deferred",
                        "runningRequestsSpec": "llamacpp:requests_processing",
                    }
                ],
            },
        },
        "sources": [
            {"pluginRef": "metrics-data-source", "extractors": [{"pluginRef": "core-metrics-extractor"}]}
        ],
        "detector": {"maxConcurrency": stack.serving.parallel_requests},
        "producer": {"autoTune": False},
    }
