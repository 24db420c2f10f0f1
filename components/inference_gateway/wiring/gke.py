"""GKE Gateway: Google's load balancer reads the InferencePool and calls the EPP.

It makes no Service in the cluster, so the inventory says under which name it is reached (``gateway.hostname``).
"""

from __future__ import annotations

from collections.abc import Iterator

from components.common.manifest import Manifest
from components.inference_gateway.wiring.protocol import FailureMode, InternalGateway, Tls, listener
from components.serving_runtimes.engines import ENGINES
from components.stack.params import Stack

CLASS_NAME = "gke-l7-rilb"
POOL_BACKEND = True
SINGLE_PICK = False
FAILURE_MODE: FailureMode = "FailOpen"
# A route with timeouts is refused.
ROUTE_TIMEOUTS = False
STREAM_IDLE = False
NEEDS: tuple[str, ...] = ("gatewayApi", "inferenceExtension", "llmdRouter")
API = "networking.gke.io/v1"


def tls(stack: Stack) -> Tls:
    """The load balancer speaks TLS to the EPP."""
    return "self-signed"


def pool_annotations(stack: Stack) -> dict[str, str]:
    """None."""
    return {}


def gateway(gateway: InternalGateway) -> Iterator[Manifest]:
    """The Gateway."""
    yield {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": gateway.name, "namespace": gateway.namespace},
        "spec": {"gatewayClassName": gateway.class_name, "listeners": [listener(gateway)]},
    }


def service(gateway: InternalGateway) -> str:
    """None: the load balancer has an address, and the inventory gives it a name."""
    return ""


def policies(stack: Stack) -> Iterator[Manifest]:
    """Health check and timeout of the pool, as policies: the route may hold neither."""
    engine = ENGINES[stack.runtime.engine]
    pooled = stack.has_pool and stack.gateway.extension_policy
    target = (
        {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": stack.names.pool}
        if pooled
        else {"group": "", "kind": "Service", "name": stack.names.endpoints}
    )
    path = "/api/version" if stack.runtime.engine == "ollama" else "/health"
    yield {
        "apiVersion": API,
        "kind": "HealthCheckPolicy",
        "metadata": {"name": stack.names.route},
        "spec": {
            "targetRef": target,
            "default": {
                "checkIntervalSec": 5,
                "timeoutSec": 5,
                "config": {"type": "HTTP", "httpHealthCheck": {"port": engine.PORT, "requestPath": path}},
            },
        },
    }
    yield {
        "apiVersion": API,
        "kind": "GCPBackendPolicy",
        "metadata": {"name": stack.names.route},
        "spec": {
            "targetRef": target,
            "default": {"timeoutSec": stack.serving.request_timeout_seconds, "logging": {"enabled": True}},
        },
    }
