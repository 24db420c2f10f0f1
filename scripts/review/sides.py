"""The two trees that are compared: their inventories, and the compiled files that differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from components.inventory.inventory import Inventory
from components.inventory.origin import CannotResolve, Origins
from components.inventory.problem import Problem
from scripts.check.declared import Declared, clusters_of, declared
from scripts.review.change import MISSING

Parameters = dict[str, Any]
KeyPath = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Side:
    """One tree."""

    label: str
    """The revision, for people."""
    origins: Origins
    texts: Mapping[str, str]
    """Compiled files that differ from the other side's, by path."""
    compiled: Callable[[str], Mapping[str, str]] = field(repr=False)
    """All compiled files of a target, by path."""
    _rendered: dict[str, Parameters | None] = field(default_factory=dict, repr=False)
    _shared: dict[str, Side] = field(default_factory=dict, repr=False)

    @property
    def inventory(self) -> Inventory:
        """Its inventory."""
        return self.origins.inventory

    @cached_property
    def targets(self) -> frozenset[str]:
        """All targets."""
        return frozenset(self.inventory.layout.targets)

    def files(self, target: str) -> tuple[str, ...]:
        """The inventory files that a target is made of, in merge order."""
        return tuple(unit.shown for unit in self.origins.chain(target).units)

    def parameters(self, target: str) -> Parameters | None:
        """The rendered parameters of a target; None where there is no such target, or where it does not render."""
        if target in self._shared:
            return self._shared[target].parameters(target)
        if target not in self._rendered:
            self._rendered[target] = self._render(target)
        return self._rendered[target]

    def _render(self, target: str) -> Parameters | None:
        if target not in self.targets:
            return None
        try:
            value = self.origins.value(target)
        except CannotResolve:
            return None
        return value if isinstance(value, dict) else None

    def share(self, other: Side, target: str) -> None:
        """Take a target's parameters from the other side, where it is made of the same files."""
        self._shared[target] = other

    def problem(self, target: str) -> Problem | None:
        """Why a target does not render."""
        try:
            self.origins.parameters(target)
        except CannotResolve as error:
            return error.problems[0]
        return None


@dataclass(frozen=True, eq=False)
class Pair:
    """Both sides, and which files differ between them."""

    base: Side
    head: Side
    inventory: tuple[str, ...]
    """Inventory files that differ, as shown: ``inventory/classes/…``; sorted."""
    code: tuple[str, ...] = ()
    """Files of components, templates and settings that differ."""
    runs_head: bool = True
    """Whether the code that runs here is the head's, so that a compile in memory gives what the head holds."""
    notes: tuple[str, ...] = ()

    @cached_property
    def affected(self) -> frozenset[str]:
        """Targets of either side that a changed inventory file is part of. The others are rendered once: without a
        changed file at the head, a target is made of the same files at the base."""
        changed = frozenset(self.inventory)
        found = set(self.base.targets ^ self.head.targets)
        for target in self.base.targets & self.head.targets:
            if any(file in changed for file in self.head.files(target)):
                found.add(target)
            else:
                self.base.share(self.head, target)
        return frozenset(found)

    def clusters(self, changed: frozenset[str]) -> list[str]:
        """Clusters in which something differs; ``changed`` are those of compiled objects."""
        return sorted({*clusters_of(self.affected), *changed})

    def declared(self, side: Side, cluster: str) -> Declared:
        """What a side declares about a cluster."""
        key = (id(side), cluster)
        if key not in self._declared:
            _ = self.affected
            names = sorted(name for name in side.targets if name.rpartition(".")[0] == cluster)
            rendered = {name: found for name in names if (found := side.parameters(name)) is not None}
            self._declared[key] = declared(cluster, rendered)
        return self._declared[key]

    @cached_property
    def _declared(self) -> dict[tuple[int, str], Declared]:
        return {}


def differing(old: Parameters, new: Parameters) -> Iterator[tuple[KeyPath, Any, Any]]:
    """Every scalar, list and empty map of two targets' rendered parameters that is not the same in both, by key path:
    first those of the new ones, in their order. What Kapitan reads is left out."""
    keys = [
        key
        for key in dict.fromkeys((*new, *old))
        if not _is_same(old.get(key, MISSING), new.get(key, MISSING))
    ]
    before, after = (leaves({key: one[key] for key in keys if key in one}) for one in (old, new))
    for path in dict.fromkeys((*after, *before)):
        one, two = before.get(path, MISSING), after.get(path, MISSING)
        if type(one) is not type(two) or one != two:
            yield path, one, two


def _is_same(old: Any, new: Any) -> bool:
    return bool(old == new) and repr(old) == repr(new)


def leaves(value: Any) -> dict[tuple[str, ...], Any]:
    """Every scalar, list and empty map of rendered parameters, by key path; what Kapitan reads is left out."""
    found: dict[tuple[str, ...], Any] = {}
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in ("kapitan", "_reclass_"):
                _leaves(item, (key,), found)
    return found


def _leaves(value: Any, path: tuple[str, ...], found: dict[tuple[str, ...], Any]) -> None:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            _leaves(item, (*path, str(key)), found)
    else:
        found[path] = value
