"""Running rules over views."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scripts.check.fleet import ClusterView, FleetView, StackView
from scripts.check.model import Hit
from scripts.check.rule import Rule


def cluster_hits(rule: Rule, view: ClusterView) -> Iterator[Hit]:
    """What a rule finds in one cluster; nothing for a rule of scope ``fleet``."""
    match rule.scope:
        case "object":
            for obj in view.of(*rule.kinds):
                yield from rule.check(obj, view)
        case "stack":
            for stack in view.stacks.values():
                yield from rule.check(StackView(view, stack))
        case "cluster":
            yield from rule.check(view)


def fleet_hits(rules: Iterable[Rule], view: FleetView) -> Iterator[tuple[Rule, Hit]]:
    """What rules of scope ``fleet`` find."""
    for rule in rules:
        if rule.scope == "fleet":
            for hit in rule.check(view):
                yield rule, hit
