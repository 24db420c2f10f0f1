"""Monitoring: ``cluster.monitoring`` for a cluster's Prometheus, ``monitoring`` for a stack's goals."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from components.common.forms import text
from components.common.params import Labels, Namespace, Params, WholeDuration


class Monitoring(Params):
    """How Prometheus and Grafana of one cluster find what is compiled."""

    enabled: bool = True
    """``false``: no monitors, rules and dashboards for this cluster."""
    namespace: Namespace = "monitoring"
    """Where rules and dashboards go."""
    labels: Labels = Field(default_factory=lambda: {"release": "kube-prometheus-stack"})
    """Labels that the Prometheus operator selects on."""
    interval: WholeDuration = "15s"
    """How often metrics are read."""
    dashboards: bool = True
    """Compile Grafana dashboards, as ConfigMaps."""
    dashboard_labels: Labels = Field(default_factory=lambda: {"grafana_dashboard": "1"})
    """Labels that the Grafana sidecar selects on."""
    runbook_base_url: (
        Annotated[
            str,
            text(
                r"^https?://[^\s/]+/([^\s]*/)?$",
                "a URL with a slash at the end",
                "https://example.com/runbooks/",
            ),
        ]
        | None
    ) = None
    """Where the compiled runbooks can be read, slash at the end; derived from the repository if unset."""


class Slo(Params):
    """Goals that alerts hold a stack to."""

    ttft_p95_seconds: float | None = Field(default=None, gt=0)
    """Time to first token, 95th percentile, in seconds."""
    tpot_p95_seconds: float | None = Field(default=None, gt=0)
    """Time per output token, 95th percentile, in seconds."""
    error_ratio: float | None = Field(default=None, gt=0, lt=1)
    """Share of requests that may fail."""


class StackMonitoring(Params):
    """What one stack wants from monitoring."""

    enabled: bool = True
    """``false``: the stack is neither scraped nor alerted on."""
    slo: Slo | None = None
