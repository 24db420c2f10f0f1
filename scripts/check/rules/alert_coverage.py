"""Alerts that are there, and that can fire."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.rule import rule

_CAUSE = ("cluster", "monitoring")
_BELOW_ZERO = re.compile(r"(\w[\w:]*)(?:\{[^{}]*\})?\s*(?:>=|<=|==|!=|>|<)\s*(-[\d.]+)(?![\w.])")
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"")


@rule(
    "alerts-about-stacks",
    scope="cluster",
    level="warning",
    why="A model that is down is noticed by those who use it.",
    fix="Run `make compile`; to go without set `cluster.monitoring.enabled: false`.",
    source="inference-stacks.md idea 16",
    cause=_CAUSE,
)
def alerts_exist(view: ClusterView) -> Iterator[Hit]:
    """Where series of stacks are recorded for alerts, there are alerts."""
    rules = [one for obj in view.of("PrometheusRule") for one in obj.each("spec.groups[].rules[]")]
    recorded = any(one.text("record").startswith("stack:") for one in rules)
    if recorded and not any(one.text("alert") for one in rules):
        yield Hit(
            view.target, "cluster.monitoring", "series of stacks are recorded, and nothing alerts on them"
        )


@rule(
    "query-compares-what-can-be",
    kinds=("PrometheusRule",),
    why="No series of ours is ever below zero: the alert never fires, or always.",
    fix="Correct the number.",
    source="prometheus.io/docs/concepts/metric_types; inference-stacks.md 2.14",
    cause=_CAUSE,
)
def compares(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """No series is compared with a number below zero."""
    for one in obj.each("spec.groups[].rules[]"):
        for series, number in _BELOW_ZERO.findall(_STRING.sub('""', one.text("expr"))):
            yield Hit(obj, one.at("expr"), f"{series} is never {number}")
