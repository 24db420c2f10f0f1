"""Istio 1.28 and newer, with ``ENABLE_GATEWAY_API_INFERENCE_EXTENSION=true`` on istiod."""

from __future__ import annotations

from collections.abc import Iterator

from components.common.manifest import Manifest
from components.inference_gateway.wiring.protocol import (
    FailureMode,
    InternalGateway,
    Tls,
    alias_service,
    listener,
)
from components.stack.params import Stack

CLASS_NAME = "istio"
POOL_BACKEND = True
SINGLE_PICK = False
FAILURE_MODE: FailureMode = "FailOpen"
ROUTE_TIMEOUTS = True
STREAM_IDLE = False
NEEDS: tuple[str, ...] = ("istio", "gatewayApi", "inferenceExtension", "llmdRouter")


def tls(stack: Stack) -> Tls:
    """The EPP's self-signed certificate; the DestinationRule makes the gateway speak TLS to it."""
    return "self-signed"


def pool_annotations(stack: Stack) -> dict[str, str]:
    """None."""
    return {}


def gateway(gateway: InternalGateway) -> Iterator[Manifest]:
    """The Gateway, inside the cluster only; Istio calls its Service ``<gateway>-<class>``."""
    metadata = {"name": gateway.name, "namespace": gateway.namespace}
    yield {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {**metadata, "annotations": {"networking.istio.io/service-type": "ClusterIP"}},
        "spec": {"gatewayClassName": gateway.class_name, "listeners": [listener(gateway)]},
    }
    yield alias_service(gateway, f"{service(gateway)}.{gateway.namespace}.svc.{gateway.cluster.domain}")


def service(gateway: InternalGateway) -> str:
    """``<gateway>-<class>``."""
    return f"{gateway.name}-{gateway.class_name}"


def policies(stack: Stack) -> Iterator[Manifest]:
    """TLS to the EPP."""
    if not (stack.has_pool and stack.gateway.extension_policy):
        return
    host = f"{stack.names.epp}.{stack.namespace}.svc.{stack.cluster.domain}"
    yield {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": stack.names.epp},
        "spec": {
            "host": host,
            "trafficPolicy": {"tls": {"mode": "SIMPLE", "insecureSkipVerify": True}},
        },
    }
