"""Build the new tree beside the old one and put it in its place, all of it or nothing.

What does not change is linked, not copied: until the old tree is deleted, directly after the exchange, a file may
be part of both.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from scripts.compile import exchange
from scripts.compile.changes import Tree
from scripts.compile.outputs import walk
from scripts.compile.workspace import Workspace

FEW: Final = 8
"""So many files are made durable one by one; for more, one call for the whole file system is cheaper."""


def build(tree: Tree, compiled: Path, candidate: Path) -> Path:
    """The folder that will take the place of ``tree.unit``, at its own place below the tree ``candidate``, complete
    and durable; not there when the unit goes. Raises OSError."""
    unit = tree.unit or ""
    new = candidate / unit if unit else candidate
    prefix = f"{unit}/" if unit else ""
    moved = [path for path in tree.taken if path.startswith(prefix)]
    kept = [path for path in tree.linked if path.startswith(prefix)]
    if not moved and not kept:
        new.parent.mkdir(parents=True, exist_ok=True)
        return new
    for folder in sorted({_folder(path, prefix) for path in (*moved, *kept)}):
        (new / folder).mkdir(parents=True, exist_ok=True)
    for path in kept:
        link(compiled / path, new / path[len(prefix) :])
    for path in moved:
        tree.taken[path].rename(new / path[len(prefix) :])
    _prove_complete(new, len(moved) + len(kept))
    _make_durable(new, (new / path[len(prefix) :] for path in moved), len(moved))
    return new


def publish(tree: Tree, workspace: Workspace, new: Path) -> None:
    """Put what :func:`build` made in its place, and delete what was there. Raises OSError, with nothing done."""
    place = workspace.compiled / tree.unit if tree.unit else workspace.compiled
    if new.exists():
        exchange.replace(new, place, workspace.journal)
    else:
        exchange.withdraw(place, new)
    shutil.rmtree(new, ignore_errors=True)


def _folder(path: str, prefix: str) -> str:
    return str(PurePosixPath(path[len(prefix) :]).parent)


def link(old: Path, new: Path) -> None:
    """One file under two names."""
    new.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(old, new, follow_symlinks=False)
    except OSError:  # a file system without links, or with too many to this file
        shutil.copy2(old, new, follow_symlinks=False)


def _prove_complete(folder: Path, count: int) -> None:
    found = sum(1 for _ in walk(folder, ()))
    if found != count:
        raise AssertionError(f"{found} files in the new tree, not {count}")


def _make_durable(new: Path, written: Iterable[Path], count: int) -> None:
    if count > FEW:
        exchange.sync_file_system(new)
        return
    for path in written:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    for folder, _, _ in os.walk(new):
        exchange.sync_folder(Path(folder))
