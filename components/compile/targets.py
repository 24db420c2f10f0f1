"""Compile one target: from rendered parameters to file texts. Pure; knows nothing of Kapitan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from components.cluster import build as cluster_build
from components.cluster.documents import documents
from components.cluster.load import load_fleet
from components.cluster.params import TARGET, Fleet, Parameters
from components.common.errors import Mistake, MistakesError
from components.common.manifest import Manifest, key
from components.common.place import Built, place, texts
from components.contracts import is_cluster_scoped
from components.stack import build as stack_build
from components.stack.load import load_stack

Files = Mapping[str, str]
Identity = tuple[str, str, str, str]
"""(group, kind, namespace, name) of an object."""


def is_cluster(target: str) -> bool:
    """Whether a target (``<cluster>.<name>``) is a cluster's own."""
    return target.rpartition(".")[2] == TARGET


def compile_target(target: str, parameters: Parameters) -> Files:
    """File texts by path below the target's folder. Raises MistakesError with everything that is wrong in it."""
    if not is_cluster(target):
        own = f"{target.rpartition('.')[0]}.{TARGET}"
        return texts(place_stack(target, parameters[target], parameters.get(own)))
    fleet, placed = place_cluster(target, parameters)
    return {**texts(placed), **documents(fleet)}


def place_stack(
    target: str, parameters: Mapping[str, Any], cluster_target: Mapping[str, Any] | None = None
) -> dict[str, Manifest]:
    """A stack's manifests by path; ``cluster_target``: the parameters of its cluster's own target."""
    stack = load_stack(target, parameters, cluster_target)
    return place(stack_build.owner(target, stack), stack_build.built(stack))


def place_cluster(target: str, parameters: Parameters) -> tuple[Fleet, dict[str, Manifest]]:
    """A cluster and its own manifests by path: what its stacks are compiled to decides what Argo CD may sync."""
    fleet = load_fleet(target, parameters)
    own = [replace(part, manifests=tuple(part.manifests)) for part in cluster_build.built(fleet)]
    stacks = {stack.name: _identities(stack.namespace, stack_build.built(stack)) for stack in fleet.stacks}
    shared = _identities(fleet.cluster.namespace, own)
    if twice := list(_made_twice(fleet.cluster.name, {**stacks, TARGET: shared})):
        raise MistakesError(target, twice)
    kinds = {name: frozenset(one[:2] for one in identities) for name, identities in stacks.items()}
    kinds |= {part.component: kinds_of([part]) for part in own}
    fleet = replace(fleet, kinds=kinds)
    return fleet, place(cluster_build.owner(target, fleet), [*own, *cluster_build.applications(fleet)])


def kinds_of(parts: Iterable[Built]) -> frozenset[tuple[str, str]]:
    """(group, kind) of everything in some components."""
    return frozenset(key(manifest)[:2] for part in parts for manifest in part.manifests)


def _identities(namespace: str, parts: Iterable[Built]) -> list[Identity]:
    """What tells the objects of some components apart; those that name no namespace lie in ``namespace``."""
    found = []
    for part in parts:
        for manifest in part.manifests:
            group, kind, own, name = key(manifest)
            found.append((group, kind, "" if is_cluster_scoped(group, kind) else own or namespace, name))
    return found


def _made_twice(cluster: str, owners: Mapping[str, list[Identity]]) -> Iterator[Mistake]:
    """Objects that two targets would make, and two Applications would fight over: one mistake for each pair."""
    first: dict[Identity, str] = {}
    clashes: dict[tuple[str, str], list[Identity]] = defaultdict(list)
    for owner, identities in owners.items():
        for identity in identities:
            other = first.setdefault(identity, owner)
            if other != owner:
                clashes[other, owner].append(identity)
    for (other, owner), identities in clashes.items():
        _, kind, namespace, name = identities[0]
        more = f" and {len(identities) - 1} more" if len(identities) > 1 else ""
        yield Mistake(
            (),
            f"{kind} {f'{namespace}/' if namespace else ''}{name}{more} would be made by {other} and by {owner}",
            "rename one of them or put it into another namespace, or let only one of them make it",
            f"{cluster}.{other}",
        )
