"""Tries mutations, and counts what was found, what is harmless, and what neither."""

from __future__ import annotations

import gc
import multiprocessing
import os
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.mutation import inventory, judge, objects
from tests.mutation.harmless import Pattern, load
from tests.mutation.model import CLASSES, Mutation, sample, varied
from tests.mutation.objects import Swap
from tests.mutation.trial import Trial

SEED = 41
EACH = 1
"""How many mutations of like objects in the same fact are tried in the full run."""
ENOUGH = 300
"""How many of every class there must be; twice as many are tried of a class that would have fewer."""


@dataclass(frozen=True)
class Verdict:
    """What became of a mutation."""

    mutation: Mutation
    found_by: str
    """A rule; empty when none."""
    pattern: int = -1
    """Position of the pattern that calls it harmless."""
    traceback: str = ""
    """What the compiler or the check ended with instead of an answer; nothing excuses it."""

    @property
    def survived(self) -> bool:
        """Whether nothing finds it, and nothing says that this is right."""
        return bool(self.traceback) or (not self.found_by and self.pattern < 0)

    def __str__(self) -> str:
        return f"traceback ({self.traceback}): {self.mutation}" if self.traceback else str(self.mutation)


@cache
def every() -> tuple[Mutation, ...]:
    """Every mutation of the committed fleet, in the same order every time."""
    return (
        *inventory.mutations(judge.ROOT / "inventory"),
        *(one for base in judge.bases().values() for one in objects.mutations(base.tree.objects)),
    )


def some(cluster: str, of_objects: int, of_files: int, seed: int = SEED) -> list[Mutation]:
    """A few, quickly: of one cluster's objects from all classes alike, and of the inventory."""
    own = objects.mutations(judge.bases()[cluster].tree.objects)
    files = inventory.mutations(judge.ROOT / "inventory")
    return [*sample(own, of_objects, seed), *sample(files, of_files, seed)]


def chosen(each: int = EACH, seed: int = SEED) -> list[Mutation]:
    """The mutations of the full run: ``each`` of those that are alike, twice as many in classes that have few."""
    few = varied(every(), each, seed)
    counts = Counter(one.sort for one in few)
    rare = {sort for sort in CLASSES if counts[sort] < ENOUGH}
    more = [one for one in varied(every(), 2 * each, seed) if one.sort in rare]
    return [*(one for one in few if one.sort not in rare), *more]


def verdicts(mutations: Sequence[Mutation], processes: int = 0) -> list[Verdict]:
    """Tries mutations, in ``processes`` processes (0: one a processor)."""
    patterns = load()
    found = _in_processes(mutations, processes or os.cpu_count() or 1)
    return [
        Verdict(one, by, -1 if by or crash else _harmless(one, patterns), crash)
        for one, (by, crash) in zip(mutations, found, strict=True)
    ]


def _harmless(mutation: Mutation, patterns: Sequence[Pattern]) -> int:
    return next((index for index, one in enumerate(patterns) if one.covers(mutation)), -1)


Answer = tuple[str, str]
"""(the rule that finds it, what it crashed with); one of them is empty, or both."""


def _in_processes(mutations: Sequence[Mutation], processes: int) -> list[Answer]:
    if processes < 2:
        return list(map(_try(), mutations))
    # Not forked: threads of Go, which runs Jsonnet, do not live through a fork.
    with multiprocessing.get_context("spawn").Pool(processes, initializer=_start) as pool:
        return pool.map(_by_id, [one.id for one in mutations], chunksize=32)


_OWN: dict[str, Mutation] = {}
_FOUND: list[Callable[[Mutation], Answer]] = []


def _start() -> None:
    _OWN.update((one.id, one) for one in every())
    _FOUND[:] = [_try()]
    gc.collect()
    gc.freeze()  # the fleet lives until the end: nobody looks for garbage in it


def _by_id(name: str) -> Answer:
    return _FOUND[0](_OWN[name])


def _try() -> Callable[[Mutation], Answer]:
    trial = Trial()

    def answer(mutation: Mutation) -> Answer:
        payload = mutation.payload
        try:
            found = judge.object_found(payload) if isinstance(payload, Swap) else trial.found(payload)
        except Exception as error:  # whatever it is: a person would see a traceback
            return "", _crash(error)
        return found, ""

    return answer


def _crash(error: Exception) -> str:
    """The exception, and the line that raised it."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} at {Path(last.filename).name}:{last.lineno}"


@dataclass(frozen=True)
class Line:
    """The score of one class."""

    sort: str
    tried: int
    found: int
    harmless: int

    @property
    def survived(self) -> int:
        """What nothing finds and nothing excuses."""
        return self.tried - self.found - self.harmless

    @property
    def score(self) -> float:
        """Found, of what is not harmless: 0 to 1."""
        wrong = self.tried - self.harmless
        return self.found / wrong if wrong else 1.0


def table(verdicts: Sequence[Verdict]) -> list[Line]:
    """The score by class."""
    tried = Counter(one.mutation.sort for one in verdicts)
    found = Counter(one.mutation.sort for one in verdicts if one.found_by)
    harmless = Counter(one.mutation.sort for one in verdicts if one.pattern >= 0)
    return [Line(sort, tried[sort], found[sort], harmless[sort]) for sort in CLASSES]


def survivors(verdicts: Sequence[Verdict]) -> Iterator[Verdict]:
    """What survived, by what it is about."""
    return iter(
        sorted(
            (one for one in verdicts if one.survived),
            key=lambda one: (*one.mutation.signature, one.mutation.id),
        )
    )


def idle(verdicts: Sequence[Verdict]) -> Iterator[Pattern]:
    """Patterns that excuse nothing: of what was tried, all that they name is found."""
    used = {one.pattern for one in verdicts}
    return (pattern for index, pattern in enumerate(load()) if index not in used)


def layers(verdicts: Sequence[Verdict]) -> Counter[str]:
    """How many mutations of the inventory each station of the check stops, in their order."""
    return Counter(
        _layer(one.found_by) for one in verdicts if one.found_by and one.mutation.area == "inventory"
    )


def _layer(rule: str) -> str:
    if rule == "inventory-parameters":
        return "strict parameters"
    if rule in ("inventory-combinations", "compile"):
        return "combinations, and what the compiler refuses"
    return "the guard" if rule.startswith("inventory-") else "rules on what the mutated inventory compiles to"
