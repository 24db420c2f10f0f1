"""What a mutation is, how alike two are, and which of many are tried."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Area = Literal["object", "inventory"]
CLASSES = (
    "inventory keys",
    "names",
    "ports",
    "labels",
    "versions",
    "counts",
    "flags",
    "references",
    "values",
    "whole objects",
)
"""Classes of the score: keys of the inventory, and kinds of facts of compiled objects."""

_POSITION = re.compile(r"(?<=\[)\d+(?=\])|(?<=@)\d+")


@dataclass(frozen=True)
class Mutation:
    """One fact changed."""

    area: Area
    sort: str
    """One of :data:`CLASSES`."""
    about: str
    """Kind of object (``HTTPRoute``), or folder of the inventory (``classes/models``, ``targets``)."""
    where: str
    """The file, seen from the project."""
    field: str
    """The field; inside text as ``data["epp.yaml"]>plugins[0].type``."""
    change: str
    """What was done: ``misspelt``, ``removed``, ``one more`` …"""
    old: Any
    new: Any
    payload: Any = dataclasses.field(default=None, repr=False, compare=False)
    """What the judge needs to make the change."""

    @property
    def pattern(self) -> str:
        """The field without positions in lists and texts."""
        return _POSITION.sub("", self.field)

    @property
    def signature(self) -> tuple[str, ...]:
        """Mutations with one signature change the same fact of like objects in the same way."""
        return (self.area, self.about, self.pattern, self.change)

    @property
    def id(self) -> str:
        """Tells mutations apart, whatever order they come in."""
        return f"{self.where} {self.field} {self.change} {self.new!r}"

    def __str__(self) -> str:
        return f"{self.where} {self.field}: {self.change}: {_short(self.old)} → {_short(self.new)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 90 else f"{text[:87]}…"


def rank(seed: int, mutation: Mutation) -> bytes:
    """A place in a random order that does not depend on what other mutations there are."""
    return hashlib.blake2b(f"{seed} {mutation.id}".encode(), digest_size=8).digest()


def varied(mutations: Iterable[Mutation], each: int, seed: int) -> list[Mutation]:
    """At most ``each`` of every signature: a fleet of like stacks says little with each further copy."""
    groups: dict[tuple[str, ...], list[Mutation]] = defaultdict(list)
    for one in mutations:
        groups[one.signature].append(one)
    return [
        one
        for signature in sorted(groups)
        for one in sorted(groups[signature], key=lambda each: rank(seed, each))[:each]
    ]


def sample(mutations: Iterable[Mutation], count: int, seed: int) -> list[Mutation]:
    """``count`` of them, from all classes alike."""
    groups: dict[str, list[Mutation]] = defaultdict(list)
    for one in mutations:
        groups[one.sort].append(one)
    share = -(-count // max(len(groups), 1))
    return [
        one
        for sort in sorted(groups)
        for one in sorted(groups[sort], key=lambda each: rank(seed, each))[:share]
    ]
