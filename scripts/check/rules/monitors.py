"""Monitors and autoscalers: what is scraped exists, and what is asked for is scraped."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.facts import engine
from components.facts.engines import logical_metrics
from components.facts.suggest import nearest
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.pods import Pod
from scripts.check.rule import rule
from scripts.check.rules.services import nearest_pods, target_of, words
from scripts.check.scrapes import Scrape, Series, kept_services, namespaces, series_of

_QUERY = "external.metric.query"
_DISCOVERED = re.compile(
    r"__meta_kubernetes_(namespace|node_name|service_(name|type|cluster_ip|port_name|port_number|port_protocol)"
    r"|pod_(name|ip|ready|phase|node_name|host_ip|uid|controller_kind|controller_name)"
    r"|pod_container_(id|image|init|name|port_name|port_number|port_protocol)"
    r"|endpoint(slice)?_(port_name|port|ready|address_target_kind|address_target_name|name)|endpoints_name"
    r"|(pod|service|node|endpointslice|endpoints)_(label|labelpresent|annotation|annotationpresent)_[a-zA-Z0-9_]+)"
    r"|__address__|__scheme__|__metrics_path__|job"
)
_PREFIXES = ("vllm", "llamacpp", "ollama")
"""First part of the metric names that an engine exports itself."""


@rule(
    "pod-monitor-selects-pods",
    kinds=("PodMonitor",),
    why="Prometheus scrapes nothing: dashboards and alerts stay empty, and an autoscaler never acts.",
    fix="Make the selector equal to labels of the pods.",
    source="inference-stacks.md idea 1; production-stack#989",
)
def pod_monitor_selects(monitor: Obj, view: ClusterView) -> Iterator[Hit]:
    """A PodMonitor's selector matches a pod template in a namespace that it looks into."""
    labels = monitor.texts("spec.selector.matchLabels")
    spaces = namespaces(monitor, view)
    if not any(view.select(space, labels) for space in spaces):
        near = nearest_pods(spaces[0], labels, view) if spaces else ""
        yield Hit(
            monitor, "spec.selector", f"no pod template in {', '.join(spaces)} has {words(labels)}{near}"
        )


@rule(
    "pod-monitor-port",
    kinds=("PodMonitor",),
    why="Prometheus finds no port to scrape: dashboards and alerts stay empty, and an autoscaler never acts.",
    fix="Name a container port by `port` or `portNumber`.",
    source="inference-stacks.md idea 1",
)
def pod_monitor_port(monitor: Obj, view: ClusterView) -> Iterator[Hit]:
    """The port that a PodMonitor scrapes is a container port of the pods that it selects."""
    for scrape in view.scrapes_of(monitor):
        for pod in scrape.pods:
            wanted = _port(scrape.endpoint)
            if pod.known and wanted and not any(wanted in (port.name, port.number) for port in pod.ports):
                has = ", ".join(str(port.number) for port in pod.ports) or "none"
                yield Hit(
                    monitor, scrape.endpoint.field, f"port {wanted} is no port of the {pod.name} (has {has})"
                )


def _port(endpoint: Node) -> int | str | None:
    target = endpoint.raw("targetPort")
    named = endpoint.number("portNumber") or endpoint.text("port")
    return named or (target if isinstance(target, int | str) else None)


@rule(
    "service-monitor-selects-service",
    kinds=("ServiceMonitor",),
    why="Prometheus scrapes nothing: dashboards and alerts stay empty.",
    fix="Make the selector equal to labels of the Service.",
    source="inference-stacks.md idea 1",
)
def service_monitor_selects(monitor: Obj, view: ClusterView) -> Iterator[Hit]:
    """A ServiceMonitor selects a Service, by its labels and by the name that it keeps."""
    for scrape in view.scrapes_of(monitor):
        kept = kept_services(scrape.endpoint)
        if scrape.services or any(_provided(name, monitor, view) for name in kept):
            continue
        labels = words(monitor.texts("spec.selector.matchLabels"))
        named = f" and is called {' or '.join(kept)}" if kept else ""
        spaces = ", ".join(namespaces(monitor, view))
        yield Hit(monitor, "spec.selector", f"no Service in {spaces} has {labels}{named}")


def _provided(name: str, monitor: Obj, view: ClusterView) -> bool:
    found = (view.find("Service", space, name) for space in namespaces(monitor, view))
    return any(one is not None and one.origin == "provided" for one in found)


@rule(
    "service-monitor-port",
    kinds=("ServiceMonitor",),
    why="Prometheus finds no port to scrape: dashboards and alerts stay empty.",
    fix="Name a port of the Service.",
    source="inference-stacks.md idea 1",
)
def service_monitor_port(monitor: Obj, view: ClusterView) -> Iterator[Hit]:
    """The port that a ServiceMonitor scrapes is a named port of the Services that it selects."""
    for scrape in view.scrapes_of(monitor):
        wanted = scrape.endpoint.text("port")
        for service in scrape.services:
            names = [one.text("name") for one in service.each("spec.ports[]")]
            if wanted and wanted not in names:
                has = ", ".join(filter(None, names)) or "none"
                yield Hit(
                    monitor, scrape.endpoint.at("port"), f"{service.ref} has no port {wanted} (has {has})"
                )


@rule(
    "pods-scraped-once",
    scope="cluster",
    why="Every series exists twice, and sums in alerts and autoscaler queries are twice what they should be.",
    fix="Remove one of the monitors.",
    source="inference-stacks.md idea 16",
    cause=("cluster", "monitoring"),
)
def scraped_once(view: ClusterView) -> Iterator[Hit]:
    """A pod's port is scraped by one monitor."""
    first: dict[tuple[int, object], Scrape] = {}
    for scrape in view.scrapes:
        for pod in scrape.pods:
            port = _number(scrape, pod)
            other = first.setdefault((id(pod), port), scrape)
            if other.monitor is not scrape.monitor:
                message = f"port {port} of the {pod.name} is also scraped by {other.monitor.ref}"
                yield Hit(scrape.monitor, scrape.endpoint.field, message)


def _number(scrape: Scrape, pod: Pod) -> object:
    """The container port that a scrape asks, as far as it can be told."""
    wanted = _port(scrape.endpoint)
    for service in scrape.services:
        for port in service.each("spec.ports[]"):
            if port.text("name") == wanted:
                wanted = target_of(port)
    named = {port.name: port.number for port in pod.ports if port.name}
    return named.get(wanted, wanted) if isinstance(wanted, str) else wanted


def _scalers(service: Obj) -> Iterator[Node]:
    """The metrics that an InferenceService scales by, asked for in Prometheus."""
    for metric in service.each("spec.predictor.autoScaling.metrics[]"):
        if metric.text("external.metric.backend") == "prometheus":
            yield metric


@rule(
    "scaler-metric-scraped",
    kinds=("InferenceService",),
    why="The query answers nothing, so the number of pods never changes, whatever the load.",
    fix="Ask for a metric and labels that a monitor of the model's own pods produces.",
    source="inference-stacks.md ideas 1, 16; autoscaling#1202",
    cause=("serving", "autoscaling", "metric"),
)
def metric_scraped(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """An autoscaler asks for series that a monitor scrapes from the model's own pods, under labels that they have."""
    own = {id(pod) for pod in view.pods_of(service)}
    covering = [one for one in view.scrapes if any(id(pod) in own for pod in one.pods)]
    for metric in _scalers(service):
        for series in series_of(metric.text(_QUERY)):
            if not covering:
                yield Hit(service, metric.at(_QUERY), f"no monitor scrapes the pods of {service.ref}")
            elif not any(series.fits(one.labels) for one in covering):
                yield Hit(service, metric.at(_QUERY), _unfit(series, covering[0]))


def _unfit(series: Series, scrape: Scrape) -> str:
    wrong = [
        f'{key}="{scrape.labels[key]}", not {how}"{value}"'
        for key, how, value in series.matchers
        if key in scrape.labels and not Series("", ((key, how, value),)).fits(scrape.labels)
    ]
    return f"{scrape.monitor.ref} gives {series.metric} the labels {', '.join(wrong)}"


@rule(
    "scaler-metric-exported",
    kinds=("InferenceService",),
    why="The engine exports no such series, so the query answers nothing and the number of pods never changes.",
    fix="Ask for a series of the engine's version.",
    source="inference-stacks.md idea 16; serving.md 1.5",
    cause=("serving", "autoscaling", "metric"),
)
def metric_exported(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """An autoscaler asks for series that the engine's version exports."""
    stack = view.stack_of(service)
    if stack is None:
        return
    version = stack.runtime.version
    names = set(_exported(stack.runtime.engine, version))
    for metric in _scalers(service):
        for series in series_of(metric.text(_QUERY)):
            if series.metric.partition(":")[0] in _PREFIXES and series.metric not in names:
                near = nearest(series.metric, names)
                hint = f"; the nearest is {near}" if near else ""
                title = engine(stack.runtime.engine).title
                yield Hit(service, metric.at(_QUERY), f"{title} {version} exports no {series.metric}{hint}")


def _exported(name: str, version: str) -> Iterator[str]:
    """The series that a version of an engine exports, the parts of histograms among them."""
    for logical in logical_metrics():
        found = engine(name).series(version, logical)
        if found is not None:
            yield found.name
            if found.type == "histogram":
                yield from (f"{found.name}{part}" for part in ("_bucket", "_sum", "_count"))


@rule(
    "scaler-asks-own-prometheus",
    kinds=("InferenceService",),
    why="The autoscaler asks a Prometheus that is not there, or that scrapes another cluster.",
    fix="Correct `cluster.prometheusUrl`.",
    source="serving.md 1.5; inference-stacks.md idea 1",
    cause=("cluster", "prometheusUrl"),
)
def asks_own_prometheus(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """An autoscaler asks the Prometheus that the cluster declares."""
    for metric in _scalers(service):
        address = metric.text("external.metric.serverAddress")
        if address != (view.facts.prometheus_url or ""):
            known = view.facts.prometheus_url or "none"
            field = metric.at("external.metric.serverAddress")
            yield Hit(service, field, f"it asks {address or 'nobody'}, the cluster declares {known}")


@rule(
    "monitor-keep-readable",
    kinds=("PodMonitor", "ServiceMonitor"),
    why="A label that is not there is empty, so nothing is kept and nothing is scraped.",
    fix="Keep by a label that discovery sets, such as `__meta_kubernetes_service_name`.",
    source="prometheus kubernetes_sd_configs; inference-stacks.md idea 16",
    cause=("cluster", "monitoring"),
)
def keep_readable(monitor: Obj, view: ClusterView) -> Iterator[Hit]:
    """A monitor keeps targets by labels that Prometheus' discovery sets."""
    for scrape in view.scrapes_of(monitor):
        for one in scrape.endpoint.each("relabelings[]"):
            if one.text("action") != "keep":
                continue
            sources = one.strings("sourceLabels")
            unknown = [label for label in sources if not _DISCOVERED.fullmatch(label)]
            if unknown or not sources:
                told = f"discovery sets no {', '.join(unknown)}" if unknown else "it names no label"
                yield Hit(monitor, one.at("sourceLabels"), told)


@rule(
    "monitor-authorization-known",
    kinds=("PodMonitor", "ServiceMonitor"),
    why="The target refuses the scrape with 401, so dashboards and alerts of it stay empty.",
    fix="Write `type: Bearer`.",
    source="gateway.md 3.5; prometheus-operator SafeAuthorization",
    cause=("gateway", "epp", "metricsAuth"),
)
def authorization_known(monitor: Obj, view: ClusterView) -> Iterator[Hit]:
    """A monitor presents its token as Bearer: nothing here understands another scheme."""
    for scrape in view.scrapes_of(monitor):
        written = scrape.endpoint.text("authorization.type", "Bearer")
        if written.lower() != "bearer":
            yield Hit(
                monitor, scrape.endpoint.at("authorization.type"), f"it presents the token as {written}"
            )


@rule(
    "monitor-path-answers",
    kinds=("PodMonitor", "ServiceMonitor"),
    why="The target answers 404, so dashboards and alerts of it stay empty.",
    fix="Write `/metrics`; LiteLLM has it below `/metrics/` as well.",
    source="serving.md 2.1, 2.2 and 3.6; gateway.md 3.5",
    cause=("cluster", "monitoring"),
)
def path_answers(monitor: Obj, view: ClusterView) -> Iterator[Hit]:
    """A monitor asks engines, Endpoint Pickers and LiteLLM for the path at which they have their metrics."""
    for scrape in view.scrapes_of(monitor):
        path = scrape.endpoint.text("path", "/metrics")
        roles = {pod.role for pod in scrape.pods}
        allowed = ("/metrics", "/metrics/") if roles == {"litellm"} else ("/metrics",)
        if roles & {"model", "epp", "litellm"} and path not in allowed:
            yield Hit(monitor, scrape.endpoint.at("path"), f"it asks for {path or 'nothing'}")
