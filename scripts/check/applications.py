"""What Argo CD would sync: Applications, the folders that they point to, and the objects in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from typing import TYPE_CHECKING

from scripts.check.model import Obj

if TYPE_CHECKING:
    from scripts.check.fleet import ClusterView

_BRACES = re.compile(r"\{([^{}]*)\}")
ROOT_FOLDER = "cluster/argocd"
"""Folder that the root Application syncs; the root itself is applied by hand."""


@dataclass(frozen=True, eq=False)
class Synced:
    """One Application with the objects in its folder."""

    application: Obj
    path: str
    """Folder, seen from the project, whatever the prefix in the repository."""
    objects: tuple[Obj, ...]


def folder_of(application: Obj, view: ClusterView) -> str:
    """The folder of the compiled tree that an Application points to: ``compiled/eu-h100/llama-70b``."""
    path = application.text("spec.source.path").strip("/")
    prefix = view.facts.argocd.path_prefix.strip("/")
    inside = path == prefix or path.startswith(f"{prefix}/")
    return f"compiled{path[len(prefix) :]}" if inside else path


def synced(view: ClusterView) -> Iterator[Synced]:
    """Every Application of a cluster with what lies below its folder."""
    by_folder: dict[str, list[Obj]] = {}
    for obj in view.objects:
        parts = obj.path.split("/")
        for end in range(1, len(parts)):
            by_folder.setdefault("/".join(parts[:end]), []).append(obj)
    for application in view.of("Application"):
        path = folder_of(application, view)
        own = [obj for obj in by_folder.get(path, []) if _taken(application, obj.path[len(path) + 1 :])]
        yield Synced(application, path, tuple(own))


def _taken(application: Obj, inside: str) -> bool:
    """Whether Argo CD reads a file of the folder, as `spec.source.directory` has it."""
    if "/" in inside and not application.flag("spec.source.directory.recurse"):
        return False
    exclude = application.text("spec.source.directory.exclude")
    include = application.text("spec.source.directory.include")
    excluded = bool(exclude) and _glob(exclude).fullmatch(inside) is not None
    return not excluded and (not include or _glob(include).fullmatch(inside) is not None)


@lru_cache(maxsize=1024)
def _glob(pattern: str) -> re.Pattern[str]:
    """A glob over files, as Argo CD reads it: `*` crosses folders, and `{a,b}` is either."""
    plain, *rest = _BRACES.split(pattern)
    parts = [translate(plain)]
    for either, text in zip(rest[::2], rest[1::2], strict=True):
        parts.append(f"(?:{'|'.join(map(translate, either.split(',')))})")
        parts.append(translate(text))
    return re.compile("".join(part.replace(r"\Z", "").replace(r"\z", "") for part in parts))


@lru_cache(maxsize=16384)
def matches(pattern: str, text: str) -> bool:
    """Argo CD's globs; ``!`` in front denies, which is not used here."""
    return pattern == text or fnmatchcase(text, pattern)


def admits_kind(project: Obj, obj: Obj) -> bool:
    """Whether an AppProject permits an object's kind: listed where its scope is, and not on the black list."""
    scope = "namespaceResource" if obj.namespace else "clusterResource"
    if _listed(project, f"spec.{scope}Blacklist[]", obj):
        return False
    if _listed(project, f"spec.{scope}Whitelist[]", obj):
        return True
    return bool(obj.namespace) and not project.has("spec.namespaceResourceWhitelist")


def _listed(project: Obj, path: str, obj: Obj) -> bool:
    return any(
        matches(kind, obj.kind) and matches(group, obj.group) and matches(name, obj.name)
        for group, kind, name in _patterns(project, path)
    )


@lru_cache(maxsize=64)
def _patterns(project: Obj, path: str) -> tuple[tuple[str, str, str], ...]:
    """(group, kind, name) of a list of an AppProject."""
    return tuple(
        (one.text("group", "*"), one.text("kind", "*"), one.text("name", "*")) for one in project.each(path)
    )


def admits_destination(project: Obj, application: Obj, namespace: str) -> bool:
    """Whether an AppProject permits a namespace on an Application's cluster."""
    name = application.text("spec.destination.name")
    server = application.text("spec.destination.server")
    return any(
        _same(one.text("name"), name, one.text("server"), server)
        and matches(one.text("namespace", "*"), namespace)
        for one in project.each("spec.destinations[]")
    )


def _same(name_pattern: str, name: str, server_pattern: str, server: str) -> bool:
    if name:
        return bool(name_pattern) and matches(name_pattern, name)
    return bool(server_pattern) and matches(server_pattern, server)


def admits_source(project: Obj, application: Obj) -> bool:
    """Whether an AppProject permits an Application's repository."""
    url = application.text("spec.source.repoURL")
    return any(matches(one, url) for one in project.node("spec").strings("sourceRepos"))
