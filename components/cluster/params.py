"""One cluster's own target: what exists once a cluster, made from the facts of all its stacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from components.common.accelerator import Accelerator
from components.common.cluster import Cluster
from components.common.environment import Environment
from components.common.params import Params, Slug
from components.common.runtime import Runtime
from components.inference_gateway.params import Gateway
from components.stack.params import Overrides, Stack, Waiver

TARGET = "cluster"
"""File name of a cluster's own target: ``inventory/targets/<cluster>/cluster.yml``."""


class ClusterParams(Params):
    """The parameters of a cluster's own target."""

    cluster: Cluster
    environment: Environment
    accelerators: dict[Slug, Accelerator]
    runtimes: dict[Slug, Runtime]
    gateway: Gateway = Gateway()
    """The cluster's default for its stacks: set by the cluster's class, read by each of them."""
    overrides: Overrides = Field(default_factory=dict)
    waivers: dict[str, Waiver] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fleet:
    """A cluster with its stacks. Builders of cluster-wide components read nothing else."""

    params: ClusterParams
    stacks: tuple[Stack, ...]
    """Sorted by name."""
    kinds: Mapping[str, frozenset[tuple[str, str]]]
    """(group, kind) of what is compiled, by component folder of the cluster target and by stack name."""

    @property
    def cluster(self) -> Cluster:
        """The cluster's facts."""
        return self.params.cluster


Parameters = Mapping[str, Mapping[str, Any]]
"""Rendered parameters by target name."""
