"""Edges of Gateways, routes and the policies that hang on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scripts.check.graph import Edge
from scripts.check.model import Obj
from scripts.check.node import Node

if TYPE_CHECKING:
    from scripts.check.fleet import ClusterView

GATEWAY_API = "gateway.networking.k8s.io"
ROUTES = ("HTTPRoute", "GRPCRoute", "AIGatewayRoute")
POLICIES = (
    "EnvoyExtensionPolicy",
    "BackendTrafficPolicy",
    "ClientTrafficPolicy",
    "SecurityPolicy",
    "BackendTLSPolicy",
    "HealthCheckPolicy",
    "GCPBackendPolicy",
)
_DEFAULT_GROUP = {"Service": "", "Secret": "", "ConfigMap": "", "Gateway": GATEWAY_API}


def parents(route: Obj, view: ClusterView) -> Iterator[Edge]:
    """Route → Gateway and listener."""
    for ref in route.each("spec.parentRefs[]"):
        kind = ref.text("kind", "Gateway")
        yield Edge(
            route,
            ref.field,
            kind,
            ref.text("namespace", route.namespace),
            ref.text("name"),
            ref.text("group", GATEWAY_API if kind == "Gateway" else ""),
            section=ref.text("sectionName"),
            cause=("gateway",),
        )


def backends(route: Obj, view: ClusterView) -> Iterator[Edge]:
    """Route → Service and port, InferencePool, Backend."""
    for ref in backend_refs(route):
        yield reference(route, ref, ("gateway", "pool"))


def backend_refs(route: Obj) -> Iterator[Node]:
    """Every backend of a route, those of mirrors included."""
    yield from route.each("spec.rules[].backendRefs[]")
    yield from route.each("spec.rules[].filters[].requestMirror.backendRef")


def reference(source: Obj, ref: Node, cause: tuple[str, ...]) -> Edge:
    """An object reference with the defaults of the Gateway API: kind Service, the namespace of its owner."""
    kind = ref.text("kind", "Service")
    port = ref.number("port") if kind == "Service" else None
    group = (
        ref.text("group", _DEFAULT_GROUP.get(kind, ""))
        if ref.has("group") or kind in _DEFAULT_GROUP
        else None
    )
    namespace = ref.text("namespace", source.namespace)
    return Edge(source, ref.field, kind, namespace, ref.text("name"), group, port=port, cause=cause)


def gateway_class(gateway: Obj, view: ClusterView) -> Iterator[Edge]:
    """Gateway → GatewayClass."""
    name = gateway.text("spec.gatewayClassName")
    yield Edge(gateway, "spec.gatewayClassName", "GatewayClass", "", name, cause=("gateway", "className"))


def gateway_parameters(gateway: Obj, view: ClusterView) -> Iterator[Edge]:
    """Gateway → what configures its proxy."""
    ref = gateway.node("spec.infrastructure.parametersRef")
    if ref.text("name"):
        yield Edge(
            gateway, ref.field, ref.text("kind"), gateway.namespace, ref.text("name"), ref.text("group")
        )


def gateway_certificates(gateway: Obj, view: ClusterView) -> Iterator[Edge]:
    """Gateway → certificates of its listeners."""
    for ref in gateway.each("spec.listeners[].tls.certificateRefs[]"):
        namespace = ref.text("namespace", gateway.namespace)
        keys = ("tls.crt", "tls.key")
        yield Edge(gateway, ref.field, ref.text("kind", "Secret"), namespace, ref.text("name"), keys=keys)


def policy_targets(policy: Obj, view: ClusterView) -> Iterator[Edge]:
    """Policy → what it is about; a policy only reaches its own namespace."""
    for ref in target_refs(policy):
        yield Edge(
            policy,
            ref.field,
            ref.text("kind"),
            policy.namespace,
            ref.text("name"),
            ref.text("group"),
            section=ref.text("sectionName"),
            cause=("gateway", "wiring"),
        )


def target_refs(policy: Obj) -> Iterator[Node]:
    """Every target of a policy, however it is written."""
    yield from policy.each("spec.targetRefs[]")
    yield from policy.each("spec.targetRef")


def processors(policy: Obj, view: ClusterView) -> Iterator[Edge]:
    """EnvoyExtensionPolicy → the Endpoint Picker's Service and port."""
    for ref in policy.each("spec.extProc[].backendRefs[]"):
        yield reference(policy, ref, ("gateway", "epp"))


def backend_certificates(policy: Obj, view: ClusterView) -> Iterator[Edge]:
    """BackendTLSPolicy → the certificate of the authority that it trusts."""
    for ref in policy.each("spec.validation.caCertificateRefs[]"):
        yield Edge(
            policy,
            ref.field,
            ref.text("kind"),
            policy.namespace,
            ref.text("name"),
            ref.text("group"),
            keys=("ca.crt",),
            cause=("gateway", "epp", "issuer"),
        )


def destination_hosts(rule: Obj, view: ClusterView) -> Iterator[Edge]:
    """DestinationRule → the Service that it is about."""
    found = service_of_host(rule.text("spec.host"), rule.namespace, view)
    if found:
        namespace, name = found
        yield Edge(rule, "spec.host", "Service", namespace, name, "", cause=("gateway", "wiring"))


def service_of_host(host: str, namespace: str, view: ClusterView) -> tuple[str, str] | None:
    """(namespace, name) of the Service that a host name inside the cluster means, seen from ``namespace``;
    None for a host outside."""
    short = host.removesuffix(f".{view.facts.domain}")
    inside = short.endswith(".svc")
    name, dot, space = short.removesuffix(".svc").partition(".")
    if not name or "." in space:
        return None
    if dot and not inside and space not in view.namespaces:
        return None
    return (space or namespace, name)
