"""Impossible combinations in ``cluster.argocd``, and names that two Applications would share."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.params import ClusterParams
from components.common.errors import Mistake
from components.stack.params import Stack

RESERVED = ("litellm", "monitoring", "platform", "root")
"""What a cluster's own Applications are called after the cluster's name."""


def mistakes(params: ClusterParams, stacks: tuple[Stack, ...]) -> Iterator[Mistake]:
    """What is wrong with ``cluster.argocd``, or with the stacks' names as names of Applications."""
    cluster = params.cluster
    own = cluster.argocd.project or f"inference-{cluster.name}"
    if cluster.argocd.root_project == own:
        yield Mistake(
            ("cluster", "argocd", "rootProject"),
            f"the root Application is to run in project {own!r}, which it makes itself",
            "name a project that exists already, such as default",
        )
    for stack in stacks:
        if stack.name in RESERVED:
            yield Mistake(
                ("cluster", "argocd"),
                f"stack {stack.name!r} has the name of one of the cluster's own Applications",
                "rename its target file",
            )
