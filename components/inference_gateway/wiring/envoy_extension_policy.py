"""Envoy Gateway alone: an external processor on the route, and a load balancer that follows its pick.

Proved on real Envoys 1.39 and 1.40. A pick that is no pod of the Service falls back to least-request, so the EPP
cannot send a request outside the pool.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.common.manifest import Manifest
from components.facts.versions import parse
from components.inference_gateway.wiring import envoy
from components.inference_gateway.wiring.protocol import FailureMode, Tls, target_reference
from components.stack.params import Stack

CLASS_NAME = "envoy"
POOL_BACKEND = False
SINGLE_PICK = False
# The CRD forbids failOpen together with FullDuplexStreamed.
FAILURE_MODE: FailureMode = "FailClose"
ROUTE_TIMEOUTS = True
STREAM_IDLE = True
NEEDS: tuple[str, ...] = ("envoyGateway", "gatewayApi", "inferenceExtension", "llmdRouter")

gateway = envoy.gateway
service = envoy.service


def tls(stack: Stack) -> Tls:
    """Plain h2c inside the cluster, unless the stack asks for more."""
    return stack.gateway.epp.tls or "off"


def pool_annotations(stack: Stack) -> dict[str, str]:
    """None."""
    return {}


def policies(stack: Stack) -> Iterator[Manifest]:
    """The external processor, the load balancer that follows it, and what TLS needs."""
    wired = stack.has_pool and stack.gateway.extension_policy
    if wired:
        yield extension_policy(stack)
        if tls(stack) == "self-signed":
            yield tls_backend(stack)
        if tls(stack) == "cert-manager":
            yield certificate(stack)
            yield tls_policy(stack)
    follow = {"endpointOverride": {"extractFrom": [{"header": envoy.PICKED_ENDPOINT}]}} if wired else {}
    yield envoy.traffic_policy(stack, {"loadBalancer": {"type": "LeastRequest", **follow}})


def extension_policy(stack: Stack) -> Manifest:
    """Both bodies in full duplex: the only mode that the EPP speaks. The message timeout covers the time a request
    waits in the EPP."""
    status = {"statusOnError": 503} if parse(stack.cluster.versions["envoyGateway"]) >= parse("1.9.0") else {}
    processor: dict[str, Any] = {
        "backendRefs": [_epp_reference(stack)],
        "backendSettings": {
            "circuitBreaker": envoy.CIRCUIT_BREAKER,
            "timeout": {"tcp": {"connectTimeout": "5s"}},
        },
        "failOpen": False,
        "messageTimeout": f"{stack.serving.request_timeout_seconds}s",
        "processingMode": {
            "request": {"body": "FullDuplexStreamed"},
            "response": {"body": "FullDuplexStreamed"},
        },
        "metadata": {"accessibleNamespaces": ["envoy.lb"], "writableNamespaces": ["envoy.lb"]},
        **status,
    }
    return {
        "apiVersion": envoy.API,
        "kind": "EnvoyExtensionPolicy",
        "metadata": {"name": stack.names.epp},
        "spec": {"targetRefs": [target_reference(stack)], "extProc": [processor]},
    }


def _epp_reference(stack: Stack) -> dict[str, Any]:
    if tls(stack) == "self-signed":
        return {"group": "gateway.envoyproxy.io", "kind": "Backend", "name": stack.names.epp}
    return {"group": "", "kind": "Service", "name": stack.names.epp, "port": 9002}


def tls_backend(stack: Stack) -> Manifest:
    """TLS to the EPP's self-signed certificate, unverified. Needs ``extensionApis.enableBackend``."""
    host = f"{stack.names.epp}.{stack.namespace}.svc.{stack.cluster.domain}"
    return {
        "apiVersion": envoy.API,
        "kind": "Backend",
        "metadata": {"name": stack.names.epp},
        "spec": {
            "type": "Endpoints",
            "endpoints": [{"fqdn": {"hostname": host, "port": 9002}}],
            "tls": {"insecureSkipVerify": True},
        },
    }


def certificate(stack: Stack) -> Manifest:
    """The EPP's certificate, for the name that the gateway verifies."""
    return {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": stack.names.epp},
        "spec": {
            "secretName": f"{stack.names.epp}-tls",
            "dnsNames": [_tls_name(stack)],
            "issuerRef": {
                "group": "cert-manager.io",
                "kind": "ClusterIssuer",
                "name": stack.gateway.epp.issuer,
            },
            "privateKey": {"rotationPolicy": "Always"},
        },
    }


def tls_policy(stack: Stack) -> Manifest:
    """Verifies the EPP's certificate against the authority that cert-manager stores beside it."""
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "BackendTLSPolicy",
        "metadata": {"name": stack.names.epp},
        "spec": {
            "targetRefs": [
                {"group": "", "kind": "Service", "name": stack.names.epp, "sectionName": "grpc-ext-proc"}
            ],
            "validation": {
                "hostname": _tls_name(stack),
                "caCertificateRefs": [{"group": "", "kind": "Secret", "name": f"{stack.names.epp}-tls"}],
            },
        },
    }


def _tls_name(stack: Stack) -> str:
    return f"{stack.names.epp}.{stack.namespace}.svc"
