"""Routes: what they match, where they lead, and how long they let a request take."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from scripts.check.durations import seconds
from scripts.check.edges.gateways import parents
from scripts.check.fleet import ClusterView
from scripts.check.made import controller
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.rule import rule
from scripts.check.rules.crossing import listeners

_POOL = "InferencePool"
_MAX_RULES = 15
"""Rules of an AIGatewayRoute (its CRD's CEL)."""


@rule(
    "route-pool-backend-supported",
    kinds=("HTTPRoute",),
    why="Envoy Gateway alone does not know InferencePools: the route gets InvalidKind, and requests get 500.",
    fix="Use the wiring envoy-extension-policy, or install Envoy AI Gateway and declare `envoyAiGateway`.",
    source="gateway.md 41, 0.2",
    cause=("gateway", "wiring"),
)
def pool_backend_supported(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """A route with an InferencePool as backend hangs on a gateway that knows InferencePools."""
    if view.has("envoyAiGateway") or "envoyGateway" not in view.wires.controllers(route):
        return
    for ref in route.each("spec.rules[].backendRefs[]"):
        if ref.text("kind") == _POOL:
            yield Hit(
                route, ref.field, "Envoy Gateway runs this Gateway, and Envoy AI Gateway is not declared"
            )


@rule(
    "route-one-pool-a-rule",
    kinds=("HTTPRoute", "AIGatewayRoute"),
    why="Envoy AI Gateway skips the configuration of the whole fleet, and others pick from one pool only.",
    fix="Give each pool a rule of its own.",
    source="gateway.md 43; ai-gateway v1.1 CEL",
    cause=("gateway", "wiring"),
)
def one_pool_a_rule(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """A rule of a route names one InferencePool and no other backend beside it."""
    for one in route.each("spec.rules[]"):
        kinds = [ref.text("kind", "Service") for ref in one.each("backendRefs[]")]
        if _POOL in kinds and len(kinds) > 1:
            yield Hit(route, one.at("backendRefs"), f"the rule leads to {', '.join(kinds)}")


@rule(
    "route-one-match-a-pool",
    kinds=("HTTPRoute",),
    level="warning",
    why="Envoy AI Gateway asks the Endpoint Picker once for each match, so that one request is picked for twice.",
    fix="Write one match.",
    source="gateway.md 43; ai-gateway#2595",
    cause=("gateway", "wiring"),
)
def one_match_a_pool(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """Behind Envoy AI Gateway, a rule that leads to an InferencePool has one match."""
    if not view.has("envoyAiGateway") or "envoyGateway" not in view.wires.controllers(route):
        return
    for one in route.each("spec.rules[]"):
        matches = len(list(one.each("matches[]")))
        if matches > 1 and any(ref.text("kind") == _POOL for ref in one.each("backendRefs[]")):
            yield Hit(route, one.at("matches"), f"{matches} matches lead to one pool")


@rule(
    "ai-route-rules-few",
    kinds=("AIGatewayRoute",),
    why="The API server refuses an AIGatewayRoute with more than 15 rules.",
    fix="Split the route.",
    source="gateway.md 43",
)
def ai_route_rules(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """An AIGatewayRoute has at most fifteen rules."""
    count = len(list(route.each("spec.rules[]")))
    if count > _MAX_RULES:
        yield Hit(route, "spec.rules", f"{count} rules, {_MAX_RULES} are allowed")


@rule(
    "route-weights-split-nothing",
    kinds=("HTTPRoute",),
    why="A backend of weight 0 gets no request: the model behind it is never reached.",
    fix="Give the backend a weight, or remove it.",
    source="gateway.md 43; gateway-api HTTPBackendRef",
    cause=("gateway",),
)
def weights(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """Every backend of a route gets a share of the requests."""
    for ref in route.each("spec.rules[].backendRefs[]"):
        if ref.number("weight") == 0:
            yield Hit(
                route, ref.at("weight"), f"{ref.text('kind', 'Service')} {ref.text('name')} has weight 0"
            )


@rule(
    "route-has-a-backend",
    kinds=("HTTPRoute", "AIGatewayRoute"),
    why="The gateway answers 500 to every request that the rule matches.",
    fix="Name a backend, or a redirect.",
    source="gateway-api HTTPRouteRule; inference-stacks.md idea 1",
    cause=("gateway",),
)
def has_a_backend(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """Every rule of a route leads somewhere."""
    if not list(route.each("spec.rules[]")):
        yield Hit(route, "spec.rules", "it has no rule")
    for one in route.each("spec.rules[]"):
        redirects = any(item.has("requestRedirect") for item in one.each("filters[]"))
        if not redirects and not list(one.each("backendRefs[]")):
            yield Hit(route, one.field, "the rule has no backend")


@rule(
    "route-matches-alone",
    scope="cluster",
    why="The gateway sends all requests to the older route: one of the two models is never reached.",
    fix="Give each model a Gateway, a host name, a path or a header of its own.",
    source="gateway.md 44; serving.md 56; inference-stacks.md idea 2",
    cause=("gateway", "shared"),
)
def matches_alone(view: ClusterView) -> Iterator[Hit]:
    """On one listener, no two rules have the same host name and match and lead to different backends."""
    first: dict[tuple[str, ...], tuple[Obj, Node, str]] = {}
    for route in view.of("HTTPRoute"):
        for one in route.each("spec.rules[]"):
            backends = _canonical(one.raw("backendRefs"))
            for key in _keys(route, one, view):
                other, rule_of, leads = first.setdefault(key, (route, one, backends))
                if leads != backends:
                    where = f"rule {rule_of.text('name') or rule_of.field} of {other.ref}"
                    yield Hit(
                        route, one.at("matches"), f"{where} matches the same on {key[0]}, and leads elsewhere"
                    )
                    break


def _keys(route: Obj, one: Node, view: ClusterView) -> Iterator[tuple[str, ...]]:
    """(Gateway with listener, host name, match) of everything that a rule claims."""
    matches = [_canonical(_defaulted(match.value)) for match in one.each("matches[]")] or [
        _canonical(_defaulted({}))
    ]
    for edge in parents(route, view):
        gateway = view.compiled(edge.kind, edge.namespace, edge.name)
        names = (
            [item.text("name") for item in listeners(gateway, edge.section)] if gateway else [edge.section]
        )
        for listener in names:
            for host in route.strings("spec.hostnames") or ["*"]:
                for match in matches:
                    yield f"listener {listener} of {edge.target}", host.lower(), match


def _defaulted(match: dict[str, Any]) -> dict[str, Any]:
    """A match with the defaults of the API server: path ``/``, headers by exact value and in any order."""
    path = match.get("path")
    given = path if isinstance(path, dict) else {}
    value = str(given.get("value", "/")).rstrip("/") or "/"
    headers = match.get("headers")
    return {
        **match,
        "path": {"type": given.get("type", "PathPrefix"), "value": value},
        "headers": sorted(
            (str(one.get("name", "")).lower(), str(one.get("type", "Exact")), str(one.get("value", "")))
            for one in (headers if isinstance(headers, list) else [])
            if isinstance(one, dict)
        ),
    }


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


@rule(
    "route-lets-requests-finish",
    kinds=("HTTPRoute",),
    level="warning",
    why="The gateway's own limit cuts long answers: 15 s in Envoy Gateway, 60 s in Envoy AI Gateway.",
    fix="Set the route's request timeout to what the model needs (`serving.requestTimeoutSeconds`).",
    source="gateway.md 50; serving.md 57",
    cause=("serving", "requestTimeoutSeconds"),
)
def lets_requests_finish(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """A route says how long a request may take, and that is as long as the model's stack says."""
    if "gke" in view.wires.controllers(route):
        return
    stack = view.stack_of(route)
    for one in route.each("spec.rules[]"):
        written = one.text("timeouts.request")
        limit = seconds(written)
        if limit is None:
            yield Hit(route, one.at("timeouts"), "the rule has no request timeout")
        elif stack and 0 < limit < stack.serving.request_timeout_seconds:
            wanted = stack.serving.request_timeout_seconds
            yield Hit(route, one.at("timeouts.request"), f"{written} is shorter than the stack's {wanted} s")


@rule(
    "route-backend-timeout-fits",
    kinds=("HTTPRoute",),
    why="The API server refuses a route whose backend timeout is longer than its request timeout.",
    fix="Raise `request`, or lower `backendRequest`.",
    source="gateway-api HTTPRouteTimeouts CEL",
    cause=("serving", "requestTimeoutSeconds"),
)
def backend_timeout_fits(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """A rule's backend timeout is not longer than its request timeout."""
    for one in route.each("spec.rules[]"):
        request, backend = one.text("timeouts.request"), one.text("timeouts.backendRequest")
        whole, part = seconds(request), seconds(backend)
        if whole and part and part > whole:
            yield Hit(
                route, one.at("timeouts.backendRequest"), f"{backend} is longer than the request's {request}"
            )


@rule(
    "gke-route-without-timeouts",
    kinds=("HTTPRoute",),
    why="GKE refuses a route with timeouts, and programs nothing of it.",
    fix="Leave them out: a GCPBackendPolicy sets the timeout there.",
    source="gateway.md 50, 5.E",
    cause=("gateway", "wiring"),
)
def gke_without_timeouts(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """A route on a Gateway of GKE has no timeouts."""
    if "gke" in view.wires.controllers(route):
        for one in route.each("spec.rules[]"):
            if one.has("timeouts"):
                yield Hit(route, one.at("timeouts"), "the Gateway is GKE's")


@rule(
    "istio-pool-route-without-cors",
    kinds=("HTTPRoute",),
    why="Istio drops the Endpoint Picker from a rule with a CORS filter, and spreads requests blindly.",
    fix="Answer CORS in LiteLLM, in front.",
    source="gateway.md 53",
    cause=("gateway", "wiring"),
)
def istio_without_cors(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """On Istio, a rule that leads to an InferencePool has no CORS filter."""
    if "istio" not in view.wires.controllers(route):
        return
    for one in route.each("spec.rules[]"):
        pooled = any(ref.text("kind") == _POOL for ref in one.each("backendRefs[]"))
        for item in one.each("filters[]"):
            if pooled and (item.text("type") == "CORS" or item.has("cors")):
                yield Hit(route, item.field, "the rule leads to an InferencePool")


@rule(
    "route-prefix-without-slash",
    kinds=("HTTPRoute",),
    why="Envoy Gateway routes a request to exactly this path, but does not rewrite it, and the model answers 404.",
    fix="Write the prefix without a slash at the end.",
    source="envoy-proved.md corrections 2",
    cause=("gateway",),
)
def prefix_without_slash(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """A path prefix that is rewritten does not end in a slash."""
    if "envoyGateway" not in view.wires.controllers(route):
        return
    for one in route.each("spec.rules[]"):
        rewrites = any(item.has("urlRewrite.path") for item in one.each("filters[]"))
        for match in one.each("matches[]"):
            value = match.text("path.value")
            if (
                rewrites
                and match.text("path.type", "PathPrefix") == "PathPrefix"
                and value.endswith("/")
                and value != "/"
            ):
                yield Hit(route, match.at("path.value"), f"{value} is rewritten")


@rule(
    "gateway-has-a-route",
    kinds=("Gateway",),
    level="warning",
    why="The Gateway's proxies run for nobody, and a name that leads to it answers 404.",
    fix="Attach a route, or remove the shared gateway.",
    source="inference-stacks.md idea 1",
    cause=("cluster", "sharedGateways"),
)
def gateway_has_a_route(gateway: Obj, view: ClusterView) -> Iterator[Hit]:
    """A route names every Gateway."""
    if not view.wires.routes_of_gateway(gateway):
        yield Hit(
            gateway,
            "metadata.name",
            f"no route names it ({controller(view, gateway) or 'unknown controller'})",
        )


@rule(
    "route-not-to-metrics",
    kinds=("HTTPRoute",),
    why="Whoever reaches the gateway reads metrics without a key, and requests for models get 404.",
    fix="Let the route lead to the port that serves requests.",
    source="serving.md 3.3; components/litellm (keyless metrics port)",
    cause=("gateway",),
)
def not_to_metrics(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """A route does not lead to a port for metrics."""
    for ref in route.each("spec.rules[].backendRefs[]"):
        namespace = ref.text("namespace", route.namespace)
        service = view.compiled(ref.text("kind", "Service"), namespace, ref.text("name"))
        if service is None:
            continue
        for port in service.each("spec.ports[]"):
            if port.number("port") == ref.number("port") and "metrics" in port.text("name"):
                yield Hit(
                    route, ref.at("port"), f"port {port.number('port')} of {service.ref} is for metrics"
                )
