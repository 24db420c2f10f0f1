"""Other valid values for a parameter, to see what depends on it."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from components.common.params import inventory_key

KeyPath = tuple[str, ...]
_NUMBER = re.compile(r"[0-9]+")
_SEEDS: tuple[Any, ...] = (
    True, 1, 7, 64, 0.5, 1.5, "x", "x-1", "x/y", "1", "7", "1Gi", "7s", "7.7.7", "b7", "1.35", "2099-01-01",
    "hf://x/y", "http://x", "https://x/", "x:1", "/x", "x.example.com", "sha256:" + "0" * 64,
)  # fmt: skip
"""Values to try where there is none to change."""


@dataclass(frozen=True)
class Leaf:
    """One parameter of a model, set or left to its default."""

    path: KeyPath
    value: Any
    annotation: Any
    is_set: bool
    owner: type[BaseModel] | None
    """The model that declares it; None for an entry of a map."""
    field: str
    """Its attribute in the owner."""


def leaves(model: BaseModel) -> Iterator[Leaf]:
    """Every parameter of a model that holds no other ones, with inventory keys."""
    yield from _of_model(model, ())


def _of_model(model: BaseModel, path: KeyPath) -> Iterator[Leaf]:
    for name, field in type(model).model_fields.items():
        is_set = name in model.model_fields_set
        here = (*path, inventory_key(name))
        yield from _of_value(getattr(model, name), field.annotation, here, is_set, type(model), name)


def _of_value(
    value: Any, annotation: Any, path: KeyPath, is_set: bool, owner: type[BaseModel] | None, name: str
) -> Iterator[Leaf]:
    if isinstance(value, BaseModel):
        for leaf in _of_model(value, path):
            yield (
                leaf
                if is_set
                else Leaf(leaf.path, leaf.value, leaf.annotation, False, leaf.owner, leaf.field)
            )
    elif isinstance(value, dict) and value:
        item = _mapping_item(annotation)
        for key, one in value.items():
            yield from _of_value(one, item, (*path, key), is_set, owner, name)
    else:
        yield Leaf(path, value, annotation, is_set, owner, name)


def _mapping_item(annotation: Any) -> Any:
    for option in _options(annotation):
        if get_origin(option) is dict:
            return get_args(option)[1]
    return Any


def _options(annotation: Any) -> list[Any]:
    if hasattr(annotation, "__metadata__"):
        return _options(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [one for option in get_args(annotation) for one in _options(option)]
    return [annotation]


def alternatives(leaf: Leaf) -> list[Any]:
    """Valid values that differ from the leaf's, nearest first."""
    adapter = _adapter(leaf)
    found: list[Any] = []
    for candidate in _candidates(leaf):
        if candidate == leaf.value and type(candidate) is type(leaf.value):
            continue
        try:
            adapter.validate_python(candidate)
        except ValidationError:
            continue
        if candidate not in found:
            found.append(candidate)
    return found[:6]


def _adapter(leaf: Leaf) -> TypeAdapter[Any]:
    if leaf.owner is not None and leaf.path[-1] == inventory_key(leaf.field):
        return _field_adapter(leaf.owner, leaf.field)
    return TypeAdapter(leaf.annotation)


@lru_cache(maxsize=1024)
def _field_adapter(owner: type[BaseModel], field: str) -> TypeAdapter[Any]:
    info = owner.model_fields[field]
    annotation: Any = info.annotation
    for constraint in info.metadata:
        annotation = _annotated(annotation, constraint)
    return TypeAdapter(annotation)


def _annotated(annotation: Any, constraint: Any) -> Any:
    from typing import Annotated

    return Annotated[annotation, constraint]


def _candidates(leaf: Leaf) -> Iterator[Any]:
    value = leaf.value
    for option in _options(leaf.annotation):
        if get_origin(option) is Literal:
            yield from get_args(option)
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, value * 2, value + 8, max(value // 2, 1))
    elif isinstance(value, float):
        yield from (value * 1.5, value / 2, value + 1)
    elif isinstance(value, str):
        yield from _texts(value)
    if value is None or value in ({}, []):
        yield from _SEEDS
        yield from ({"x": seed} for seed in _SEEDS)


def _texts(text: str) -> Iterator[str]:
    yield f"{text}x"
    yield f"{text}-x"
    for number in list(_NUMBER.finditer(text))[::-1]:
        yield f"{text[: number.start()]}{int(number[0]) + 1}{text[number.end() :]}"
    yield f"x{text}"
    if text.startswith("sha256:"):
        yield "sha256:" + "0" * 64
    yield from ("x", "x/y:1", "hf://x/y")
