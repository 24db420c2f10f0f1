"""What rules about the files of the compiled tree see."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from scripts.check.declared import Declared
from scripts.check.model import Key, Obj
from scripts.check.read import Tree


@dataclass(frozen=True)
class TreeView:
    """The files of one cluster, beside the targets that the inventory has for it."""

    tree: Tree
    declared: Declared
    targets: frozenset[str]
    """All targets of the cluster, as target names."""

    @property
    def target(self) -> str:
        """The cluster's own target, for hits about no object."""
        return f"{self.tree.cluster}.cluster"

    @cached_property
    def by_key(self) -> dict[Key, list[Obj]]:
        """Objects by identity: more than one is a duplicate."""
        found: dict[Key, list[Obj]] = {}
        for obj in self.tree.objects:
            found.setdefault(obj.key, []).append(obj)
        return found
