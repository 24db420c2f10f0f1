"""Which other values of a parameter show what depends on it: whatever answers alike is asked no more than those."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass

from scripts.explain.answer import How
from scripts.explain.keyed import Path

Seen = tuple[str, Path, How]
"""A field that differs: its file below the target's folder, its path, and how."""
Answer = Callable[[int], Collection[Seen]]
"""What differs with one of some other values, by its number."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """How some targets answer."""

    telling: tuple[int, ...]
    """The fewest other values that show everything that all of them do."""
    seen: frozenset[Seen]
    """What they show, without names."""


class Telling:
    """What was learned from the targets that were asked before."""

    def __init__(self) -> None:
        self._shapes: dict[Hashable, list[_Shape]] = {}

    def ask(
        self, key: Hashable, count: int, answer: Answer, general: Callable[[Seen], Seen]
    ) -> frozenset[Seen]:
        """Everything that differs with any of ``count`` other values. A target that shows with a few of them just what
        an earlier one of the same ``key`` showed with all is asked no further. ``general`` takes names out."""
        answers: dict[int, frozenset[Seen]] = {}
        shapes = self._shapes.setdefault(key, [])
        for shape in shapes:
            answers |= {one: frozenset(answer(one)) for one in shape.telling if one not in answers}
            found = _all(answers)
            if found and frozenset(map(general, found)) == shape.seen:
                return found
        answers |= {one: frozenset(answer(one)) for one in range(count) if one not in answers}
        found = _all(answers)
        shapes.append(_Shape(tuple(_telling(answers)), frozenset(map(general, found))))
        return found


def _all(answers: Mapping[int, frozenset[Seen]]) -> frozenset[Seen]:
    return frozenset().union(*answers.values())


def _telling(answers: Mapping[int, frozenset[Seen]]) -> list[int]:
    """The fewest answers that hold everything that is in any, the most telling first."""
    missing, found = _all(answers), list[int]()
    while missing:
        best = max(sorted(answers), key=lambda one: len(answers[one] & missing))
        found.append(best)
        missing -= answers[best]
    return found
