"""Envoy Gateway under trouble: a pod that is gone, an Endpoint Picker that is away, a listener that changes.

All measured on Envoy 1.39 and 1.40: ``envoy-proved.md``.
"""

from __future__ import annotations

from collections.abc import Iterator

from components.facts import parse
from scripts.check.durations import seconds
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.rule import rule
from scripts.check.rules.envoy import longest_request

_TRIGGERS = ("connect-failure", "refused-stream", "reset-before-request")
_NAMESPACE = "envoy.lb"
"""Where the Endpoint Picker writes what it picked (llm-d-router wire contract, gateway.md 3.6)."""
_DRAIN = 60.0
"""Envoy Gateway's drain timeout in seconds when nothing is set."""
_UNAVAILABLE = (429, 502, 503, 504)
"""What clients and LiteLLM take for a fault that passes."""


@rule(
    "traffic-policy-tries-next-pod",
    kinds=("BackendTrafficPolicy",),
    level="warning",
    why="A picked pod that is gone answers 503, although the next pod of the list would have answered.",
    fix="Retry on connect-failure, refused-stream and reset-before-request.",
    source="envoy-proved.md corrections 4",
    cause=("gateway", "wiring"),
)
def tries_next_pod(policy: Obj, view: ClusterView) -> Iterator[Hit]:
    """Where a picked endpoint is followed, a pod that cannot be reached is followed by the next."""
    if not policy.has("spec.loadBalancer.endpointOverride"):
        return
    triggers = policy.node("spec.retry.retryOn").strings("triggers")
    missing = [one for one in _TRIGGERS if one not in triggers]
    if missing:
        yield Hit(policy, "spec.retry.retryOn.triggers", f"it does not retry on {', '.join(missing)}")
    elif policy.number("spec.retry.numRetries") == 0:
        yield Hit(policy, "spec.retry.numRetries", "it retries no time")


@rule(
    "extension-policy-metadata",
    kinds=("EnvoyExtensionPolicy",),
    level="warning",
    why="Envoy drops what the Endpoint Picker says about its pick, and logs and metrics cannot tell it.",
    fix=f"List {_NAMESPACE} in accessibleNamespaces and writableNamespaces.",
    source="gateway.md 3.6, 5.B; envoy-proved.md",
    cause=("gateway", "wiring"),
)
def metadata(policy: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker may read and write the metadata in which it tells its pick."""
    for one in policy.each("spec.extProc[]"):
        for which in ("accessibleNamespaces", "writableNamespaces"):
            found = one.node("metadata").strings(which)
            if _NAMESPACE not in found:
                has = ", ".join(found) or "nothing"
                yield Hit(policy, one.at(f"metadata.{which}"), f"it lists {has}, not {_NAMESPACE}")


@rule(
    "extension-policy-says-unavailable",
    kinds=("EnvoyExtensionPolicy",),
    level="warning",
    why="While the Endpoint Picker is away clients get 500, which they take for a fault of the request.",
    fix="Set `statusOnError: 503`.",
    source="envoy-proved.md f, corrections 3",
    cause=("gateway", "wiring"),
)
def says_unavailable(policy: Obj, view: ClusterView) -> Iterator[Hit]:
    """From Envoy Gateway 1.9 on, an Endpoint Picker that is away is told as unavailable."""
    if parse(view.versions.get("envoyGateway", "0")) < parse("1.9.0"):
        return
    for one in policy.each("spec.extProc[]"):
        status = one.number("statusOnError")
        if status not in _UNAVAILABLE:
            told = "unset, which is 500" if status is None else str(status)
            yield Hit(policy, one.at("statusOnError"), f"statusOnError is {told}")


@rule(
    "proxy-drains-long-enough",
    kinds=("EnvoyProxy",),
    level="warning",
    why="Every policy that is added to the Gateway restarts its listener, and longer streams are cut then.",
    fix="Set `shutdown.drainTimeout` to the longest request of the Gateway's routes.",
    source="envoy-proved.md corrections 6",
    cause=("serving", "requestTimeoutSeconds"),
)
def drains_long_enough(proxy: Obj, view: ClusterView) -> Iterator[Hit]:
    """A Gateway's proxies drain as long as the longest request of its routes."""
    written = proxy.text("spec.shutdown.drainTimeout")
    drains = seconds(written) if written else _DRAIN
    for gateway in view.wires.gateways_with(proxy):
        longest = max(map(longest_request, view.wires.routes_of_gateway(gateway)), default=0.0)
        if drains is not None and drains < longest:
            told = written or f"{_DRAIN:g}s by default"
            yield Hit(
                proxy, "spec.shutdown.drainTimeout", f"{told}, a route of {gateway.ref} allows {longest:g} s"
            )
