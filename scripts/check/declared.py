"""What the inventory declares, parsed: what the compiled objects are held against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from components.cluster.params import TARGET, ClusterParams
from components.common.cluster import Cluster
from components.common.environment import Environment
from components.common.errors import Mistake
from components.common.load import attempt
from components.stack.params import Stack, StackParams, Waiver

Rendered = Mapping[str, Mapping[str, Any]]
"""Rendered parameters by target."""


@dataclass(frozen=True)
class Declared:
    """The parsed parameters of one cluster's targets, without those that do not parse."""

    cluster: str
    params: ClusterParams | None
    stacks: Mapping[str, Stack]
    """Stacks by name, sorted."""
    mistakes: Mapping[str, list[Mistake]] = field(default_factory=dict)
    """What does not parse, by target."""
    unresolved: Mapping[str, StackParams] = field(default_factory=dict)
    """Stacks whose runtime, pool or gateway is not there, so that nothing can be derived of them."""
    unread: frozenset[str] = frozenset()
    """Stacks that are there and do not parse, so that nobody knows what they declare."""

    @property
    def facts(self) -> Cluster | None:
        """What the cluster is and has: of its own target, else of its first stack."""
        if self.params:
            return self.params.cluster
        return next((stack.cluster for stack in self.stacks.values()), None)

    @property
    def environment(self) -> Environment | None:
        """The policy of its environment."""
        if self.params:
            return self.params.environment
        return next((stack.params.environment for stack in self.stacks.values()), None)

    def own(self, target: str) -> ClusterParams | StackParams | None:
        """The parameters of one target, where they parse."""
        name = target.rpartition(".")[2]
        if name == TARGET:
            return self.params
        return self.stacks[name].params if name in self.stacks else None

    def waivers(self, target: str) -> Mapping[str, Waiver]:
        """The waivers of a target, by rule."""
        params = self.own(target)
        return params.waivers if params else {}


def clusters_of(targets: Iterable[str]) -> list[str]:
    """The clusters that some targets belong to, sorted."""
    return sorted({target.rpartition(".")[0] for target in targets})


def declared(cluster: str, rendered: Rendered) -> Declared:
    """The parameters of a cluster's targets among ``rendered``. Values that do not parse are left out where a
    target makes sense without them."""
    params: ClusterParams | None = None
    stacks: dict[str, Stack] = {}
    mistakes: dict[str, list[Mistake]] = {}
    unresolved: dict[str, StackParams] = {}
    for target in sorted(name for name in rendered if name.rpartition(".")[0] == cluster):
        name = target.rpartition(".")[2]
        if name == TARGET:
            params, found = attempt(rendered[target], ClusterParams)
        else:
            one, found = attempt(rendered[target], StackParams)
            if one and _resolves(one):
                stacks[name] = Stack(name, one)
            elif one:
                unresolved[name] = one
        if found:
            mistakes[target] = found
    return Declared(cluster, params, stacks, mistakes, unresolved)


def _resolves(params: StackParams) -> bool:
    """Whether what :class:`Stack` derives its facts of is there."""
    serving, cluster = params.serving, params.cluster
    return (
        serving.runtime in params.runtimes
        and serving.pool in cluster.pools
        and cluster.pools[serving.pool].accelerator in params.accelerators
        and (not params.gateway.shared or params.gateway.shared in cluster.shared_gateways)
    )
