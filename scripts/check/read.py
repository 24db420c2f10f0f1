"""The compiled tree of one cluster: every object that Argo CD syncs, and what in the tree is none.

``compiled/<cluster>/<target>/<component>/<kind>-<name>.yaml``; below ``cluster/docs`` and
``cluster/runbooks`` lie documents that nothing syncs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from components.cluster.params import TARGET
from scripts.check.model import Obj
from scripts.check.text import TextError, document

COMPILED = "compiled"
UNSYNCED = ("docs", "runbooks")
"""Folders of a cluster's own target that no Application points to."""
ENDINGS = (".yaml", ".yml")

Trouble = Literal["yaml", "link", "stranger", "unreadable"]


@dataclass(frozen=True, slots=True)
class Flaw:
    """A file that is no object."""

    path: str
    """Seen from the project."""
    trouble: Trouble
    message: str
    line: int = 0


@dataclass(frozen=True)
class Tree:
    """What lies in the folder of one cluster."""

    cluster: str
    objects: tuple[Obj, ...]
    flaws: tuple[Flaw, ...]
    targets: frozenset[str]
    """Folders of targets, as target names: ``eu-h100.llama-70b``."""
    documents: tuple[str, ...]
    """Files that nothing syncs, seen from the project."""
    root: Path = Path()
    """The project."""

    def document(self, path: str) -> str | None:
        """The text of a file that nothing syncs; None where there is none that can be read."""
        if path not in self._documents:
            return None
        try:
            return (self.root / path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    @cached_property
    def _documents(self) -> frozenset[str]:
        return frozenset(self.documents)


def clusters(root: Path) -> list[str]:
    """The cluster folders of a project's compiled tree, sorted; links and files are left to :func:`read`."""
    folder = root / COMPILED
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False))


def strays(root: Path) -> list[Flaw]:
    """What lies beside the cluster folders."""
    folder = root / COMPILED
    if not folder.is_dir():
        return []
    found = sorted(os.scandir(folder), key=lambda entry: entry.name)
    return [_stray(entry, f"{COMPILED}/{entry.name}") for entry in found if not _is_folder(entry)]


def read(root: Path, cluster: str) -> Tree:
    """The folder of one cluster. Never raises for what it finds there."""
    objects: list[Obj] = []
    flaws: list[Flaw] = []
    documents: list[str] = []
    targets: set[str] = set()
    for entry, parts in _files(root / COMPILED / cluster, ()):
        path = "/".join((COMPILED, cluster, *parts))
        if parts[0] == TARGET and len(parts) > 1 and parts[1] in UNSYNCED and not entry.is_symlink():
            documents.append(path)
        elif entry.is_symlink() or not entry.is_file(follow_symlinks=False) or len(parts) < 3:
            flaws.append(_stray(entry, path))
        elif not entry.name.endswith(ENDINGS):
            flaws.append(Flaw(path, "stranger", "it is no manifest, but lies in a folder that Argo CD syncs"))
        else:
            targets.add(f"{cluster}.{parts[0]}")
            found = _object(entry, path, cluster, parts)
            objects.append(found) if isinstance(found, Obj) else flaws.append(found)
    return Tree(cluster, tuple(objects), tuple(flaws), frozenset(targets), tuple(documents), root)


def _files(folder: Path | str, parts: tuple[str, ...]) -> Iterator[tuple[os.DirEntry[str], tuple[str, ...]]]:
    """Everything below a folder that is no folder itself, sorted; links are not followed."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        own = (*parts, entry.name)
        if _is_folder(entry):
            yield from _files(entry.path, own)
        else:
            yield entry, own


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _stray(entry: os.DirEntry[str], path: str) -> Flaw:
    if entry.is_symlink():
        return Flaw(path, "link", "it is a symbolic link: what it shows is not what is reviewed")
    return Flaw(path, "stranger", "it belongs to no component of a target")


def _object(entry: os.DirEntry[str], path: str, cluster: str, parts: tuple[str, ...]) -> Obj | Flaw:
    try:
        with open(entry.path, "rb") as file:  # noqa: PTH123 - a Path more a file is a tenth of the reading
            text = file.read().decode("utf-8")
    except UnicodeDecodeError as error:
        return Flaw(path, "yaml", f"no UTF-8: {error.reason} at byte {error.start}")
    except OSError as error:
        return Flaw(path, "unreadable", f"cannot be read: {error.strerror or error}")
    try:
        doc = document(text)
    except TextError as error:
        return Flaw(path, "yaml", str(error), error.line)
    return Obj(path, cluster, f"{cluster}.{parts[0]}", "/".join(parts[1:-1]), doc)
