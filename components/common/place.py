"""The seam between building and writing: every manifest passes here once, and leaves as a file.

Adds labels, namespace and sync wave, applies the inventory's overrides, refuses duplicates and objects that break
their schema, and names the file: ``<component>/<kind>-<name>.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from components.common import emit, labels, waves
from components.common.errors import Mistake, MistakesError
from components.common.manifest import Manifest, key
from components.contracts import is_cluster_scoped, validate

SYNC_WAVE = "argocd.argoproj.io/sync-wave"
SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
KEEP = "Prune=false,Delete=false"
"""Sync options of objects whose loss loses data: Argo CD never deletes them."""


@dataclass(frozen=True, slots=True)
class Built:
    """The manifests of one component of one target."""

    component: str
    """Folder below the target: ``model-service``."""
    name: str
    """``app.kubernetes.io/name`` of its objects."""
    manifests: Iterable[Manifest]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose objects are placed."""

    target: str
    """``<cluster>.<stack>``."""
    instance: str
    """``app.kubernetes.io/instance``: the stack's name, or the cluster's."""
    namespace: str
    """Namespace of objects that name none."""
    kubernetes: str
    """Minor version of the cluster's API server."""
    overrides: Mapping[str, Mapping[str, Mapping[str, Any]]]


def place(owner: Owner, built: Iterable[Built], *, checked: bool = True) -> dict[str, Manifest]:
    """Complete manifests by file path. Raises MistakesError when an override hits nothing or breaks its object;
    unless ``checked``, for a trial that nobody applies."""
    files: dict[str, Manifest] = {}
    seen: set[tuple[str, str, str, str]] = set()
    mistakes: list[Mistake] = []
    used: set[tuple[str, str]] = set()
    for part in built:
        for manifest in part.manifests:
            placed = _complete(owner, part, manifest)
            kind, name = placed["kind"], placed["metadata"]["name"]
            patch = owner.overrides.get(kind, {}).get(name)
            if patch is not None:
                used.add((kind, name))
                if renamed := _renamed(kind, name, patch):
                    mistakes.append(renamed)
                    patch = {}
                placed = merge_patch(placed, patch)
            path = f"{part.component}/{file_name(kind, name)}"
            if path in files or key(placed) in seen:
                raise AssertionError(f"{owner.target}: two objects for {kind} {name}")
            seen.add(key(placed))
            if checked:
                mistakes.extend(_violations(owner, placed, patched=patch is not None))
            files[path] = placed
    if checked:
        mistakes.extend(_unused(owner, used, files))
    if mistakes:
        raise MistakesError(owner.target, mistakes)
    return files


def file_name(kind: str, name: str) -> str:
    """The file of an object, in the folder of its component: ``service-llama-70b.yaml``."""
    return f"{kind.lower()}-{name.replace(':', '-').replace('.', '-')}.yaml"


def texts(files: Mapping[str, Manifest]) -> dict[str, str]:
    """The YAML text of placed manifests, by path."""
    return {path: emit.document(manifest) for path, manifest in files.items()}


def merge_patch(value: Any, patch: Any) -> Any:
    """RFC 7386: maps merge, ``null`` removes, everything else replaces. Neither argument is changed."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(value) if isinstance(value, Mapping) else {}
    for name, item in patch.items():
        if item is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), item)
    return merged


def _complete(owner: Owner, part: Built, manifest: Manifest) -> Manifest:
    kind = manifest["kind"]
    given = manifest["metadata"]
    metadata: dict[str, Any] = {"name": given["name"]}
    if not is_cluster_scoped(*key(manifest)[:2]):
        metadata["namespace"] = given.get("namespace", owner.namespace)
    every = labels.common(owner.instance, part.component, part.name) | given.get("labels", {})
    metadata["labels"] = dict(sorted(every.items()))
    annotations = {SYNC_WAVE: str(waves.wave(kind))} | given.get("annotations", {})
    metadata["annotations"] = dict(sorted(annotations.items()))
    if "finalizers" in given:
        metadata["finalizers"] = given["finalizers"]
    return {**manifest, "metadata": metadata}


def _violations(owner: Owner, manifest: Manifest, *, patched: bool) -> list[Mistake]:
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    found = validate(manifest, owner.kubernetes)
    path: tuple[str | int, ...] = ("overrides", kind, name) if patched else ()
    remedy = (
        "correct the override" if patched else "report this: a builder wrote an object that breaks its schema"
    )
    return [Mistake(path, f"{kind} {name}: {one.path}: {one.message}", remedy) for one in found]


def _renamed(kind: str, name: str, patch: Mapping[str, Any]) -> Mistake | None:
    """A patch that makes another object of it: everything that names the object would lead nowhere."""
    metadata = patch.get("metadata", {})
    own = [key for key in ("apiVersion", "kind") if key in patch]
    if isinstance(metadata, Mapping):
        own += [f"metadata.{key}" for key in ("name", "namespace") if key in metadata]
    else:
        own.append("metadata")
    if not own:
        return None
    wrong = f"the override for {kind} {name} changes {', '.join(own)}, by which others know the object"
    return Mistake(
        ("overrides", kind, name), wrong, "remove that; names and namespaces have keys of their own"
    )


def _unused(owner: Owner, used: set[tuple[str, str]], files: Mapping[str, Manifest]) -> list[Mistake]:
    have = sorted({f"{m['kind']} {m['metadata']['name']}" for m in files.values()})
    return [
        Mistake(
            ("overrides", kind, name),
            f"the override for {kind} {name} changes nothing: no such object is compiled",
            f"name one of: {', '.join(have)}",
        )
        for kind, patches in owner.overrides.items()
        for name in patches
        if (kind, name) not in used
    ]
