"""What becomes of objects that are compiled no more: whether Argo CD deletes them, and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Literal

from components.stack.params import Stack
from scripts.review.change import ObjectChange, ObjectId
from scripts.review.view import View, at

KEEPS = "Prune=false"
_SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
_OWN = ("Application", "AppProject")
"""Kinds that the root syncs: the cluster's AppProject does not bind it."""

Fate = Literal["deleted", "deleted-last", "kept", "orphaned", "unpruned", "forgotten", "unread"]
"""``deleted-last``: when what replaces it is healthy; ``kept``: ``Prune=false``; ``orphaned``: the AppProject permits
it no more; ``unpruned``: the environment prunes nothing; ``forgotten``: its cluster is in no inventory, so that the
root finds no files and syncs nothing; ``unread``: its file is there, and cannot be told."""


def fate(view: View, one: ObjectChange) -> Fate:
    """What becomes of the old object of one that is removed or renamed."""
    id_ = one.old_id or one.id
    if KEEPS in (at(one.old, "metadata.annotations") or {}).get(_SYNC_OPTIONS, ""):
        return "kept"
    if one.file in view.unreadable:
        return "unread"
    if id_.cluster in view.clusters_gone:
        return "forgotten"
    if id_.kind not in _OWN and any(
        permits(old, id_) and not permits(new, id_) for old, new in _projects(view, id_.cluster)
    ):
        return "orphaned"
    declared = view.after.get(id_.cluster)
    if declared is not None and declared.environment is not None and not declared.environment.prune:
        return "unpruned"
    same = one.status == "renamed" and one.old_target == one.target
    return "deleted-last" if same and one.target in _prune_last(view) else "deleted"


def stays(view: View, one: ObjectChange) -> bool:
    """Whether nobody deletes the old object."""
    return fate(view, one) not in ("deleted", "deleted-last")


def gone(view: View) -> Iterator[ObjectChange]:
    """Changes that leave an old object."""
    return (one for one in view.change.synced if one.status in ("removed", "renamed"))


@lru_cache(maxsize=8)
def left(view: View) -> dict[str, Stack]:
    """Stacks of the base whose InferenceService is compiled no more and runs on, by their target at the base."""
    found = {}
    for one in view.of("InferenceService"):
        was = one.old_target or one.target
        goes = one.status == "renamed" or (one.status == "removed" and was not in view.stacks_after)
        if goes and was in view.stacks_before and stays(view, one):
            found[was] = view.stacks_before[was]
    return found


def _projects(view: View, cluster: str) -> Iterator[tuple[Any, Any]]:
    for one in view.of("AppProject"):
        if one.id.cluster == cluster and one.status in ("changed", "renamed"):
            yield one.old, one.new


def permits(project: Any, id_: ObjectId) -> bool:
    """Whether an AppProject permits an object: its kind, and its namespace or, without one, its name."""
    if id_.namespace:
        spaces = [str(entry.get("namespace", "")) for entry in at(project, "spec.destinations") or ()]
        kinds = at(project, "spec.namespaceResourceWhitelist") or ()
        is_there = any(fnmatchcase(id_.namespace, pattern) for pattern in spaces)
        return is_there and any(_is_kind(entry, id_) for entry in kinds)
    kinds = at(project, "spec.clusterResourceWhitelist") or ()
    return any(_is_kind(entry, id_) and fnmatchcase(id_.name, entry.get("name") or "*") for entry in kinds)


def _is_kind(entry: Mapping[str, Any], id_: ObjectId) -> bool:
    """Whether an entry means an object's kind; Argo CD reads patterns such as ``*``."""
    patterns = str(entry.get("group", "")), str(entry.get("kind", ""))
    return all(
        fnmatchcase(own, pattern) for own, pattern in zip((id_.group, id_.kind), patterns, strict=True)
    )


@lru_cache(maxsize=8)
def _prune_last(view: View) -> frozenset[str]:
    """Targets of stacks whose changed Application prunes when everything else is healthy. One whose objects get
    another name always changes: it names the InferenceService."""
    found = set()
    for one in view.of("Application"):
        if "PruneLast=true" in (at(one.new, "spec.syncPolicy.syncOptions") or ()):
            *_, cluster, part = str(at(one.new, "spec.source.path", "/")).split("/")
            found.add(f"{cluster}.{part}")
    return frozenset(found)
