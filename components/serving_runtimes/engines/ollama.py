"""Ollama (envconfig/config.go and server/routes.go of v0.32)."""

from __future__ import annotations

from typing import Any

from components.common.runtime import Runtime
from components.serving_runtimes.engines.protocol import hardened, http_probe, variables
from components.stack.params import Stack

PORT = 11434
METRICS_PATH: str | None = None
# Without a storageUri any other format name makes KServe inject its multi-model agent (KServe v0.20 IsMMSPredictor).
MODEL_FORMAT = {"name": "huggingface", "version": "1"}
LITELLM_PREFIX = "openai"

_ENVIRONMENT = {
    "HOME": "/data",
    "OLLAMA_HOST": f"0.0.0.0:{PORT}",
    "OLLAMA_KEEP_ALIVE": "-1",
    "OLLAMA_MODELS": "/data/models",
    "OLLAMA_NO_CLOUD": "1",
}
# Pulls once, gives the model its served names, loads it (an empty prompt does; an embedding model refuses it),
# then lives and dies with the server.
_START = """\
set -eu
ollama serve &
server=$!
trap 'kill -TERM "$server"; wait "$server"' TERM INT
until ollama list >/dev/null 2>&1; do kill -0 "$server"; sleep 1; done
ollama show "$MODEL_TAG" >/dev/null 2>&1 || ollama pull "$MODEL_TAG"
for name in $MODEL_NAMES; do ollama cp "$MODEL_TAG" "$name"; done
ollama run "$MODEL_TAG" "" >/dev/null 2>&1 || true
touch /tmp/model-ready
wait "$server"
"""


def container(runtime: Runtime) -> dict[str, Any]:
    """The container of an Ollama runtime. It is ready when the model is there: the server answers before that."""
    return {
        "name": "kserve-container",
        "image": runtime.image.reference,
        "command": ["/bin/sh", "-c"],
        "args": [_START],
        "env": variables(_ENVIRONMENT | runtime.env),
        "ports": [{"containerPort": PORT, "protocol": "TCP"}],
        "readinessProbe": {
            "exec": {
                "command": [
                    "/bin/sh",
                    "-c",
                    'test -e /tmp/model-ready && ollama show "$MODEL_TAG" >/dev/null',
                ]
            },
            "periodSeconds": 10,
            "timeoutSeconds": 10,
            "failureThreshold": 3,
            "successThreshold": 1,
        },
        "livenessProbe": http_probe("/api/version", PORT, period=10, failures=6),
        "securityContext": hardened(read_only=True),
        "volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "tmp", "mountPath": "/tmp"}],
    }


def volumes() -> list[dict[str, Any]]:
    """Writable places of the runtime; where models are kept is the stack's choice."""
    return [{"name": "tmp", "emptyDir": {}}]


def arguments(stack: Stack) -> list[str]:
    """None: Ollama is set by its environment."""
    return []


def environment(stack: Stack) -> dict[str, str]:
    """The model, its names and its limits."""
    tag, *others = stack.served_names
    return {
        "MODEL_NAMES": " ".join(others),
        "MODEL_TAG": tag,
        "OLLAMA_CONTEXT_LENGTH": str(stack.context_length),
        "OLLAMA_NUM_PARALLEL": str(stack.serving.parallel_requests),
    } | stack.serving.env


def pod_volumes(stack: Stack) -> list[dict[str, Any]]:
    """Where pulled models are kept: a claim survives restarts, an emptyDir does not."""
    claim = stack.serving.storage.claim
    if claim is not None:
        return [{"name": "data", "persistentVolumeClaim": {"claimName": claim.name}}]
    return [{"name": "data", "emptyDir": {}}]


def epp_plugins(stack: Stack) -> dict[str, Any]:
    """Ollama has no metrics (ollama#3144): only what the EPP counts itself can be scored."""
    return {
        "scorers": {"active-request-scorer": 2.0},
        "plugins": {},
        "sources": None,
        "no_metrics": True,
        "detector": {"maxConcurrency": stack.serving.parallel_requests},
        "producer": {"autoTune": False},
    }
