"""Documents of a cluster that Argo CD never syncs, by path below the cluster target's folder."""

from __future__ import annotations

from components.argocd import documents as argocd
from components.cluster.params import Fleet


def documents(fleet: Fleet) -> dict[str, str]:
    """The texts."""
    return argocd.documents(fleet)
