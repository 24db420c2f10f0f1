"""Keys of targets with the lines that made them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from components.cluster.params import ClusterParams
from components.common.load import PLUMBING
from components.common.params import inventory_key
from components.compile.targets import is_cluster
from components.inventory.chain import Include as ChainInclude
from components.inventory.origin import Origins, split_key
from components.inventory.value import Definition, walk
from components.stack.params import StackParams
from scripts.explain.alternatives import Leaf
from scripts.explain.answer import Include, Line, Parameter, Reference, State
from scripts.explain.declared import Declared, KeyPath, Place, UnknownKey, declared, model_of

MAX_DEPTH = 8
"""References behind references that are told."""


class Parameters:
    """The parameters of the targets of one inventory."""

    def __init__(self, origins: Origins) -> None:
        """``origins`` of the inventory."""
        self.origins = origins

    def of_leaf(self, target: str, leaf: Leaf) -> Parameter:
        """The parameter that a leaf stands for."""
        return self.name_of(target) if leaf.kind == "name" else self.at(target, leaf.path)

    def name_of(self, target: str) -> Parameter:
        """The target's own name, which is that of its file."""
        place = Place(self.origins.target_file(target))
        line = Line(place, "", target.rpartition(".")[2], "", True, (), ())
        return Parameter(target, "", "name", line.raw, (line,), None, "The name of the target's file.")

    def at(self, target: str, path: KeyPath) -> Parameter:
        """The key at a path. Raises UnknownKey when no model has it and nobody sets it."""
        lines = tuple(self.line(target, one) for one in self.origins.trace(target, path))
        found = walk(self.origins.parameters(target), path)
        model = self._declared(target, path)
        if found is None and isinstance(model, UnknownKey):
            raise model
        value = self.origins.value(target, path) if found is not None else None
        known = model if isinstance(model, Declared) else None
        state, value = _state(value, found is not None, bool(lines), known)
        return Parameter(
            target,
            ".".join(path),
            state,
            value,
            lines,
            known.place if known else None,
            known.meaning if known else "",
        )

    def check_entries(self, target: str, path: KeyPath) -> None:
        """Raises UnknownKey where a path leads into an entry that a map does not have."""
        for end in range(1, len(path) + 1):
            known = self._declared(target, path[:end])
            if isinstance(known, UnknownKey) or walk(self.origins.parameters(target), path[:end]) is not None:
                continue
            there = self._entries(target, path[: end - 1]) if known.is_entry else [path[end - 1]]
            if path[end - 1] not in there:
                raise UnknownKey(path[:end], sorted(there))

    def _entries(self, target: str, path: KeyPath) -> list[str]:
        """The entries of a map, else those of its default."""
        model = self._declared(target, path)
        found = walk(self.origins.parameters(target), path)
        value = self.origins.value(target, path) if found is not None else None
        if value is None:
            value = model.default if isinstance(model, Declared) else None
        return list(value) if isinstance(value, dict) else []

    def path(self, target: str, key: str) -> KeyPath:
        """The steps of a dotted key. Where keys hold dots themselves, the longest that exists is taken."""
        return tuple(str(step) for step in split_key(self.origins.parameters(target), key))

    def children(self, target: str, path: KeyPath) -> list[Parameter]:
        """What a key holds that is a map: first what is set, then what the model knows besides."""
        found = walk(self.origins.parameters(target), path)
        value = self.origins.value(target, path) if found is not None else None
        names = list(value) if isinstance(value, dict) else []
        if value is None or isinstance(value, dict):
            names += [name for name in self._known(target, path) if name not in names]
        return [self.at(target, (*path, name)) for name in names if path or name not in PLUMBING]

    def _known(self, target: str, path: KeyPath) -> list[str]:
        """The keys that the model has below a path."""
        root = root_model(target)
        model: Any = root
        if path:
            below = self._declared(target, path)
            model = model_of(below.annotation) if isinstance(below, Declared) else None
        return [inventory_key(name) for name in model.model_fields] if model is not None else []

    def _declared(self, target: str, path: KeyPath) -> Declared | UnknownKey:
        try:
            return declared(root_model(target), path)
        except UnknownKey as error:
            return error

    def line(self, target: str, one: Definition, depth: int = 0) -> Line:
        """A definition with the includes that led to it and what it references."""
        references = (
            Reference(
                ":".join(via.path), tuple(self.line(target, line, depth + 1) for line in via.definitions)
            )
            for via in (one.via if depth < MAX_DEPTH else ())
        )
        return Line(
            Place(one.file, one.line, one.column),
            ".".join(str(step) for step in one.key),
            one.raw,
            one.operator,
            one.active,
            tuple(_includes(self.origins.chain(target).includes_of(one.file))),
            tuple(references),
        )


def root_model(target: str) -> type[BaseModel]:
    """The model of a target's parameters."""
    return ClusterParams if is_cluster(target) else StackParams


def _state(value: Any, is_there: bool, is_told: bool, known: Declared | None) -> tuple[State, Any]:
    if value is not None:
        return "set", value
    default = known.default if known else None
    if is_there and is_told:
        return "removed", default
    return ("unset", None) if default is None or default in ({}, []) else ("default", default)


def _includes(steps: Iterable[ChainInclude]) -> Iterable[Include]:
    return (Include(Place(step.file, step.line, step.column), step.written) for step in steps)
