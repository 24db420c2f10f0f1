"""What both Envoy Gateway ways share: the Gateway with its proxy settings, client policy and Service name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.common.manifest import Manifest
from components.inference_gateway.wiring.protocol import (
    InternalGateway,
    alias_service,
    listener,
    target_reference,
)
from components.stack.params import Stack

API = "gateway.envoyproxy.io/v1alpha1"
PICKED_ENDPOINT = "x-gateway-destination-endpoint"
# Envoy's default of 1024 overflows with long-running LLM requests (llm-d#1582; measured: 476 of 1500 failed).
CIRCUIT_BREAKER = {"maxConnections": 40000, "maxParallelRequests": 40000, "maxPendingRequests": 40000}


def gateway(gateway: InternalGateway) -> Iterator[Manifest]:
    """Gateway, EnvoyProxy, ClientTrafficPolicy and, where the proxy lives elsewhere, a Service under the
    Gateway's name."""
    metadata = {"name": gateway.name, "namespace": gateway.namespace}
    parameters = {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": gateway.name}
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
    yield {"apiVersion": API, "kind": "EnvoyProxy", "metadata": metadata, "spec": _proxy(gateway)}
    yield {
        "apiVersion": API,
        "kind": "ClientTrafficPolicy",
        "metadata": metadata,
        "spec": _client_policy(gateway),
    }
    if not _in_gateway_namespace(gateway):
        envoy = gateway.cluster.envoy_gateway
        yield alias_service(gateway, f"{service(gateway)}.{envoy.namespace}.svc.{gateway.cluster.domain}")


def _in_gateway_namespace(gateway: InternalGateway) -> bool:
    return gateway.cluster.envoy_gateway.deploy == "GatewayNamespace"


def service(gateway: InternalGateway) -> str:
    """Service of the proxy. In the controller's namespace it must be told apart by the Gateway's namespace."""
    return gateway.name if _in_gateway_namespace(gateway) else f"{gateway.namespace}-{gateway.name}"


def _proxy(gateway: InternalGateway) -> dict[str, Any]:
    return {
        # Adding a policy to a Gateway restarts its listener; a stream that is longer than this is cut then.
        "shutdown": {"drainTimeout": f"{gateway.longest_request_seconds}s"},
        "provider": {
            "type": "Kubernetes",
            "kubernetes": {
                "envoyDeployment": {"replicas": 2},
                "envoyService": {"name": service(gateway), "type": "ClusterIP"},
            },
        },
    }


def _client_policy(gateway: InternalGateway) -> dict[str, Any]:
    target = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": gateway.name}
    return {
        "targetRefs": [target],
        # More than the EPP's gRPC receive limit (4 MiB) breaks long prompts: nothing is buffered whole.
        "connection": {"bufferLimit": "1Mi"},
        # Only the EPP may say where a request goes.
        "headers": {"earlyRequestHeaders": {"remove": [PICKED_ENDPOINT, "x-prefiller-host-port"]}},
    }


def traffic_policy(stack: Stack, load_balancer: dict[str, Any]) -> Manifest:
    """Timeouts, limits and retries of the stack's route. A retry helps only a request whose body still fits the
    buffer; a dead pick then goes to the next pod."""
    triggers = ["connect-failure", "refused-stream", "reset-before-request"]
    return {
        "apiVersion": API,
        "kind": "BackendTrafficPolicy",
        "metadata": {"name": stack.names.route},
        "spec": {
            "targetRefs": [target_reference(stack)],
            **load_balancer,
            "circuitBreaker": CIRCUIT_BREAKER,
            "retry": {"numRetries": 2, "retryOn": {"triggers": triggers}},
            "timeout": {
                "http": {
                    "requestTimeout": f"{stack.serving.request_timeout_seconds}s",
                    "connectionIdleTimeout": stack.gateway.stream_idle,
                }
            },
        },
    }
