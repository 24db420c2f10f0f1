"""What somebody put into, or took out of, compiled/ by hand."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.check.read import UNSYNCED
from scripts.review.change import DOCUMENT, Consequence, ObjectChange
from scripts.review.consequences.words import place, several
from scripts.review.view import View, at

_READ_BY_ARGO_CD = (".yaml", ".yml", ".json", ".jsonnet")
_BINDINGS = ("RoleBinding", "ClusterRoleBinding")


def unreadable(view: View) -> Iterator[Consequence]:
    """Files that Argo CD syncs and that hold no single object in YAML: several, JSON, or nothing that can be read."""
    for one in view.of(DOCUMENT):
        if one.status != "removed" and _is_synced(one.file):
            sentence = (
                f"Argo CD syncs {one.file}, which is no single object in YAML: what is in it is not told here. "
                "No compile writes such a file."
            )
            yield Consequence("unreadable", "dangerous", sentence, (one.id.cluster,), (one.target,))


def _is_synced(path: str) -> bool:
    """Whether Argo CD reads a file: by the folder that it lies in, and by its ending."""
    _, _, own, folder, *_ = [*path.split("/"), "", "", ""]
    return path.endswith(_READ_BY_ARGO_CD) and not (own == "cluster" and folder in UNSYNCED)


def models_gone(view: View) -> Iterator[Consequence]:
    """Models whose InferenceService is not compiled, although their stack is there."""
    for one in view.of("InferenceService"):
        files = view.pair.head.compiled(one.target) if one.target in view.stacks_after else ()
        if one.status == "removed" and files and not any("/inferenceservice-" in path for path in files):
            sentence = (
                f"{one.id} of {one.id.cluster} is pruned although the inventory has {place(one.target)}: the model "
                "stops answering. Run `make compile`."
            )
            yield Consequence("model-gone", "dangerous", sentence, (one.id.cluster,), (one.target,))


def bound(view: View) -> Iterator[Consequence]:
    """Roles that nobody in the inventory gives to anybody."""
    for one in view.of(*_BINDINGS):
        if one.status == "added" and _is_unexplained(view, one):
            role = f"{at(one.new, 'roleRef.kind')} {at(one.new, 'roleRef.name')}"
            who = several(f"{each.get('kind')} {each.get('name')}" for each in at(one.new, "subjects") or ())
            sentence = f"{one.id} of {one.id.cluster}, which nothing in the inventory explains, gives {role} to {who}."
            yield Consequence("permissions", "dangerous", sentence, (one.id.cluster,), (one.target,))


def _is_unexplained(view: View, one: ObjectChange) -> bool:
    return any(view.change.causes[number].kind == "unknown" for number in one.causes)
