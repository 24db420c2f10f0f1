"""agentgateway, installed with ``inferenceExtension.enabled=true``.

It speaks unverified TLS to the EPP and takes the first picked address only (agentgateway v1.4.1).
"""

from __future__ import annotations

from collections.abc import Iterator

from components.common.manifest import Manifest
from components.inference_gateway.wiring.protocol import FailureMode, InternalGateway, Tls, listener
from components.stack.params import Stack

CLASS_NAME = "agentgateway"
POOL_BACKEND = True
SINGLE_PICK = True
# FailOpen is broken in v1.4.1 (agentgateway#3473).
FAILURE_MODE: FailureMode = "FailClose"
ROUTE_TIMEOUTS = True
STREAM_IDLE = False
NEEDS: tuple[str, ...] = ("agentgateway", "gatewayApi", "inferenceExtension", "llmdRouter")


def tls(stack: Stack) -> Tls:
    """agentgateway always speaks TLS to the EPP."""
    return "self-signed"


def pool_annotations(stack: Stack) -> dict[str, str]:
    """None."""
    return {}


def gateway(gateway: InternalGateway) -> Iterator[Manifest]:
    """The Gateway, inside the cluster only; agentgateway calls its Service like the Gateway."""
    metadata = {"name": gateway.name, "namespace": gateway.namespace}
    parameters = {"group": "agentgateway.dev", "kind": "AgentgatewayParameters", "name": gateway.name}
    yield {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": metadata,
        "spec": {
            "gatewayClassName": gateway.class_name,
            "infrastructure": {"parametersRef": parameters},
            "listeners": [listener(gateway)],
        },
    }
    yield {
        "apiVersion": "agentgateway.dev/v1alpha1",
        "kind": "AgentgatewayParameters",
        "metadata": metadata,
        "spec": {"service": {"spec": {"type": "ClusterIP"}}},
    }


def service(gateway: InternalGateway) -> str:
    """Called like the Gateway."""
    return gateway.name


def policies(stack: Stack) -> Iterator[Manifest]:
    """None: the InferencePool is all it needs."""
    yield from ()
