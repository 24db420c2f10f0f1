"""Services, disruption budgets and the pods behind them: selectors that match, ports on which something
listens."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping

from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.pods import Pod
from scripts.check.rule import rule

_PROTOCOLS = (
    "kubernetes.io/h2c",
    "kubernetes.io/ws",
    "kubernetes.io/wss",
    "http",
    "https",
    "http2",
    "grpc",
    "grpcs",
    "tcp",
    "tls",
)
"""Those of KEP-3726, and those that Istio and GKE know beside them."""


def words(labels: Mapping[str, str]) -> str:
    """Labels for messages: ``app=x, tier=y``."""
    return ", ".join(f"{key}={value}" for key, value in labels.items()) or "no label"


def nearest_pods(namespace: str, labels: Mapping[str, str], view: ClusterView) -> str:
    """The pods of a namespace that lack fewest of ``labels``, for the end of a message."""
    wanted = labels.items()
    scored = [
        (sum(pod.labels.get(key) == value for key, value in wanted), pod) for pod in view.pods_in(namespace)
    ]
    best = max(scored, key=lambda item: item[0], default=(0, None))
    if best[1] is None or not best[0]:
        return ""
    pod = best[1]
    differs = [
        f"{key}={pod.labels.get(key, '(unset)')}" for key, value in wanted if pod.labels.get(key) != value
    ]
    return f"; the nearest, {pod.name}, have {', '.join(differs)}"


@rule(
    "service-selects-pods",
    kinds=("Service",),
    why="The Service has no endpoint, and whoever calls it gets a refused connection or 503.",
    fix="Make the selector equal to labels of the pods that it is for.",
    source="inference-stacks.md idea 1; gateway.md 13",
)
def selects_pods(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A Service's selector matches at least one pod template of its namespace."""
    selector = service.texts("spec.selector")
    if selector and not view.select(service.namespace, selector):
        near = nearest_pods(service.namespace, selector, view)
        yield Hit(
            service, "spec.selector", f"no pod template in {service.namespace} has {words(selector)}{near}"
        )


@rule(
    "service-has-a-backend",
    kinds=("Service",),
    why="It has a name and an address, and nothing ever answers there.",
    fix="Give it a selector, or the type ExternalName.",
    source="inference-stacks.md idea 1",
)
def has_a_backend(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A Service has a selector or is another name of a host."""
    external = service.text("spec.type") == "ExternalName"
    if external and not service.text("spec.externalName"):
        yield Hit(service, "spec.externalName", "it is of type ExternalName and names no host")
    elif not external and not service.texts("spec.selector"):
        yield Hit(service, "spec.selector", "it has no selector, and no EndpointSlice is compiled for it")


@rule(
    "service-address-valid",
    kinds=("Service",),
    why="The API server refuses the Service.",
    fix="Write None for a headless Service, or leave clusterIP out.",
    source="kubernetes core/v1 validation",
    cause=("gateway",),
)
def address_valid(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A Service's cluster IP is None, an address, or left to the cluster."""
    written = service.text("spec.clusterIP")
    if written not in ("", "None") and not _is_address(written):
        yield Hit(service, "spec.clusterIP", f"{written!r} is no address")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@rule(
    "service-protocol-known",
    kinds=("Service",),
    level="warning",
    why="Gateways pass over a protocol that they do not know, and speak HTTP/1.1 to a server of gRPC.",
    fix="Write kubernetes.io/h2c for gRPC, or leave appProtocol out.",
    source="kubernetes KEP-3726; envoy-proved.md",
    cause=("gateway",),
)
def protocol_known(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A Service port's application protocol is one that gateways know."""
    for port in service.each("spec.ports[]"):
        protocol = port.text("appProtocol")
        if protocol and protocol not in _PROTOCOLS:
            yield Hit(
                service, port.at("appProtocol"), f"{protocol} is no protocol of {', '.join(_PROTOCOLS)}"
            )


@rule(
    "service-target-port",
    kinds=("Service",),
    why="The Service sends connections to a port on which nothing listens, and they are refused.",
    fix="Give the container's port, by number or name.",
    source="inference-stacks.md idea 1; gateway.md 13; GIE#2562",
)
def target_port(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Every target port of a Service is a container port of every pod that it selects."""
    pods = view.select(service.namespace, service.texts("spec.selector"))
    for port in service.each("spec.ports[]"):
        for pod in pods:
            target = target_of(port)
            if pod.known and not _declares(pod, target):
                has = ", ".join(sorted(_ports(pod))) or "none"
                message = f"target port {target} is no container port of the {pod.name} (has {has})"
                yield Hit(service, port.at("targetPort"), message)


def target_of(port: Node) -> int | str | None:
    """Where a Service port leads: its target, else its own number."""
    target = port.raw("targetPort")
    return target if isinstance(target, int | str) else port.number("port")


def _declares(pod: Pod, target: int | str | None) -> bool:
    return any(target in (port.number, port.name) for port in pod.ports)


def _ports(pod: Pod) -> set[str]:
    return {f"{port.name} {port.number}" if port.name else str(port.number) for port in pod.ports}


@rule(
    "service-selects-one-workload",
    kinds=("Service",),
    why="Requests are spread over pods of different workloads, and those that reach the wrong one fail.",
    fix="Select on labels that one workload alone has.",
    source="inference-stacks.md idea 1; gateway.md 2",
)
def selects_one_workload(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A Service selects pods of one workload."""
    owners = sorted({pod.name for pod in view.select(service.namespace, service.texts("spec.selector"))})
    if len(owners) > 1:
        yield Hit(service, "spec.selector", f"it selects {' and '.join(owners)}")


@rule(
    "workload-selects-its-pods",
    kinds=("Deployment", "StatefulSet", "DaemonSet"),
    why="The API server refuses the object: the selector must match the labels of its own pods.",
    fix="Make the selector a part of the template's labels.",
    source="kubernetes apps/v1 validation",
)
def workload_selects(workload: Obj, view: ClusterView) -> Iterator[Hit]:
    """A workload's selector matches its own pod template."""
    labels = workload.texts("spec.template.metadata.labels")
    for key, value in workload.texts("spec.selector.matchLabels").items():
        if labels.get(key) != value:
            has = labels.get(key, "(unset)")
            message = f"the selector wants {key}={value}, the pod template has {key}={has}"
            yield Hit(workload, "spec.selector.matchLabels", message)


@rule(
    "workload-selects-only-its-pods",
    kinds=("Deployment", "StatefulSet", "DaemonSet"),
    why="Two controllers fight over the same pods: each deletes what the other creates.",
    fix="Give the workloads labels that differ, such as `app.kubernetes.io/instance`.",
    source="kubernetes: overlapping selectors",
)
def workload_selects_only(workload: Obj, view: ClusterView) -> Iterator[Hit]:
    """A workload's selector matches no pod template of another workload."""
    for pod in view.select(workload.namespace, workload.texts("spec.selector.matchLabels")):
        if pod.owner is not workload:
            yield Hit(workload, "spec.selector.matchLabels", f"it also matches the {pod.name}")


@rule(
    "disruption-budget-selects-pods",
    kinds=("PodDisruptionBudget",),
    why="The budget protects nothing, and a node drain may take every replica at once.",
    fix="Make the selector equal to labels of the pods that it is for.",
    source="inference-stacks.md idea 1",
)
def budget_selects(budget: Obj, view: ClusterView) -> Iterator[Hit]:
    """A disruption budget's selector matches a pod template of its namespace."""
    selector = budget.texts("spec.selector.matchLabels")
    if not view.select(budget.namespace, selector):
        field, near = "spec.selector.matchLabels", nearest_pods(budget.namespace, selector, view)
        yield Hit(budget, field, f"no pod template in {budget.namespace} has {words(selector)}{near}")
