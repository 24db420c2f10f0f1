"""Ways through a document, and changes made without touching the original."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.contracts.messages import path_text

Way = tuple[str | int, ...]
GONE = object()
"""In place of a new value: take the key or the item away."""


def places(value: Any, way: Way = ()) -> Iterator[tuple[Way, Any]]:
    """Every value below one, with its way."""
    items: Iterator[tuple[str | int, Any]] = iter(())
    if isinstance(value, dict):
        items = iter(value.items())
    elif isinstance(value, list):
        items = iter(enumerate(value))
    for key, item in items:
        yield (*way, key), item
        yield from places(item, (*way, key))


def put(value: Any, way: Way, new: Any) -> Any:
    """The document with another value at a way; only what leads there is copied."""
    key, rest = way[0], way[1:]
    if isinstance(value, list):
        assert isinstance(key, int)
        items = list(value)
        if not rest and new is GONE:
            del items[key]
        else:
            items[key] = put(items[key], rest, new) if rest else new
        return items
    if not rest and new is GONE:
        return {name: item for name, item in value.items() if name != key}
    return {**value, key: put(value[key], rest, new) if rest else new}


def renamed(value: Any, way: Way, name: str) -> Any:
    """The document with the last key of a way called otherwise."""
    if len(way) == 1:
        return {name if key == way[0] else key: item for key, item in value.items()}
    return put(value, way[:1], renamed(value[way[0]], way[1:], name))


def repeated(value: Any, way: Way) -> Any:
    """The document with an item of a list twice."""
    *parent, index = way
    items = at(value, tuple(parent))
    assert isinstance(index, int)
    return put(value, tuple(parent), [*items[: index + 1], items[index], *items[index + 1 :]])


def at(value: Any, way: Way) -> Any:
    """The value at a way."""
    for key in way:
        value = value[key]
    return value


def text(way: Way) -> str:
    """A way as text."""
    return path_text(way)
