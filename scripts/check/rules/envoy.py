"""Envoy Gateway's policies: the Endpoint Picker as external processor, the load balancer that follows it, limits.

``envoy-proved.md`` (measured on Envoy 1.39 and 1.40) goes before gateway.md 5.B.
"""

from __future__ import annotations

from collections.abc import Iterator

from components.common.quantities import parse as quantity
from components.facts import table
from scripts.check.durations import seconds
from scripts.check.edges.gateways import POLICIES, target_refs
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.rule import rule

PICKED = "x-gateway-destination-endpoint"
"""Header in which the Endpoint Picker says where a request goes."""
PREFILLER = "x-prefiller-host-port"
"""Header in which it says where a prompt is worked on first."""
_HEADERS = "spec.loadBalancer.endpointOverride.extractFrom[]"
_MAX_PROCESSORS = 16
_DEFAULT_LIMIT = 1024
"""Envoy's circuit breakers when nothing is set."""


def _follows(policy: Obj) -> bool:
    """Whether a BackendTrafficPolicy sends requests where the Endpoint Picker says."""
    return any(one.text("header").lower() == PICKED for one in policy.each(_HEADERS))


@rule(
    "extension-policy-full-duplex",
    kinds=("EnvoyExtensionPolicy",),
    why="The Endpoint Picker speaks full duplex only: it waits for the body for ever, or the gateway for its answer.",
    fix="Write FullDuplexStreamed for the bodies of request and response.",
    source="gateway.md 47, 3.6",
    cause=("gateway", "wiring"),
)
def full_duplex(policy: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker gets both bodies as FullDuplexStreamed."""
    for one in policy.each("spec.extProc[]"):
        for part in ("request", "response"):
            path = f"processingMode.{part}.body"
            found = one.text(path) or "nothing"
            if found != "FullDuplexStreamed":
                yield Hit(policy, one.at(path), f"the {part} body is sent as {found}")


@rule(
    "extension-policy-fails-closed",
    kinds=("EnvoyExtensionPolicy",),
    why="The API server refuses failOpen together with FullDuplexStreamed.",
    fix="Write `failOpen: false`.",
    source="gateway.md 47, 0.5",
    cause=("gateway", "pool", "failureMode"),
)
def fails_closed(policy: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker is not skipped when it fails."""
    for one in policy.each("spec.extProc[]"):
        if one.flag("failOpen"):
            yield Hit(policy, one.at("failOpen"), "failOpen is true")


@rule(
    "extension-policy-waits-long-enough",
    kinds=("EnvoyExtensionPolicy",),
    why="Envoy gives up after 200 ms by default: a request that waits in the Endpoint Picker's queue fails.",
    fix="Set `messageTimeout` to the route's request timeout.",
    source="gateway.md 47",
    cause=("serving", "requestTimeoutSeconds"),
)
def waits_long_enough(policy: Obj, view: ClusterView) -> Iterator[Hit]:
    """The message timeout is as long as the request timeout of the routes that the policy is about."""
    longest = max(map(longest_request, _routes(policy, view)), default=0.0)
    for one in policy.each("spec.extProc[]"):
        written = one.text("messageTimeout")
        limit = seconds(written)
        if limit is None:
            yield Hit(policy, one.at("messageTimeout"), "there is no message timeout")
        elif limit < longest:
            yield Hit(
                policy, one.at("messageTimeout"), f"{written} is shorter than the route's {longest:g} s"
            )


def _routes(policy: Obj, view: ClusterView) -> list[Obj]:
    """The routes that a policy reaches, through their Gateway too."""
    found: list[Obj] = []
    for ref in target_refs(policy):
        obj = view.compiled(ref.text("kind"), policy.namespace, ref.text("name"))
        if obj is not None and obj.kind == "HTTPRoute":
            found.append(obj)
        elif obj is not None and obj.kind == "Gateway":
            found.extend(view.wires.routes_of_gateway(obj))
    return found


def longest_request(route: Obj) -> float:
    """The longest request timeout of a route's rules, in seconds; 0 without any."""
    found = (seconds(one.text("timeouts.request")) for one in route.each("spec.rules[]"))
    return max((limit for limit in found if limit is not None), default=0.0)


@rule(
    "extension-policy-backend-direct",
    kinds=("EnvoyExtensionPolicy",),
    why="Envoy Gateway refuses the policy, and requests go to pods that nobody picked.",
    fix="Name a Service, or install Envoy Gateway with the Backend API and set `cluster.envoyGateway.backendApi`.",
    source="gateway.md 47",
    cause=("cluster", "envoyGateway", "backendApi"),
)
def backend_direct(policy: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker is a Service with a port, or a Backend where Envoy Gateway was installed with that API."""
    processors = list(policy.each("spec.extProc[]"))
    if len(processors) > _MAX_PROCESSORS:
        yield Hit(policy, "spec.extProc", f"{len(processors)} processors, {_MAX_PROCESSORS} are allowed")
    for ref in policy.each("spec.extProc[].backendRefs[]"):
        kind = ref.text("kind", "Service")
        if kind == "Service" and not ref.has("port"):
            yield Hit(policy, ref.field, f"Service {ref.text('name')} is named without a port")
        if kind == "Backend" and not view.facts.envoy_gateway.backend_api:
            yield Hit(policy, ref.field, "the cluster's Envoy Gateway does not serve the Backend API")


@rule(
    "extension-policy-followed",
    kinds=("EnvoyExtensionPolicy",),
    why="Envoy ignores what the Endpoint Picker picked, and spreads requests blindly.",
    fix=f"Extract the header {PICKED} in the route's BackendTrafficPolicy.",
    source="gateway.md 48; envoy-proved.md (18/23/19 without it)",
    cause=("gateway", "extensionPolicy"),
)
def followed(policy: Obj, view: ClusterView) -> Iterator[Hit]:
    """Where a route asks an Endpoint Picker, its BackendTrafficPolicy follows the picked endpoint."""
    for route in _routes(policy, view):
        about = [*view.wires.policies(route, "BackendTrafficPolicy")]
        for gateway in view.wires.gateways(route):
            about.extend(view.wires.policies(gateway, "BackendTrafficPolicy"))
        if not any(_follows(one) for one in about):
            has = ", ".join(one.ref for one in about) or "no BackendTrafficPolicy"
            yield Hit(policy, "spec.targetRefs", f"{route.ref} has {has}, which does not follow {PICKED}")


@rule(
    "traffic-policy-follows-picker",
    kinds=("BackendTrafficPolicy",),
    why="No Endpoint Picker sets the header, so whoever sends it chooses the pod.",
    fix="Wire the Endpoint Picker in with an EnvoyExtensionPolicy, or remove endpointOverride.",
    source="gateway.md 48; envoy-proved.md c",
    cause=("gateway", "extensionPolicy"),
)
def follows_picker(policy: Obj, view: ClusterView) -> Iterator[Hit]:
    """A BackendTrafficPolicy follows a picked endpoint only where an Endpoint Picker is asked, and by its header."""
    if not policy.has("spec.loadBalancer.endpointOverride"):
        return
    if not _follows(policy):
        found = ", ".join(one.text("header") for one in policy.each(_HEADERS)) or "nothing"
        yield Hit(
            policy, "spec.loadBalancer.endpointOverride", f"it follows {found}, the picker writes {PICKED}"
        )
    for route in _routes(policy, view):
        asked = [*view.wires.policies(route, "EnvoyExtensionPolicy")]
        for gateway in view.wires.gateways(route):
            asked.extend(view.wires.policies(gateway, "EnvoyExtensionPolicy"))
        if not asked:
            field = "spec.loadBalancer.endpointOverride"
            yield Hit(policy, field, f"no EnvoyExtensionPolicy is about {route.ref}")


@rule(
    "policy-alone-on-its-target",
    kinds=POLICIES,
    why="Only the oldest of several policies of a kind is in force; the others are ignored (Conflicted).",
    fix="Write one policy, or name different targets.",
    source="gateway.md 48",
    cause=("gateway", "wiring"),
)
def alone(policy: Obj, view: ClusterView) -> Iterator[Hit]:
    """A target has one policy of a kind."""
    for ref in target_refs(policy):
        target = view.find(ref.text("kind"), policy.namespace, ref.text("name"))
        if target is None:
            continue
        for other in view.wires.policies(target, policy.kind):
            sections = {
                one.text("sectionName") for one in target_refs(other) if one.text("name") == ref.text("name")
            }
            if other.name < policy.name and ref.text("sectionName") in sections:
                yield Hit(policy, ref.field, f"{other.ref} is about {target.ref} too")


@rule(
    "policy-not-hidden-by-route",
    kinds=("EnvoyExtensionPolicy", "BackendTrafficPolicy"),
    level="warning",
    why="A route's own policy replaces its Gateway's as a whole, without a word.",
    fix="Say everything in the policy of the route.",
    source="gateway.md 48",
    cause=("gateway", "wiring"),
)
def not_hidden(policy: Obj, view: ClusterView) -> Iterator[Hit]:
    """A Gateway's policy is not replaced by one of its route."""
    for ref in target_refs(policy):
        gateway = view.compiled("Gateway", policy.namespace, ref.text("name"))
        if gateway is None or ref.text("kind") != "Gateway" or policy.text("spec.mergeType"):
            continue
        for route in view.wires.routes_of_gateway(gateway):
            for other in view.wires.policies(route, policy.kind):
                if not other.text("spec.mergeType"):
                    yield Hit(policy, ref.field, f"{other.ref} replaces it for {route.ref}")


@rule(
    "endpoint-routing-for-override",
    kinds=("BackendTrafficPolicy", "EnvoyProxy"),
    why="With routing to the Service's own address Envoy knows no pod, and the picked endpoint is ignored.",
    fix="Leave `routingType` out, or write Endpoint.",
    source="gateway.md 49",
    cause=("gateway", "wiring"),
)
def endpoint_routing(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Where a picked endpoint is followed, requests are routed to pods, not to the Service's address."""
    if obj.text("spec.routingType") != "Service":
        return
    if obj.kind == "BackendTrafficPolicy" and not obj.has("spec.loadBalancer.endpointOverride"):
        return
    yield Hit(obj, "spec.routingType", "routingType is Service")


@rule(
    "circuit-breakers-raised",
    kinds=("BackendTrafficPolicy", "EnvoyExtensionPolicy"),
    level="warning",
    why="Envoy's limit of 1,024 fails long-running requests with 503: 476 of 1,500 were lost when it was measured.",
    fix="Set maxConnections, maxParallelRequests and maxPendingRequests to what the pods can hold.",
    source="gateway.md 51; llm-d#1582; envoy-proved.md g",
    cause=("gateway", "wiring"),
)
def circuit_breakers(policy: Obj, view: ClusterView) -> Iterator[Hit]:
    """Circuit breakers of model and Endpoint Picker are above Envoy's default of 1,024."""
    where = (
        "spec.circuitBreaker" if policy.kind == "BackendTrafficPolicy" else "backendSettings.circuitBreaker"
    )
    holders = [policy.root] if policy.kind == "BackendTrafficPolicy" else list(policy.each("spec.extProc[]"))
    for holder in holders:
        for limit in ("maxConnections", "maxParallelRequests", "maxPendingRequests"):
            value = holder.number(f"{where}.{limit}")
            if value is None or value <= _DEFAULT_LIMIT:
                shown = "unset" if value is None else f"{value:,}"
                yield Hit(policy, holder.at(f"{where}.{limit}"), f"{limit} is {shown}")


@rule(
    "client-buffer-fits-picker",
    kinds=("ClientTrafficPolicy",),
    why="A prompt of more than 4 MiB arrives in one message that the Endpoint Picker refuses: 500.",
    fix="Write 1Mi, or leave bufferLimit out: nothing is buffered whole in full duplex.",
    source="envoy-proved.md d, corrections 1",
    cause=("gateway", "wiring"),
)
def buffer_fits(policy: Obj, view: ClusterView) -> Iterator[Hit]:
    """A Gateway's buffer is smaller than what the Endpoint Picker takes in one message (4 MiB unless it is told)."""
    written = policy.text("spec.connection.bufferLimit")
    try:
        limit = quantity(written) if written else None
    except ValueError:
        return
    for route in _routes(policy, view) if limit is not None else ():
        for pool in view.wires.pools(route):
            for picker in view.wires.picker_of(pool):
                takes = _receive_limit(picker.main.flag("--grpc-max-recv-msg-size"))
                if limit is not None and limit >= takes:
                    message = (
                        f"bufferLimit {written} is not below the {int(takes):,} bytes that the picker takes"
                    )
                    yield Hit(policy, "spec.connection.bufferLimit", f"{message} ({route.ref})")


def _receive_limit(flag: str | None) -> int:
    if flag:
        try:
            return int(quantity(flag.removesuffix("B")))
        except ValueError:
            pass
    return int(table("epp")["grpc_receive_limit_bytes"])


@rule(
    "client-cannot-steer",
    kinds=("Gateway",),
    level="warning",
    why="A client that sends the header chooses the pod for every request that the Endpoint Picker leaves open.",
    fix=f"Remove {PICKED} and {PREFILLER} early, in the Gateway's ClientTrafficPolicy.",
    source="gateway.md 52; envoy-proved.md c",
    cause=("gateway", "wiring"),
)
def cannot_steer(gateway: Obj, view: ClusterView) -> Iterator[Hit]:
    """A Gateway whose routes follow a picked endpoint removes the headers that steer from what clients send."""
    is_envoy = gateway.text("spec.infrastructure.parametersRef.kind") == "EnvoyProxy"
    follows = any(
        (is_envoy and view.wires.backend_pools(route))
        or any(map(_follows, view.wires.policies(route, "BackendTrafficPolicy")))
        for route in view.wires.routes_of_gateway(gateway)
    )
    removed = {
        name.lower()
        for policy in view.wires.policies(gateway, "ClientTrafficPolicy")
        for name in policy.strings("spec.headers.earlyRequestHeaders.remove")
    }
    missing = [name for name in (PICKED, PREFILLER) if name not in removed]
    if follows and missing:
        yield Hit(
            gateway, "metadata.name", f"no ClientTrafficPolicy removes {' and '.join(missing)} from requests"
        )


@rule(
    "traffic-policy-lets-requests-finish",
    kinds=("BackendTrafficPolicy",),
    level="warning",
    why="Envoy Gateway cuts the request, or a stream that is silent while the model thinks, before the route would.",
    fix="Give the policy the route's request timeout, and an idle timeout that is as long.",
    source="gateway.md 50; envoy-proved.md",
    cause=("serving", "requestTimeoutSeconds"),
)
def lets_requests_finish(policy: Obj, view: ClusterView) -> Iterator[Hit]:
    """A BackendTrafficPolicy's timeouts are not shorter than the request timeout of its routes."""
    longest = max(map(longest_request, _routes(policy, view)), default=0.0)
    for path in ("spec.timeout.http.requestTimeout", "spec.timeout.http.connectionIdleTimeout"):
        written = policy.text(path)
        limit = seconds(written)
        if limit is not None and 0 < limit < longest:
            yield Hit(policy, path, f"{written} is shorter than the route's {longest:g} s")


@rule(
    "route-header-sent-by-client",
    kinds=("HTTPRoute",),
    why="Envoy matches the route before its filters run: the header is not there yet, and requests get 404.",
    fix="Let LiteLLM send the header, or match on the path.",
    source="gateway.md 45, 0.4; gateway#8716",
    cause=("gateway", "shared"),
)
def header_sent_by_client(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """A route does not match on a header that a filter of its own Gateway makes."""
    about = [*view.wires.policies(route, "SecurityPolicy")]
    for gateway in view.wires.gateways(route):
        about.extend(view.wires.policies(gateway, "SecurityPolicy"))
    made = {
        claim.text("header").lower(): policy
        for policy in about
        for claim in policy.each("spec.jwt.providers[].claimToHeaders[]")
    }
    for match in route.each("spec.rules[].matches[].headers[]"):
        policy = made.get(match.text("name").lower())
        if policy is not None:
            yield Hit(route, match.field, f"{match.text('name')} is made by {policy.ref}")
