"""Alerts and recorded series: that they say what their names say, and that an alert can fire and does so in time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache

from components.facts.suggest import did_you_mean
from scripts.check import promql
from scripts.check.fleet import ClusterView, StackView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.rule import rule
from scripts.check.rules.dashboards import dashboards, targets

_KINDS = ("PrometheusRule",)
_CAUSE = ("cluster", "monitoring")
_SUFFIX = re.compile(r":(?:\w+_)?(?:rate|increase)(\d+[smhd])$")
_PERCENTILE = re.compile(r":p(\d\d)$")
_RANGE = re.compile(r"\[([^\[\]:]*)\]")
_VALID_RANGE = re.compile(r"[1-9]\d*(s|m|h|d|w)|\$__\w+")
_QUANTILE = re.compile(r"histogram_quantile\(\s*([-\d.\w]+)\s*,")
_THRESHOLD = re.compile(r"(\w[\w:]*)(?:\{[^{}]*\})?\s*(?:>=|<=|>|<)\s*(-?[\d.]+)(?![\w.])")
_CLAMP = re.compile(r"clamp_max\(([^(),]*(?:\{[^{}]*\})?),\s*(-?[\d.]+)\s*\)")
_SHARE = re.compile(r"[_:](?:ratio|\w*usage)")
_VARIABLE = re.compile(r"\$(?:\{)?(\w+)")
_BUILT_IN = re.compile(r"__\w+")
_GROUPED = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)")
_MATCHED = re.compile(r"[{,]\s*(\w+)\s*(=~|!~|!=|=)\s*\"([^\"]*)\"")
_LABELS = frozenset(
    "cluster stack model engine component environment namespace pod container instance job le predictor deployment"
    " handler method status error_code exception_status requested_model litellm_model_name api_base model_name"
    " served_name mode scraped service condition phase finished_reason priority type uid name reason state quantile"
    " __name__ fairness_id target_model_name inference_pool code api_provider exception_class".split()
)
"""Labels that Prometheus, the monitors, our own rules, the engines, llm-d-router, LiteLLM and kube-state-metrics put
on series."""
_VALUES = {
    "component": frozenset(("model", "epp", "litellm")),
    "method": frozenset(("GET", "POST", "PUT", "DELETE")),
    "job": frozenset(("kube-state-metrics",)),
}
_DIRECTIONS = {
    "InferenceModelDown": (">", ">", ">"),
    "InferenceReplicasBelowMinimum": ("<", "<="),
    "InferencePodStuckStarting": (">",),
    "InferenceContainerRestarting": (">",),
    "InferenceModelNotScraped": (">", ">", "=="),
    "InferenceMetricsMissing": (">",),
    "InferenceQueueGrowing": (">", ">"),
    "InferenceAtMaxReplicasWithQueue": (">", ">=", ">"),
    "InferenceKvCacheNearFull": (">",),
    "InferencePreemptions": (">",),
    "InferenceErrorRatioHigh": (">", ">"),
    "InferenceTtftBudgetBurn": (">", ">", ">"),
    "InferenceTpotBudgetBurn": (">", ">", ">"),
    "InferenceErrorBudgetBurn": (">", ">", ">"),
    "InferenceEppDown": (">",),
    "InferenceEppNoLeader": ("==", ">"),
    "InferencePoolNoReadyEndpoints": ("==", ">", ">"),
    "InferencePoolSaturated": (">=",),
    "InferenceEppPollErrors": (">",),
    "InferenceEppSchedulingSlow": (">",),
    "InferenceEppErrorRatioHigh": (">", ">"),
    "LiteLLMDown": ("==",),
    "LiteLLMErrorRatioHigh": (">", ">"),
    "LiteLLMDeploymentCooledDown": (">=",),
}
"""Which way each alert compares, in order: what its runbook describes."""
_SIGN = re.compile(r"(?<![=!~<>])(>=|<=|==|!=|>|<)(?![=~])")
_ALERT = re.compile(r"(?:[A-Z][A-Za-z0-9]*){2,}")
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"")


@rule(
    "record-means-its-name",
    kinds=_KINDS,
    why="Alerts and dashboards show a number over another time, or another percentile, than they say.",
    fix="Let the window and the quantile of the query be those in the name of the series.",
    source="inference-stacks.md 2.14; prometheus.io/docs/practices/rules",
    cause=_CAUSE,
)
def record_means_name(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A recorded series looks back over the time, and takes the quantile, that its name ends with."""
    for one in obj.each("spec.groups[].rules[]"):
        name, query = one.text("record"), one.text("expr")
        window, percentile = _SUFFIX.search(name), _PERCENTILE.search(name)
        looked = _RANGE.findall(query)
        if window and any(each != window.group(1) for each in looked):
            yield Hit(obj, one.at("expr"), f"{name} looks back over {', '.join(looked)}")
        taken = _QUANTILE.findall(query)
        if percentile and taken != [f"{int(percentile.group(1)) / 100:g}"]:
            yield Hit(obj, one.at("expr"), f"{name} takes the quantile {', '.join(taken) or 'of nothing'}")


@rule(
    "query-numbers-sane",
    kinds=(*_KINDS, "ConfigMap", "InferenceService"),
    why="Prometheus refuses the query, or it can never be true.",
    fix="Correct the number.",
    source="prometheus.io/docs/prometheus/latest/querying/functions",
    cause=_CAUSE,
)
def query_numbers(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Ranges, quantiles and thresholds of shares are numbers that can be."""
    for field, query in _queries(obj):
        for said in _odd_numbers(query):
            yield Hit(obj, field, said)


@lru_cache(maxsize=4096)
def _odd_numbers(query: str) -> tuple[str, ...]:
    """What is wrong with the numbers of a query; clusters ask the same ones."""
    return tuple(_of_numbers(_STRING.sub('""', query)))


def _of_numbers(bare: str) -> Iterator[str]:
    """``bare``: without the texts in quotes."""
    for window in _RANGE.findall(bare):
        if not _VALID_RANGE.fullmatch(window):
            yield f"[{window}] is no time"
    for quantile in _QUANTILE.findall(bare):
        if not _is_share(quantile):
            yield f"there is no quantile {quantile}"
    for series, number in (*_THRESHOLD.findall(bare), *_CLAMP.findall(bare)):
        if _SHARE.search(series) and not _is_share(number):
            yield f"{series} is a share, and never {number}"
    if found := re.search(r"[)\]}]-\d|\b\d+(?:\.\d+)?[a-zA-Z_]+\b(?!\])", _RANGE.sub("", bare)):
        yield f"{found.group()} is neither a number nor a difference"


def _is_share(text: str) -> bool:
    try:
        return 0 < float(text) < 1
    except ValueError:
        return False


def _queries(obj: Obj) -> Iterator[tuple[str, str]]:
    if obj.kind == "PrometheusRule":
        yield from ((one.at("expr"), one.text("expr")) for one in obj.each("spec.groups[].rules[]"))
    for metric in obj.each("spec.predictor.autoScaling.metrics[]"):
        external = metric.node("external.metric")
        if external.has("query"):
            yield external.at("query"), external.text("query")
    for field, board in dashboards(obj):
        yield from ((field, target.text("expr")) for target in targets(board))


@rule(
    "query-labels-known",
    kinds=(*_KINDS, "ConfigMap", "InferenceService"),
    why="Nothing carries such a label, or such a value, so the query finds nothing.",
    fix="Correct the label or the value.",
    source="inference-stacks.md 2.14; vLLM metrics; llm-d-router v0.10 pkg/epp/metrics",
    cause=_CAUSE,
)
def query_labels(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Labels by which queries match and group are ones that series have."""
    for field, query in _queries(obj):
        used = [label.strip() for inside in _GROUPED.findall(query) for label in inside.split(",")]
        matched = _MATCHED.findall(query)
        for label in dict.fromkeys([*filter(None, used), *(one for one, _, _ in matched)]):
            if label not in _LABELS:
                yield Hit(obj, field, f"no series has the label {label}{did_you_mean(label, _LABELS)}")
        for label, sign, value in matched:
            known = _VALUES.get(label, frozenset())
            if known and sign == "=" and not value.startswith("$") and value not in known:
                yield Hit(obj, field, f"{label} is never {value}{did_you_mean(value, known)}")


@rule(
    "dashboard-variable-exists",
    kinds=("ConfigMap",),
    why="The panel is empty whatever is chosen.",
    fix="Correct the name, or add the variable to the dashboard.",
    source="grafana.com/docs/grafana/latest/dashboards/variables",
    cause=_CAUSE,
)
def variable_exists(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Variables in the queries of a dashboard are variables that it has."""
    for field, board in dashboards(obj):
        known = {one.text("name") for one in board.each("templating.list[]")}
        used = [name for target in targets(board) for name in _VARIABLE.findall(target.text("expr"))]
        for name in dict.fromkeys(used):
            if name not in known and not _BUILT_IN.fullmatch(name):
                yield Hit(obj, field, f"there is no variable {name}{did_you_mean(name, known)}")


@rule(
    "alert-compares-rightly",
    kinds=_KINDS,
    why="The alert is silent when it should fire, and fires when all is well.",
    fix="Compare in the direction that the alert's runbook describes.",
    source="inference-stacks.md idea 16; components/monitoring",
    cause=_CAUSE,
)
def alert_compares(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """An alert compares in the direction that its name says."""
    for one in obj.each("spec.groups[].rules[]"):
        wanted = _DIRECTIONS.get(one.text("alert"))
        signs = tuple(_SIGN.findall(_RANGE.sub("", re.sub(r"\{[^{}]*\}", "", one.text("expr")))))
        if wanted is not None and signs != wanted:
            said = f"{one.text('alert')} compares {' '.join(signs) or 'nothing'}, not {' '.join(wanted)}"
            yield Hit(obj, one.at("expr"), said)


@rule(
    "alert-runbook-its-own",
    kinds=_KINDS,
    level="warning",
    why="Whoever is woken by the alert reads about another one.",
    fix="Link to the section that is called like the alert.",
    source="inference-stacks.md idea 16",
    cause=_CAUSE,
)
def alert_runbook(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """The runbook that an alert links to is about this alert, and lies where those of others lie."""
    links = [one.text("annotations.runbook_url") for one in obj.each("spec.groups[].rules[]")]
    most = next(iter(Counter(url.rpartition("/")[0] for url in links if url).most_common(1)), ("", 0))[0]
    for one in obj.each("spec.groups[].rules[]"):
        name, url = one.text("alert"), one.text("annotations.runbook_url")
        if name and not _ALERT.fullmatch(name):
            yield Hit(obj, one.at("alert"), f"{name} is not written like other alerts: InferenceModelDown")
        if name and url and url.rpartition("/")[0] != most:
            yield Hit(obj, one.at("annotations.runbook_url"), f"other alerts link to {most}")
        if name and url and url.rpartition("#")[2] != name.lower():
            yield Hit(obj, one.at("annotations.runbook_url"), f"{name} links to #{url.rpartition('#')[2]}")


@rule(
    "alert-window-told",
    kinds=_KINDS,
    level="warning",
    why="Routing and silences by window hit another alert.",
    fix="Let `window` be the longest time that the alert looks back over.",
    source="sre.google/workbook/alerting-on-slos",
    cause=_CAUSE,
)
def alert_window(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """The label `window` of an alert is the longest time that its query looks back over; burn rates have one."""
    for one in obj.each("spec.groups[].rules[]"):
        name, told = one.text("alert"), one.text("labels.window")
        if not name or not (told or one.has("labels.window") or name.endswith("BudgetBurn")):
            continue
        looked = _RANGE.findall(one.text("expr"))
        if not looked or told != max(looked, key=lambda each: max(promql.windows(f"x[{each}]"), default=0)):
            said = (
                f"it is {told or 'not set'}, and the query looks back over {', '.join(looked) or 'nothing'}"
            )
            yield Hit(obj, one.at("labels.window"), said)


@rule(
    "alert-in-time",
    kinds=_KINDS,
    level="warning",
    why="The alert fires at every flicker, or when nobody needs it any more.",
    fix="Wait one to thirty minutes; evaluate every 10 to 120 seconds.",
    source="prometheus.io/docs/practices/alerting",
    cause=_CAUSE,
)
def alert_in_time(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """An alert waits for one to thirty minutes, in a group that is evaluated every 10 to 120 seconds."""
    for group in obj.each("spec.groups[]"):
        if group.has("interval") and not _within(group.text("interval"), 10, 120):
            yield Hit(obj, group.at("interval"), f"it is evaluated every {group.text('interval')}")
        for one in Node(group.value, group.path).each("rules[]"):
            if one.text("alert") and not _within(one.text("for"), 60, 1800):
                yield Hit(obj, one.at("for"), f"{one.text('alert')} waits for {one.text('for') or 'nothing'}")


def _within(text: str, least: float, most: float) -> bool:
    found = promql.windows(f"x[{text}]")
    return len(found) == 1 and least <= found[0] <= most


@rule(
    "stack-info-true",
    scope="stack",
    why="Dashboards and alerts join on these labels: with a wrong one the model is on none of them.",
    fix="Run `make compile`.",
    source="inference-stacks.md 2.14; components/monitoring",
    cause=_CAUSE,
)
def stack_info(view: StackView) -> Iterator[Hit]:
    """The series that describes a stack names what it serves, and says whether it is scraped."""
    names, served = view.stack.names, view.stack.served_names
    monitored = view.cluster.compiled("PodMonitor", names.namespace, view.name) is not None
    for obj, one in _infos(view.cluster).get(view.name, ()):
        own = one.texts("labels")
        if own.get("served_name", "") not in served:
            said = f"{own.get('served_name') or 'nothing'} is not served ({', '.join(served)})"
            yield Hit(obj, one.at("labels.served_name"), said)
        if own.get("scraped", "") != str(monitored).lower():
            said = (
                f"it is {own.get('scraped') or 'not set'}, and there is {'a' if monitored else 'no'} monitor"
            )
            yield Hit(obj, one.at("labels.scraped"), said)


def _infos(view: ClusterView) -> Mapping[str, list[tuple[Obj, Node]]]:
    """The rules that describe a stack, with their objects, by stack."""

    def found() -> dict[str, list[tuple[Obj, Node]]]:
        by_stack: dict[str, list[tuple[Obj, Node]]] = {}
        for obj in view.of("PrometheusRule"):
            for one in obj.each("spec.groups[].rules[]"):
                if one.text("record") == "stack:inference_stack:info":
                    by_stack.setdefault(one.texts("labels").get("stack", ""), []).append((obj, one))
        return by_stack

    return view.once(_infos, found)


@rule(
    "proxy-info-true",
    kinds=_KINDS,
    why="The alert about LiteLLM is never true.",
    fix="Run `make compile`.",
    source="components/monitoring",
    cause=("cluster", "litellm"),
)
def proxy_info(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """The series that describes LiteLLM names its Service and namespace."""
    wanted = {"service": view.facts.litellm_service, "namespace": view.facts.infrastructure_namespace}
    for one in obj.each("spec.groups[].rules[]"):
        if one.text("record") == "cluster:litellm:info":
            for label, value in wanted.items():
                own = one.texts("labels").get(label)
                if own != value:
                    yield Hit(obj, one.at(f"labels.{label}"), f"it is {own or 'not set'}, not {value}")


@rule(
    "config-map-has-data",
    kinds=("ConfigMap",),
    why="Whatever reads it finds nothing: no dashboard, no configuration.",
    fix="Run `make compile`.",
    source="inference-stacks.md idea 1",
)
def config_map_has_data(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A ConfigMap holds something, and LiteLLM's holds its config.yaml."""
    data = obj.texts("data")
    if not data:
        yield Hit(obj, "data", "it holds nothing")
    elif obj.component == "litellm" and not view.proxies:
        yield Hit(obj, "data", f"no file of it is a configuration of LiteLLM (it has {', '.join(data)})")
