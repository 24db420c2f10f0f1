"""Alerts that are there, and that can fire."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.rule import rule
from scripts.check.tree import TreeView

_CAUSE = ("cluster", "monitoring")
_OF_STACK = "inference-stack-"
"""How the rules are called that record what is known of one stack."""
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


@rule(
    "stack-has-runbook",
    scope="tree",
    level="warning",
    why="Whoever is woken about this model follows the link and finds nothing.",
    fix="Run `make compile`.",
    source="inference-stacks.md idea 17, 37",
    cause=_CAUSE,
)
def stack_has_runbook(view: TreeView) -> Iterator[Hit]:
    """Every stack that alerts can be about has a runbook, where alerts link to those of stacks."""
    folder = f"compiled/{view.tree.cluster}/cluster/runbooks/"
    rules = [obj for obj in view.tree.objects if obj.kind == "PrometheusRule"]
    links = [
        one.text("annotations.runbook_url") for obj in rules for one in obj.each("spec.groups[].rules[]")
    ]
    stacks = [
        obj.name.removeprefix(_OF_STACK)
        for obj in rules
        if obj.name.startswith(_OF_STACK)
        and any(folder in link and "$labels.stack" in link for link in links)
    ]
    for name in stacks:
        if f"{folder}{name}.md" not in view.tree.documents:
            yield Hit(view.target, "cluster.monitoring", f"there is no {folder}{name}.md")
