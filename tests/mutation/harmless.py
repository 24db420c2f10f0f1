"""Mutations that may stay: the patterns of `harmless.yml`, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.mutation.model import Mutation

FILE = Path(__file__).with_name("harmless.yml")
_KEYS = frozenset(["area", "about", "field", "change", "reason"])


@dataclass(frozen=True)
class Pattern:
    """Facts of which a change does no harm, or is another valid choice."""

    area: str
    about: tuple[str, ...]
    """Kinds of objects, or folders of the inventory; ``*`` stands for any text."""
    fields: tuple[str, ...]
    changes: tuple[str, ...]
    """What may be done to them; everything where there is none."""
    reason: str

    def covers(self, mutation: Mutation) -> bool:
        """Whether a mutation is one of these."""
        return (
            mutation.area == self.area
            and _any(self.about, mutation.about)
            and _any(self.fields, mutation.pattern)
            and (not self.changes or _any(self.changes, mutation.change))
        )


def load(path: Path = FILE) -> list[Pattern]:
    """The patterns of a file. Raises ValueError for one with an unknown key or without a reason."""
    return list(_patterns(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)))


def _patterns(entries: Sequence[Any]) -> Iterator[Pattern]:
    for one in entries:
        wrong = sorted(set(one) - _KEYS)
        if wrong or len(str(one.get("reason", ""))) < 20:
            raise ValueError(f"{one}: unknown keys {wrong}, or no reason")
        yield Pattern(
            one["area"],
            _words(one["about"]),
            _words(one["field"]),
            _words(one.get("change", ())),
            one["reason"],
        )


def _words(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _any(globs: tuple[str, ...], text: str) -> bool:
    return any(_regex(one).fullmatch(text) for one in globs)


@cache
def _regex(glob: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in glob.split("*")), re.DOTALL)
