"""The AppProject of one cluster: what its Applications may read and write, computed from what is compiled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from components.cluster import platform
from components.cluster.params import Fleet
from components.common import names
from components.common.manifest import Manifest
from components.contracts import is_cluster_scoped

API = "argoproj.io/v1alpha1"
FINALIZER = "resources-finalizer.argocd.argoproj.io"
"""On an Application: deleting it deletes what it synced, and waits until that is gone (foreground deletion).
On an AppProject: it stays until no Application refers to it (argo-cd v3.5 docs/user-guide/app_deletion.md,
docs/operator-manual/project-specification.md)."""
_ANY_STACK = names.StackNames(stack="*", service="*", namespace="*", gateway_owner="*")

GroupKind = tuple[str, str]


def name(fleet: Fleet) -> str:
    """The project's name."""
    return fleet.cluster.argocd.project or f"inference-{fleet.cluster.name}"


def project(fleet: Fleet) -> Manifest:
    """The AppProject. It names the cluster as Argo CD does, so that a new API address changes nothing."""
    argocd = fleet.cluster.argocd
    return {
        "apiVersion": API,
        "kind": "AppProject",
        "metadata": {"name": name(fleet), "namespace": argocd.namespace, "finalizers": [FINALIZER]},
        "spec": {
            "description": f"Inference stacks of {fleet.cluster.name}. Permits what is compiled for them.",
            "sourceRepos": [argocd.repo_url],
            "destinations": [
                {"name": argocd.destination, "namespace": namespace} for namespace in namespaces(fleet)
            ],
            "clusterResourceWhitelist": cluster_kinds(fleet),
            "namespaceResourceWhitelist": namespaced_kinds(fleet),
        },
    }


def namespaces(fleet: Fleet) -> list[str]:
    """Every namespace that something is compiled into, or that an Application names as its destination."""
    used = {*platform.namespaces(fleet), *_listed(fleet.cluster.argocd.retiring.namespaces)}
    used |= {component_namespace(fleet, component) for component in components(fleet)}
    return sorted(used)


def components(fleet: Fleet) -> list[str]:
    """Component folders of the cluster's own target that hold something; each is one Application."""
    stacks = {stack.name for stack in fleet.stacks}
    return sorted(part for part in fleet.kinds if part not in stacks and fleet.kinds[part])


def component_namespace(fleet: Fleet, component: str) -> str:
    """Where a component's objects go."""
    cluster = fleet.cluster
    own = {"litellm": cluster.infrastructure_namespace, "monitoring": cluster.monitoring.namespace}
    return own.get(component, cluster.namespace)


def cluster_kinds(fleet: Fleet) -> list[dict[str, Any]]:
    """Cluster-scoped kinds, each limited to the names that are compiled.

    Names that come and go with a stack are patterns: an object whose exact name left the list with its stack
    could not be deleted any more.
    """
    kinds = (kind for kind in _kinds(fleet) if is_cluster_scoped(*kind))
    return [
        {"group": group, "kind": kind, **({"name": pattern} if pattern else {})}
        for group, kind in kinds
        for pattern in _patterns(fleet, kind)
    ]


def namespaced_kinds(fleet: Fleet) -> list[dict[str, Any]]:
    """Namespaced kinds."""
    return [
        {"group": group, "kind": kind} for group, kind in _kinds(fleet) if not is_cluster_scoped(group, kind)
    ]


def _patterns(fleet: Fleet, kind: str) -> list[str | None]:
    """Go file globs of the names of a cluster-scoped kind; one None where its names follow no rule."""
    match kind:
        case "Namespace":
            return list(platform.own_namespaces(fleet))
        case "ClusterServingRuntime":
            return [names.cluster_runtime(fleet.cluster.runtime_prefix, "*")]
        case "ClusterRole" | "ClusterRoleBinding":
            return [_ANY_STACK.epp_metrics_auth]
        case _:
            return [None]


def _kinds(fleet: Fleet) -> list[GroupKind]:
    compiled = {kind for kinds in fleet.kinds.values() for kind in kinds}
    retiring = {_group_kind(text) for text in _listed(fleet.cluster.argocd.retiring.kinds)}
    return sorted(compiled | retiring)


def _group_kind(text: str) -> GroupKind:
    group, _, kind = text.rpartition("/")
    return group, kind


def _listed(entries: dict[str, bool]) -> Iterable[str]:
    return (key for key, on in entries.items() if on)
