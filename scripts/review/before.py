"""The inventory of the base: that of the head with the files that differ as they were, so that what is equal is
parsed once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from components.inventory.inventory import Inventory
from components.inventory.layout import Layout, Unit, discover
from components.inventory.source import SourceFile
from components.inventory.value import Mapping as Layer

_TREES = ("targets", "classes")


class Before(Inventory):
    """An inventory in which some files are as they lie in ``root``, and all others those of another inventory."""

    def __init__(self, root: Path, other: Inventory, changed: frozenset[str]) -> None:
        """``changed``: files as shown (``inventory/…``) that are taken from ``root``, or are in neither."""
        super().__init__(root)
        self._other = other
        self._changed = changed

    @cached_property
    def layout(self) -> Layout:
        """Targets and classes by name."""
        own, other = discover(self.root), self._other.layout
        problems = tuple(one for one in other.problems if one.file not in self._changed)
        return Layout(
            self._merged(own.targets, other.targets),
            self._merged(own.classes, other.classes),
            (*own.problems, *problems),
        )

    def _merged(self, own: Mapping[str, Unit], other: Mapping[str, Unit]) -> dict[str, Unit]:
        kept = {name: unit for name, unit in other.items() if unit.shown not in self._changed}
        return dict(sorted({**kept, **own}.items()))

    def source(self, unit: Unit) -> SourceFile:
        """The file of a target or class."""
        return super().source(unit) if unit.shown in self._changed else self._other.source(unit)

    def layer(self, unit: Unit) -> Layer:
        """What the file of a target or class adds to the parameters."""
        return super().layer(unit) if unit.shown in self._changed else self._other.layer(unit)


def before_of(head: Inventory, old: Mapping[str, bytes], new: Mapping[str, bytes], folder: Path) -> Inventory:
    """The inventory of the base: ``old`` holds the files that differ as they were, ``new`` as they are. Written below
    ``folder``."""
    changed = frozenset(path for path in (*old, *new) if path.startswith("inventory/"))
    for tree in _TREES:
        (folder / "inventory" / tree).mkdir(parents=True, exist_ok=True)
    for path, content in old.items():
        if path in changed:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
    return Before(folder / "inventory", head, changed)
