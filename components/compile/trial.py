"""What would be compiled if a parameter were another: parts of a target, without the checks.

For questions only (``inferstack explain``, ``inferstack review``): nothing that comes from here is written. A change
that cannot be compiled raises whatever its builder runs into. With the parameters as they are, the result is that of
``compile.targets``; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from components.cluster import build as cluster_build
from components.cluster.params import ClusterParams, Fleet
from components.common import load
from components.common.manifest import Manifest
from components.common.place import Built, place
from components.compile.targets import kinds_of
from components.stack import build as stack_build
from components.stack.params import Stack, StackParams

Kinds = Mapping[str, frozenset[tuple[str, str]]]
ARGOCD = "argocd"
"""The component that needs to know what all others are compiled to."""
STACK_COMPONENTS = ("model-service", "inference-gateway")
CLUSTER_COMPONENTS = ("platform", "litellm", "monitoring", ARGOCD)

own_parameters = load.own_parameters


def stack(target: str, own: Mapping[str, Any]) -> Stack:
    """The stack ``target``. Raises pydantic's ValidationError."""
    return Stack(target.rpartition(".")[2], StackParams.model_validate(own))


def fleet(own: Mapping[str, Any], stacks: Iterable[Stack], kinds: Kinds | None = None) -> Fleet:
    """A cluster with some of its stacks. Raises pydantic's ValidationError."""
    members = tuple(sorted(stacks, key=lambda one: one.name))
    return Fleet(ClusterParams.model_validate(own), members, kinds or {})


def stack_manifests(target: str, one: Stack, component: str | None = None) -> dict[str, Manifest]:
    """Manifests of a stack by path, or those of one component."""
    parts = _only(stack_build.built(one), component)
    return place(stack_build.owner(target, one), parts, checked=False)


def cluster_manifests(
    target: str, whole: Fleet, component: str, manifests: Iterable[Manifest] | None = None
) -> dict[str, Manifest]:
    """Manifests of one component of a cluster's own target; of ``argocd`` only where ``kinds`` says what else is
    compiled. Given ``manifests`` are placed as if the component had built them."""
    built = cluster_build.applications(whole) if component == ARGOCD else cluster_build.built(whole)
    parts = _only(built, component)
    if manifests is not None:
        parts = (replace(part, manifests=manifests) for part in parts)
    return place(cluster_build.owner(target, whole), parts, checked=False)


def stack_kinds(one: Stack) -> frozenset[tuple[str, str]]:
    """(group, kind) of everything in a stack."""
    return kinds_of(stack_build.built(one))


def cluster_kinds(whole: Fleet, component: str) -> frozenset[tuple[str, str]]:
    """(group, kind) of everything in one component of a cluster's own target."""
    return kinds_of(_only(cluster_build.built(whole), component))


def _only(parts: Iterable[Built], component: str | None) -> Iterable[Built]:
    return (part for part in parts if component in (None, part.component))
