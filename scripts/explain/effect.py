"""What a change does to compiled objects, measured: nothing here knows a builder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from scripts.explain.compare import Difference, Kind, counterparts, difference
from scripts.explain.keyed import Path

Objects = Mapping[str, dict[str, Any]]
"""Objects by file, seen from the target's folder."""
C = TypeVar("C")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Influence:
    """How something decides a field."""

    kind: Kind
    """``value``: the field's value follows it. ``presence``: without it the field, or what holds it, is not there."""
    at: Path
    """What would be gone: the field itself, or a part of the object that holds it; empty for the whole object."""
    alternative: Any
    """A change that shows it."""
    fields: tuple[Path, ...] = ()
    """The fields that follow it, where a part of an object was asked about."""


@dataclass(frozen=True)
class Effect(Generic[C, A]):
    """Everything that changes in some objects when one thing does."""

    cause: C
    differences: Mapping[tuple[str, Difference], A]
    """Fields by file, each with the first change that shows it."""
    tried: tuple[A, ...]
    """Changes that could be compiled."""

    def on(self, file: str, path: Path) -> Influence | None:
        """How it decides one field."""
        found = self.differences.get((file, Difference(path, "value")))
        if found is not None:
            return Influence("value", path, found)
        for end in range(len(path), -1, -1):
            found = self.differences.get((file, Difference(path[:end], "presence")))
            if found is not None:
                return Influence("presence", path[:end], found)
        below = {one.path: other for (name, one), other in self.differences.items() if name == file}
        fields = tuple(one for one in below if one[: len(path)] == path)
        return Influence("value", path, below[fields[0]], fields) if fields else None


def measure(
    cause: C,
    alternatives: Iterable[A],
    base: Objects,
    compiled: Callable[[A], Objects],
    enough: Callable[[Effect[C, A]], bool] = lambda _: False,
) -> Effect[C, A]:
    """Try one change after the other; those that cannot be compiled are left out. Ends early when it is enough."""
    found: dict[tuple[str, Difference], A] = {}
    tried: list[A] = []
    for other in alternatives:
        try:
            objects = compiled(other)
        except Exception:  # noqa: S112 - a trial value that no builder can work with says nothing
            continue
        tried.append(other)
        for key in differences(base, objects):
            found.setdefault(key, other)
        if found and enough(Effect(cause, found, tuple(tried))):
            break
    return Effect(cause, found, tuple(tried))


def differences(base: Objects, other: Objects) -> Iterable[tuple[str, Difference]]:
    """What of some objects is not so in others, by file."""
    found = counterparts(base, other)
    for file, manifest in base.items():
        if file not in found:
            yield file, Difference((), "presence")
        elif found[file] != manifest:
            for one in difference(manifest, found[file]):
                yield file, one


def decides(file: str, path: Path) -> Callable[[Effect[Any, Any]], bool]:
    """Enough is known of one field: its value follows the cause."""

    def enough(effect: Effect[Any, Any]) -> bool:
        return (file, Difference(path, "value")) in effect.differences

    return enough
