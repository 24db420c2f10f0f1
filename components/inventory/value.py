"""Values that remember every line that made them.

The kinds are those of reclass-rs `src/types/value.rs` (0.10): what a file holds (`Text` with references,
`Layers` of one key from several files) and what is left after interpolation (`Literal`, `Mapping`,
`Sequence`, `Failure`). Each carries the `Definition`s that are in effect and, in `below`, the value that it
replaced as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field, replace
from typing import Final

from components.inventory.node import KeyPath, Node, as_index, plain_data
from components.inventory.scalar import Scalar


@dataclass(frozen=True, slots=True)
class Reference:
    """What a `${…}` led to: the resolved path and the value found there; None when its default was used."""

    path: tuple[str, ...]
    value: Value | None = field(repr=False, compare=False)

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """The lines that made the referenced value, in merge order."""
        return definitions(self.value) if self.value is not None else ()


@dataclass(frozen=True, slots=True)
class Definition:
    """One line of the inventory that takes part in a value.

    `key` is the path at which it stands, below `parameters`: that of the value itself, or of a parent that
    replaced or removed it. `operator` is `~`, `=` or empty. `via` holds the references in the raw value, in
    the order in which they were resolved. `active` is false when a later definition replaced this one.
    """

    file: str
    line: int
    column: int
    key: KeyPath
    operator: str
    node: Node = field(repr=False, compare=False)
    via: tuple[Reference, ...] = ()
    active: bool = True

    @property
    def raw(self) -> object:
        """The value as written, references unresolved."""
        return plain_data(self.node)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


Definitions = tuple[Definition, ...]


@dataclass(frozen=True, slots=True)
class Literal:
    """A scalar without references, null included."""

    data: Scalar
    made_by: Definitions
    below: Value | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar with references that are not resolved, or with a `${` that is none."""

    text: str
    made_by: Definitions
    below: Value | None = None


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Value, ...]
    made_by: Definitions
    below: Value | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping. Keys in `constants` cannot be set again; those in `overrides` replace what they meet."""

    items: AbstractMapping[str, Value]
    constants: frozenset[str]
    overrides: frozenset[str]
    made_by: Definitions
    below: Value | None = None


@dataclass(frozen=True, slots=True)
class Layers:
    """The values of one key in several files, not merged yet because references may decide their type.

    Never empty, and never holds `Layers`.
    """

    items: tuple[Layer, ...]

    @property
    def made_by(self) -> Definitions:
        return tuple(definition for item in self.items for definition in item.made_by)


@dataclass(frozen=True, slots=True)
class Failure:
    """A value that could not be resolved; no fault as long as a later scalar replaces it."""

    error: Broken
    made_by: Definitions
    below: Value | None = None


#: A value whose references are resolved. What is in it need not be.
Resolved = Literal | Sequence | Mapping | Failure
#: What one file says about one key.
Layer = Resolved | Text
Value = Layer | Layers


class Broken(Exception):
    """A value that reclass-rs refuses, with the definition at which it fails.

    `offset` is the place of the reference in the text of the definition. With `ends`, reclass-rs gives up the
    target even when a later value replaces this one.
    """

    ends = False

    def __init__(self, rule: str, message: str, remedy: str, at: Definition | None, offset: int = 0) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.remedy = remedy
        self.at = at
        self.offset = offset


NOTHING: Final[frozenset[str]] = frozenset()


def over(upper: Resolved, lower: Value) -> Resolved:
    """`upper` after it replaced `lower` as a whole."""
    return replace(upper, below=beneath(upper, lower))


def replacing(upper: Value, lower: Value) -> Value:
    """Like `over`, for values that are not resolved."""
    if isinstance(upper, Layers):
        first = upper.items[0]
        return Layers((replace(first, below=beneath(first, lower)), *upper.items[1:]))
    return replace(upper, below=beneath(upper, lower))


def beneath(upper: Layer, lower: Value) -> Value:
    """What `upper` replaced, once it has replaced `lower` too."""
    return replacing(upper.below, lower) if upper.below is not None else lower


def data(value: Value) -> object:
    """An interpolated value as plain dicts, lists and scalars."""
    if isinstance(value, Literal):
        return value.data
    if isinstance(value, Sequence):
        return [data(item) for item in value.items]
    if isinstance(value, Mapping):
        return {key: data(item) for key, item in value.items.items()}
    if isinstance(value, Failure):
        raise value.error
    raise TypeError(f"{type(value).__name__} is not interpolated")


def step(value: Value, key: str | int) -> Value | None:
    """The value one step down, or None."""
    if isinstance(value, Mapping):
        return value.items.get(str(key))
    if isinstance(value, Sequence):
        index = as_index(key)
        return value.items[index] if index is not None and index < len(value.items) else None
    return None


def walk(value: Value, path: KeyPath) -> Value | None:
    """The value at a path below `value`, or None."""
    found: Value | None = value
    for key in path:
        found = step(found, key) if found is not None else None
    return found


def definitions(value: Value, path: KeyPath = ()) -> Definitions:
    """Every line that takes part in the value at a path, in merge order; the last one wins.

    A line that was replaced has `active` false. A parent that replaced or removed the value stands in the
    list as the line that did so. Empty when nothing ever set the path.
    """
    return _trace(value, path)[0]


def _trace(value: Value, path: KeyPath) -> tuple[Definitions, bool]:
    """The definitions of a path, and whether the value has it at all."""
    found: Definitions = ()
    is_set = False
    for layer in reversed(_with_replaced(value)):
        own, sets = _own(layer, path)
        # What has the path no longer, or anew, was cut off by the line that replaced the parent.
        cut = layer.made_by[:1] if path and is_set else ()
        found = (*_replaced((*found, *cut)), *own) if own else (*_replaced(found), *cut) if cut else found
        is_set = sets
    return found, is_set


def _own(value: Value, path: KeyPath) -> tuple[Definitions, bool]:
    """Like `_trace`, without what the value replaced."""
    if isinstance(value, Layers):
        traces = [_trace(layer, path) for layer in value.items]
        return tuple(one for found, _ in traces for one in found), any(is_set for _, is_set in traces)
    if not path:
        return value.made_by, True
    below = step(value, path[0])
    return _trace(below, path[1:]) if below is not None else ((), False)


def _with_replaced(value: Value) -> list[Value]:
    """A value and those that it replaced as a whole, the latest first."""
    layers = [value]
    while not isinstance(value, Layers) and value.below is not None:
        value = value.below
        layers.append(value)
    return layers


def _replaced(found: Definitions) -> Definitions:
    return tuple(replace(definition, active=False) for definition in found)
