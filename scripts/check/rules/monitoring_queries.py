"""Queries of rules, alerts and dashboards: whole, about this cluster, about series that exist, with a runbook."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from components.cluster.params import TARGET
from components.facts import engine
from components.facts.engines import ENGINES
from components.facts.suggest import did_you_mean
from components.facts.tables import table
from scripts.check import promql
from scripts.check.fleet import ClusterView, StackView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.rule import rule
from scripts.check.rules.dashboards import dashboards, targets
from scripts.check.tree import TreeView

_RULES = ("PrometheusRule",)
_CAUSE = ("cluster", "monitoring")
_SEVERITIES = ("critical", "warning", "info")
_LABEL = re.compile(r"\$labels\.([a-zA-Z_][a-zA-Z0-9_]*)")
_STACK = "{{ $labels.stack }}"
_OTHERS = frozenset(
    "up scrape_samples_scraped leader_election_master_status litellm_proxy_total_requests_metric_total"
    " litellm_proxy_failed_requests_metric_total litellm_request_total_latency_metric litellm_deployment_state"
    " kube_deployment_status_replicas_ready kube_deployment_spec_replicas kube_pod_created kube_pod_status_ready"
    " kube_pod_status_phase kube_pod_container_state_started kube_pod_container_status_restarts_total".split()
)
"""Series of Prometheus itself, of controller-runtime, LiteLLM 1.106 (integrations/prometheus.py) and
kube-state-metrics 2."""
_TARGET = frozenset(
    "alertname cluster stack model engine component environment namespace pod container instance job".split()
)
"""Labels that Prometheus or a monitor puts on every series."""
_OPTIONAL = frozenset(("stack:epp_replicas:config", "cluster:litellm:info"))
"""What is recorded only where a stack or a cluster has it."""
_PARTS = ("_bucket", "_sum", "_count")
_OBJECTIVES = {
    "ttft_p95_seconds": ("stack:inference_ttft_seconds_objective:config", ("time_to_first_token",)),
    "tpot_p95_seconds": (
        "stack:inference_tpot_seconds_objective:config",
        ("time_per_output_token", "inter_token_latency"),
    ),
    "error_ratio": ("stack:inference_error_ratio_objective:config", ("http_requests", "request_success")),
}
"""Goal of a stack: the series that alerts compare with, and what the engine must export for it."""


def _queries(obj: Obj) -> Iterator[tuple[str, str]]:
    """(field, query) of rules, and of the panels of dashboards."""
    if obj.kind == "PrometheusRule":
        yield from ((one.at("expr"), one.text("expr")) for one in obj.each("spec.groups[].rules[]"))
        return
    for field, board in dashboards(obj):
        for target in targets(board):
            yield field, target.text("expr")


@rule(
    "query-whole",
    kinds=(*_RULES, "ConfigMap"),
    why="Prometheus refuses the whole group of rules, or the panel shows an error.",
    fix="Correct the query.",
    source="inference-stacks.md idea 16",
    cause=_CAUSE,
)
def whole(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Every query can be parsed, as far as brackets and quotes tell."""
    for field, query in _queries(obj):
        if problem := promql.flaw(query):
            yield Hit(obj, field, f"{problem}: {query[:60]}")


@cache
def _exported() -> frozenset[str]:
    """Series that something is known to export, in any version."""
    names = {row["name"] for rows in table("epp")["metrics"].values() for row in rows}
    for name in ENGINES:
        names |= {one.name for rows in engine(name).metrics.values() for one in rows}
    return frozenset(names | _OTHERS)


def _known(name: str, recorded: frozenset[str]) -> bool:
    optional = name in _OPTIONAL or any(name == record for record, _ in _OBJECTIVES.values())
    if optional or name in recorded or name in _exported():
        return True
    return any(name.endswith(part) and name.removesuffix(part) in _exported() for part in _PARTS)


@rule(
    "query-series-exists",
    scope="cluster",
    why="The alert never fires and the panel stays empty, and nobody notices.",
    fix="Correct the name: of a recording rule, or of a series that something exports.",
    source="inference-stacks.md idea 16; production-stack#989; autoscaling#1202",
    cause=_CAUSE,
)
def series_exists(view: ClusterView) -> Iterator[Hit]:
    """Every series in a rule or dashboard is recorded by a rule of the cluster, or exported by something known."""
    recorded = frozenset(
        one.text("record")
        for obj in view.of(*_RULES)
        for one in obj.each("spec.groups[].rules[]")
        if one.has("record")
    )
    for obj in view.of(*_RULES, "ConfigMap"):
        for field, query in _queries(obj):
            for name in sorted(promql.metrics(query)):
                if not name.startswith("$") and not _known(name, recorded):
                    hint = did_you_mean(name, recorded | _exported())
                    yield Hit(obj, field, f"nothing records or exports {name}{hint}")


@rule(
    "query-of-this-cluster",
    kinds=_RULES,
    why="The rule looks at another cluster: this one has no alerts, and nobody notices.",
    fix="Run `make compile`.",
    source="inference-stacks.md idea 16; design 8",
    cause=_CAUSE,
)
def of_this_cluster(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Rules of a cluster ask for its own series."""
    for field, query in _queries(obj):
        for name in promql.clusters(query):
            if name != view.name:
                yield Hit(obj, field, f'it asks for cluster="{name}"')


@rule(
    "query-window-covers-scrapes",
    kinds=_RULES,
    why="A rate over less than two scrapes has no value: the alert never fires.",
    fix="Scrape more often (`cluster.monitoring.interval`), or look back further.",
    source="inference-stacks.md idea 16; prometheus docs",
    cause=("cluster", "monitoring", "interval"),
)
def window_covers(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A query looks back over at least two scrapes."""
    interval = promql.windows(f"[{view.facts.monitoring.interval}]")
    for field, query in _queries(obj):
        for window in promql.windows(query):
            if interval and window < 2 * interval[0]:
                message = f"it looks back {window:g} s, and scrapes are {interval[0]:g} s apart"
                yield Hit(obj, field, message)


@rule(
    "record-once",
    scope="cluster",
    why="Prometheus drops the second sample as a duplicate, and which value stays is chance.",
    fix="Rename one of them.",
    source="inference-stacks.md idea 16",
    cause=_CAUSE,
)
def record_once(view: ClusterView) -> Iterator[Hit]:
    """No two rules of a cluster record the same series."""
    seen: dict[tuple[str, tuple[tuple[str, str], ...]], Obj] = {}
    for obj in view.of(*_RULES):
        for one in obj.each("spec.groups[].rules[]"):
            if one.has("record"):
                key = (one.text("record"), tuple(sorted(one.texts("labels").items())))
                other = seen.get(key)
                if other is not None:
                    yield Hit(
                        obj, one.at("record"), f"{key[0]} with these labels is recorded in {other.ref} too"
                    )
                seen.setdefault(key, obj)


@rule(
    "rule-group-once",
    scope="cluster",
    level="warning",
    why="In Prometheus the groups cannot be told apart, and alerts about slow groups name the wrong one.",
    fix="Rename one of them.",
    source="inference-stacks.md idea 16",
    cause=_CAUSE,
)
def group_once(view: ClusterView) -> Iterator[Hit]:
    """A group of rules has a name of its own in the cluster."""
    seen: dict[str, Obj] = {}
    for obj in view.of(*_RULES):
        for group in obj.each("spec.groups[]"):
            other = seen.setdefault(group.text("name"), obj)
            if other is not obj:
                yield Hit(obj, group.at("name"), f"{group.text('name')} is also a group of {other.ref}")


def _alerts(obj: Obj) -> Iterator[Node]:
    return (one for one in obj.each("spec.groups[].rules[]") if one.has("alert"))


@rule(
    "alert-routable",
    kinds=_RULES,
    why="Alertmanager cannot route the alert, or the person who is woken does not know what it is about.",
    fix="Give severity, environment, summary and description.",
    source="inference-stacks.md idea 17",
    cause=_CAUSE,
)
def routable(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Every alert has a severity, the cluster's environment, a summary and a description."""
    for alert in _alerts(obj):
        name, severity = alert.text("alert"), alert.text("labels.severity")
        if severity not in _SEVERITIES:
            message = f"{name}: severity {severity or '(none)'} is none of {', '.join(_SEVERITIES)}"
            yield Hit(obj, alert.at("labels.severity"), message)
        environment = alert.text("labels.environment")
        if environment != view.environment.name:
            message = f"{name}: environment {environment or '(none)'} is not {view.environment.name}"
            yield Hit(obj, alert.at("labels.environment"), message)
        for key in ("summary", "description"):
            if not alert.text(f"annotations.{key}").strip():
                yield Hit(obj, alert.at(f"annotations.{key}"), f"{name} has no {key}")


@rule(
    "alert-label-exists",
    scope="cluster",
    level="warning",
    why="The text of the alert has a hole where the name of the stack or model should be.",
    fix="Use a label that the query keeps.",
    source="inference-stacks.md idea 16",
    cause=_CAUSE,
)
def label_exists(view: ClusterView) -> Iterator[Hit]:
    """Labels in the texts of an alert are labels that its query groups by, matches or sets."""
    recorded: dict[str, str] = {}
    for obj in view.of(*_RULES):
        for one in obj.each("spec.groups[].rules[]"):
            if one.has("record"):
                text = f"{one.text('expr')} {' '.join(one.texts('labels'))}"
                recorded[one.text("record")] = f"{recorded.get(one.text('record'), '')} {text}"[:4000]
    for obj in view.of(*_RULES):
        for alert in _alerts(obj):
            known = _labels(alert.text("expr"), recorded) | _TARGET | alert.texts("labels").keys()
            for key, text in alert.texts("annotations").items():
                for label in sorted(set(_LABEL.findall(text)) - known):
                    message = f"{alert.text('alert')}: its query has no label {label}"
                    yield Hit(obj, alert.at(f"annotations.{key}"), message)


def _labels(query: str, recorded: dict[str, str]) -> set[str]:
    """Words of a query and of the recording rules below it."""
    found, open_queries, seen = set(promql.words(query)), [query], set[str]()
    while open_queries:
        for name in promql.metrics(open_queries.pop()):
            if name in recorded and name not in seen:
                seen.add(name)
                found |= promql.words(recorded[name])
                open_queries.append(recorded[name])
    return found


@rule(
    "objective-has-alert",
    scope="stack",
    level="warning",
    why="The goal is written down, and nobody is told when it is missed.",
    fix="Run `make compile`; goals on what the engine does not export cannot be held.",
    source="inference-stacks.md idea 17",
    cause=("monitoring", "slo"),
)
def objective_alerts(view: StackView) -> Iterator[Hit]:
    """Every goal of a stack (`monitoring.slo`) is compared with by an alert, where its engine exports what is
    needed."""
    stack, slo = view.stack, view.stack.params.monitoring.slo
    if slo is None or not (stack.is_monitored and view.cluster.of_stack(TARGET)):
        return
    alerts = view.cluster.compiled(
        "PrometheusRule", view.cluster.facts.monitoring.namespace, "inference-alerts"
    )
    asked = (
        {name for one in _alerts(alerts) for name in promql.metrics(one.text("expr"))} if alerts else set()
    )
    facts = engine(stack.runtime.engine)
    for goal, (record, needed) in _OBJECTIVES.items():
        if getattr(slo, goal) is None:
            continue
        exported = [one for one in needed if facts.metric(stack.runtime.version, one)]
        if not exported:
            message = f"{facts.title} {stack.runtime.version} exports nothing to hold {goal} to"
            yield Hit(view.target, f"monitoring.slo.{goal}", message)
        elif record not in asked:
            yield Hit(view.target, f"monitoring.slo.{goal}", f"no alert compares with {record}")


@rule(
    "alert-has-runbook",
    scope="tree",
    why="Whoever is woken follows the link and finds nothing.",
    fix="Run `make compile`: runbooks have a section for each alert.",
    source="inference-stacks.md idea 17, 37",
    cause=_CAUSE,
)
def has_runbook(view: TreeView) -> Iterator[Hit]:
    """The runbook that an alert links to is compiled, and has a section of that name."""
    folder = f"compiled/{view.tree.cluster}/cluster/runbooks/"
    anchors = {
        path.removeprefix(folder): _anchors(view.tree.document(path) or "")
        for path in view.tree.documents
        if path.startswith(folder)
    }
    of_stacks = [one for name, one in anchors.items() if name != "litellm.md"]
    for obj in view.tree.objects:
        for alert in _alerts(obj) if obj.kind == "PrometheusRule" else ():
            path, _, anchor = alert.text("annotations.runbook_url").partition("#")
            file = path.rpartition("/")[2]
            among = of_stacks if file == f"{_STACK}.md" else [anchors[file]] if file in anchors else []
            if not any(anchor in one for one in among):
                told = (
                    f"no runbook has a section {anchor}"
                    if file in anchors or _STACK in file
                    else f"{file or 'it'} is not there"
                )
                message = f"{alert.text('alert')}: {told if anchor else 'it links to no runbook'}"
                yield Hit(obj, alert.at("annotations.runbook_url"), message)


def _anchors(text: str) -> frozenset[str]:
    """What links to a section of a Markdown text end with."""
    titles = re.findall(r"\n#{1,6} (.+)", f"\n{text}")  # what begins with a character is searched for quickly
    return frozenset(map(_anchor, titles))


@lru_cache(maxsize=4096)
def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-")
