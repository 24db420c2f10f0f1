"""What the inventory declares, parsed: what the compiled objects are held against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from components.cluster.params import TARGET, ClusterParams
from components.common.cluster import Cluster
from components.common.environment import Environment
from components.common.errors import Mistake, MistakesError
from components.common.load import load
from components.stack.params import Stack, StackParams, Waiver

Rendered = Mapping[str, Mapping[str, Any]]
"""Rendered parameters by target."""


@dataclass(frozen=True)
class Declared:
    """The parsed parameters of one cluster's targets. A target that does not parse is in ``mistakes``
    only."""

    cluster: str
    params: ClusterParams | None
    stacks: Mapping[str, Stack]
    """Stacks by name, sorted."""
    mistakes: Mapping[str, list[Mistake]] = field(default_factory=dict)
    """What does not parse, by target."""

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

    def waivers(self, target: str) -> Mapping[str, Waiver]:
        """The waivers of a target, by rule."""
        name = target.rpartition(".")[2]
        if name == TARGET:
            return self.params.waivers if self.params else {}
        return self.stacks[name].params.waivers if name in self.stacks else {}


def clusters_of(targets: Iterable[str]) -> list[str]:
    """The clusters that some targets belong to, sorted."""
    return sorted({target.rpartition(".")[0] for target in targets})


def declared(cluster: str, rendered: Rendered) -> Declared:
    """The parameters of a cluster's targets among ``rendered``."""
    params: ClusterParams | None = None
    stacks: dict[str, Stack] = {}
    mistakes: dict[str, list[Mistake]] = {}
    for target in sorted(name for name in rendered if name.rpartition(".")[0] == cluster):
        name = target.rpartition(".")[2]
        try:
            if name == TARGET:
                params = load(target, rendered[target], ClusterParams)
            else:
                stacks[name] = Stack(name, load(target, rendered[target], StackParams))
        except MistakesError as error:
            mistakes[target] = error.mistakes
    return Declared(cluster, params, stacks, mistakes)
