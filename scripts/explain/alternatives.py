"""The parameters of a target, and other valid values for each, to see what depends on it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from components.common.params import inventory_key
from scripts.explain.declared import KeyPath, entry_of, keys_of, literals, model_of, options, plain
from scripts.explain.releases import releases

Kind = Literal["value", "key", "name"]
_NUMBER = re.compile(r"[0-9]+")
_SEEDS: tuple[Any, ...] = (
    True, 1, 7, 64, 0.5, 1.5, "x", "x-1", "x/y", "1", "7", "1Gi", "7s", "7.7.7", "b7", "1.35", "2099-01-01",
    "hf://x/y", "http://x", "https://x/", "x:1", "/x", "x.example.com", "sha256:" + "0" * 64,
)  # fmt: skip
"""Values to try where there is none to change."""
OVERRIDES = ("overrides",)
"""Patches by kind and name: an object's name leads into them."""
LIMIT = 8
"""Other values that are tried for one parameter."""


@dataclass(frozen=True)
class Leaf:
    """One thing that can be changed: the value of a parameter, the key of a map's entry, or the target's name."""

    path: KeyPath
    kind: Kind
    value: Any
    annotation: Any
    is_set: bool
    """Whether the inventory sets it, or a parent of it, rather than the model's default."""
    owner: type[BaseModel] | None
    """The model that declares it."""
    field: str
    """Its attribute in the owner."""
    declared: KeyPath
    """The path of the field that declares it: ``path``, or the map that ``path`` leads into."""
    item: int | None = None
    """The only item of the list at ``path`` that can be changed, where not all of it can."""

    @property
    def is_unset(self) -> bool:
        """Whether nobody sets it and there is no default."""
        return self.kind == "value" and not self.is_set and self.value in (None, {}, [])


@dataclass(frozen=True, slots=True)
class Set:
    """Another value."""

    value: Any


@dataclass(frozen=True, slots=True)
class Rename:
    """Another key for the same entry, or another name for the target."""

    name: str


@dataclass(frozen=True, slots=True)
class Remove:
    """No value: the default holds, or the entry is gone."""


Alternative = Set | Rename | Remove


def leaves(model: BaseModel) -> Iterator[Leaf]:
    """Every parameter of a model that holds no other ones, and every key of its maps."""
    for name, key, annotation in keys_of(type(model)):
        path = (key,)
        leaf = Leaf(path, "value", None, annotation, name in model.model_fields_set, type(model), name, path)
        yield from _of_value(getattr(model, name), leaf)


def name_leaf(name: str) -> Leaf:
    """The target's own name, which is no parameter: the name of its file."""
    return Leaf((), "name", name, str, True, None, "", ())


def _of_value(value: Any, at: Leaf) -> Iterator[Leaf]:
    if isinstance(value, BaseModel):
        for name, key, annotation in keys_of(type(value)):
            path = (*at.path, key)
            is_set = at.is_set and name in value.model_fields_set
            below = Leaf(path, "value", None, annotation, is_set, type(value), name, path)
            yield from _of_value(getattr(value, name), below)
    elif isinstance(value, dict) and value:
        item = entry_of(at.annotation)
        for key, one in value.items():
            path = (*at.path, key)
            yield Leaf(path, "key", key, item, at.is_set, at.owner, at.field, at.declared)
            yield from _of_value(
                one, Leaf(path, "value", None, item, at.is_set, at.owner, at.field, at.declared)
            )
    else:
        yield Leaf(at.path, "value", value, at.annotation, at.is_set, at.owner, at.field, at.declared)


def alternatives(leaf: Leaf, maps: Maps) -> list[Alternative]:
    """What a leaf could be instead, all of it valid by itself, nearest first."""
    if leaf.kind == "name":
        return [Rename(f"{leaf.value}-x"), Rename(f"x-{leaf.value}")]
    if leaf.kind == "key":
        return [Rename(f"{leaf.value}-x"), Rename(f"{leaf.value}x"), Remove()]
    adapter = _adapter(leaf)
    found: list[Any] = []
    for candidate in _candidates(leaf, maps):
        if candidate == leaf.value and type(candidate) is type(leaf.value):
            continue
        if _is_valid(adapter, candidate) and candidate not in found:
            found.append(candidate)
        if len(found) == LIMIT:
            break
    is_whole = leaf.is_set and leaf.path == leaf.declared and leaf.item is None
    removal: list[Alternative] = [Remove()] if is_whole else []
    return [*(Set(value) for value in found), *removal]


def _is_valid(adapter: TypeAdapter[Any], candidate: Any) -> bool:
    try:
        adapter.validate_python(candidate, strict=True)
    except ValidationError:
        return False
    return True


def _adapter(leaf: Leaf) -> TypeAdapter[Any]:
    if leaf.owner is not None and leaf.path == leaf.declared:
        return _field_adapter(leaf.owner, leaf.field)
    return _adapter_of(leaf.annotation)


@lru_cache(maxsize=1024)
def _field_adapter(owner: type[BaseModel], field: str) -> TypeAdapter[Any]:
    info = owner.model_fields[field]
    annotation: Any = info.annotation
    for constraint in info.metadata:
        annotation = Annotated[annotation, constraint]
    return TypeAdapter(annotation)


@lru_cache(maxsize=256)
def _adapter_of(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)


def _candidates(leaf: Leaf, maps: Maps) -> Iterator[Any]:
    value = leaf.value
    if leaf.item is not None:
        yield from _items(value, leaf.item)
        return
    yield from literals(leaf.annotation)
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, value * 2, max(value // 2, 1), 0, 1, value * 100)
    elif isinstance(value, float):
        yield from (value * 1.5, value / 2, value + 1, value * 100, value / 100)
    elif isinstance(value, str):
        yield from islice(maps.siblings(value), 2)
        yield from releases(value)
        yield from _texts(value)
    elif isinstance(value, list) and value:
        yield from ([*value, value[-1]], value[:-1], value[::-1])
    if value is None or value in ({}, []):
        model = model_of(leaf.annotation)
        if model is not None:
            yield from smallest(model)
        yield from _SEEDS
        yield from _entries(leaf.annotation)


def _items(items: list[Any], index: int) -> Iterator[list[Any]]:
    """A list with one item gone, or another text."""
    before, after = items[:index], items[index + 1 :]
    yield [*before, *after]
    for text in islice(_texts(items[index]), 2) if isinstance(items[index], str) else ():
        yield [*before, text, *after]


def _entries(annotation: Any) -> Iterator[Any]:
    """Maps with one entry."""
    keys = [key for option in options(annotation) for key in literals((get_args(option) or (None,))[0])]
    model = model_of(entry_of(annotation))
    for key in (*keys[:1], "x", "X"):
        if model is not None:
            yield from ({key: one} for one in smallest(model))
        yield from ({key: seed} for seed in _SEEDS)
        yield {key: {"x": 1}}


def smallest(model: type[BaseModel]) -> Iterator[dict[str, Any]]:
    """The least that makes a model: what it requires, else one of its other keys."""
    required = {name: field for name, field in model.model_fields.items() if field.is_required()}
    wanted = required or dict(list(model.model_fields.items())[:1])
    made: dict[str, Any] = {}
    for name in wanted:
        adapter = _field_adapter(model, name)
        seeds = (*literals(model.model_fields[name].annotation), *_SEEDS)
        seed = next((seed for seed in seeds if _is_valid(adapter, seed)), None)
        if seed is None:
            return
        made[inventory_key(name)] = seed
    yield made


def _texts(text: str) -> Iterator[str]:
    yield f"{text}x"
    yield f"{text}-x"
    for number in list(_NUMBER.finditer(text))[::-1]:
        yield f"{text[: number.start()]}{int(number[0]) + 1}{text[number.end() :]}"
    yield f"x{text}"
    if text.startswith("sha256:"):
        yield "sha256:" + "0" * 64
    yield from ("x", "x/y:1", "hf://x/y")


@dataclass(frozen=True, slots=True)
class Maps:
    """The maps of a target that names may lead into."""

    entries: Mapping[str, tuple[KeyPath, ...]]
    """Paths of the maps that have an entry, by its key."""
    keys: Mapping[KeyPath, tuple[str, ...]]
    """Keys of each map."""
    full: Mapping[str, Any]
    """All parameters, with their defaults: what stands beside a key that is set in a model nobody set."""

    def siblings(self, key: object) -> Iterator[str]:
        """The other keys that stand beside a key."""
        for path in self.entries.get(key, ()) if isinstance(key, str) else ():
            yield from (other for other in self.keys[path] if other != key)


def maps_of(model: BaseModel) -> Maps:
    """The maps of models among a target's parameters, and those of overrides."""
    full = plain(model)
    entries: dict[str, tuple[KeyPath, ...]] = {}
    keys: dict[KeyPath, tuple[str, ...]] = {}
    for leaf in leaves(model):
        is_part = model_of(leaf.annotation) is not None or leaf.declared == OVERRIDES
        if leaf.kind == "key" and is_part and isinstance(value_at(full, leaf.path), dict):
            *parents, key = leaf.path
            entries[key] = (*entries.get(key, ()), tuple(parents))
            keys[tuple(parents)] = (*keys.get(tuple(parents), ()), key)
    return Maps(entries, keys, full)


def value_at(value: Any, path: KeyPath) -> Any:
    """The value at a path of plain data; None where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def changed(parameters: Mapping[str, Any], leaf: Leaf, other: Alternative, maps: Maps) -> dict[str, Any]:
    """The parameters with one thing changed; nearly the same ones where it is the target's name.

    Where the old value names an entry of a map, the entry is there under the new name too, so that a reference to it
    still leads somewhere.
    """
    if leaf.kind == "name":
        return (
            _overrides_follow(parameters, leaf.value, other.name)
            if isinstance(other, Rename)
            else dict(parameters)
        )
    match other:
        case Set(value):
            found = _with(parameters, maps.full, leaf.path, lambda items, key: items | {key: value})
            if isinstance(leaf.value, str) and isinstance(value, str):
                for path in maps.entries.get(leaf.value, ()):
                    found = _duplicated(found, path, leaf.value, value)
            return found
        case Rename(name):
            return _with(parameters, maps.full, leaf.path, lambda items, key: _renamed(items, key, name))
        case Remove():
            return _with(parameters, maps.full, leaf.path, _without)


def _overrides_follow(parameters: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    """The parameters with patches of the objects that are named after the target under their new names too."""
    patches = {
        kind: these | {name.replace(old, new): patch for name, patch in these.items() if old in name}
        for kind, these in parameters.get(OVERRIDES[0], {}).items()
    }
    return {**parameters, OVERRIDES[0]: patches} if patches else dict(parameters)


def _duplicated(parameters: dict[str, Any], path: KeyPath, old: str, new: str) -> dict[str, Any]:
    return _with(parameters, {}, (*path, new), lambda items, key: {key: items[old]} | items)


def _with(value: Mapping[str, Any], full: Mapping[str, Any], path: KeyPath, change: Any) -> dict[str, Any]:
    """A copy along one path; what is not there yet is taken from ``full``."""
    key, *rest = path
    if not rest:
        found: dict[str, Any] = change(dict(value), key)
        return found
    default = full.get(key) or {}
    return {**value, key: _with(value.get(key) or default, default, tuple(rest), change)}


def _renamed(items: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    return {(new if key == old else key): item for key, item in items.items()}


def _without(items: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: item for name, item in items.items() if name != key}
