"""How Argo CD reaches one cluster: ``cluster.argocd``."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from components.common.params import Namespace, Params, Slug


class ArgoCd(Params):
    """Argo CD settings of one cluster."""

    repo_url: Annotated[str, StringConstraints(pattern=r"^(https|ssh|git@)[^\s]+$")]
    """The Git repository that holds ``compiled/``."""
    target_revision: str = "main"
    """Branch or tag that is synced."""
    path_prefix: str = "compiled"
    """Where the compiled tree lies in that repository."""
    namespace: Namespace = "argocd"
    """Where Argo CD runs."""
    destination: str = "in-cluster"
    """The cluster's name in Argo CD (its cluster Secret's ``name``)."""
    project: Slug | None = None
    """Name of the AppProject; ``inference-<cluster>`` when unset."""
    root_project: Slug = "default"
    """The project of the root Application, which makes the AppProject itself."""
    server_side_diff: bool = True
    """Compare by a server-side apply dry run, so that defaults set by CRDs and webhooks are no drift."""
