"""One inventory on disk, read once: every module of this package shares the files through it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from components.inventory.layer import layer_of
from components.inventory.layout import Layout, Unit, discover
from components.inventory.source import SourceFile, load
from components.inventory.value import Mapping


class Inventory:
    """The folder that holds `targets` and `classes`. Files are read when first asked for, and once."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).absolute()
        self._sources: dict[Path, SourceFile] = {}
        self._layers: dict[Path, Mapping] = {}

    @classmethod
    def of(cls, inventory: Inventory | Path | str) -> Inventory:
        """The inventory itself, or the one in a folder."""
        return inventory if isinstance(inventory, Inventory) else cls(inventory)

    @cached_property
    def layout(self) -> Layout:
        """Targets and classes by name."""
        return discover(self.root)

    def source(self, unit: Unit) -> SourceFile:
        """The file of a target or class."""
        if unit.path not in self._sources:
            self._sources[unit.path] = load(unit.path, unit.shown)
        return self._sources[unit.path]

    def layer(self, unit: Unit) -> Mapping:
        """What the file of a target or class adds to the parameters."""
        if unit.path not in self._layers:
            self._layers[unit.path] = layer_of(self.source(unit))
        return self._layers[unit.path]
