"""Build the new tree beside the old one and put it in its place, all of it or nothing.

What does not change is linked, not copied: until the old tree is deleted, directly after the exchange, a file may
be part of both.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scripts.compile import exchange
from scripts.compile.changes import Tree
from scripts.compile.outputs import walk
from scripts.compile.workspace import COMPILED, Workspace


@dataclass(frozen=True)
class Candidate:
    """The new tree, in parts, until it takes the old one's place."""

    tree: Tree
    clusters: frozenset[str]
    """Those that are checked."""
    compiled: Path
    """The clusters that are checked, or the unit alone where it is smaller, each at its own place below this folder."""
    others: Path
    """What else is part of the unit."""

    @property
    def unit(self) -> Path:
        """What will take the place of the tree's unit; not there when the unit goes."""
        return self.compiled / self.tree.unit if self.tree.unit else self.compiled


def build(tree: Tree, clusters: frozenset[str], compiled: Path, folder: Path) -> Candidate:
    """Build the unit of a tree below ``folder``, complete and durable; ``clusters`` will be checked. Nothing is built
    where nothing changes. Raises OSError."""
    candidate = Candidate(tree, clusters, folder / "project" / COMPILED, folder / "others")
    if tree.unit is None:
        return candidate
    prefix = f"{tree.unit}/" if tree.unit else ""
    moved = {path: _home(candidate, path) for path in tree.taken if path.startswith(prefix)}
    kept = {path: _home(candidate, path) for path in tree.linked if path.startswith(prefix)}
    candidate.unit.parent.mkdir(parents=True, exist_ok=True)
    for parent in sorted({path.parent for path in (*moved.values(), *kept.values())}):
        parent.mkdir(parents=True, exist_ok=True)
    for path, new in kept.items():
        link(compiled / path, new)
    for path, new in moved.items():
        tree.taken[path].rename(new)
    _prove_complete((candidate.unit, candidate.others), len(moved) + len(kept))
    exchange.sync_file_system(folder)
    return candidate


def publish(candidate: Candidate, workspace: Workspace) -> None:
    """Put what :func:`build` made in its place, and delete what was there. Raises OSError, with nothing done."""
    new, tree = candidate.unit, candidate.tree
    place = workspace.compiled / tree.unit if tree.unit else workspace.compiled
    if candidate.others.exists():
        new.mkdir(exist_ok=True)
        for entry in list(candidate.others.iterdir()):
            entry.rename(new / entry.name)
        exchange.sync_folder(new)
    if new.exists():
        exchange.replace(new, place, workspace.journal)
    else:
        exchange.withdraw(place, new)
    shutil.rmtree(new, ignore_errors=True)


def _home(candidate: Candidate, path: str) -> Path:
    """Where a file of the unit lies until it is published."""
    is_checked = candidate.tree.unit or path.partition("/")[0] in candidate.clusters
    return (candidate.compiled if is_checked else candidate.others) / path


def link(old: Path, new: Path) -> None:
    """One file under two names."""
    new.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(old, new, follow_symlinks=False)
    except OSError:  # a file system without links, or with too many to this file
        shutil.copy2(old, new, follow_symlinks=False)


def _prove_complete(folders: Iterable[Path], count: int) -> None:
    found = sum(1 for folder in folders for _ in walk(folder, ()))
    if found != count:
        raise AssertionError(f"{found} files in the new tree, not {count}")
