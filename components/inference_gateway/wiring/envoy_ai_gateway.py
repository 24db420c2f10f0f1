"""Envoy Gateway with Envoy AI Gateway: the route names the InferencePool, the extension server does the rest.

ai-gateway v1.1.0 calls the EPP over unverified TLS, is always fail-closed (ai-gateway#2502) and adds one EPP filter a
match (ai-gateway#2595), so a route has one rule with one match.
"""

from __future__ import annotations

from collections.abc import Iterator

from components.common.manifest import Manifest
from components.inference_gateway.wiring import envoy
from components.inference_gateway.wiring.protocol import FailureMode, Tls
from components.stack.params import Stack

CLASS_NAME = "envoy"
POOL_BACKEND = True
SINGLE_PICK = False
FAILURE_MODE: FailureMode = "FailClose"
ROUTE_TIMEOUTS = True
STREAM_IDLE = True
NEEDS: tuple[str, ...] = ("envoyGateway", "envoyAiGateway", "gatewayApi", "inferenceExtension", "llmdRouter")

gateway = envoy.gateway
service = envoy.service


def tls(stack: Stack) -> Tls:
    """The extension server always speaks TLS to the EPP."""
    return "self-signed"


def pool_annotations(stack: Stack) -> dict[str, str]:
    """Streams both bodies, as the EPP wants them."""
    return {"aigateway.envoyproxy.io/processing-body-mode": "duplex"}


def policies(stack: Stack) -> Iterator[Manifest]:
    """Timeouts and limits; the pick itself is wired by the extension server."""
    yield envoy.traffic_policy(stack, {})
