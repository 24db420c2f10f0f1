"""Reading compiled documents whatever their shape: an accessor answers with an empty value of its type, never
with an exception, because a document that breaks its schema is reported by the schemas and must not stop the
rules.

Paths are written as one would read them: ``spec.rules[].backendRefs[]``; ``[]`` opens a list. A key that
holds a dot is reached through its mapping: ``obj.texts("metadata.labels").get("app.kubernetes.io/name",
"")``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from components.contracts.messages import path_text

Path = tuple[str | int, ...]
Step = tuple[str, bool]
"""A key, and whether its list is opened."""


@lru_cache(maxsize=4096)
def steps(path: str) -> tuple[Step, ...]:
    """The steps of a path as text; none for the empty path."""
    words = path.split(".") if path else []
    return tuple((word.removesuffix("[]"), word.endswith("[]")) for word in words)


class Node:
    """A value inside a document, and the path at which it stands."""

    __slots__ = ("path", "value")

    def __init__(self, value: Any, path: Path = ()) -> None:
        """``path`` counts from the top of the document."""
        self.value = value
        self.path = path

    def __repr__(self) -> str:
        return f"Node({self.field or '.'}: {self.value!r:.60})"

    @property
    def field(self) -> str:
        """The path as text: ``spec.rules[0].name``."""
        return path_text(self.path)

    def at(self, path: str) -> str:
        """The text of a path below this node: for findings."""
        return path_text((*self.path, *(key for key, _ in steps(path))))

    def raw(self, path: str) -> Any:
        """The value at a path without ``[]``, or None."""
        value = self.value
        for key, _ in steps(path):
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    def has(self, path: str) -> bool:
        """Whether there is a value that is not null."""
        return self.raw(path) is not None

    def node(self, path: str) -> Node:
        """The value at a path, which may be None."""
        return Node(self.raw(path), (*self.path, *(key for key, _ in steps(path))))

    def text(self, path: str, default: str = "") -> str:
        """The string at a path, else ``default``."""
        value = self.raw(path)
        return value if isinstance(value, str) else default

    def number(self, path: str) -> int | None:
        """The whole number at a path, else None."""
        value = self.raw(path)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def flag(self, path: str, default: bool = False) -> bool:
        """The boolean at a path, else ``default``."""
        value = self.raw(path)
        return value if isinstance(value, bool) else default

    def map(self, path: str) -> dict[str, Any]:
        """The mapping at a path without keys that are no strings, else an empty one."""
        value = self.raw(path)
        if not isinstance(value, dict):
            return {}
        return (
            value
            if all(type(key) is str for key in value)
            else {k: v for k, v in value.items() if isinstance(k, str)}
        )

    def texts(self, path: str) -> Mapping[str, str]:
        """The entries of the mapping at a path whose values are strings: labels, annotations, data."""
        value = self.raw(path)
        if not isinstance(value, dict):
            return {}
        return {key: item for key, item in value.items() if isinstance(key, str) and isinstance(item, str)}

    def items(self, path: str) -> list[Any]:
        """The list at a path, else an empty one."""
        value = self.raw(path)
        return value if isinstance(value, list) else []

    def strings(self, path: str) -> list[str]:
        """The strings in the list at a path."""
        return [item for item in self.items(path) if isinstance(item, str)]

    def each(self, path: str) -> Iterator[Node]:
        """Every mapping at a path (``spec.rules[].backendRefs[]``), each with the path where it stands."""
        return _each(self.value, self.path, steps(path), 0)


def _each(value: Any, path: Path, way: tuple[Step, ...], index: int) -> Iterator[Node]:
    while index < len(way):
        key, opened = way[index]
        index += 1
        if not isinstance(value, dict):
            return
        value = value.get(key)
        path = (*path, key)
        if opened:
            if isinstance(value, list):
                for number, item in enumerate(value):
                    yield from _each(item, (*path, number), way, index)
            return
    if isinstance(value, dict):
        yield Node(value, path)
