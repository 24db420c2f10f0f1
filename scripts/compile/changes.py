"""What a run makes of ``compiled/``: the tree as it will be, and how it differs from the tree as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

from scripts.compile.outputs import Folder, Outputs, home_of, identify, scan
from scripts.compile.plan import Plan

Kind = Literal["added", "changed", "removed"]

UNSYNCED: Final = frozenset(("docs", "runbooks"))
"""Folders below a target's that hold no objects."""


@dataclass(frozen=True)
class Change:
    """One file that will not be what it was; ``path`` is below ``compiled/``."""

    path: str
    kind: Kind
    target: str
    """Empty for a file that belongs to no target."""


@dataclass(frozen=True)
class Tree:
    """``compiled/`` as it will be."""

    taken: Mapping[str, Path]
    """Files that are new or different, by path below ``compiled/``, and where they lie now."""
    linked: frozenset[str]
    """Files that stay as they are, by the same path."""
    changes: tuple[Change, ...]
    made: Mapping[str, Folder]
    """The files of the targets that were compiled, by target."""

    @cached_property
    def unit(self) -> str | None:
        """The smallest folder below ``compiled/`` that holds all changes, and whose parent there is before and
        after: ``""`` for all of it, ``eu-h100``, or ``eu-h100/llama-70b``. None without a change."""
        if not self.changes:
            return None
        common = _common(change.path for change in self.changes)
        before = [*self.linked, *(change.path for change in self.changes if change.kind != "added")]
        while common and not (
            _any_below(before, _parent(common)) and _any_below(self.paths(), _parent(common))
        ):
            common = _parent(common)
        return common

    @cached_property
    def clusters(self) -> frozenset[str]:
        """The clusters in which something changes, and that do not go altogether."""
        return self.present(change.path.partition("/")[0] for change in self.changes if "/" in change.path)

    def present(self, clusters: Iterable[str]) -> frozenset[str]:
        """Those of some clusters that the tree has files of."""
        return frozenset(clusters) & {path.partition("/")[0] for path in self.paths()}

    def paths(self) -> Iterator[str]:
        """All files."""
        yield from self.taken
        yield from self.linked


def new_tree(work: Plan, outputs: Outputs, staged: Path) -> Tree:
    """The tree after the targets of the plan were compiled to ``staged``."""
    found = scan(staged).folders if staged.exists() else {}
    made = {target: found.get(target, Folder()) for target in work.reasons}
    taken: dict[str, Path] = {}
    linked: set[str] = set()
    changes: list[Change] = []
    for target, folder in made.items():
        home = home_of(target)
        before = outputs.folders[target].digests if target in outputs.folders else {}
        identify(staged, target, folder, None)
        for path, value in folder.digests.items():
            if before.get(path) == value:
                linked.add(f"{home}/{path}")
                continue
            taken[f"{home}/{path}"] = staged / home / path
            changes.append(Change(f"{home}/{path}", "changed" if path in before else "added", target))
        changes += (
            Change(f"{home}/{path}", "removed", target) for path in before if path not in folder.digests
        )
    strays = set(work.strays)
    for target, folder in outputs.folders.items():
        home = home_of(target)
        paths = {f"{home}/{path}" for path in folder.signatures}
        if target in work.gone:
            changes += (Change(path, "removed", target) for path in paths)
        elif target not in work.reasons:
            linked |= paths - strays
    linked |= set(outputs.strays) - strays
    changes += (Change(path, "removed", "") for path in strays)
    return Tree(taken, frozenset(linked), tuple(sorted(changes, key=lambda one: one.path)), made)


def is_object(path: str) -> bool:
    """Whether Argo CD makes an object of a file below ``compiled/``: of a manifest in a synced folder of a target."""
    parts = path.split("/", 3)
    return path.endswith((".yaml", ".yml")) and len(parts) > 2 and parts[2] not in UNSYNCED


def _common(paths: Iterable[str]) -> str:
    """The deepest common folder of some files, at most a target's."""
    folders = [path.split("/")[:-1][:2] for path in paths]
    shared: list[str] = []
    for names in zip(*folders, strict=False):
        if len(set(names)) > 1:
            break
        shared.append(names[0])
    return "/".join(shared)


def _parent(folder: str) -> str:
    return folder.rpartition("/")[0]


def _any_below(paths: Iterable[str], folder: str) -> bool:
    prefix = f"{folder}/" if folder else ""
    return any(path.startswith(prefix) for path in paths)
