"""How reclass-rs puts one value over another, with the history kept.

A port of `Mapping::insert` and `Value::merge` of reclass-rs 0.10 (`src/types/mapping.rs`, `value.rs`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from components.inventory.problem import quoted
from components.inventory.value import (
    Broken,
    Definitions,
    Failure,
    Layer,
    Layers,
    Literal,
    Mapping,
    Resolved,
    Sequence,
    Text,
    Value,
    over,
    replacing,
)


@dataclass(slots=True)
class MappingBuilder:
    """A mapping in the making. Raises Broken when a constant is set again."""

    items: dict[str, Value] = field(default_factory=dict)
    constants: set[str] = field(default_factory=set)
    overrides: set[str] = field(default_factory=set)

    def insert(self, key: str, value: Value, constant: bool, override: bool) -> None:
        """Add a key; where it exists, as a further layer, or with `override` in its place."""
        present = self.items.get(key)
        if present is None:
            self.items[key] = value
            if override:
                self.overrides.add(key)
        elif key in self.constants:
            raise _constant_set_again(key, present, value)
        elif override:
            self.items[key] = replacing(value, present)
        else:
            self.items[key] = Layers((*_layers(present), *_layers(value)))
        if constant:
            self.constants.add(key)

    def insert_all(self, mapping: Mapping) -> None:
        """Merge a mapping, with its constants and overrides."""
        for key, value in mapping.items.items():
            self.insert(key, value, key in mapping.constants, key in mapping.overrides)

    def build(self, made_by: Definitions, below: Value | None = None) -> Mapping:
        """The mapping as it stands."""
        return Mapping(self.items, frozenset(self.constants), frozenset(self.overrides), made_by, below)


def _layers(value: Value) -> tuple[Layer, ...]:
    return value.items if isinstance(value, Layers) else (value,)


def _constant_set_again(key: str, present: Value, value: Value) -> Broken:
    first = present.made_by[-1] if present.made_by else None
    where = f" in {first}" if first else ""
    message = f"{quoted(key)} is set again, but is constant (`={key}`){where}"
    at = value.made_by[0] if value.made_by else None
    return Broken("constant-overwritten", message, f"remove it here, or write `{key}` without `=` there", at)


def merge(lower: Resolved | None, upper: Resolved) -> Resolved:
    """`upper` over `lower`. Raises Broken when their kinds do not fit."""
    if lower is None:
        return upper
    if isinstance(upper, Literal) and upper.data is None:
        return over(upper, lower)
    if isinstance(lower, Literal) and lower.data is None:
        return over(upper, lower)
    if isinstance(lower, Failure):
        return _over_failure(lower, upper)
    if isinstance(lower, Mapping) and isinstance(upper, Mapping):
        builder = MappingBuilder(dict(lower.items), set(lower.constants), set(lower.overrides))
        builder.insert_all(upper)
        return builder.build((*lower.made_by, *upper.made_by), _below(lower, upper))
    if isinstance(lower, Sequence) and isinstance(upper, Sequence):
        items = (*lower.items, *upper.items)
        return Sequence(items, (*lower.made_by, *upper.made_by), _below(lower, upper))
    if isinstance(lower, Literal) and isinstance(upper, (Literal, Failure)):
        return over(upper, lower)
    if isinstance(upper, Failure):
        raise upper.error
    raise _misfit(lower, upper)


def merge_all(values: Iterable[Resolved]) -> Resolved:
    """Values one over the other, the first at the bottom; null when there are none."""
    merged: Resolved | None = None
    for value in values:
        merged = merge(merged, value)
    return merged if merged is not None else Literal(None, ())


def _below(lower: Mapping | Sequence, upper: Mapping | Sequence) -> Value | None:
    """What a merged value replaced: what either of its parts did."""
    if upper.below is None or lower.below is None:
        return lower.below or upper.below
    return replacing(upper.below, lower.below)


def _over_failure(lower: Failure, upper: Resolved) -> Resolved:
    """A scalar may replace a value that cannot be resolved; anything else needs it."""
    if isinstance(upper, (Literal, Failure)):
        return over(upper, lower)
    raise lower.error


def kind(value: Value) -> str:
    """The kind of a value in the words of a user."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence):
        return "a list"
    if isinstance(value, Literal):
        if value.data is None:
            return "null"
        names = {str: "text", bool: "true or false"}
        return names.get(type(value.data), "a number")
    return "a reference" if isinstance(value, Text) else "a value"


def _misfit(lower: Value, upper: Value) -> Broken:
    at = upper.made_by[-1] if upper.made_by else None
    first = lower.made_by[-1] if lower.made_by else None
    where = f" in {first}" if first else ""
    name = ".".join(str(part) for part in at.key) if at else ""
    message = f"{quoted(name)} is {kind(upper)} here and {kind(lower)}{where}"
    last = str(at.key[-1]) if at and at.key else "key"
    return Broken("merge-type", message, f"use one kind in both, or replace the other with `~{last}:`", at)
