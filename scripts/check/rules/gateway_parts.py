"""Gateways and routes: the class that the wiring needs, what each wiring adds, and nothing that is there twice."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator

from scripts.check.edges.gateways import ROUTES
from scripts.check.fleet import ClusterView, StackView
from scripts.check.made import controller
from scripts.check.model import Hit, Obj
from scripts.check.rule import rule

_CONTROLLERS = {
    "envoy-extension-policy": "envoyGateway",
    "envoy-ai-gateway": "envoyGateway",
    "istio": "istio",
    "agentgateway": "agentgateway",
    "gke": "gke",
}
"""Who runs the Gateway of a wiring (gateway.md 5)."""
_CLASSES = {"istio": "istio", "agentgateway": "agentgateway", "gke": "gke-", "envoyGateway": "envoy"}
"""How the usual GatewayClasses of a controller start."""
_BODY_MODE = "aigateway.envoyproxy.io/processing-body-mode"
_SIZE = re.compile(r"(\d+)(Ki|Mi|Gi)?")
_UNITS = {None: 1, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
_LEAST_BUFFER = 32 * 2**10
"""Envoy's default for a connection's buffer, in bytes."""


@rule(
    "gateway-class-of-wiring",
    scope="stack",
    why="Another controller takes the Gateway, which knows nothing of the policies that ask the Endpoint Picker.",
    fix="Give the class of the wiring (`gateway.className`), or another `gateway.wiring`.",
    source="gateway.md 5 and 42",
    cause=("gateway", "className"),
)
def class_of_wiring(view: StackView) -> Iterator[Hit]:
    """A Gateway's class is one of the controller that the stack's wiring is made for."""
    stack = view.stack
    wanted = _CONTROLLERS[stack.gateway.wiring]
    gateway = view.cluster.compiled("Gateway", stack.gateway_namespace, stack.names.gateway)
    if gateway is None or not stack.gateway.enabled:
        return
    name = gateway.text("spec.gatewayClassName")
    starts = {who: start for who, start in _CLASSES.items() if name.startswith(start)}
    if (starts and wanted not in starts) or controller(view.cluster, gateway) not in (wanted, ""):
        said = f"class {name} is not run by {wanted}, which wiring {stack.gateway.wiring} needs"
        yield Hit(gateway, "spec.gatewayClassName", said)


@rule(
    "ai-gateway-body-mode",
    scope="stack",
    why="Envoy AI Gateway sends the Endpoint Picker no bodies, so it sees neither the model nor the prompt.",
    fix="Run `make compile`: the annotation is `duplex`.",
    source="gateway.md 5.C; envoyproxy/ai-gateway v1.1 inferencepool.go",
    cause=("gateway", "wiring"),
)
def body_mode(view: StackView) -> Iterator[Hit]:
    """A pool behind Envoy AI Gateway says that bodies are streamed both ways."""
    if view.stack.gateway.wiring != "envoy-ai-gateway":
        return
    for pool in view.of("InferencePool"):
        mode = pool.annotations.get(_BODY_MODE)
        if mode != "duplex":
            yield Hit(pool, f'metadata.annotations["{_BODY_MODE}"]', f"it is {mode or 'not set'}, not duplex")


@rule(
    "gke-pool-has-health-check",
    scope="stack",
    why="GKE asks for / on the pods' port, gets 404, and sends no request to any of them.",
    fix="Run `make compile`: a HealthCheckPolicy asks for the path that the server answers.",
    source="gateway.md 5.E; cloud.google.com/kubernetes-engine/docs/how-to/deploy-gke-inference-gateway",
    cause=("gateway", "wiring"),
)
def gke_health_check(view: StackView) -> Iterator[Hit]:
    """A pool behind a Gateway of GKE has a HealthCheckPolicy."""
    if view.stack.gateway.wiring != "gke":
        return
    for pool in view.of("InferencePool"):
        if not view.cluster.wires.policies(pool, "HealthCheckPolicy"):
            yield Hit(pool, "metadata.name", f"no HealthCheckPolicy is about {pool.ref}")


@rule(
    "route-says-nothing-twice",
    kinds=ROUTES,
    level="warning",
    why="Shares of requests are not what they look like, and whoever corrects one forgets the other.",
    fix="Take the second one away.",
    source="gateway-api HTTPRoute; gateway.md 44",
)
def nothing_twice(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """A rule of a route has each match and each backend once."""
    for one in route.each("spec.rules[]"):
        for key in ("matches", "backendRefs", "filters"):
            texts = Counter(json.dumps(each.value, sort_keys=True) for each in one.each(f"{key}[]"))
            if any(count > 1 for count in texts.values()):
                yield Hit(route, one.at(key), f"one of {key} is there twice")


@rule(
    "route-copied",
    scope="cluster",
    level="warning",
    why="Which of the two routes answers is decided by their age, and policies are about one of them only.",
    fix="Remove one of the routes.",
    source="gateway-api HTTPRoute conflict resolution; gateway.md 44",
)
def route_copied(view: ClusterView) -> Iterator[Hit]:
    """No two routes of one gateway ask for the same."""
    seen: dict[str, Obj] = {}
    for route in view.of("HTTPRoute"):
        asked = [
            route.namespace,
            route.raw("spec.parentRefs"),
            route.raw("spec.hostnames"),
            [one.raw("matches") for one in route.each("spec.rules[]")],
        ]
        other = seen.setdefault(json.dumps(asked, sort_keys=True, default=str), route)
        if other is not route:
            yield Hit(route, "spec.rules", f"it asks for the same as {other.ref}")


@rule(
    "client-buffer-plausible",
    kinds=("ClientTrafficPolicy",),
    level="warning",
    why="Requests with a prompt of more than a few words are refused with 413.",
    fix="Give the unit: `1Mi`.",
    source="envoy-proved.md 6; gateway.md 5.B",
)
def buffer_plausible(policy: Obj, view: ClusterView) -> Iterator[Hit]:
    """A Gateway's buffer is not smaller than Envoy's own."""
    written = policy.node("spec.connection").text("bufferLimit")
    found = _SIZE.fullmatch(written)
    if found and int(found.group(1)) * _UNITS[found.group(2)] < _LEAST_BUFFER:
        yield Hit(policy, "spec.connection.bufferLimit", f"it is {written}, Envoy's own is 32Ki")


@rule(
    "proxy-fleet-sized",
    kinds=("EnvoyProxy",),
    level="warning",
    relaxed={"dev": "note"},
    why="With one proxy every restart of it fails requests; with hundreds the nodes are full of proxies.",
    fix="Run `make compile`: a Gateway has two proxies.",
    source="gateway.md 5.B; envoy-proved.md 9",
)
def fleet_sized(proxy: Obj, view: ClusterView) -> Iterator[Hit]:
    """A Gateway has 2 to 20 proxies."""
    deployment = proxy.node("spec.provider.kubernetes.envoyDeployment")
    replicas, field = deployment.number("replicas"), deployment.at("replicas")
    if proxy.node("spec.provider.kubernetes").has("envoyHpa"):
        return
    if replicas is None or not 2 <= replicas <= 20:
        yield Hit(proxy, field, f"it has {'one, the default' if replicas is None else replicas}")
