"""Objects that go, that cannot be changed in place, that get another name, or that Argo CD loses sight of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from components.common import quantities
from scripts.review.change import Consequence, ObjectChange, Severity
from scripts.review.consequences.words import counted, place, several
from scripts.review.semantic import shown
from scripts.review.view import View, at, touched

DANGEROUS: Final = {
    "Namespace": "everything in it would go with it",
    "PersistentVolumeClaim": "the data of its volume may be lost",
    "CustomResourceDefinition": "every object of its kind goes with it",
    "Gateway": "its address and every route on it go with it",
}
"""Kinds whose removal takes more along, with what."""
_KEEPS = "Prune=false"
_SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
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
        if one.status != "removed":
            continue
        if one.id.kind not in DANGEROUS:
            whole = f"{one.id.cluster}.cluster" if one.id.cluster in view.clusters_gone else one.target
            rest.setdefault(whole, []).append(one)
        elif _kept(one):
            sentence = (
                f"{one.id} of {one.id.cluster} is compiled no more. Argo CD leaves it ({_KEEPS}): remove it by hand "
                "if it should go."
            )
            yield Consequence("left-behind", "look", sentence, (one.id.cluster,), (one.target,))
        else:
            grave.setdefault((one.id.cluster, one.id.kind), []).append(one)
    for (cluster, kind), objects in sorted(grave.items()):
        verb, loss = ("is", DANGEROUS[kind]) if len(objects) == 1 else ("are", f"for each, {DANGEROUS[kind]}")
        sentence = f"{several((str(one.id) for one in objects), 4)} of {cluster} {verb} pruned: {loss}."
        targets = tuple(dict.fromkeys(one.target for one in objects))
        yield Consequence("pruned", "dangerous", sentence, (cluster,), targets)
    for target, objects in sorted(rest.items()):
        kinds = sorted({one.id.kind for one in objects})
        what = f"{counted(len(objects), 'object')} of {place(target)} {'is' if len(objects) == 1 else 'are'}"
        sentence = f"{what} pruned: {several(kinds, 6)}."
        severity: Severity = (
            "look" if "InferenceService" in kinds or target.endswith(".cluster") else "routine"
        )
        targets = tuple(dict.fromkeys(one.target for one in objects))
        yield Consequence("pruned", severity, sentence, (objects[0].id.cluster,), targets)


def clusters_gone(view: View) -> Iterator[Consequence]:
    """Clusters that the inventory has no more."""
    for cluster in sorted(view.clusters_gone):
        stacks = {name: one for name, one in view.stacks_before.items() if one.cluster.name == cluster}
        models = several(sorted({one.model.name for one in stacks.values()}), 4)
        nobody = f" nobody serves {models} there, and" if models else ""
        left = f"{nobody} all that it runs is left to itself or pruned"
        sentence = f"Cluster {cluster} is in the inventory no more:{left}."
        yield Consequence("cluster-removed", "dangerous", sentence, (cluster,), tuple(sorted(stacks)))


def _kept(one: ObjectChange) -> bool:
    """Whether Argo CD is told never to delete it."""
    return _KEEPS in (at(one.old, "metadata.annotations") or {}).get(_SYNC_OPTIONS, "")


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
    by_target: dict[str, list[ObjectChange]] = {}
    for one in view.change.synced:
        if one.status == "renamed":
            by_target.setdefault(one.target, []).append(one)
    for target, objects in sorted(by_target.items()):
        models = [one for one in objects if one.id.kind == "InferenceService"]
        first = (models or objects)[0]
        more = f" and {counted(len(objects) - 1, 'object')} with it" if len(objects) > 1 else ""
        sentence = (
            f"{first.old_id} of {first.id.cluster} becomes {first.id}{more}: the old ones are deleted and new ones made"
            + (", and nobody answers until the new pods are ready." if models else ".")
        )
        severity: Severity = (
            "dangerous" if models or any(one.id.kind in DANGEROUS for one in objects) else "look"
        )
        yield Consequence("renamed", severity, sentence, (first.id.cluster,), (target,))


def orphaned(view: View) -> Iterator[Consequence]:
    """Kinds and namespaces that an AppProject permits no more although objects of them go with this change: Argo CD
    neither sees nor deletes what its project does not permit."""
    for one in view.of("AppProject"):
        if one.status != "changed":
            continue
        lost = _kinds(one.old) - _kinds(one.new)
        gone = [
            other
            for other in view.change.synced
            if other.status in ("removed", "renamed")
            and other.id.cluster == one.id.cluster
            and not _kept(other)
        ]
        kinds = sorted(
            {f"{c.id.group}/{c.id.kind}".lstrip("/") for c in gone if (c.id.group, c.id.kind) in lost}
        )
        spaces = {_namespace(c) for c in gone} & (_spaces(one.old) - _spaces(one.new))
        if kinds or spaces:
            what = several([*kinds, *(f"namespace {name}" for name in sorted(spaces))], 4)
            sentence = (
                f"{one.id} permits {what} no more: Argo CD neither sees nor deletes the objects that this change "
                f"removes, and they stay on {one.id.cluster}."
            )
            remedy = (
                "List them in cluster.argocd.retiring in this change, and take them out when they are gone."
            )
            yield Consequence("orphaned", "dangerous", sentence, (one.id.cluster,), (one.target,), remedy)


def _namespace(one: ObjectChange) -> str:
    return (one.old_id or one.id).namespace


def _kinds(doc: Any) -> set[tuple[str, str]]:
    entries = [
        *(at(doc, "spec.clusterResourceWhitelist") or ()),
        *(at(doc, "spec.namespaceResourceWhitelist") or ()),
    ]
    return {(str(entry.get("group", "")), str(entry.get("kind", ""))) for entry in entries}


def _spaces(doc: Any) -> set[str]:
    return {str(entry.get("namespace", "")) for entry in at(doc, "spec.destinations") or ()}


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
