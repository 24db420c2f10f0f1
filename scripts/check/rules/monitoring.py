"""Monitoring: every part is scraped, under the labels that rules and dashboards go by, where Prometheus looks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from components.cluster.params import TARGET
from components.facts import engine
from components.monitoring.params import Slo
from components.stack import sizing
from components.stack.params import Stack
from scripts.check.deployment import deployment
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.pods import Pod
from scripts.check.rule import rule
from scripts.check.rules.picker import is_on
from scripts.check.scrapes import Scrape
from scripts.check.servers import engine_of

_TOKEN = "kubernetes.io/service-account-token"
_MONITORS = ("PodMonitor", "ServiceMonitor")
_CAUSE = ("cluster", "monitoring")
_COMPONENTS = {"model": "model", "epp": "epp", "litellm": "litellm"}
"""The label ``component`` of what is scraped, by the role of the pods."""
_VECTOR = re.compile(r"vector\(([-+0-9.e]+)\)")
_INFO = "stack:inference_stack:info"


def _watched(pod: Pod, view: ClusterView) -> bool:
    """Whether a pod should be scraped: it has metrics, and nobody switched its monitoring off."""
    stack = view.stack_of(pod.owner)
    if stack and not stack.params.monitoring.enabled:
        return False
    if pod.role == "model":
        name = engine_of(pod, view)
        return pod.known and bool(name) and engine(name).server.metrics is not None
    return pod.role in ("epp", "litellm")


@rule(
    "pods-are-scraped",
    scope="cluster",
    level="warning",
    why="Alerts and dashboards of it stay empty, and nobody notices when it fails.",
    fix="Compile a monitor for it, or switch `monitoring.enabled` off.",
    source="inference-stacks.md ideas 16, 17; serving.md 4.8",
    cause=_CAUSE,
)
def are_scraped(view: ClusterView) -> Iterator[Hit]:
    """Every model whose engine has metrics, every Endpoint Picker and LiteLLM are scraped."""
    if not view.facts.monitoring.enabled:
        return
    scraped = {id(pod) for one in view.scrapes for pod in one.pods}
    for pod in view.pods:
        if _watched(pod, view) and id(pod) not in scraped and _exports(pod, view) is None:
            yield Hit(pod.owner, "", f"no monitor scrapes the {pod.name}")


def _exports(pod: Pod, view: ClusterView) -> str | None:
    """Why a model's engine exports no metrics as it is started; None where it does."""
    one = deployment(pod.owner, view) if pod.role == "model" else None
    if one is None or not pod.known:
        return None
    server = one.engine.server
    if server.metrics is None:
        return f"{one.engine.title} has no metrics"
    if one.engine.name == "vllm" and one.arguments.on("disable-log-stats"):
        return "--disable-log-stats takes the metrics of vLLM away"
    flag = server.metrics_flag
    return f"{one.engine.title} is started without --{flag}" if flag and not one.arguments.on(flag) else None


@rule(
    "scraped-engine-exports",
    kinds=_MONITORS,
    why="Every scrape gets 404 or nothing: the model counts as down, and its autoscaler never acts.",
    fix="Take --disable-log-stats out, give llama.cpp --metrics, or remove the monitor.",
    source="serving.md 47, 2.1, 2.2",
    cause=("serving", "args"),
)
def engine_exports(monitor: Obj, view: ClusterView) -> Iterator[Hit]:
    """An engine that is scraped exports metrics."""
    for scrape in view.scrapes_of(monitor):
        for pod in scrape.pods:
            if problem := _exports(pod, view):
                yield Hit(monitor, scrape.endpoint.field, f"{pod.name}: {problem}", target=pod.owner.target)


@rule(
    "monitor-path-answered",
    kinds=_MONITORS,
    why="Prometheus gets 404 or no answer, and every target of the monitor is down.",
    fix="Ask for /metrics over HTTP.",
    source="serving.md 2.1, 2.2; gateway.md 3.5; inference-stacks.md idea 16",
    cause=_CAUSE,
)
def path_answered(monitor: Obj, view: ClusterView) -> Iterator[Hit]:
    """A monitor asks for the path at which its pods have their metrics, by the protocol that they speak."""
    for scrape in view.scrapes_of(monitor):
        path, scheme = scrape.endpoint.text("path", "/metrics"), scrape.endpoint.text("scheme", "http")
        watched = [pod for pod in scrape.pods if pod.role in _COMPONENTS]
        paths = {_metrics_path(pod, view) for pod in watched} - {None}
        if paths and path.rstrip("/") not in paths:
            yield Hit(
                monitor,
                scrape.endpoint.at("path"),
                f"{path} is not {' or '.join(map(str, sorted(paths, key=str)))}",
            )
        encrypted = any(
            pod.main.flag("--metrics-cert-dir") or pod.main.flag("--ssl-keyfile") for pod in watched
        )
        if watched and (scheme.lower() == "https") != encrypted:
            said = "they speak TLS" if encrypted else "they speak plain HTTP"
            yield Hit(monitor, scrape.endpoint.at("scheme"), f"it asks over {scheme}, {said}")


def _metrics_path(pod: Pod, view: ClusterView) -> str | None:
    if pod.role != "model":
        return "/metrics"
    name = engine_of(pod, view)
    return engine(name).server.metrics if name else None


def _labels_of(scrape: Scrape, view: ClusterView) -> dict[str, str]:
    """The labels that rules and dashboards expect on what is scraped."""
    pod = next((one for one in scrape.pods if one.role in _COMPONENTS), None)
    if pod is None:
        return {}
    stack = view.stack_of(pod.owner)
    own = {"cluster": view.name, "component": _COMPONENTS[pod.role]}
    if stack is None:
        return own
    return {**own, "stack": stack.name, "model": stack.model.name, "engine": stack.runtime.engine}


@rule(
    "monitor-names-its-stack",
    kinds=_MONITORS,
    why="Alerts and dashboards show the numbers under another stack, or do not show them at all.",
    fix="Run `make compile`; do not override relabelings.",
    source="inference-stacks.md idea 16; design 8",
    cause=_CAUSE,
)
def names_its_stack(monitor: Obj, view: ClusterView) -> Iterator[Hit]:
    """A monitor puts the labels on its series that say whose they are: cluster, stack, model, engine, component."""
    for scrape in view.scrapes_of(monitor):
        for key, wanted in _labels_of(scrape, view).items():
            given = scrape.labels.get(key)
            if given != wanted:
                message = f"label {key} is {given or 'not set'}, not {wanted}"
                yield Hit(monitor, scrape.endpoint.at("relabelings"), message)


@rule(
    "monitoring-selected",
    kinds=(*_MONITORS, "PrometheusRule", "ConfigMap"),
    why="Prometheus or Grafana does not look there or at such labels: the object has no effect.",
    fix="Run `make compile`; to change it set `cluster.monitoring.labels`, `dashboardLabels` or `namespace`.",
    source="serving.md 5.1 kube-prometheus-stack; production-stack#907",
    cause=("cluster", "monitoring", "labels"),
)
def selected(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Monitors, rules and dashboards carry the labels, and lie where Prometheus and Grafana look for them."""
    declared = view.facts.monitoring
    wanted = declared.dashboard_labels if obj.kind == "ConfigMap" else declared.labels
    if obj.kind == "ConfigMap" and not any(key.endswith(".json") for key in obj.map("data")):
        return
    for key, value in wanted.items():
        if obj.labels.get(key) != value:
            given = obj.labels.get(key, "not set")
            yield Hit(obj, f'metadata.labels["{key}"]', f"it is {given}, the cluster declares {value}")
    if obj.kind not in _MONITORS and obj.namespace != declared.namespace:
        message = f"it lies in {obj.namespace}, the cluster declares {declared.namespace}"
        yield Hit(obj, "metadata.namespace", message)


@rule(
    "stack-facts-recorded",
    scope="cluster",
    why="Alerts compare what happens with other numbers than those that the inventory promises.",
    fix="Run `make compile`.",
    source="inference-stacks.md idea 17; design 8",
    cause=("serving",),
)
def facts_recorded(view: ClusterView) -> Iterator[Hit]:
    """The series that say what the inventory promises of a stack have the inventory's values."""
    recorded: dict[tuple[str, str], tuple[Obj, Node]] = {}
    for obj in view.of("PrometheusRule"):
        for one in obj.each("spec.groups[].rules[]"):
            if one.has("record"):
                recorded.setdefault((one.text("labels.stack"), one.text("record")), (obj, one))
    watched = [one for one in view.stacks.values() if one.is_monitored and view.of_stack(TARGET)]
    for stack in watched:
        for record, value in _promises(stack).items():
            found = recorded.get((stack.name, record))
            if found is None:
                message = f"{record} of {stack.name} is not recorded"
                yield Hit(f"{view.name}.{stack.name}", "monitoring", message, cause=("monitoring",))
            else:
                yield from _wrong(*found, stack, value, view)


def _wrong(obj: Obj, one: Node, stack: Stack, value: float, view: ClusterView) -> Iterator[Hit]:
    """What differs between a recorded fact and the inventory."""
    record, target = one.text("record"), f"{view.name}.{stack.name}"
    given = _VECTOR.fullmatch(one.text("expr"))
    if given is None or _number(given[1]) != value:
        message = f"{record} is {one.text('expr')}, the inventory says {value:g}"
        yield Hit(obj, one.at("expr"), message, target=target)
    for key, text in _names(stack, record, view).items():
        if one.text(f"labels.{key}") != text:
            said = one.text(f"labels.{key}") or "not set"
            yield Hit(obj, one.at(f"labels.{key}"), f"label {key} is {said}, not {text}", target=target)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _promises(stack: Stack) -> Mapping[str, float]:
    slo = stack.params.monitoring.slo or Slo()
    told = {
        _INFO: 1,
        "stack:inference_replicas_min:config": stack.serving.min_replicas,
        "stack:inference_replicas_max:config": stack.max_replicas,
        "stack:inference_gpus_per_replica:config": stack.gpus_per_pod,
        "stack:inference_startup_seconds:config": sizing.startup_seconds(stack),
        "stack:epp_replicas:config": stack.gateway.epp.replicas if stack.has_pool else None,
        "stack:inference_ttft_seconds_objective:config": slo.ttft_p95_seconds,
        "stack:inference_tpot_seconds_objective:config": slo.tpot_p95_seconds,
        "stack:inference_error_ratio_objective:config": slo.error_ratio,
    }
    return {record: float(value) for record, value in told.items() if value is not None}


def _names(stack: Stack, record: str, view: ClusterView) -> Mapping[str, str]:
    common = {"cluster": view.name, "model": stack.model.name, "engine": stack.runtime.engine}
    own = {"namespace": stack.namespace, "predictor": stack.names.predictor, "mode": stack.serving.mode}
    return {**common, **own} if record == _INFO else common


@rule(
    "picker-scrape-authorised",
    kinds=("ServiceMonitor",),
    why="The Endpoint Picker answers Prometheus with 401 or 403: its alerts and dashboards stay empty.",
    fix="Present the token of a ServiceAccount that may get /metrics by a ClusterRole.",
    source="gateway.md 24, 25, 3.5",
    cause=("gateway", "epp", "metricsAuth"),
)
def scrape_authorised(monitor: Obj, view: ClusterView) -> Iterator[Hit]:
    """A monitor of an Endpoint Picker that wants a token presents one whose ServiceAccount may get /metrics."""
    for scrape in view.scrapes_of(monitor):
        wanted = any(pod.role == "epp" and is_on(pod, "--metrics-endpoint-auth", True) for pod in scrape.pods)
        ref = scrape.endpoint.node("authorization.credentials")
        if not wanted:
            continue
        if not ref.text("name"):
            yield Hit(monitor, scrape.endpoint.at("authorization"), "it presents no token")
            continue
        secret = view.compiled("Secret", monitor.namespace, ref.text("name"))
        if secret is None or secret.text("type") != _TOKEN:
            continue
        account = secret.annotations.get("kubernetes.io/service-account.name", "")
        if not _may_get_metrics(secret.namespace, account, view):
            yield Hit(monitor, ref.field, f"ServiceAccount {secret.namespace}/{account} may not get /metrics")


def _may_get_metrics(namespace: str, account: str, view: ClusterView) -> bool:
    for binding in view.bindings_of(namespace, account):
        if binding.kind != "ClusterRoleBinding":
            continue
        role = view.find("ClusterRole", "", binding.text("roleRef.name"))
        if role is not None and (role.origin == "provided" or any(map(_reads_metrics, role.each("rules[]")))):
            return True
    return False


def _reads_metrics(grant: Node) -> bool:
    urls, verbs = grant.strings("nonResourceURLs"), grant.strings("verbs")
    return bool({"/metrics", "*"} & set(urls)) and bool({"get", "*"} & set(verbs))
