"""What a person applies to Argo CD by hand; it lies in no synced folder."""

from __future__ import annotations

from components.argocd import health_checks
from components.argocd.applications import ARGOCD_SERVER, root_application
from components.cluster.params import Fleet
from components.common import emit
from components.common.manifest import Manifest

HEALTH = "docs/argocd-cm-health.yaml"
ROOT = "docs/root-application.yaml"
_CUSTOM = "resource.customizations"
_RESOURCES = """\
- field: spec.predictor.model.resources
  type: core/v1/ResourceRequirements
"""

_HEALTH_COMMENT = """\
# Health checks of the kinds that are compiled for {cluster}: a fragment of argocd-cm, Argo CD's settings.
# Nothing syncs this file. Whoever owns argocd-cm merges it, before the root Application and after changes:
#
#   kubectl -n {namespace} patch configmap argocd-cm --type merge --patch-file {file}
#
# With the Helm chart argo-cd, put the entries of data under configs.cm instead. Clusters that share one
# Argo CD have the same text for the same kind, so their fragments go in one after the other.
"""
_ROOT_COMMENT = """\
# The root Application of {cluster}, which syncs all others. Nothing syncs this file: apply it by hand where
# Argo CD runs, after {health}, and again after changes:
#
#   kubectl apply -n {namespace} -f {file}
#
# Its project, {project}, must permit
#   repository   {repository}
#   destination  {server}, namespace {namespace}
#   kinds        argoproj.io/AppProject, argoproj.io/Application
#
# Deleting it deletes nothing else. Removing a stack from the inventory deletes {removal}
"""


def documents(fleet: Fleet) -> dict[str, str]:
    """File texts by path below the cluster's folder. ``fleet.kinds`` must hold what is compiled."""
    return {HEALTH: health(fleet), ROOT: root(fleet)}


def health(fleet: Fleet) -> str:
    """The fragment of argocd-cm, with a comment that says how to merge it."""
    comment = _HEALTH_COMMENT.format(
        cluster=fleet.cluster.name, namespace=fleet.cluster.argocd.namespace, file=_file(HEALTH)
    )
    return comment + emit.document(config_map(fleet))


def config_map(fleet: Fleet) -> Manifest:
    """The fragment: one key for each health check, one for the types of fields that hold quantities."""
    checks = health_checks.checks(fleet)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "argocd-cm",
            "namespace": fleet.cluster.argocd.namespace,
            "labels": {"app.kubernetes.io/name": "argocd-cm", "app.kubernetes.io/part-of": "argocd"},
        },
        "data": {
            **{f"{_CUSTOM}.health.{group}_{kind}": text for (group, kind), text in checks.items()},
            **_known_types(fleet),
        },
    }


def _known_types(fleet: Fleet) -> dict[str, str]:
    """KServe's webhook writes quantities in their canonical form, and Argo CD compares ``4000m`` and ``4`` as
    text unless it knows the field's type (argo-cd#12463).

    Only the resources: read as a PodSpec, the predictor would lose ``model``.
    """
    group, kind = health_checks.INFERENCE_SERVICE
    if not any((group, kind) in kinds for kinds in fleet.kinds.values()):
        return {}
    return {f"{_CUSTOM}.knownTypeFields.{group}_{kind}": _RESOURCES}


def root(fleet: Fleet) -> str:
    """The root Application, with a comment that says when to apply it."""
    argocd = fleet.cluster.argocd
    pruned = fleet.params.environment.prune
    comment = _ROOT_COMMENT.format(
        cluster=fleet.cluster.name,
        namespace=argocd.namespace,
        file=_file(ROOT),
        health=_file(HEALTH),
        project=argocd.root_project,
        repository=argocd.repo_url,
        server=ARGOCD_SERVER,
        removal="its Application and its objects." if pruned else "nothing: this environment does not prune.",
    )
    return comment + emit.document(root_application(fleet))


def _file(path: str) -> str:
    return path.rpartition("/")[2]
