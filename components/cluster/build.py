"""What a cluster's own target compiles to."""

from __future__ import annotations

from collections.abc import Iterator

from components.argocd.build import build as build_argocd
from components.cluster.params import Fleet
from components.cluster.platform import build as build_platform
from components.common.place import Built, Owner
from components.litellm.build import build as build_litellm
from components.monitoring.build import build as build_monitoring


def built(fleet: Fleet) -> Iterator[Built]:
    """The cluster's components; each folder is one Argo CD Application."""
    yield Built("platform", "platform", build_platform(fleet))
    yield Built("litellm", "litellm-proxy", build_litellm(fleet))
    yield Built("monitoring", "monitoring", build_monitoring(fleet))


def applications(fleet: Fleet) -> Iterator[Built]:
    """The Applications that sync everything else, so they are built when its kinds are known."""
    yield Built("argocd", "argocd", build_argocd(fleet))


def owner(target: str, fleet: Fleet) -> Owner:
    """Whose objects they are."""
    return Owner(
        target=target,
        instance=fleet.cluster.name,
        namespace=fleet.cluster.namespace,
        kubernetes=fleet.cluster.kubernetes,
        overrides=fleet.params.overrides,
    )
