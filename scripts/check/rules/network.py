"""NetworkPolicies, where some are compiled: what has to talk may talk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.pods import Pod
from scripts.check.rule import rule
from scripts.check.scrapes import Scrape


class _Need(NamedTuple):
    """A connection that must get through."""

    what: str
    pod: Pod
    """The pod that is called."""
    port: int


def _needs(view: ClusterView) -> Iterator[_Need]:
    """Gateway to Endpoint Picker and model, Prometheus to both (gateway.md 56)."""
    for pool in view.of("InferencePool"):
        numbers = [number for port in pool.each("spec.targetPorts[]") if (number := port.number("number"))]
        for pod in view.select(pool.namespace, pool.texts("spec.selector.matchLabels")):
            if pod.role == "model":
                yield from (_Need("the gateway calls", pod, number) for number in numbers)
        for picker in view.wires.picker_of(pool):
            yield _Need("the gateway asks", picker, _flag(picker, "--grpc-port", 9002))
    for scrape in view.scrapes:
        number = _scraped(scrape)
        yield from (_Need("Prometheus scrapes", pod, number) for pod in scrape.pods if number)


def _scraped(scrape: Scrape) -> int | None:
    """The container port that a monitor asks."""
    name = scrape.endpoint.text("port")
    for service in scrape.services:
        for port in service.each("spec.ports[]"):
            if port.text("name") == name:
                return port.number("targetPort")
    return scrape.endpoint.number("portNumber")


def _flag(pod: Pod, name: str, default: int) -> int:
    written = pod.main.flag(name) or ""
    return int(written) if written.isdecimal() else default


@rule(
    "network-policy-lets-through",
    scope="cluster",
    why="The connection is dropped without a word: requests, picks or metrics time out, and all is Ready.",
    fix="Add an ingress rule for the port.",
    source="gateway.md 56; inference-stacks.md idea 31",
)
def lets_through(view: ClusterView) -> Iterator[Hit]:
    """NetworkPolicies let in what gateways, Endpoint Pickers and Prometheus ask of pods."""
    policies: dict[str, list[Obj]] = {}
    for policy in view.of("NetworkPolicy"):
        policies.setdefault(policy.namespace, []).append(policy)
    for need in _needs(view) if policies else ():
        selecting = [one for one in policies.get(need.pod.namespace, []) if _selects(one, need.pod)]
        if selecting and not any(_admits(one, need) for one in selecting):
            names = " and ".join(one.ref for one in selecting)
            message = f"{need.what} port {need.port} of the {need.pod.name}, which {names} do not let in"
            yield Hit(selecting[0], "spec.ingress", message, target=need.pod.owner.target)


def _selects(policy: Obj, pod: Pod) -> bool:
    """Whether a policy restricts what a pod lets in. Expressions are taken to match."""
    types = policy.node("spec").strings("policyTypes") or ["Ingress"]
    wanted = policy.texts("spec.podSelector.matchLabels")
    return "Ingress" in types and all(pod.labels.get(key) == value for key, value in wanted.items())


def _admits(policy: Obj, need: _Need) -> bool:
    return any(_port_in(one, need) for one in policy.each("spec.ingress[]"))


def _port_in(ingress: Node, need: _Need) -> bool:
    ports = list(ingress.each("ports[]"))
    names = {port.name for port in need.pod.ports if port.number == need.port and port.name}
    return not ports or any(_same(one, need.port, names) for one in ports)


def _same(port: Node, number: int, names: set[str]) -> bool:
    first, last = port.number("port"), port.number("endPort")
    if first is not None:
        return first <= number <= (last or first)
    return not port.has("port") or port.text("port") in names


@rule(
    "model-served-one-way",
    kinds=("LLMInferenceService",),
    level="warning",
    why="KServe makes a pool, an Endpoint Picker and a route of its own for the model, beside the compiled ones.",
    fix="Serve the model by an InferenceService with our pool, or by an LLMInferenceService alone.",
    source="gateway.md 58; serving.md 35",
)
def served_one_way(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A model is served by an InferenceService or by an LLMInferenceService, not by both."""
    uri = service.text("spec.model.uri")
    for other in view.of("InferenceService"):
        if uri and other.text("spec.predictor.model.storageUri").partition("@")[0] == uri:
            yield Hit(service, "spec.model.uri", f"{other.ref} serves {uri} too")
