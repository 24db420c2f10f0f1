"""What will happen when a change is merged. A rule is one function from a view to sentences; rules know nothing of
each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from scripts.review.change import SEVERITIES, Consequence
from scripts.review.consequences import (
    access,
    by_hand,
    capacity,
    front,
    gateways,
    objects,
    pods,
    policy,
    routing,
    settings,
    unsynced,
    versions,
)
from scripts.review.view import View

Rule = Callable[[View], Iterator[Consequence]]

RULES: Final[tuple[Rule, ...]] = (
    objects.clusters_gone,
    by_hand.unreadable,
    by_hand.models_gone,
    by_hand.twice,
    by_hand.bound,
    pods.restarts,
    pods.led_ahead,
    pods.waits,
    pods.weights,
    pods.replicas,
    pods.removed,
    pods.swapped,
    pods.moved,
    front.picker,
    front.proxy,
    capacity.over_budget,
    capacity.contention,
    capacity.memory,
    capacity.cost,
    routing.litellm,
    routing.aliases,
    routing.hostnames,
    routing.routes,
    routing.served_names,
    routing.wiring,
    gateways.classes,
    gateways.names,
    gateways.failure_modes,
    gateways.encryption,
    unsynced.roots,
    unsynced.health_checks,
    access.permissions,
    access.network,
    access.secrets,
    settings.argocd,
    settings.stacks,
    settings.salt_key,
    settings.pod_security,
    settings.privileges,
    settings.pins,
    objects.left_behind,
    objects.pruned,
    objects.recreated,
    objects.renamed,
    objects.orphaned,
    objects.unexplained,
    versions.clusters,
    versions.runtimes,
    policy.waivers,
    policy.overrides,
    policy.environments,
)
"""In the order in which a reader wants to know."""


def consequences(view: View) -> Iterator[Consequence]:
    """Everything that follows, the gravest first; within a severity in the order of the rules."""
    found = [one for rule in RULES for one in rule(view)]
    yield from sorted(found, key=lambda one: -SEVERITIES.index(one.severity))
