"""How Argo CD reaches one cluster: ``cluster.argocd``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from components.common.params import Namespace, Params, Slug

GroupKind = Annotated[
    str, StringConstraints(pattern=r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Z][A-Za-z0-9]*$", max_length=316)
]
"""A kind with its API group: ``gateway.envoyproxy.io/Backend``; ``Secret`` for the core group."""


class Retiring(Params):
    """What the AppProject still permits although nothing of it is compiled any more.

    Argo CD neither sees nor deletes an object that its project does not permit (argo-cd v3.5
    controller/state.go, appcontroller.go). So when a change removes the last object of a kind, or the last
    stack of a namespace, list it here in that change, and take it out again when the objects are gone.
    """

    kinds: dict[GroupKind, bool] = Field(default_factory=dict)
    namespaces: dict[Namespace, bool] = Field(default_factory=dict)


class ArgoCd(Params):
    """Argo CD settings of one cluster."""

    repo_url: Annotated[str, StringConstraints(pattern=r"^(https|ssh|git@)[^\s]+$")]
    """The Git repository that holds ``compiled/``."""
    target_revision: str = "main"
    """Branch or tag that is synced."""
    path_prefix: Annotated[str, StringConstraints(pattern=r"^[^/\s]([^\s]*[^/\s])?$")] = "compiled"
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
    retiring: Retiring = Retiring()
