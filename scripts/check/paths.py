"""The way of a request through a cluster: from a URL to the pods that answer it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scripts.check.edges.gateways import reference, service_of_host
from scripts.check.model import Obj
from scripts.check.node import Node
from scripts.check.pods import Pod

if TYPE_CHECKING:
    from scripts.check.fleet import ClusterView

_HOPS = 4
"""ExternalNames that are followed."""
_CLUSTER_SET = "clusterset.local"
"""The domain of Services that several clusters share (Multi-Cluster Services API)."""
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Lead:
    """Where a request ends."""

    pods: tuple[Pod, ...] = ()
    broken: str = ""
    """Why it ends nowhere; empty when it reaches pods, or leaves what is known."""
    unknown: bool = False
    """Whether it leaves what is compiled: a host outside, or an object of another release."""
    rules: tuple[Node, ...] = ()
    """The rule of the route that was taken."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sends."""

    url: str
    path: str
    """Path that the client puts behind the URL's own: ``/chat/completions``."""
    headers: Mapping[str, str]
    """By lower-case name."""


def follow(request: Request, namespace: str, view: ClusterView) -> Lead:
    """The pods that answer a request of a client in ``namespace``."""
    try:
        parts = urlsplit(request.url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return Lead(broken=f"{request.url!r} is no URL")
    host = parts.hostname or ""
    found = service_of_host(host, namespace, view)
    if found is None:
        return _outside((host, port), request, parts.path, view)
    return _service(found, port, f"{parts.path.rstrip('/')}{request.path}", request, view)


def _outside(at: tuple[str, int], request: Request, path: str, view: ClusterView) -> Lead:
    """A host outside the cluster leads back in where a stack says that its gateway is reached so, or where a compiled
    route claims it."""
    host, port = at
    full = f"{path.rstrip('/')}{request.path}"
    for stack in view.stacks.values():
        gateway = view.compiled("Gateway", stack.gateway_namespace, stack.names.gateway)
        if stack.gateway.hostname == host and gateway is not None:
            ports = [one.number("port") for one in gateway.each("spec.listeners[]")]
            if port not in ports:
                return Lead(
                    broken=f"{gateway.ref} has no port {port} (has {', '.join(map(str, ports)) or 'none'})"
                )
            lead = _routed(view.wires.routes_of_gateway(gateway), full, host, request, view)
            return Lead(broken=f"{lead.broken} on {gateway.ref}") if lead.broken else lead
    routes = [route for route in view.of("HTTPRoute") if host and host in route.strings("spec.hostnames")]
    if not routes:
        broken = _of_another_domain(host, view)
        return Lead(broken=broken, unknown=not broken)
    return _routed(routes, full, host, request, view)


def _of_another_domain(host: str, view: ClusterView) -> str:
    """What is wrong with a host that names a Service of this cluster in a domain that is not the cluster's."""
    name, _, rest = host.partition(".")
    namespace, _, domain = rest.partition(".svc.")
    if not domain or domain == _CLUSTER_SET or view.find("Service", namespace, name) is None:
        return ""
    return f"Service {namespace}/{name} is in {view.facts.domain}, not in {domain}"


def _service(found: tuple[str, str], port: int, path: str, request: Request, view: ClusterView) -> Lead:
    namespace, name = found
    for _ in range(_HOPS):
        service = view.find("Service", namespace, name)
        if service is None:
            near = view.near("Service", namespace, name)
            hint = f"; the nearest name is {near}" if near else ""
            return Lead(broken=f"there is no Service {namespace}/{name}{hint}")
        if service.origin == "provided":
            return Lead(unknown=True)
        if service.text("spec.type") != "ExternalName":
            return _behind(service, port, path, request, view)
        after = service_of_host(service.text("spec.externalName"), namespace, view)
        if after is None:
            return Lead(unknown=True)
        namespace, name = after
    return Lead(broken=f"Service {namespace}/{name} is another name of itself")


def _behind(service: Obj, port: int, path: str, request: Request, view: ClusterView) -> Lead:
    numbers = [one.number("port") for one in service.each("spec.ports[]")]
    if port not in numbers:
        return Lead(broken=f"{service.ref} has no port {port} (has {', '.join(map(str, numbers)) or 'none'})")
    source = service.source
    if source is not None and source.kind == "Gateway":
        routes = view.wires.routes_of_gateway(source)
        host = urlsplit(request.url).hostname or ""
        lead = _routed(routes, path, host, request, view)
        return Lead(broken=f"{lead.broken} on {source.ref}") if lead.broken else lead
    if source is not None:
        return Lead(pods=tuple(view.pods_of(source)))
    pods = view.select(service.namespace, service.texts("spec.selector"))
    return Lead(pods=tuple(pods)) if pods else Lead(broken=f"{service.ref} selects no pod")


def _routed(routes: Iterable[Obj], path: str, host: str, request: Request, view: ClusterView) -> Lead:
    """The backends of the rule that a gateway takes: the longest path, then the most headers (Gateway API)."""
    best: tuple[tuple[int, int, int], Obj, Node] | None = None
    for route in routes:
        names = route.strings("spec.hostnames")
        if names and not any(_host_fits(host, name) for name in names):
            continue
        for rule in route.each("spec.rules[]"):
            rank = max((one for one in _ranks(rule, path, request)), default=None)
            if rank is not None and (best is None or rank > best[0]):
                best = (rank, route, rule)
    if best is None:
        sent = "".join(f", {name}: {value}" for name, value in request.headers.items())
        return Lead(broken=f"no route matches {path}{sent}")
    return _backends(best[1], best[2], view)


def _host_fits(host: str, pattern: str) -> bool:
    return host == pattern or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def _ranks(rule: Node, path: str, request: Request) -> Iterator[tuple[int, int, int]]:
    """How well each match of a rule fits; nothing for one that does not."""
    matches = list(rule.each("matches[]")) or [Node({})]
    for match in matches:
        headers = list(match.each("headers[]"))
        if not all(request.headers.get(one.text("name").lower()) == one.text("value") for one in headers):
            continue
        value, exact = match.text("path.value", "/"), match.text("path.type", "PathPrefix") == "Exact"
        prefix = value.rstrip("/")
        if path == value or (not exact and (path == prefix or path.startswith(f"{prefix}/"))):
            yield int(exact), len(value), len(headers)


def _backends(route: Obj, rule: Node, view: ClusterView) -> Lead:
    pods: list[Pod] = []
    for ref in rule.each("backendRefs[]"):
        edge = reference(route, ref, ())
        found = view.find(edge.kind, edge.namespace, edge.name)
        if found is None:
            return Lead(broken=f"{route.ref} leads to {edge.target}, which is not there")
        if found.origin == "provided" or found.kind not in ("Service", "InferencePool"):
            return Lead(unknown=True)
        if found.kind == "InferencePool":
            pods.extend(view.select(found.namespace, found.texts("spec.selector.matchLabels")))
        elif found.source is not None:
            pods.extend(view.pods_of(found.source))
        else:
            pods.extend(view.select(found.namespace, found.texts("spec.selector")))
    if not pods:
        return Lead(broken=f"{route.ref} leads to no pod")
    return Lead(pods=tuple(pods), rules=(rule,))
