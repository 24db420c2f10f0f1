"""What somebody put into, or took out of, compiled/ by hand."""

from __future__ import annotations

from collections.abc import Iterator

from components.common.place import file_name
from scripts.check.text import TextError, document
from scripts.review.change import DOCUMENT, Consequence, ObjectChange, ObjectId
from scripts.review.consequences.words import place, several
from scripts.review.fate import stays
from scripts.review.objects import identity, is_synced
from scripts.review.view import View, at

_SERVING = (
    "InferenceService",
    "HTTPRoute",
    "AIGatewayRoute",
    "InferencePool",
    "Gateway",
    "Deployment",
    "Service",
)
"""Kinds without which a stack that has them does not answer."""
_BINDINGS = ("RoleBinding", "ClusterRoleBinding")


def unreadable(view: View) -> Iterator[Consequence]:
    """Files that Argo CD syncs and that hold no single object in YAML: several, JSON, or nothing that can be read."""
    for one in view.of(DOCUMENT):
        if not is_synced(one.file):
            continue
        if one.status == "removed":
            sentence = (
                f"{one.file} goes, which Argo CD synced and which was no single object in YAML: what was in it is "
                "pruned, and not told here."
            )
        else:
            sentence = (
                f"Argo CD syncs {one.file}, which is no single object in YAML ({_why(one)}): what is in it is not "
                "told here. No compile writes such a file."
            )
        yield Consequence("unreadable", "dangerous", sentence, (one.id.cluster,), (one.target,))


def _why(one: ObjectChange) -> str:
    try:
        document(str(at(one.new, "text", "")))
    except TextError as error:
        return str(error)
    return "it names no kind or no object"


def models_gone(view: View) -> Iterator[Consequence]:
    """What models need to answer, and what is not compiled although their stack is there."""
    lost: dict[str, list[ObjectChange]] = {}
    for one in view.of(*_SERVING):
        if one.status == "removed" and one.target in view.stacks_after and not stays(view, one):
            files = view.pair.head.compiled(one.target)
            is_gone = one.id.kind == "InferenceService" and not any(
                "/inferenceservice-" in path for path in files
            )
            if files and (is_gone or is_unexplained(view, one)):
                lost.setdefault(one.target, []).append(one)
    for target, objects in sorted(lost.items()):
        what = several((str(one.id) for one in objects), 3)
        are = "is" if len(objects) == 1 else "are"
        sentence = (
            f"{what} of {objects[0].id.cluster} {are} pruned although the inventory has {place(target)}: "
            "the model stops answering. Run `make compile`."
        )
        yield Consequence("model-gone", "dangerous", sentence, (objects[0].id.cluster,), (target,))


def twice(view: View) -> Iterator[Consequence]:
    """Objects that another file of the same target holds too."""
    for one in view.change.synced:
        if one.status != "added" or not is_unexplained(view, one):
            continue
        for path, text in view.pair.head.compiled(one.target).items():
            if path != one.file and is_synced(path) and _identity(one.id.cluster, text) == one.id:
                sentence = (
                    f"{one.file} holds {one.id} of {one.id.cluster}, and so does {path}: Argo CD syncs one of them "
                    "after the other, and which one stays is chance."
                )
                yield Consequence("twice", "dangerous", sentence, (one.id.cluster,), (one.target,))


def _identity(cluster: str, text: str) -> ObjectId | None:
    try:
        return identity(cluster, document(text))
    except (TextError, LookupError, TypeError, AttributeError):
        return None


def bound(view: View) -> Iterator[Consequence]:
    """Roles that nobody in the inventory gives to anybody, and those that are not compiled beside their binding."""
    for one in view.of(*_BINDINGS):
        if one.status not in ("added", "renamed"):
            continue
        kind, name = at(one.new, "roleRef.kind"), at(one.new, "roleRef.name")
        why = "which nothing in the inventory explains" if is_unexplained(view, one) else ""
        if not _is_compiled(view, one.target, str(kind), str(name)):
            why = why or "whose role is not compiled here"
        if why:
            who = several(f"{each.get('kind')} {each.get('name')}" for each in at(one.new, "subjects") or ())
            sentence = f"{one.id} of {one.id.cluster}, {why}, gives {kind} {name} to {who}."
            yield Consequence("permissions", "dangerous", sentence, (one.id.cluster,), (one.target,))


def _is_compiled(view: View, target: str, kind: str, name: str) -> bool:
    """Whether an object is among those of a target."""
    own = f"/{file_name(kind, name)}"
    return any(path.endswith(own) for path in view.pair.head.compiled(target))


def is_unexplained(view: View, one: ObjectChange) -> bool:
    """Whether no edit is the reason for an object that comes or goes."""
    return any(view.change.causes[number].kind == "unknown" for number in one.causes)
