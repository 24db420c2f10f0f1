"""Monitoring: ``cluster.monitoring`` for a cluster's Prometheus, ``monitoring`` for a stack's goals."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from components.common.params import Duration, Namespace, Params


class Monitoring(Params):
    """How Prometheus and Grafana of one cluster find what is compiled."""

    enabled: bool = True
    namespace: Namespace = "monitoring"
    """Where rules and dashboards go."""
    labels: dict[str, str] = Field(default_factory=lambda: {"release": "kube-prometheus-stack"})
    """Labels that the Prometheus operator selects on."""
    interval: Duration = "15s"
    dashboards: bool = True
    dashboard_labels: dict[str, str] = Field(default_factory=lambda: {"grafana_dashboard": "1"})
    """Labels that the Grafana sidecar selects on."""
    runbook_base_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+/$")] | None = None
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
    slo: Slo | None = None
