"""Objects that go, that cannot be changed in place, that get another name, or that Argo CD loses sight of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from components.common import quantities
from scripts.review.change import Consequence, ObjectChange, Severity
from scripts.review.consequences.words import are, counted, held, place, several
from scripts.review.fate import KEEPS, Fate, fate, gone, left, stays
from scripts.review.semantic import shown
from scripts.review.view import View, at, touched

DANGEROUS: Final = {
    "Namespace": "everything in it would go with it",
    "PersistentVolumeClaim": "the data of its volume may be lost",
    "CustomResourceDefinition": "every object of its kind goes with it",
    "Gateway": "its address and every route on it go with it",
}
"""Kinds whose removal takes more along, with what."""
_REPLACED = "its address goes with it, and who calls it there fails, although its stack is still served"
"""A Gateway whose stack has another one now, or none."""
_MODE = "metadata.annotations.serving.kserve.io/deploymentMode"
_IMMUTABLE: Final = {
    "Deployment": ("spec.selector",),
    "StatefulSet": (
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
        "spec.podManagementPolicy",
    ),
    "DaemonSet": ("spec.selector",),
    "Job": ("spec.selector", "spec.template", "spec.completions"),
    "Service": ("spec.clusterIP",),
    "RoleBinding": ("roleRef",),
    "ClusterRoleBinding": ("roleRef",),
    "PersistentVolumeClaim": (
        "spec.accessModes",
        "spec.storageClassName",
        "spec.volumeName",
        "spec.volumeMode",
        "spec.selector",
    ),
    "InferenceService": (_MODE,),
    "Secret": ("type",),
}
"""Fields that an API server or a webhook refuses to change (Kubernetes API reference; KServe#4194)."""


def pruned(view: View) -> Iterator[Consequence]:
    """Objects that Argo CD deletes."""
    rest: dict[str, list[ObjectChange]] = {}
    grave: dict[tuple[str, str], list[ObjectChange]] = {}
    for one in view.change.synced:
        if one.status != "removed" or stays(view, one):
            continue
        if one.id.kind in DANGEROUS:
            grave.setdefault((one.id.cluster, one.id.kind), []).append(one)
        else:
            rest.setdefault(one.target, []).append(one)
    for (cluster, kind), objects in sorted(grave.items()):
        loss = DANGEROUS[kind]
        if kind == "Gateway" and all(one.target in view.stacks_after for one in objects):
            loss = _REPLACED
        verb, loss = ("is", loss) if len(objects) == 1 else ("are", f"for each, {loss}")
        sentence = f"{several((str(one.id) for one in objects), 4)} of {cluster} {verb} pruned: {loss}."
        yield Consequence("pruned", "dangerous", sentence, (cluster,), _targets(objects))
    for target, objects in sorted(rest.items()):
        kinds = sorted({one.id.kind for one in objects})
        what = f"{counted(len(objects), 'object')} of {place(target)} {are(len(objects))}"
        sentence = f"{what} pruned: {several(kinds, 6)}."
        severity: Severity = (
            "look" if "InferenceService" in kinds or target.endswith(".cluster") else "routine"
        )
        yield Consequence("pruned", severity, sentence, (objects[0].id.cluster,), (target,))


def _targets(objects: list[ObjectChange]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.target for one in objects))


def left_behind(view: View) -> Iterator[Consequence]:
    """Objects that Argo CD is told to leave: each by itself, or all of a cluster by its environment."""
    unpruned: dict[str, list[ObjectChange]] = {}
    for one in gone(view):
        id_, cluster = one.old_id or one.id, one.id.cluster
        match fate(view, one):
            case "kept":
                sentence = (
                    f"{id_} of {cluster} is compiled no more. Argo CD leaves it ({KEEPS}): remove it by hand "
                    "if it should go."
                )
                yield Consequence("left-behind", "look", sentence, (cluster,), (one.target,))
            case "unpruned":
                unpruned.setdefault(cluster, []).append(one)
    for cluster, objects in sorted(unpruned.items()):
        kinds = sorted({one.id.kind for one in objects})
        stay, them = ("stays", "it") if len(objects) == 1 else ("stay", "them")
        sentence = (
            f"{counted(len(objects), 'object')} of {cluster} compiled no more {stay}, because its environment prunes "
            f"nothing: {several(kinds, 6)}. Remove {them} by hand."
        )
        yield Consequence("left-behind", "look", sentence, (cluster,), _targets(objects))


def clusters_gone(view: View) -> Iterator[Consequence]:
    """Clusters that the inventory has no more."""
    for cluster in sorted(view.clusters_gone):
        stacks = {name: one for name, one in view.stacks_before.items() if one.cluster.name == cluster}
        models = several(sorted({one.model.name for one in stacks.values()}), 4)
        nobody = f" nobody looks after {models} there, and" if models else ""
        left = f"{nobody} all that it runs is left to itself, because its Applications find no files and delete nothing"
        sentence = f"Cluster {cluster} is in the inventory no more:{left}."
        yield Consequence("cluster-removed", "dangerous", sentence, (cluster,), tuple(sorted(stacks)))


def recreated(view: View) -> Iterator[Consequence]:
    """Fields that cannot be changed in place."""
    for one in view.change.synced:
        if one.status != "changed":
            continue
        hits = [path for path in _IMMUTABLE.get(one.id.kind, ()) if touched(one, path)]
        if one.id.kind == "PersistentVolumeClaim" and _shrinks(one):
            hits.append("spec.resources.requests.storage (a volume never shrinks)")
        if hits:
            loss = (
                "and with it the data of its volume"
                if one.id.kind == "PersistentVolumeClaim"
                else "and what it runs is gone until it is back"
            )
            sentence = (
                f"{one.id} of {one.id.cluster} cannot be changed in place ({several(hits)}): the sync fails until "
                f"somebody deletes it, {loss}."
            )
            yield Consequence("recreate", "dangerous", sentence, (one.id.cluster,), (one.target,))


def _shrinks(one: ObjectChange) -> bool:
    old, new = (_bytes(at(doc, "spec.resources.requests.storage")) for doc in (one.old, one.new))
    return old is not None and new is not None and new < old


def _bytes(value: Any) -> float | None:
    try:
        return float(quantities.parse(str(value))) if value is not None else None
    except ValueError:
        return None


def renamed(view: View) -> Iterator[Consequence]:
    """Objects with another name: for the API server one goes and another comes."""
    alike: dict[tuple[str, Fate], list[ObjectChange]] = {}
    for one in view.change.synced:
        if one.status == "renamed" and (what := fate(view, one)) != "kept":
            alike.setdefault((one.target, what), []).append(one)
    for (target, what), objects in sorted(alike.items()):
        models = [one for one in objects if one.id.kind == "InferenceService"]
        first = (models or objects)[0]
        more = f" and {counted(len(objects) - 1, 'object')} with it" if len(objects) > 1 else ""
        how = _replaced(view, first, what, len(objects)) if models else _how(what, len(objects))
        sentence = f"{first.old_id} of {first.id.cluster} becomes {first.id}{more}: {how}."
        severity: Severity = (
            "dangerous"
            if (models and what != "deleted-last") or any(one.id.kind in DANGEROUS for one in objects)
            else "look"
        )
        yield Consequence("renamed", severity, sentence, (first.id.cluster,), (target,))


def _how(what: Fate, number: int) -> str:
    """What becomes of the old objects when so many get another name."""
    verb = are(number)
    new, old, stay, those = "new ones", "the old ones", "stay", "those are"
    if number == 1:
        new, old, stay, those = "a new one", "the old one", "stays", "that is"
    match what:
        case "deleted":
            return f"{old} {verb} deleted and {new} made"
        case "deleted-last":
            return f"{new} {verb} made, and {old} {verb} deleted when {those} healthy"
    return f"{new} {verb} made, and {old} {stay}"


def _replaced(view: View, service: ObjectChange, what: Fate, number: int) -> str:
    """How new pods take the place of those of an InferenceService with another name."""
    how = _how(what, number)
    if what == "deleted":
        return f"{how}, and nobody answers until the new pods are ready"
    if what == "deleted-last":
        return f"{how}, so that old and new pods run side by side"
    stack = left(view).get(service.old_target)
    if stack is None:
        return how
    return f"new ones are made, the old ones stay, and {held(stack)} until somebody deletes them"


def orphaned(view: View) -> Iterator[Consequence]:
    """Kinds, names and namespaces that an AppProject permits no more although objects of them go with this change:
    Argo CD neither sees nor deletes what its project does not permit."""
    for one in view.of("AppProject"):
        if one.status not in ("changed", "renamed"):
            continue
        objects = [
            other
            for other in gone(view)
            if other.id.cluster == one.id.cluster and fate(view, other) == "orphaned"
        ]
        if objects:
            lost = several(_unpermitted(one.new, objects), 4)
            what = f"{counted(len(objects), 'object')} that this change removes"
            stay = "it stays" if len(objects) == 1 else "they stay"
            sentence = (
                f"{one.id} permits {lost} no more: Argo CD neither sees nor deletes {what}, and {stay} on "
                f"{one.id.cluster}."
            )
            them, gone_when = ("it", "it is gone") if len(objects) == 1 else ("them", "they are gone")
            remedy = f"List {them} in cluster.argocd.retiring in this change, and take {them} out when {gone_when}."
            targets = (one.target, *_targets([other for other in objects if other.target != one.target]))
            yield Consequence("orphaned", "dangerous", sentence, (one.id.cluster,), targets, remedy)


def _unpermitted(project: Any, objects: list[ObjectChange]) -> list[str]:
    """What a project would have to permit for some objects: kinds first."""
    ids = [one.old_id or one.id for one in objects]
    entries = [
        *(at(project, "spec.clusterResourceWhitelist") or ()),
        *(at(project, "spec.namespaceResourceWhitelist") or ()),
    ]
    known = {(entry.get("group", ""), entry.get("kind", "")) for entry in entries}
    spaces = {entry.get("namespace", "") for entry in at(project, "spec.destinations") or ()}
    kinds = sorted(
        {f"{id_.group}/{id_.kind}".lstrip("/") for id_ in ids if (id_.group, id_.kind) not in known}
    )
    names = sorted({str(id_) for id_ in ids if not id_.namespace and (id_.group, id_.kind) in known})
    lost = sorted(
        {f"namespace {id_.namespace}" for id_ in ids if id_.namespace and id_.namespace not in spaces}
    )
    return [*kinds, *names, *lost]


def unexplained(view: View) -> Iterator[Consequence]:
    """Compiled files that differ although nothing in the inventory or the code does."""
    strange: dict[str, str] = {}
    for one in view.change.synced:
        numbers = {*one.causes, *(number for change in one.fields for number in change.causes)}
        if any(view.change.causes[number].kind == "unknown" for number in numbers):
            path = shown(one.fields[0].path) if one.fields else ""
            strange.setdefault(one.target, f"{one.file} {path}".strip())
    for target, where in sorted(strange.items()):
        what = f"what differs in {place(target)} ({where})"
        sentence = f"Nothing in the inventory explains {what}: was it edited by hand?"
        yield Consequence("unexplained", "look", sentence, (target.rpartition(".")[0],), (target,))
