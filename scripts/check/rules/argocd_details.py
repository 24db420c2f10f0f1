"""Argo CD's objects: what is shown of a model, how often a sync is tried, finalizers, and what a project admits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.common import labels
from scripts.check.durations import seconds
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.rule import rule
from scripts.check.rules.argocd import part

_CAUSE = ("cluster", "argocd")
_FINALIZER = "resources-finalizer.argocd.argoproj.io"
_FINALIZERS = frozenset((_FINALIZER, f"{_FINALIZER}/background", f"{_FINALIZER}/foreground"))
_POD_SECURITY_VERSION = re.compile(r"latest|v1\.(0|[1-9][0-9]*)")


@rule(
    "application-tells-model",
    kinds=("Application",),
    level="warning",
    why="Whoever looks for a model among the Applications finds another one, or none.",
    fix="Run `make compile`.",
    source="serving.md 4.8; inference-stacks.md idea 19",
    cause=("model", "name"),
)
def tells_model(application: Obj, view: ClusterView) -> Iterator[Hit]:
    """The Application of a stack says which model it serves, in a label and in its details."""
    stack = view.stacks.get(part(application, view))
    if stack is None:
        return
    label = labels.value(stack.model.name)
    own = application.labels.get(labels.MODEL)
    if label is not None and own != label:
        yield Hit(application, f'metadata.labels["{labels.MODEL}"]', f"it is {own or 'not set'}, not {label}")
    info = [(one.text("name"), one.text("value")) for one in application.each("spec.info[]")]
    if info != [("Model", stack.model.name)]:
        yield Hit(application, "spec.info", f"it does not say Model: {stack.model.name}")


@rule(
    "application-retries-sanely",
    kinds=("Application",),
    level="warning",
    why="A sync that fails for a moment is not tried again, or is tried for ever without a pause.",
    fix="Try 1 to 20 times, after 1 s to an hour.",
    source="serving.md 4.5; argo-cd docs application-specification",
    cause=_CAUSE,
)
def retries_sanely(application: Obj, view: ClusterView) -> Iterator[Hit]:
    """A sync is tried again some times, at growing distances, with what is in Git by then."""
    retry = application.node("spec.syncPolicy.retry")
    limit, factor = retry.number("limit"), retry.number("backoff.factor")
    first, last = (seconds(retry.text(f"backoff.{key}")) or 0 for key in ("duration", "maxDuration"))
    if limit is None or not 1 <= limit <= 20:
        yield Hit(application, retry.at("limit"), f"it is tried {retry.raw('limit')} times")
    if factor is None or not 1 <= factor <= 10:
        yield Hit(
            application,
            retry.at("backoff.factor"),
            f"each pause is {retry.raw('backoff.factor')} times as long",
        )
    if not 1 <= first <= last <= 3600:
        said = f"pauses are {retry.raw('backoff.duration')} to {retry.raw('backoff.maxDuration')}"
        yield Hit(application, retry.at("backoff"), said)
    if not retry.flag("refresh"):
        yield Hit(application, retry.at("refresh"), "every try is of the commit that failed")


@rule(
    "history-kept-short",
    kinds=("Application", "Deployment"),
    level="warning",
    why="Nothing can be rolled back, or every revision stays in etcd.",
    fix="Keep 1 to 20 revisions.",
    source="serving.md 4.5; kubernetes deployment",
    cause=_CAUSE,
)
def history_short(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Some revisions are kept, and not all."""
    kept = obj.number("spec.revisionHistoryLimit")
    if kept is not None and not 1 <= kept <= 20:
        yield Hit(obj, "spec.revisionHistoryLimit", f"{kept} revisions are kept")


@rule(
    "finalizer-known",
    kinds=("Application", "AppProject"),
    why="Nobody takes the finalizer away, so the object is never deleted; without one a project goes too early.",
    fix="Use resources-finalizer.argocd.argoproj.io.",
    source="serving.md 4.5; argo-cd docs app_deletion",
    cause=_CAUSE,
)
def finalizer_known(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Finalizers are Argo CD's own, and a project has one."""
    own = obj.node("metadata").strings("finalizers")
    for one in own:
        if one not in _FINALIZERS:
            yield Hit(obj, "metadata.finalizers", f"nobody knows the finalizer {one}")
    if obj.kind == "AppProject" and not own:
        yield Hit(obj, "metadata.finalizers", "the project has none")


@rule(
    "project-lists-kinds",
    kinds=("AppProject",),
    why="Without a list of kinds an Application may create anything in its namespaces.",
    fix="Run `make compile`.",
    source="serving.md 4.2 and 71",
    cause=_CAUSE,
)
def lists_kinds(project: Obj, view: ClusterView) -> Iterator[Hit]:
    """A project lists the kinds that it admits in namespaces."""
    if not list(project.each("spec.namespaceResourceWhitelist[]")):
        yield Hit(project, "spec.namespaceResourceWhitelist", "every kind is admitted")


@rule(
    "monitor-endpoint-once",
    kinds=("PodMonitor", "ServiceMonitor"),
    level="warning",
    why="Every series is there twice, and sums are double.",
    fix="Take the second endpoint away.",
    source="inference-stacks.md 2.14; prometheus-operator api",
    cause=("cluster", "monitoring"),
)
def endpoint_once(monitor: Obj, view: ClusterView) -> Iterator[Hit]:
    """A monitor scrapes a port once, and sets every label once."""
    for way in ("spec.podMetricsEndpoints[]", "spec.endpoints[]"):
        seen = [(one.raw("port"), one.raw("portNumber"), one.raw("path")) for one in monitor.each(way)]
        if len(set(map(str, seen))) < len(seen):
            yield Hit(monitor, way.removesuffix("[]"), "two endpoints scrape the same")


@rule(
    "namespace-labels-own",
    kinds=("Namespace",),
    why="The API server refuses the Namespace, and with it everything that lies in it.",
    fix="Run `make compile`.",
    source="kubernetes pod-security-standards; namespaces, automatic labelling",
    cause=("cluster", "namespaces"),
)
def namespace_labels(namespace: Obj, view: ClusterView) -> Iterator[Hit]:
    """The label with a Namespace's name is its name, and levels and versions of Pod Security exist."""
    own = namespace.labels.get("kubernetes.io/metadata.name", namespace.name)
    if own != namespace.name:
        yield Hit(namespace, 'metadata.labels["kubernetes.io/metadata.name"]', f"it is {own or 'empty'}")
    for mode in ("enforce", "warn", "audit"):
        key = f"pod-security.kubernetes.io/{mode}"
        level = namespace.labels.get(key, "restricted")
        if level not in ("privileged", "baseline", "restricted"):
            yield Hit(namespace, f'metadata.labels["{key}"]', f"there is no level {level or '(empty)'}")
        version = namespace.labels.get(f"{key}-version", "latest")
        if not _POD_SECURITY_VERSION.fullmatch(version):
            message = f"{version or '(empty)'} is no version: latest or one like v1.30"
            yield Hit(namespace, f'metadata.labels["{key}-version"]', message)


@rule(
    "runtime-metrics-annotated",
    kinds=("ServingRuntime", "ClusterServingRuntime"),
    level="warning",
    why="KServe's own scraping asks a port or a path at which there are no metrics.",
    fix="Run `make compile`.",
    source="serving.md 1.6 and 5.3; kserve qpext",
    cause=("serving", "runtime"),
)
def runtime_metrics(runtime: Obj, view: ClusterView) -> Iterator[Hit]:
    """A runtime that says where its metrics are says both port and path, and the port is its container's."""
    own = runtime.texts("spec.annotations")
    port, path = own.get("prometheus.kserve.io/port"), own.get("prometheus.kserve.io/path")
    ports = [str(one.number("containerPort")) for one in runtime.each("spec.containers[].ports[]")]
    scraped = any(one.startswith("prometheus.") for one in own)
    if scraped and port not in ports:
        said = f"port {port or '(none)'} is none of {', '.join(ports)}"
        yield Hit(runtime, 'spec.annotations["prometheus.kserve.io/port"]', said)
    if scraped and path != "/metrics":
        yield Hit(
            runtime,
            'spec.annotations["prometheus.kserve.io/path"]',
            f"path {path or '(none)'} is not /metrics",
        )
