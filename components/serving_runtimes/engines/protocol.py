"""What an engine module answers, and the hardening that all of them share."""

from __future__ import annotations

from typing import Any, Protocol

from components.common.runtime import Runtime
from components.stack.params import Stack

USER = 1000
"""UID and GID of hardened model containers; no image has such a user, so HOME is always set."""


class Engine(Protocol):
    """One serving engine."""

    PORT: int
    """Container port of the server."""
    METRICS_PATH: str | None
    """Path of Prometheus metrics on the same port; none where the engine has none."""
    MODEL_FORMAT: dict[str, str]
    """KServe model format that its runtime supports."""
    LITELLM_PREFIX: str
    """LiteLLM provider prefix for its OpenAI API, which lies below /v1."""

    def container(self, runtime: Runtime) -> dict[str, Any]:
        """``kserve-container`` of the runtime: image, command, fixed arguments, port, probes, security."""

    def volumes(self) -> list[dict[str, Any]]:
        """Volumes of the runtime."""

    def arguments(self, stack: Stack) -> list[str]:
        """Arguments that KServe appends for one stack."""

    def environment(self, stack: Stack) -> dict[str, str]:
        """Environment variables of one stack."""

    def pod_volumes(self, stack: Stack) -> list[dict[str, Any]]:
        """Volumes of one stack's pods, beside those of the runtime."""

    def epp_plugins(self, stack: Stack) -> dict[str, Any]:
        """What an Endpoint Picker can score for this engine: ``scorers`` (plugin type to weight), ``plugins`` (with
        parameters, by name), ``sources`` (data layer) and ``detector`` (saturation)."""


def hardened(*, read_only: bool) -> dict[str, Any]:
    """Container security context that satisfies the restricted Pod Security level."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": read_only,
        "runAsGroup": USER,
        "runAsNonRoot": True,
        "runAsUser": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def variables(values: dict[str, str]) -> list[dict[str, str]]:
    """Container environment, by name."""
    return [{"name": name, "value": values[name]} for name in sorted(values)]


def http_probe(path: str, port: int, period: int, failures: int) -> dict[str, Any]:
    """An HTTP probe, with every default of the API server written out."""
    return {
        "httpGet": {"path": path, "port": port, "scheme": "HTTP"},
        "periodSeconds": period,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
        "successThreshold": 1,
    }
