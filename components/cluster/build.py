"""What a cluster's own target compiles to."""

from __future__ import annotations

from collections.abc import Iterator

from components.argocd import build as argocd
from components.cluster import platform
from components.cluster.params import Fleet
from components.common.place import Built, Owner
from components.litellm import build as litellm
from components.monitoring import build as monitoring


def built(fleet: Fleet) -> Iterator[Built]:
    """The cluster's components; each folder is one Argo CD Application."""
    yield Built("platform", "platform", platform.build(fleet))
    yield Built("litellm", "litellm-proxy", litellm.build(fleet))
    yield Built("monitoring", "monitoring", monitoring.build(fleet))


def applications(fleet: Fleet) -> Iterator[Built]:
    """The Applications that sync everything else, so they are built when its kinds are known."""
    yield Built("argocd", "argocd", argocd.build(fleet))


def owner(target: str, fleet: Fleet) -> Owner:
    """Whose objects they are."""
    return Owner(
        target=target,
        instance=fleet.cluster.name,
        namespace=fleet.cluster.namespace,
        kubernetes=fleet.cluster.kubernetes,
        overrides=fleet.params.overrides,
    )
