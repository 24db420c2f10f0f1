"""Compile one target: from rendered parameters to file texts. Pure; knows nothing of Kapitan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from components.cluster import build as cluster_build
from components.cluster.documents import documents
from components.cluster.load import load_fleet
from components.cluster.params import TARGET, Fleet, Parameters
from components.common.manifest import Manifest, key
from components.common.place import Built, place, texts
from components.stack import build as stack_build
from components.stack.load import load_stack

Files = Mapping[str, str]


def is_cluster(target: str) -> bool:
    """Whether a target (``<cluster>.<name>``) is a cluster's own."""
    return target.rpartition(".")[2] == TARGET


def compile_target(target: str, parameters: Parameters) -> Files:
    """File texts by path below the target's folder. Raises MistakesError with everything that is wrong in it."""
    if not is_cluster(target):
        return texts(place_stack(target, parameters[target]))
    fleet, placed = place_cluster(target, parameters)
    return {**texts(placed), **documents(fleet)}


def place_stack(target: str, parameters: Mapping[str, Any]) -> dict[str, Manifest]:
    """A stack's manifests by path."""
    stack = load_stack(target, parameters)
    return place(stack_build.owner(target, stack), stack_build.built(stack))


def place_cluster(target: str, parameters: Parameters) -> tuple[Fleet, dict[str, Manifest]]:
    """A cluster and its own manifests by path: what its stacks are compiled to decides what Argo CD may sync."""
    fleet = load_fleet(target, parameters)
    own = [replace(part, manifests=tuple(part.manifests)) for part in cluster_build.built(fleet)]
    kinds = {stack.name: kinds_of(stack_build.built(stack)) for stack in fleet.stacks}
    kinds |= {part.component: kinds_of([part]) for part in own}
    fleet = replace(fleet, kinds=kinds)
    return fleet, place(cluster_build.owner(target, fleet), [*own, *cluster_build.applications(fleet)])


def kinds_of(parts: Iterable[Built]) -> frozenset[tuple[str, str]]:
    """(group, kind) of everything in some components."""
    return frozenset(key(manifest)[:2] for part in parts for manifest in part.manifests)
