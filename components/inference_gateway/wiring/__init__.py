"""Ways of wiring an Endpoint Picker into a gateway, by the name that the inventory uses."""

from __future__ import annotations

from components.inference_gateway.wiring import (
    agentgateway,
    envoy_ai_gateway,
    envoy_extension_policy,
    gke,
    istio,
)
from components.inference_gateway.wiring.protocol import Wiring

WIRINGS: dict[str, Wiring] = {
    "envoy-extension-policy": envoy_extension_policy,
    "envoy-ai-gateway": envoy_ai_gateway,
    "istio": istio,
    "agentgateway": agentgateway,
    "gke": gke,
}
