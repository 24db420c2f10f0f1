"""How Argo CD reaches one cluster: ``cluster.argocd``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from components.common.forms import text
from components.common.params import Namespace, NonEmpty, Params, Slug

GroupKind = Annotated[
    str,
    text(
        r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Z][A-Za-z0-9]*$",
        "a kind with its API group, of the core group the kind alone",
        "gateway.envoyproxy.io/Backend",
        longest=316,
    ),
]
"""A kind with its API group: ``gateway.envoyproxy.io/Backend``; ``Secret`` for the core group."""

RepositoryUrl = Annotated[
    str,
    text(
        r"^(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?/|ssh://([^\s@/]+@)?[A-Za-z0-9.-]+(:[0-9]{1,5})?/"
        r"|[^\s@/:]+@[A-Za-z0-9.-]+:)[^\s/][^\s]*$",
        "https://host/path, ssh://git@host/path or git@host:path, without a password",
        "https://git.example.com/platform/inference.git",
    ),
]
"""Where a Git repository is."""


class Retiring(Params):
    """What the AppProject still permits although nothing of it is compiled any more.

    Argo CD neither sees nor deletes an object that its project does not permit (argo-cd v3.5
    controller/state.go, appcontroller.go). So when a change removes the last object of a kind, or the last
    stack of a namespace, list it here in that change, and take it out again when the objects are gone.
    """

    kinds: dict[GroupKind, bool] = Field(default_factory=dict)
    """Kinds with their API group: ``gateway.envoyproxy.io/Backend: true``."""
    namespaces: dict[Namespace, bool] = Field(default_factory=dict)
    """Namespaces that held stacks."""


class ArgoCd(Params):
    """Argo CD settings of one cluster."""

    repo_url: RepositoryUrl
    """The Git repository that holds ``compiled/``."""
    target_revision: NonEmpty = "main"
    """Branch or tag that is synced."""
    path_prefix: Annotated[
        str,
        text(r"^[^/\s]([^\s]*[^/\s])?$", "a path without blanks or a slash at its ends", "fleet/compiled"),
    ] = "compiled"
    """Where the compiled tree lies in that repository."""
    namespace: Namespace = "argocd"
    """Where Argo CD runs."""
    destination: NonEmpty = "in-cluster"
    """The cluster's name in Argo CD (its cluster Secret's ``name``)."""
    project: Slug | None = None
    """Name of the AppProject; ``inference-<cluster>`` when unset."""
    root_project: Slug = "default"
    """The project of the root Application, which makes the AppProject itself."""
    server_side_diff: bool = True
    """Compare by a server-side apply dry run, so that defaults set by CRDs and webhooks are no drift."""
    retiring: Retiring = Retiring()
