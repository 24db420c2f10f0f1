"""Objects against the schema of their kind, for the Kubernetes and operator versions that the cluster
declares."""

from __future__ import annotations

from collections.abc import Iterator

from components.contracts import UnsupportedKubernetes, supported_kubernetes, validate
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.rule import ALL, rule


@rule(
    "schema-valid",
    kinds=(ALL,),
    why="The API server refuses the object, and Argo CD's sync stops there.",
    fix="Correct the override or the parameter that leads to the field.",
    source="compilers.md 3.10; kubeconform",
)
def valid(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """An object holds to the schema of its kind; a kind without a schema is unknown."""
    try:
        for one in validate(obj.doc, view.facts.kubernetes):
            yield Hit(obj, one.path, f"it {one.message}" if not one.path else one.message)
    except UnsupportedKubernetes:
        return  # told once a cluster


@rule(
    "schema-kubernetes-known",
    scope="cluster",
    why="No object of the cluster can be held against what its API server accepts.",
    fix="Declare a version that has schemas, or update `kubernetes-validate`.",
    source="compilers.md 3.10",
    cause=("cluster", "kubernetes"),
)
def kubernetes_known(view: ClusterView) -> Iterator[Hit]:
    """There are schemas for the Kubernetes version that a cluster declares."""
    known = supported_kubernetes()
    if view.facts.kubernetes not in known:
        message = f"no schemas for Kubernetes {view.facts.kubernetes}; there are {known[0]} to {known[-1]}"
        yield Hit(view.target, "cluster.kubernetes", message)
