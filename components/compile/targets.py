"""Compile one target: from rendered parameters to file texts. Pure; knows nothing of Kapitan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from components.cluster import build as cluster_build
from components.cluster import documents as cluster_documents
from components.cluster.load import load_fleet
from components.cluster.params import TARGET, Parameters
from components.common.manifest import key
from components.common.place import Built, place, texts
from components.stack import build as stack_build
from components.stack.load import load_stack

Files = Mapping[str, str]


def is_cluster(target: str) -> bool:
    """Whether a target (``<cluster>.<name>``) is a cluster's own."""
    return target.rpartition(".")[2] == TARGET


def compile_target(target: str, parameters: Parameters) -> Files:
    """File texts by path below the target's folder. Raises MistakesError with everything that is wrong in it."""
    if is_cluster(target):
        return compile_cluster(target, parameters)
    return compile_stack(target, parameters[target])


def compile_stack(target: str, parameters: Mapping[str, Any]) -> Files:
    """A stack's files."""
    stack = load_stack(target, parameters)
    return texts(place(stack_build.owner(target, stack), stack_build.built(stack)))


def compile_cluster(target: str, parameters: Parameters) -> Files:
    """A cluster's own files, made from its stacks: what they are compiled to decides what Argo CD may sync."""
    fleet = load_fleet(target, parameters)
    kinds = {stack.name: kinds_of(stack_build.built(stack)) for stack in fleet.stacks}
    own = [replace(part, manifests=tuple(part.manifests)) for part in cluster_build.built(fleet)]
    kinds |= {part.component: kinds_of([part]) for part in own}
    fleet = replace(fleet, kinds=kinds)
    applications = cluster_build.applications(fleet)
    placed = place(cluster_build.owner(target, fleet), [*own, *applications])
    return {**texts(placed), **cluster_documents.documents(fleet)}


def kinds_of(parts: Iterable[Built]) -> frozenset[tuple[str, str]]:
    """(group, kind) of everything in some components."""
    return frozenset(key(manifest)[:2] for part in parts for manifest in part.manifests)
