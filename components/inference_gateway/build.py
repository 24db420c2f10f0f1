"""Everything between LiteLLM and a stack's pods: Gateway, route, InferencePool, Endpoint Picker, wiring."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.common import labels
from components.common.cluster import Cluster
from components.common.manifest import Manifest
from components.facts.versions import parse
from components.inference_gateway import epp
from components.inference_gateway.wiring import WIRINGS
from components.inference_gateway.wiring.protocol import InternalGateway, Wiring
from components.serving_runtimes.engines import ENGINES
from components.stack.params import Stack

GATEWAY_API = "gateway.networking.k8s.io/v1"


def build(stack: Stack) -> Iterator[Manifest]:
    """The stack's side of the gateway; nothing where it is switched off."""
    if not stack.gateway.enabled:
        return
    wiring = WIRINGS[stack.gateway.wiring]
    if not stack.gateway.shared:
        yield from wiring.gateway(own_gateway(stack, wiring))
    if stack.has_pool:
        yield pool(stack, wiring)
        yield from epp.build(stack, wiring)
    if not routes_to_pool(stack, wiring):
        yield endpoints(stack)
    yield route(stack, wiring)
    yield from wiring.policies(stack)


def own_gateway(stack: Stack, wiring: Wiring) -> InternalGateway:
    """The Gateway that only this stack uses."""
    return InternalGateway(
        name=stack.names.gateway,
        namespace=stack.namespace,
        class_name=stack.gateway.class_name or wiring.CLASS_NAME,
        route_namespaces=(stack.namespace,),
        longest_request_seconds=stack.serving.request_timeout_seconds,
        cluster=stack.cluster,
    )


def routes_to_pool(stack: Stack, wiring: Wiring) -> bool:
    """Whether the route's backend is the InferencePool."""
    return wiring.POOL_BACKEND and stack.has_pool and stack.gateway.extension_policy


def pool(stack: Stack, wiring: Wiring) -> Manifest:
    """The InferencePool: selector, port and EPP come from the same facts as pods and Service."""
    annotations = wiring.pool_annotations(stack)
    return {
        "apiVersion": "inference.networking.k8s.io/v1",
        "kind": "InferencePool",
        "metadata": {"name": stack.names.pool, **({"annotations": annotations} if annotations else {})},
        "spec": {
            "selector": {"matchLabels": labels.predictor_selector(stack.names.predictor_app)},
            "targetPorts": [{"number": ENGINES[stack.runtime.engine].PORT}],
            **_app_protocol(stack),
            "endpointPickerRef": {
                "group": "",
                "kind": "Service",
                "name": stack.names.epp,
                "port": {"number": epp.EXT_PROC_PORT},
                "failureMode": stack.gateway.pool.failure_mode or wiring.FAILURE_MODE,
            },
        },
    }


def _app_protocol(stack: Stack) -> dict[str, str]:
    """The default, written out where the cluster's CRD has the field."""
    version = stack.cluster.versions["inferenceExtension"]
    return {"appProtocol": "http"} if parse(version) >= parse("1.4.0") else {}


def endpoints(stack: Stack) -> Manifest:
    """A headless Service of exactly the pool's pods: the gateway needs their addresses."""
    port = ENGINES[stack.runtime.engine].PORT
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": stack.names.endpoints},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "None",
            "selector": labels.predictor_selector(stack.names.predictor_app),
            "ports": [{"name": "http", "port": port, "targetPort": port, "protocol": "TCP"}],
        },
    }


def path_prefix(stack: Stack) -> str:
    """Where the stack's API begins on its Gateway: ``/``, or ``/<service>`` on a shared one (no slash at the end:
    with one, Envoy Gateway does not rewrite the bare path)."""
    return f"/{stack.names.service}" if stack.gateway.shared else "/"


def route(stack: Stack, wiring: Wiring) -> Manifest:
    """The HTTPRoute, with every default of the API server written out."""
    prefix = path_prefix(stack)
    rewrite = {
        "type": "URLRewrite",
        "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}},
    }
    rule: dict[str, Any] = {
        **rule_name(stack.cluster, "inference"),
        "matches": [{"path": {"type": "PathPrefix", "value": prefix}}],
        **({"filters": [rewrite]} if prefix != "/" else {}),
        "backendRefs": [_backend(stack, wiring)],
    }
    if wiring.ROUTE_TIMEOUTS:
        rule["timeouts"] = {"request": f"{stack.serving.request_timeout_seconds}s"}
    parent = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "name": stack.names.gateway,
        "namespace": stack.gateway_namespace,
        "sectionName": "http",
    }
    return {
        "apiVersion": GATEWAY_API,
        "kind": "HTTPRoute",
        "metadata": {"name": stack.names.route},
        "spec": {"parentRefs": [parent], "rules": [rule]},
    }


def rule_name(cluster: Cluster, name: str) -> dict[str, str]:
    """The name of a route's rule, where the cluster's Gateway API has the field."""
    version = cluster.versions.get("gatewayApi", "1.4.0")
    return {"name": name} if parse(version) >= parse("1.4.0") else {}


def _backend(stack: Stack, wiring: Wiring) -> dict[str, Any]:
    if routes_to_pool(stack, wiring):
        return {
            "group": "inference.networking.k8s.io",
            "kind": "InferencePool",
            "name": stack.names.pool,
            "weight": 1,
        }
    port = ENGINES[stack.runtime.engine].PORT
    return {"group": "", "kind": "Service", "name": stack.names.endpoints, "port": port, "weight": 1}


def api_base(stack: Stack) -> str:
    """The base URL of the stack's OpenAI API, as LiteLLM calls it. Ends with /v1, because LiteLLM adds only
    ``/chat/completions`` (measured)."""
    domain = stack.cluster.domain
    if not stack.gateway.enabled:
        return f"http://{stack.names.predictor}.{stack.namespace}.svc.{domain}/v1"
    host = stack.gateway.hostname or f"{stack.names.gateway}.{stack.gateway_namespace}.svc.{domain}"
    prefix = path_prefix(stack).rstrip("/")
    return f"http://{host}{prefix}/v1"
