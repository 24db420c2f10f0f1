"""The seam between Python and the monitoring mixin: plain data in, plain manifests out.

``main.jsonnet`` is evaluated once a cluster, by go-jsonnet (package ``gojsonnet``; the C++ implementation is
several times slower). Labels common to all objects, file names and text are the caller's business::

    monitoring = evaluate({"cluster": "eu-h100", "stacks": {...}, ...})
    for manifest in monitoring.manifests():
        ...
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from components.common.errors import InferstackError
from components.common.manifest import Manifest

MAIN = Path(__file__).with_name("main.jsonnet")
_SOURCE = "function(params) (import 'main.jsonnet')(std.parseJson(params))"
"""As text, which go-jsonnet reads faster than the same as Jsonnet: a tenth of an evaluation."""


class SecretKey(TypedDict):
    """A key of a Secret in the namespace of the monitor."""

    name: str
    key: str


class Objectives(TypedDict, total=False):
    """Objectives of a stack; ``None`` or absent: no alert on that objective."""

    ttftP95Seconds: float | None
    tpotP95Seconds: float | None
    errorRatio: float | None


class EppFacts(TypedDict):
    """The Endpoint Picker of a stack."""

    service: str
    selector: Mapping[str, str]
    """Labels of the EPP's Service; the monitor keeps only the Service named ``service``."""
    metricsPort: str
    """Name of the Service port."""
    tokenSecret: NotRequired[str | SecretKey | None]
    """Secret (key ``token``) in the stack's namespace, where /metrics asks for a token."""
    replicas: int
    flowControl: NotRequired[bool]


class StackFacts(TypedDict):
    """One stack as monitoring sees it."""

    namespace: str
    model: str
    servedName: str
    engine: str
    inferenceService: str
    """KServe makes the Deployment ``<inferenceService>-predictor`` of it."""
    mode: str
    podSelector: Mapping[str, str]
    metricsPort: int | None
    """Container port with metrics; ``None`` for an engine without any: no PodMonitor, no alert on metrics."""
    metricsPath: str
    minReplicas: int
    maxReplicas: int
    gpusPerReplica: int
    startupSeconds: float
    """How long a pod may take to become ready, in seconds."""
    metrics: NotRequired[Mapping[str, str | None]]
    """Logical to real metric names that differ from the engine's; ``None``: this version lacks it."""
    epp: NotRequired[EppFacts | None]
    slo: NotRequired[Objectives | None]
    pool: NotRequired[str | None]


class LiteLlmFacts(TypedDict):
    """The LiteLLM proxy, where its metrics are on (``callbacks: [prometheus]``)."""

    service: str
    namespace: str
    port: str
    """Name of the Service port."""
    selector: NotRequired[Mapping[str, str]]
    """Labels of the Service; without them the name alone selects."""
    tokenSecret: NotRequired[str | SecretKey | None]
    """For /metrics on the proxy's own port, which wants a key unless
    ``litellm_settings.require_auth_for_metrics_endpoint`` is false (litellm 1.106.2
    prometheus_auth_middleware.py). The port of ``PROMETHEUS_METRICS_PORT`` wants none."""


class MonitoringParams(TypedDict):
    """The argument of ``main.jsonnet``."""

    cluster: str
    environment: NotRequired[str]
    namespace: str
    """Where rules and dashboards go."""
    labels: Mapping[str, str]
    """Labels by which the Prometheus operator selects monitors and rules."""
    interval: str
    runbookBaseUrl: NotRequired[str | None]
    """With a slash at the end. Alerts link to ``<base><stack>.md#<alert in lower case>``, those of the proxy
    to ``<base>litellm.md#…``."""
    dashboards: bool
    grafanaLabel: Mapping[str, str]
    metrics: Mapping[str, Mapping[str, str | None]]
    """Logical to real names per engine, and of ``epp`` and ``litellm``. An engine without metrics has an
    empty map."""
    stacks: Mapping[str, StackFacts]
    litellm: NotRequired[LiteLlmFacts | None]
    config: NotRequired[Mapping[str, Any]]
    """Overrides of ``config.libsonnet``: thresholds and windows."""


class MonitoringError(InferstackError):
    """Parameters that the mixin refuses; the message is one line for the user."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What a runbook says of one alert."""

    alert: str
    severity: str
    """``critical``, ``warning``, or both joined by a comma where the burn rate decides."""
    scope: str
    """``stack``: linked from ``<stack>.md``; ``litellm``: from ``litellm.md``."""
    meaning: str
    steps: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """The anchor that ``runbook_url`` links to."""
        return self.alert.lower()


@dataclass(frozen=True, slots=True)
class Monitoring:
    """The manifests of one cluster; all are plain dicts with apiVersion, kind, metadata."""

    monitors: tuple[Manifest, ...]
    """PodMonitors and ServiceMonitors, in the namespaces of what they scrape."""
    rules: tuple[Manifest, ...]
    """PrometheusRules: recording rules, alerts, and one with the facts of each stack."""
    dashboards: tuple[Manifest, ...]
    """ConfigMaps with one Grafana dashboard each."""
    alerts: tuple[Alert, ...]
    """Each alert once, in the order of the rules."""

    def manifests(self) -> Iterator[Manifest]:
        """All of them."""
        yield from (*self.monitors, *self.rules, *self.dashboards)


def evaluate(params: MonitoringParams) -> Monitoring:
    """Evaluate the mixin for one cluster.

    Raises MonitoringError, e.g. for a stack whose engine has no entry in ``params["metrics"]``.
    """
    try:
        result = json.loads(_evaluate(json.dumps(params)))
    except RuntimeError as error:
        raise MonitoringError(_one_line(str(error))) from error
    return Monitoring(
        monitors=tuple(result["monitors"]),
        rules=tuple(result["rules"]),
        dashboards=tuple(result["dashboards"]),
        alerts=read_alerts(result["alerts"]),
    )


def jsonnet(source: str, **options: Any) -> str:
    """What Jsonnet makes of a text that lies beside ``main.jsonnet``, as JSON. Raises RuntimeError."""
    import _gojsonnet  # starts Go's threads, which no fork takes along: not before there is need

    text: str = _gojsonnet.evaluate_snippet(str(MAIN), source, **options)
    return text


@lru_cache(maxsize=2)
def _evaluate(params: str) -> str:
    """The mixin's JSON. Rules and runbooks of one cluster ask for the same; neither changes the text."""
    return jsonnet(_SOURCE, tla_vars={"params": params})


def read_alerts(rows: list[dict[str, Any]]) -> tuple[Alert, ...]:
    """The mixin's ``alerts``, each once: a burn rate has one for each of its windows."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_name.setdefault(row["alert"], []).append(row)
    return tuple(
        Alert(
            alert=name,
            severity=",".join(dict.fromkeys(row["severity"] for row in same)),
            scope=same[0]["scope"],
            meaning=same[0]["meaning"],
            steps=tuple(same[0]["steps"]),
        )
        for name, same in by_name.items()
    )


def _one_line(error: str) -> str:
    """The message of a Jsonnet error, with the place in the mixin unless it is written for users."""
    message, _, trace = error.partition("\n")
    message = message.removeprefix("RUNTIME ERROR: ")
    place = trace.strip().split("\t")[0].replace(f"{MAIN.parent}/", "")
    return f"monitoring: {message}" if message.startswith("stack ") else f"monitoring: {message} ({place})"
