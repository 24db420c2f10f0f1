"""Times that parse and yet are a slip: probes, grace, timeouts, intervals of scrapes."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.check.durations import seconds
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.rule import rule

_CONTAINERS = ("spec.predictor.model", "spec.containers[]", "spec.template.spec.containers[]")
_PROBED = ("InferenceService", "ServingRuntime", "ClusterServingRuntime", "Deployment")
_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
_LATE = {"startupProbe": 6 * 3600, "readinessProbe": 120, "livenessProbe": 600}
"""Seconds after which a dead server is noticed at the latest."""
_EARLY = {"livenessProbe": 20}
"""Seconds for which a server may be silent before it is killed: a long prefill, a full node."""
_TIMEOUTS = (
    ("BackendTrafficPolicy", "spec.timeout.http", "requestTimeout"),
    ("BackendTrafficPolicy", "spec.timeout.tcp", "connectTimeout"),
    ("EnvoyExtensionPolicy", "spec.extProc[].backendSettings.timeout.tcp", "connectTimeout"),
    ("EnvoyExtensionPolicy", "spec.extProc[]", "messageTimeout"),
    ("HTTPRoute", "spec.rules[].timeouts", "request"),
    ("HTTPRoute", "spec.rules[].timeouts", "backendRequest"),
    ("GCPBackendPolicy", "spec.default", "timeoutSec"),
)
"""(kind, path, key) of how long something is waited for."""
_SPARE = 3600
"""Seconds by which a timeout or a grace may exceed the longest request that a stack of the cluster allows."""
_SCRAPES = (("PodMonitor", "spec.podMetricsEndpoints[]"), ("ServiceMonitor", "spec.endpoints[]"))


@rule(
    "probe-timing-sane",
    kinds=_PROBED,
    level="warning",
    why="A busy server is taken out or killed, or a dead one gets requests for minutes.",
    fix="Give period, timeout and threshold of the probe: a timeout of at most its period, failures that add up.",
    source="serving.md 1.9 and 44; gateway.md 27",
)
def probe_timing(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A probe says how often it asks, how long it waits and how often it may fail, and the three fit."""
    for way in _CONTAINERS:
        for container in obj.each(way):
            for sort in _PROBES:
                if container.has(sort):
                    yield from _probe(obj, sort, container.node(sort))


def _probe(obj: Obj, sort: str, probe: Node) -> Iterator[Hit]:
    for key, default in (("periodSeconds", 10), ("timeoutSeconds", 1), ("failureThreshold", 3)):
        if not probe.has(key):
            yield Hit(obj, probe.at(key), f"it is not set, which means {default}")
    period, timeout = probe.number("periodSeconds"), probe.number("timeoutSeconds")
    failures = probe.number("failureThreshold")
    if period is None or timeout is None or failures is None:
        return
    if timeout > min(period, 60):
        yield Hit(obj, probe.at("timeoutSeconds"), f"it waits {timeout} s, and asks every {period} s")
    if sort != "startupProbe" and failures < 2:
        yield Hit(obj, probe.at("failureThreshold"), "one slow answer is a failure")
    if (probe.number("initialDelaySeconds") or 0) > 120:
        yield Hit(
            obj,
            probe.at("initialDelaySeconds"),
            f"it first asks after {probe.number('initialDelaySeconds')} s",
        )
    if (probe.number("successThreshold") or 1) > 3:
        yield Hit(
            obj, probe.at("successThreshold"), f"it must answer {probe.number('successThreshold')} times"
        )
    yield from _reaction(obj, sort, probe, period * failures)


def _reaction(obj: Obj, sort: str, probe: Node, time: int) -> Iterator[Hit]:
    if sort in _LATE and time > _LATE[sort]:
        said = f"a dead server is noticed after {time} s, {_LATE[sort]} s is much"
        yield Hit(obj, probe.at("periodSeconds"), said)
    if sort in _EARLY and time < _EARLY[sort]:
        yield Hit(obj, probe.at("periodSeconds"), f"a server that is silent for {time} s is killed")


@rule(
    "grace-bounded",
    kinds=("InferenceService", "Deployment"),
    level="warning",
    why="A pod that hangs while it stops keeps its node and its GPUs for as long.",
    fix="Allow as long as the longest request takes, and a little more.",
    source="serving.md 1.9; gateway.md 31",
    cause=("serving", "terminationGracePeriodSeconds"),
)
def grace_bounded(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """The grace of a pod is not hours longer than the longest request."""
    longest = _longest(obj, view) + _SPARE
    for way in ("spec.predictor", "spec.template.spec"):
        grace = obj.node(way).number("terminationGracePeriodSeconds")
        if grace is not None and grace > longest:
            said = f"{grace} s, and no request takes longer than {longest - _SPARE} s"
            yield Hit(obj, f"{way}.terminationGracePeriodSeconds", said)


@rule(
    "timeout-bounded",
    kinds=tuple(dict.fromkeys(kind for kind, _, _ in _TIMEOUTS)),
    level="warning",
    why="Zero means that nothing ends a request that hangs; hours mean the same to a client.",
    fix="Wait about as long as the longest request of the stack takes (`serving.requestTimeoutSeconds`).",
    source="envoy-proved.md 6; gateway.md 46",
    cause=("serving", "requestTimeoutSeconds"),
)
def timeout_bounded(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A timeout of a route or a policy is above zero, and not hours longer than the longest request."""
    longest = _longest(obj, view) + _SPARE
    for kind, way, key in _TIMEOUTS:
        if kind != obj.kind:
            continue
        for node in obj.each(way):
            time = node.number(key) if node.number(key) is not None else seconds(node.text(key))
            if time is not None and not 0 < time <= longest:
                said = f"it is {time:g} s, and the longest request takes {longest - _SPARE} s"
                yield Hit(obj, node.at(key), said)


def _longest(obj: Obj, view: ClusterView) -> int:
    """The longest request, in seconds, of an object's stack; of the whole cluster where it has none."""
    stack = view.stack_of(obj)
    if stack:
        return max(stack.serving.request_timeout_seconds, stack.termination_grace_seconds)
    own = [one.serving.request_timeout_seconds for one in view.stacks.values()]
    return max([view.facts.litellm.request_timeout_seconds, *own])


@rule(
    "scrape-interval-sane",
    kinds=tuple(kind for kind, _ in _SCRAPES),
    level="warning",
    why="Rates over five minutes have gaps, alerts fire late, or Prometheus does nothing but scrape.",
    fix="Scrape every 5 to 60 seconds.",
    source="inference-stacks.md 2.14; serving.md 5.3",
    cause=("cluster", "monitoring"),
)
def scrape_interval(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A monitor scrapes every 5 to 60 seconds."""
    for kind, way in _SCRAPES:
        for endpoint in obj.each(way) if kind == obj.kind else ():
            time = seconds(endpoint.text("interval"))
            if endpoint.has("interval") and (time is None or not 5 <= time <= 60):
                yield Hit(obj, endpoint.at("interval"), f"it scrapes every {endpoint.text('interval')}")
