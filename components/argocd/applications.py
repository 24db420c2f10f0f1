"""The Argo CD Applications of one cluster: a root, one for each component folder, one for each stack.

The root syncs the others. It lies in no synced folder and does not manage itself: it would wait for its own
health, which needs the Applications that it has not made yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.argocd import project
from components.cluster.params import TARGET, Fleet
from components.common import labels
from components.common.manifest import Manifest
from components.common.place import SYNC_WAVE
from components.stack.params import Stack

ARGOCD_SERVER = "https://kubernetes.default.svc"
"""How Argo CD calls the cluster that it runs in, whatever its name there is."""
COMPARE_OPTIONS = "argocd.argoproj.io/compare-options"
FIRST = "platform"
"""The component that everything else stands on."""
LATER_WAVE = "10"
"""Wave of all other Applications. It is the last one: the root's sync does not wait for it, so that a model
without free GPUs holds up nobody (argo-cd v3.5 gitops-engine/pkg/sync/sync_context.go)."""
FOLDER = "argocd"
"""Folder that the root syncs."""
SYNC_OPTIONS = (
    "ServerSideApply=true",
    "ApplyOutOfSyncOnly=true",
    "RespectIgnoreDifferences=true",
    "FailOnSharedResource=true",
    "SkipDryRunOnMissingResource=true",
)
PRUNE_LAST = "PruneLast=true"
RETRY = {
    "limit": 10,
    "refresh": True,
    "backoff": {"duration": "10s", "factor": 2, "maxDuration": "5m"},
}
"""About half an hour of attempts, each with the newest revision, so that a fix needs nobody to stop them."""


def applications(fleet: Fleet) -> Iterator[Manifest]:
    """What the root syncs beside the AppProject."""
    for component in project.components(fleet):
        yield component_application(fleet, component)
    for stack in fleet.stacks:
        yield stack_application(fleet, stack)


def application_name(fleet: Fleet, part: str) -> str:
    """Name of an Application: several clusters share one Argo CD."""
    return f"{fleet.cluster.name}-{part}"


def component_application(fleet: Fleet, component: str) -> Manifest:
    """The Application of one component folder.

    Deleting that of the platform deletes nothing: every stack needs its namespaces and runtimes, and whoever
    ends a cluster does it by hand.
    """
    return _application(
        fleet,
        component,
        folder=f"{TARGET}/{component}",
        namespace=project.component_namespace(fleet, component),
        wave={} if component == FIRST else {SYNC_WAVE: LATER_WAVE},
        cascades=component != FIRST,
        sync_options=[*SYNC_OPTIONS, PRUNE_LAST],
    )


def stack_application(fleet: Fleet, stack: Stack) -> Manifest:
    """The Application of one stack.

    Deleting it deletes the stack, because GPUs that nobody manages are lost to everybody. Claims with weights
    stay (``Delete=false``).
    """
    model = labels.value(stack.model.name)
    return _application(
        fleet,
        stack.name,
        folder=stack.name,
        namespace=stack.namespace,
        wave={SYNC_WAVE: LATER_WAVE},
        cascades=True,
        sync_options=[*SYNC_OPTIONS, *([PRUNE_LAST] if prunes_last(stack) else [])],
        extra_labels={labels.STACK: stack.name, **({labels.MODEL: model} if model else {})},
        info=[{"name": "Model", "value": stack.model.name}],
        ignore=ignored_differences(stack),
    )


def prunes_last(stack: Stack) -> bool:
    """Whether old objects may wait until the new ones are healthy.

    The replacement of an InferenceService needs its GPUs while the old one holds its own. Where the pool
    keeps too few free, the sync would wait for ever, and Argo CD starts no other one meanwhile.
    """
    needed = max(stack.gpus_per_pod, 1) * max(stack.serving.min_replicas, 1)
    return stack.pool.rollout_reserve >= needed


def ignored_differences(stack: Stack) -> list[dict[str, Any]]:
    """What others write into fields that we compile.

    KServe's webhook marshals the model container, whose name has no ``omitempty``: ``name: ""`` appears
    (kserve#3176). Everything else that it or a CRD defaults is written out by the builders.
    """
    return [
        {
            "group": "serving.kserve.io",
            "kind": "InferenceService",
            "name": stack.names.service,
            "namespace": stack.namespace,
            "jsonPointers": ["/spec/predictor/model/name"],
        }
    ]


def root_application(fleet: Fleet) -> Manifest:
    """The root: the one Application that a person applies. Deleting it deletes nothing.

    It prunes at once: a stack that is removed must give its GPUs to one that is added by the same commit, and
    that one cannot be healthy before.
    """
    argocd = fleet.cluster.argocd
    common = labels.common(fleet.cluster.name, FOLDER, FOLDER)
    return {
        "apiVersion": project.API,
        "kind": "Application",
        "metadata": {
            "name": application_name(fleet, "root"),
            "namespace": argocd.namespace,
            "labels": dict(sorted({**common, **_labels(fleet)}.items())),
            **({"annotations": annotations} if (annotations := _annotations(fleet)) else {}),
        },
        "spec": {
            "project": argocd.root_project,
            "source": _source(fleet, f"{TARGET}/{FOLDER}"),
            "destination": {"server": ARGOCD_SERVER, "namespace": argocd.namespace},
            "syncPolicy": _sync_policy(fleet, list(SYNC_OPTIONS)),
            "revisionHistoryLimit": 5,
        },
    }


def _application(
    fleet: Fleet,
    part: str,
    *,
    folder: str,
    namespace: str,
    wave: dict[str, str],
    cascades: bool,
    sync_options: list[str],
    extra_labels: dict[str, str] | None = None,
    info: list[dict[str, str]] | None = None,
    ignore: list[dict[str, Any]] | None = None,
) -> Manifest:
    argocd = fleet.cluster.argocd
    cascades = cascades and fleet.params.environment.prune
    return {
        "apiVersion": project.API,
        "kind": "Application",
        "metadata": {
            "name": application_name(fleet, part),
            "namespace": argocd.namespace,
            "labels": {**_labels(fleet), **(extra_labels or {})},
            "annotations": {**_annotations(fleet), **wave},
            **({"finalizers": [project.FINALIZER]} if cascades else {}),
        },
        "spec": {
            "project": project.name(fleet),
            "source": _source(fleet, folder),
            "destination": {"name": argocd.destination, "namespace": namespace},
            "syncPolicy": _sync_policy(fleet, sync_options),
            **({"ignoreDifferences": ignore} if ignore else {}),
            **({"info": info} if info else {}),
            "revisionHistoryLimit": 5,
        },
    }


def _labels(fleet: Fleet) -> dict[str, str]:
    return {labels.CLUSTER: fleet.cluster.name, labels.ENVIRONMENT: fleet.params.environment.name}


def _annotations(fleet: Fleet) -> dict[str, str]:
    if not fleet.cluster.argocd.server_side_diff:
        return {}
    return {COMPARE_OPTIONS: "ServerSideDiff=true,IncludeMutationWebhook=true"}


def _source(fleet: Fleet, folder: str) -> dict[str, Any]:
    argocd = fleet.cluster.argocd
    return {
        "repoURL": argocd.repo_url,
        "targetRevision": argocd.target_revision,
        "path": f"{argocd.path_prefix}/{fleet.cluster.name}/{folder}",
        "directory": {"recurse": True},
    }


def _sync_policy(fleet: Fleet, options: list[str]) -> dict[str, Any]:
    environment = fleet.params.environment
    return {
        "automated": {
            "enabled": True,
            "prune": environment.prune,
            "selfHeal": environment.self_heal,
            "allowEmpty": False,
        },
        "syncOptions": options,
        "retry": RETRY,
    }
