"""Clusters with what is really compiled for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from components.argocd import build
from components.cluster import platform
from components.cluster.params import Fleet
from components.common.manifest import Manifest, key
from components.common.place import Built, Owner, place
from components.monitoring import build as monitoring
from components.stack import build as stack_build
from components.stack.params import Stack
from tests.support.stacks import make_fleet

PARTS = {"platform": platform.build, "monitoring": monitoring.build}


def compiled(*stacks: Stack, **overrides: Any) -> Fleet:
    """A cluster that knows the kinds of what its stacks, its platform and its monitoring compile to."""
    fleet = make_fleet(*stacks, **overrides)
    return replace(fleet, kinds={part: kinds(manifests) for part, manifests in objects(fleet).items()})


def kinds(manifests: Iterable[Manifest]) -> frozenset[tuple[str, str]]:
    """(group, kind) of some objects."""
    return frozenset(key(manifest)[:2] for manifest in manifests)


def objects(fleet: Fleet) -> dict[str, list[Manifest]]:
    """Complete objects by stack and by component folder of the cluster."""
    cluster = fleet.cluster
    owner = Owner(f"{cluster.name}.cluster", cluster.name, cluster.namespace, cluster.kubernetes, {})
    own = {
        part: list(place(owner, [Built(part, part, make(fleet))]).values()) for part, make in PARTS.items()
    }
    stacks = {
        stack.name: list(
            place(stack_build.owner(f"{cluster.name}.{stack.name}", stack), stack_build.built(stack)).values()
        )
        for stack in fleet.stacks
    }
    return own | stacks


def argocd(fleet: Fleet) -> dict[str, Manifest]:
    """What the root Application syncs, placed, by ``kind/name``."""
    cluster = fleet.cluster
    owner = Owner(f"{cluster.name}.cluster", cluster.name, cluster.namespace, cluster.kubernetes, {})
    placed = place(owner, [Built("argocd", "argocd", build.build(fleet))]).values()
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in placed}
