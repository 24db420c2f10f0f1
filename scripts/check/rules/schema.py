"""Objects against the schema of their kind, for the Kubernetes and operator versions that the cluster
declares."""

from __future__ import annotations

from collections.abc import Iterator

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
    for one in view.validate(obj.doc, view.facts.kubernetes):
        yield Hit(obj, one.path, one.message if one.path else f"it {one.message}")
