"""What Argo CD needs to sync one cluster: the AppProject and the Applications, on Argo CD's own cluster."""

from __future__ import annotations

from collections.abc import Iterator

from components.argocd.applications import applications
from components.argocd.project import project
from components.cluster.params import Fleet
from components.common.manifest import Manifest


def build(fleet: Fleet) -> Iterator[Manifest]:
    """Everything that the root Application syncs. ``fleet.kinds`` must hold what is compiled."""
    yield project(fleet)
    yield from applications(fleet)
