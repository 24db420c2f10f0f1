"""A program's arguments, read as the program reads them: which flag each word names, and the words that it
takes.

vLLM is argparse (dashes or underscores, ``--flag value`` or ``--flag=value``, ``--no-flag``, ``--json.key``),
llama.cpp takes flag and value as two words, the Endpoint Picker is Go's pflag. The last of several wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite

from components.facts.flags import Flag, FlagTable

_NUMBER = re.compile(r"-\d")
_SUFFIXED = re.compile(r"(-?\d+(?:\.\d+)?)([kKmMgGtT])?")
_FACTORS = {
    "k": 10**3,
    "m": 10**6,
    "g": 10**9,
    "t": 10**12,
    "K": 2**10,
    "M": 2**20,
    "G": 2**30,
    "T": 2**40,
}
"""vLLM's human-readable numbers: ``8k`` is 8,000, ``8K`` is 8,192 (vLLM engine/arg_utils.py)."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One flag with the words that it takes."""

    word: str
    """As it is written: ``--tensor-parallel-size=4``."""
    flag: Flag | None
    """None for a word that no version knows."""
    values: tuple[str, ...]
    index: int
    """Where it stands among the words."""

    @property
    def name(self) -> str:
        """The flag's name without dashes; of an unknown one the word itself."""
        return self.flag.name if self.flag else self.word.lstrip("-").partition("=")[0]

    @property
    def key(self) -> str:
        """``kv_role`` of ``--kv-transfer-config.kv_role=x``; empty for a whole flag."""
        return self.word.partition("=")[0].partition(".")[2]

    @property
    def negated(self) -> bool:
        """Whether it is ``--no-x`` of a flag ``--x``."""
        return bool(self.flag) and self.word.startswith("--no-") and not self.name.startswith("no-")


class Arguments:
    """The flags of one argument list."""

    def __init__(self, words: Sequence[str], table: FlagTable, version: str) -> None:
        """``words`` may hold the program itself and positional arguments; they are passed over."""
        self.words = tuple(words)
        self.given: tuple[Argument, ...] = tuple(_parsed(words, table, version))

    @cached_property
    def _by_name(self) -> dict[str, Argument]:
        return {one.name: one for one in self.given if not one.key}

    def find(self, name: str) -> Argument | None:
        """The argument that decides a flag (no dashes), or None."""
        return self._by_name.get(name)

    def text(self, name: str) -> str | None:
        """A flag's last value; None where it is absent or has none."""
        found = self.find(name)
        return found.values[-1] if found and found.values else None

    def values(self, name: str) -> tuple[str, ...]:
        """All values of a flag that takes several."""
        found = self.find(name)
        return found.values if found else ()

    def number(self, name: str) -> int | None:
        """A flag's value as a whole number, ``8k`` and ``8K`` included; None for anything else."""
        return whole(self.text(name) or "")

    def decimal(self, name: str) -> float | None:
        """A flag's value as a finite number."""
        try:
            value = float(self.text(name) or "")
        except ValueError:
            return None
        return value if isfinite(value) else None

    def on(self, name: str) -> bool | None:
        """Whether a switch is set; None where it is not given."""
        found = self.find(name)
        if found is None:
            return None
        if found.negated:
            return False
        return not (found.values and found.values[-1].lower() in ("false", "0"))


def whole(text: str) -> int | None:
    """``131072``, ``8k``, ``0.5M`` as a number; None for anything else."""
    match = _SUFFIXED.fullmatch(text)
    if match is None:
        return None
    value = float(match[1]) * _FACTORS.get(match[2] or "", 1)
    return int(value) if value == int(value) else None


def _parsed(words: Sequence[str], table: FlagTable, version: str) -> Iterator[Argument]:
    position = 0
    while position < len(words):
        index, word = position, words[position]
        position += 1
        if not word.startswith("-") or _NUMBER.match(word) or word in ("-", "--"):
            continue
        flag = table.find(word, version)
        _, separator, value = word.partition("=")
        if separator:
            yield Argument(word, flag, (value,), index)
            continue
        taken = _taken(flag, words[position:])
        yield Argument(word, flag, tuple(words[position : position + taken]), index)
        position += taken


def _taken(flag: Flag | None, rest: Sequence[str]) -> int:
    """How many of the words after a flag are its own."""
    if not rest or (flag and flag.kind in ("switch", "toggle", "bool")):
        return 0
    free = next(
        (n for n, word in enumerate(rest) if word.startswith("-") and not _NUMBER.match(word)), len(rest)
    )
    return free if flag and flag.kind == "list" else min(free, 1)
