"""Crossing namespaces: listeners that admit the routes, and grants for references."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.check.edges.gateways import GATEWAY_API, backend_refs, parents, reference
from scripts.check.fleet import ClusterView
from scripts.check.graph import Edge
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.rule import rule

_LABEL = "kubernetes.io/metadata.name"
"""Label that Kubernetes puts on every namespace."""


@rule(
    "route-admitted",
    kinds=("HTTPRoute", "GRPCRoute", "AIGatewayRoute"),
    why="The Gateway does not take the route (NotAllowedByListeners), and requests get 404.",
    fix="Open the listener to the route's namespace, or move the route beside the Gateway.",
    source="gateway.md 42; serving.md 55",
    cause=("gateway", "shared"),
)
def admitted(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """A Gateway's listener admits the namespaces and kinds of the routes that name it."""
    for edge in parents(route, view):
        gateway = view.find(edge.kind, edge.namespace, edge.name)
        if gateway is None or gateway.kind != "Gateway" or gateway.origin != "compiled":
            continue
        for listener in listeners(gateway, edge.section):
            reason = _refuses(listener, gateway, route, view)
            if reason:
                yield Hit(route, edge.field, f"listener {listener.text('name')} of {gateway.ref} {reason}")


def listeners(gateway: Obj, section: str) -> list[Node]:
    """The listeners that a parent reference means: the one that it names, else all."""
    return [one for one in gateway.each("spec.listeners[]") if section in ("", one.text("name"))]


def _refuses(listener: Node, gateway: Obj, route: Obj, view: ClusterView) -> str | None:
    kinds = [one.text("kind") for one in listener.each("allowedRoutes.kinds[]")]
    if kinds and route.kind not in kinds:
        return f"admits {', '.join(kinds)} only"
    admits = listener.text("allowedRoutes.namespaces.from", "Same")
    if admits == "Same" and route.namespace != gateway.namespace:
        return f"admits routes of {gateway.namespace} only, not of {route.namespace}"
    if admits == "Selector":
        return _unselected(listener, route, view)
    return "admits no route" if admits == "None" else None


def _unselected(listener: Node, route: Obj, view: ClusterView) -> str | None:
    """Why the listener's selector leaves a route's namespace out; a namespace of another release is not
    known."""
    selector = listener.node("allowedRoutes.namespaces.selector")
    namespace = view.compiled("Namespace", "", route.namespace)
    labels = {_LABEL: route.namespace, **(namespace.labels if namespace else {})}
    for key, value in selector.texts("matchLabels").items():
        if labels.get(key) != value and (namespace or key == _LABEL):
            return f"admits namespaces with {key}={value}, {route.namespace} has {labels.get(key, 'none')}"
    for one in selector.each("matchExpressions[]"):
        key, values = one.text("key"), one.strings("values")
        if one.text("operator") == "In" and labels.get(key) not in values and (namespace or key == _LABEL):
            return f"admits namespaces with {key} in {', '.join(values)}, not {route.namespace}"
    return None


@rule(
    "route-hostname-fits-listener",
    kinds=("HTTPRoute", "GRPCRoute"),
    why="The Gateway does not take the route (NoMatchingListenerHostname), and requests get 404.",
    fix="Give route and listener host names that overlap.",
    source="gateway.md 42",
    cause=("gateway", "hostname"),
)
def hostname_fits(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """A route's host names overlap with those of the listener that it names."""
    wanted = route.strings("spec.hostnames")
    for edge in parents(route, view):
        gateway = view.compiled(edge.kind, edge.namespace, edge.name)
        if gateway is None or not wanted:
            continue
        offered = [one.text("hostname") for one in listeners(gateway, edge.section)]
        if offered and not any(_overlap(host, other) for host in wanted for other in offered):
            message = f"{', '.join(wanted)} fits none of the listener's {', '.join(offered)}"
            yield Hit(route, "spec.hostnames", f"{message} ({gateway.ref})")


def _overlap(host: str, other: str) -> bool:
    """Whether two host names of the Gateway API, either with ``*.`` in front or empty, have one in common."""
    if not other or host == other:
        return True
    if host.startswith("*.") and other.startswith("*."):
        return host.endswith(other[1:]) or other.endswith(host[1:])
    if other.startswith("*."):
        return host.endswith(other[1:])
    return host.startswith("*.") and other.endswith(host[1:])


@rule(
    "reference-granted",
    kinds=("HTTPRoute", "GRPCRoute", "EnvoyExtensionPolicy", "Gateway"),
    why="The gateway does not follow a reference into another namespace without a grant there (RefNotPermitted).",
    fix="Compile a ReferenceGrant in the target's namespace, or put both into one namespace.",
    source="gateway.md 42; inference-stacks.md idea 1",
)
def granted(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A reference into another namespace has a ReferenceGrant there."""
    for edge in _crossing(obj):
        if edge.namespace != obj.namespace and not _grants(edge, view):
            message = (
                f"{edge.target} lies in another namespace, and no ReferenceGrant there admits {obj.kind}"
            )
            yield Hit(obj, edge.field, f"{message} of {obj.namespace}")


def _crossing(obj: Obj) -> Iterator[Edge]:
    if obj.kind == "Gateway":
        for ref in obj.each("spec.listeners[].tls.certificateRefs[]"):
            namespace = ref.text("namespace", obj.namespace)
            yield Edge(
                obj, ref.field, ref.text("kind", "Secret"), namespace, ref.text("name"), ref.text("group")
            )
    elif obj.kind == "EnvoyExtensionPolicy":
        for ref in obj.each("spec.extProc[].backendRefs[]"):
            yield reference(obj, ref, ())
    else:
        for ref in backend_refs(obj):
            yield reference(obj, ref, ())


def _grants(edge: Edge, view: ClusterView) -> bool:
    start = f"{edge.namespace}/"
    provided = view.facts.provided.get("ReferenceGrant", {})
    if any(on and name.startswith(start) for name, on in provided.items()):
        return True
    return any(
        grant.namespace == edge.namespace and _admits(grant, edge) for grant in view.of("ReferenceGrant")
    )


def _admits(grant: Obj, edge: Edge) -> bool:
    source = edge.source
    from_here = any(
        (one.text("group"), one.text("kind"), one.text("namespace"))
        == (source.group or GATEWAY_API, source.kind, source.namespace)
        for one in grant.each("spec.from[]")
    )
    to_there = any(
        one.text("kind") == edge.kind
        and one.text("group") == (edge.group or "")
        and one.text("name", edge.name) == edge.name
        for one in grant.each("spec.to[]")
    )
    return from_here and to_there
