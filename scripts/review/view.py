"""What rules about consequences look at: both sides as they are declared, and what changed."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from components.stack.params import Stack
from scripts.check.declared import Declared
from scripts.review.change import DOCUMENT, Change, ObjectChange
from scripts.review.objects import is_synced
from scripts.review.semantic import shown
from scripts.review.sides import Pair, Side


@dataclass(frozen=True, eq=False)
class View:
    """A change, with what both inventories declare about the clusters that it is in. Compared by identity, so that what
    is worked out of it can be kept."""

    pair: Pair
    change: Change
    date: datetime.date

    @cached_property
    def clusters(self) -> list[str]:
        """Clusters that an edit or a compiled file is in."""
        return self.pair.clusters(frozenset(self.change.clusters))

    @cached_property
    def before(self) -> Mapping[str, Declared]:
        """What the base declares, by cluster; only clusters that it has. A stack that is there and cannot be read,
        which a note tells, counts as it is at the head: it is not new."""
        return self._read(self.pair.base, self.pair.head)

    @cached_property
    def after(self) -> Mapping[str, Declared]:
        """The same of the head: a stack that cannot be read counts as it was."""
        return self._read(self.pair.head, self.pair.base)

    def _read(self, side: Side, other: Side) -> dict[str, Declared]:
        others = self._declared(other)
        return {
            name: _with_unread(one, others.get(name), side.targets)
            for name, one in self._declared(side).items()
        }

    def _declared(self, side: Side) -> dict[str, Declared]:
        names = {target.rpartition(".")[0] for target in side.targets}
        return {name: self.pair.declared(side, name) for name in self.clusters if name in names}

    @cached_property
    def stacks_before(self) -> dict[str, Stack]:
        """Stacks of the base by target."""
        return dict(_stacks(self.before))

    @cached_property
    def stacks_after(self) -> dict[str, Stack]:
        """Stacks of the head by target."""
        return dict(_stacks(self.after))

    @cached_property
    def clusters_gone(self) -> frozenset[str]:
        """Clusters that the base has and the head has not."""
        base, head = (
            {target.rpartition(".")[0] for target in side.targets}
            for side in (self.pair.base, self.pair.head)
        )
        return frozenset(base - head)

    @cached_property
    def unreadable(self) -> frozenset[str]:
        """Files of the head that Argo CD syncs, and that hold no single object in YAML."""
        found = (one for one in self.of(DOCUMENT) if one.status != "removed" and is_synced(one.file))
        return frozenset(one.file for one in found)

    @cached_property
    def _by_kind(self) -> dict[str, list[ObjectChange]]:
        found: dict[str, list[ObjectChange]] = {}
        for one in self.change.objects:
            found.setdefault(one.id.kind, []).append(one)
        return found

    def of(self, *kinds: str) -> Iterator[ObjectChange]:
        """Changes of objects of some kinds."""
        for kind in kinds:
            yield from self._by_kind.get(kind, ())

    @cached_property
    def twins(self) -> dict[str, str]:
        """The target at the base of every target that was renamed or moved within its cluster."""
        return {
            one.target: one.old_target
            for one in self.change.objects
            if one.status == "renamed" and one.old_target and one.old_target != one.target
        }


def _with_unread(own: Declared, other: Declared | None, targets: Collection[str]) -> Declared:
    unread = {
        name: stack
        for name, stack in (other.stacks if other else {}).items()
        if name not in own.stacks and f"{own.cluster}.{name}" in targets
    }
    return replace(own, stacks=dict(sorted({**own.stacks, **unread}.items()))) if unread else own


def _stacks(clusters: Mapping[str, Declared]) -> Iterator[tuple[str, Stack]]:
    for name, declared in clusters.items():
        for stack in declared.stacks.values():
            yield f"{name}.{stack.name}", stack


def touched(one: ObjectChange, *prefixes: str) -> bool:
    """Whether a changed field lies at or below, or above, one of some paths."""
    for change in one.fields:
        path = shown(change.path)
        if any(path.startswith(prefix) or prefix.startswith(path) for prefix in prefixes):
            return True
    return False


def at(doc: Mapping[str, Any] | None, path: str, default: Any = None) -> Any:
    """A value in a document by a dotted path of maps."""
    value: Any = doc
    for key in path.split("."):
        if not isinstance(value, Mapping) or key not in value:
            return default
        value = value[key]
    return value
