"""What Prometheus scrapes: monitors, the pods behind them, and the labels that they put on every series."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.check.model import Obj
from scripts.check.node import Node
from scripts.check.pods import Pod

if TYPE_CHECKING:
    from scripts.check.fleet import ClusterView

MONITORS = ("PodMonitor", "ServiceMonitor")
_SERVICE_NAME = "__meta_kubernetes_service_name"
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*\{((?:[^{}\"]|\"(?:[^\"\\]|\\.)*\")*)\}")
_MATCHER = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*\"((?:[^\"\\]|\\.)*)\"")


@dataclass(frozen=True, eq=False)
class Scrape:
    """One endpoint of a monitor."""

    monitor: Obj
    endpoint: Node
    services: tuple[Obj, ...]
    """The Services that a ServiceMonitor selects; none for a PodMonitor."""
    pods: tuple[Pod, ...]
    labels: Mapping[str, str]
    """Labels whose value is the same on every series: the namespace and what relabelling sets."""


@dataclass(frozen=True, slots=True)
class Series:
    """A selector in a query: ``vllm:num_requests_waiting{stack="llama-70b"}``."""

    metric: str
    matchers: tuple[tuple[str, str, str], ...]
    """(label, operator, value)."""

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether series with these labels match; a label that is not among them may have any value."""
        return all(_fits(labels[key], how, value) for key, how, value in self.matchers if key in labels)


def _fits(label: str, how: str, value: str) -> bool:
    if how in ("=", "!="):
        return (label == value) == (how == "=")
    try:
        return (re.fullmatch(value, label) is not None) == (how == "=~")
    except re.error:
        return False


def series_of(query: str) -> list[Series]:
    """The selectors of a PromQL query that name a metric and have matchers."""
    return [Series(metric, tuple(_MATCHER.findall(inside))) for metric, inside in _SELECTOR.findall(query)]


def scrapes(view: ClusterView) -> Iterator[Scrape]:
    """Every endpoint of every monitor of a cluster."""
    for monitor in view.of(*MONITORS):
        path = "spec.podMetricsEndpoints[]" if monitor.kind == "PodMonitor" else "spec.endpoints[]"
        for endpoint in monitor.each(path):
            services = tuple(_services(monitor, endpoint, view))
            pods = _pods(monitor, view) if monitor.kind == "PodMonitor" else _behind(services, view)
            yield Scrape(monitor, endpoint, services, tuple(pods), _labels(monitor, endpoint))


def namespaces(monitor: Obj, view: ClusterView) -> list[str]:
    """The namespaces that a monitor looks into."""
    if monitor.flag("spec.namespaceSelector.any"):
        return sorted(view.namespaces)
    return monitor.node("spec.namespaceSelector").strings("matchNames") or [monitor.namespace]


def _pods(monitor: Obj, view: ClusterView) -> list[Pod]:
    labels = monitor.texts("spec.selector.matchLabels")
    return [pod for namespace in namespaces(monitor, view) for pod in view.select(namespace, labels)]


def _services(monitor: Obj, endpoint: Node, view: ClusterView) -> Iterator[Obj]:
    if monitor.kind != "ServiceMonitor":
        return
    labels = monitor.texts("spec.selector.matchLabels")
    names = kept_services(endpoint)
    for namespace in namespaces(monitor, view):
        yield from view.services_with(namespace, labels, names)


def kept_services(endpoint: Node) -> tuple[str, ...]:
    """The only Services that an endpoint keeps by name; none when it keeps all."""
    for one in endpoint.each("relabelings[]"):
        if one.text("action") == "keep" and one.strings("sourceLabels") == [_SERVICE_NAME]:
            return tuple(one.text("regex").split("|"))
    return ()


def _behind(services: tuple[Obj, ...], view: ClusterView) -> list[Pod]:
    return [pod for one in services for pod in view.select(one.namespace, one.texts("spec.selector"))]


def _labels(monitor: Obj, endpoint: Node) -> dict[str, str]:
    found = {} if monitor.has("spec.namespaceSelector") else {"namespace": monitor.namespace}
    for one in endpoint.each("relabelings[]"):
        if (
            one.text("action", "replace") == "replace"
            and one.text("targetLabel")
            and not one.strings("sourceLabels")
        ):
            found[one.text("targetLabel")] = one.text("replacement")
    return found
