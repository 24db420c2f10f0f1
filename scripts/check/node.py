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
Segment = tuple[tuple[str, ...], bool]
"""Keys that lead through mappings, and whether the list at their end is opened."""


@lru_cache(maxsize=4096)
def keys(path: str) -> tuple[str, ...]:
    """The keys of a path as text; none for the empty path."""
    return tuple(word.removesuffix("[]") for word in path.split(".")) if path else ()


@lru_cache(maxsize=4096)
def segments(path: str) -> tuple[Segment, ...]:
    """A path cut after each list that it opens; the last segment opens none when the path ends at a mapping."""
    found: list[Segment] = []
    own: list[str] = []
    for word in path.split(".") if path else ():
        own.append(word.removesuffix("[]"))
        if word.endswith("[]"):
            found.append((tuple(own), True))
            own = []
    return (*found, (tuple(own), False)) if own or not found else tuple(found)


@lru_cache(maxsize=65536)
def field_text(path: Path) -> str:
    """A path as text. The same few thousand paths are asked for again and again."""
    return path_text(path)


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
        return field_text(self.path)

    def at(self, path: str) -> str:
        """The text of a path below this node: for findings."""
        return field_text((*self.path, *keys(path)))

    def raw(self, path: str) -> Any:
        """The value at a path without ``[]``, or None."""
        value = self.value
        for key in keys(path):
            if type(value) is not dict:
                return None
            value = value.get(key)
        return value

    def has(self, path: str) -> bool:
        """Whether there is a value that is not null."""
        return self.raw(path) is not None

    def node(self, path: str) -> Node:
        """The value at a path, which may be None."""
        return Node(self.raw(path), (*self.path, *keys(path)))

    def text(self, path: str, default: str = "") -> str:
        """The string at a path, else ``default``."""
        value = self.value  # as raw(), without a call: every second question to a document is this one
        for key in keys(path):
            if type(value) is not dict:
                return default
            value = value.get(key)
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
        return iter(below(self.value, self.path, path))


def below(value: Any, at: Path, path: str) -> list[Node]:
    """What :meth:`Node.each` yields for a value that stands at the path ``at``."""
    found: list[tuple[Any, Path]] = [(value, at)]
    for names, opened in segments(path):
        inside: list[tuple[Any, Path]] = []
        for outer, place in found:
            one = outer
            for name in names:
                if type(one) is not dict:
                    break
                one = one.get(name)
            else:
                own = place + names
                if not opened:
                    inside.append((one, own))
                elif type(one) is list:
                    inside.extend([(item, (*own, index)) for index, item in enumerate(one)])
        if not inside:
            return []
        found = inside
    return [Node(one, place) for one, place in found if type(one) is dict]
