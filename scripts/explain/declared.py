"""What the parameter models say of a key: its default, its meaning, and the line that declares it."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from components.common.params import inventory_key
from scripts.field_source import field_source

KeyPath = tuple[str, ...]
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file, seen from the project; line and column count from 1, 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])


@dataclass(frozen=True, slots=True)
class Declared:
    """A key of a parameter model."""

    path: KeyPath
    owner: type[BaseModel]
    field: str
    """Its attribute in the owner."""
    annotation: Any
    """What its value, or below it the entry at ``path``, must be."""
    is_entry: bool
    """Whether ``path`` leads to an entry of a map, or into free data, below the key."""

    @property
    def place(self) -> Place:
        """Where the field is declared."""
        return field_place(self.owner, self.field)

    @property
    def meaning(self) -> str:
        """Its docstring, else that of the model that it holds."""
        held = model_of(self.annotation)
        told = field_source(self.owner, self.field).docstring or (held.__doc__ if held else None)
        return " ".join((told or "").split())

    @property
    def is_required(self) -> bool:
        """Whether there is no default."""
        return not self.is_entry and self.owner.model_fields[self.field].is_required()

    @property
    def default(self) -> Any:
        """The default, as plain data; None where there is none."""
        if self.is_entry or self.is_required:
            return None
        return plain(self.owner.model_fields[self.field].get_default(call_default_factory=True))


class UnknownKey(LookupError):
    """No model has such a key. ``known`` holds the keys that stand beside it."""

    def __init__(self, path: KeyPath, known: list[str]) -> None:
        super().__init__(".".join(path))
        self.path = path
        self.known = known


def declared(root: type[BaseModel], path: KeyPath) -> Declared:
    """The key at a path below a root model. Raises UnknownKey."""
    owner: type[BaseModel] = root
    field, is_entry = "", False
    annotation: Any = root
    here: Any = root
    for index, key in enumerate(path):
        model = model_of(here)
        if model is not None:
            fields = {name: attribute for attribute, name, _ in keys_of(model)}
            if key not in fields:
                raise UnknownKey(path[: index + 1], sorted(fields))
            owner, field, is_entry = model, fields[key], False
            here = annotation = model.model_fields[field].annotation
        elif field and is_map(here):
            here = annotation = entry_of(here)
            is_entry = True
        else:
            raise UnknownKey(path[: index + 1], [])
    return Declared(path, owner, field, annotation, is_entry)


@cache
def keys_of(model: type[BaseModel]) -> tuple[tuple[str, str, Any], ...]:
    """Attribute, inventory key and annotation of each field of a model."""
    return tuple((name, inventory_key(name), field.annotation) for name, field in model.model_fields.items())


def options(annotation: Any) -> list[Any]:
    """The members of a union, past aliases and constraints; the annotation itself otherwise."""
    if hasattr(annotation, "__metadata__"):
        return options(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [one for option in get_args(annotation) for one in options(option)]
    return [annotation]


def literals(annotation: Any) -> Iterator[Any]:
    """The values that an annotation lists."""
    for option in options(annotation):
        if get_origin(option) is Literal:
            yield from get_args(option)


def model_of(annotation: Any) -> type[BaseModel] | None:
    """The parameter model that an annotation allows."""
    for option in options(annotation):
        if isinstance(option, type) and issubclass(option, BaseModel):
            return option
    return None


def is_map(annotation: Any) -> bool:
    """Whether a mapping with free keys fits, or anything at all."""
    return annotation is Any or any(
        option is Any or get_origin(option) is dict for option in options(annotation)
    )


def entry_of(annotation: Any) -> Any:
    """What an entry of a map must be."""
    for option in options(annotation):
        if get_origin(option) is dict:
            return get_args(option)[1]
    return Any


def plain(value: Any) -> Any:
    """A parameter as the inventory would write it."""
    if isinstance(value, BaseModel):
        return {
            key: plain(getattr(value, name))
            for name, key, _ in keys_of(type(value))
            if getattr(value, name) is not None
        }
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def field_place(owner: type[BaseModel], field: str) -> Place:
    """The line that declares a field of a model."""
    found = field_source(owner, field)
    return Place(shown_file(found.file), found.line, 5)


def shown_file(file: Path | str) -> str:
    """A source file seen from the project."""
    path = Path(file)
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.as_posix()
