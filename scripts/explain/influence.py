"""Which parameters a compiled field depends on, found by changing one after the other.

Nothing here knows a builder: a parameter that changes a field when it changes is one that the field comes from. The
same is asked of derived values (``components.stack.sizing`` and the properties of a stack), whose docstrings are
their formulas.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from inspect import getmembers, isfunction
from typing import Any

from components.common.errors import MistakesError
from components.common.params import without_nulls
from components.stack import sizing
from components.stack.params import Stack
from scripts.explain.alternatives import KeyPath, Leaf, alternatives

Fields = Mapping[Any, Any]
Compile = Callable[[Any], Fields]
"""From parameters to fields. Raises MistakesError for parameters that cannot be compiled."""
MISSING = object()


def change(parameters: Mapping[str, Any], path: KeyPath, value: Any) -> dict[str, Any]:
    """A copy of the parameters with one value changed. Where the old value was the name of an entry of a map, the
    entry is there under the new name too, so that a reference to it still leads somewhere."""
    changed: dict[str, Any] = copy.deepcopy(dict(parameters))
    here: Any = changed
    for key in path[:-1]:
        here = here.setdefault(key, {})
    old = here.get(path[-1])
    here[path[-1]] = value
    if isinstance(old, str) and isinstance(value, str):
        _duplicate(changed, old, value)
    return changed


def _duplicate(value: Any, old: str, new: str) -> None:
    if isinstance(value, dict):
        for item in list(value.values()):
            _duplicate(item, old, new)
        if old in value and new not in value:
            value[new] = copy.deepcopy(value[old])


@dataclass(frozen=True)
class Effect:
    """What one change did."""

    leaf: Leaf
    tried: Any
    changed: frozenset[Any]
    """Fields that differ, appear or vanish."""


def effects(parameters: Mapping[str, Any], leaves: list[Leaf], compile_: Compile) -> Iterator[Effect]:
    """For each parameter, the fields that it changes: the union over the values that can be compiled."""
    own = without_nulls(parameters)
    base = compile_(own)
    for leaf in leaves:
        changed: set[Any] = set()
        tried: Any = MISSING
        for value in alternatives(leaf):
            try:
                fields = compile_(change(own, leaf.path, value))
            except (MistakesError, AssertionError, KeyError, ValueError):
                continue
            tried = value
            changed |= difference(base, fields)
        yield Effect(leaf, tried, frozenset(changed))


def difference(one: Fields, other: Fields) -> set[Any]:
    """Paths at which two sets of fields differ."""
    paths = one.keys() | other.keys()
    return {path for path in paths if one.get(path, MISSING) != other.get(path, MISSING)}


@dataclass(frozen=True)
class Derived:
    """A value that is computed from parameters."""

    name: str
    formula: str
    """The docstring of the function."""
    file: str
    line: int


def derived() -> list[Derived]:
    """Everything that is derived from a stack's parameters, by name."""
    found = [
        _derived(name, function) for name, function in getmembers(sizing, isfunction) if _is_own(function)
    ]
    for name, member in vars(Stack).items():
        getter = member.fget if isinstance(member, property) else getattr(member, "func", None)
        if isinstance(member, property | cached_property) and getter is not None:
            found.append(_derived(name, getter))
    return found


def _is_own(function: Callable[..., Any]) -> bool:
    return function.__module__ == sizing.__name__ and not function.__name__.startswith("_")


def _derived(name: str, function: Callable[..., Any]) -> Derived:
    code = function.__code__
    formula = " ".join((function.__doc__ or "").split())
    file = "components" + code.co_filename.rpartition("components")[2]
    return Derived(name, formula, file, code.co_firstlineno)


def derived_values(stack: Stack) -> dict[str, Any]:
    """The derived values of one stack that are plain."""
    values: dict[str, Any] = {}
    for one in derived():
        value = getattr(sizing, one.name)(stack) if hasattr(sizing, one.name) else getattr(stack, one.name)
        if isinstance(value, str | int | float | bool):
            values[one.name] = value
    return values


@contextmanager
def replaced(name: str, value: Any) -> Iterator[None]:
    """A derived value that is something else for a while."""
    if hasattr(sizing, name):
        original = getattr(sizing, name)
        setattr(sizing, name, lambda _stack: value)
        try:
            yield
        finally:
            setattr(sizing, name, original)
    else:
        descriptor = vars(Stack)[name]
        setattr(Stack, name, property(lambda _self: value))
        try:
            yield
        finally:
            setattr(Stack, name, descriptor)


def different(value: Any) -> list[Any]:
    """Other values of the same kind for a derived value."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value * 2]
    if isinstance(value, float):
        return [value * 1.5]
    digits = "".join(character for character in value if character.isdigit())
    return [value.replace(digits, str(int(digits) + 1), 1)] if digits and digits in value else [f"{value}-x"]
