"""Which parameters a computation reads: what it does not read cannot change its result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel

from components.common.params import Params
from scripts.explain.alternatives import Leaf
from scripts.explain.declared import KeyPath, keys_of

_WHOLE = "__dict__"
"""Read when a model is dumped, compared or hashed: all its attributes count."""


class Reads:
    """Attributes of parameter models that were read."""

    def __init__(self) -> None:
        self._seen: set[tuple[int, str]] = set()

    def note(self, model: Params, attribute: str) -> None:
        """Take down one read."""
        self._seen.add((id(model), attribute))

    def of(self, root: BaseModel, leaves: Iterable[Leaf]) -> list[Leaf]:
        """Those of a model's leaves that were read. The model must be the very one that was read."""
        paths = self.paths(root)
        return [leaf for leaf in leaves if leaf.declared in paths]

    def paths(self, root: BaseModel) -> set[KeyPath]:
        """Paths of the fields of a model that were read."""
        return {path for path, model, name in _attributes(root, ()) if self._was_read(model, name)}

    def _was_read(self, model: BaseModel, name: str) -> bool:
        return (id(model), name) in self._seen or (id(model), _WHOLE) in self._seen


def _attributes(model: BaseModel, path: KeyPath) -> Iterator[tuple[KeyPath, BaseModel, str]]:
    """Every attribute of a model and of the models in it."""
    for name, key, _ in keys_of(type(model)):
        here = (*path, key)
        yield here, model, name
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _attributes(value, here)
        elif isinstance(value, dict):
            for entry, item in value.items():
                if isinstance(item, BaseModel):
                    yield from _attributes(item, (*here, entry))


@contextmanager
def reading() -> Iterator[Reads]:
    """Take down every read of a parameter in here."""
    reads = Reads()

    def read(self: Params, name: str) -> Any:
        reads.note(self, name)
        return object.__getattribute__(self, name)

    Params.__getattribute__ = read  # type: ignore[method-assign, assignment]
    try:
        yield reads
    finally:
        del Params.__getattribute__


def read_by(compute: Callable[[], object]) -> Reads:
    """What a computation reads."""
    with reading() as reads:
        compute()
    return reads
