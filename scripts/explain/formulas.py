"""Computed values as trees: what each reads itself, and which computed values it builds on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scripts.explain import derived as derived_values
from scripts.explain.alternatives import Leaf
from scripts.explain.answer import Formula
from scripts.explain.derived import Derived, Plain
from scripts.explain.parameters import Parameters
from scripts.explain.reading import read_by
from scripts.explain.study import StackStudy


class Formulas:
    """The computed values of one stack."""

    def __init__(self, study: StackStudy, parameters: Parameters) -> None:
        """``study`` of the stack."""
        self._study = study
        self._parameters = parameters
        self._values = derived_values.values(study.stack)
        self._feeds: dict[tuple[Derived, Derived], bool] = {}

    def named(self, name: str) -> Formula | None:
        """The computed value of a name, written as in Python or as in the inventory; None where there is none."""
        one = next((one for one in self._values if name in (one.name, camel(one.name))), None)
        if one is None:
            return None
        stack = self._study.fresh()
        reads = read_by(lambda: one.of(stack))
        leaves = reads.of(stack.params, self._study.every_leaf)
        every = [self._study.name, *leaves]
        return self._tree(one, [other for other in self._values if other != one], every)

    @property
    def names(self) -> set[str]:
        """The names of all of them."""
        return {one.name for one in self._values}

    def of(self, these: Iterable[Derived], leaves: Sequence[Leaf]) -> tuple[Formula, ...]:
        """The computed values that decide a field, without those that others of them build on."""
        known = [one for one in these if one in self._values]
        last = [one for one in known if not any(self.feeds(one, other) for other in known if other != one)]
        return tuple(self._tree(one, [other for other in known if other != one], leaves) for one in last)

    def feeds(self, one: Derived, other: Derived) -> bool:
        """Whether a computed value decides another one."""
        if (one, other) not in self._feeds:
            self._feeds[one, other] = self._study.feeds(one, other)
        return self._feeds[one, other]

    def _tree(self, one: Derived, others: Sequence[Derived], leaves: Sequence[Leaf]) -> Formula:
        before = [other for other in others if self.feeds(other, one)]
        nearest = [
            other
            for other in before
            if not any(self.feeds(other, next_) for next_ in before if next_ != other)
        ]
        frozen: dict[Derived, Plain] = {other: self._values[other] for other in nearest}
        inputs = [leaf for leaf in leaves if self._study.depends(one, leaf, frozen)]
        return Formula(
            target=self._study.target,
            name=one.name,
            value=self._values[one],
            formula=one.formula,
            expression=one.expression,
            place=one.place,
            inputs=tuple(self._parameters.of_leaf(self._study.target, leaf) for leaf in inputs),
            uses=tuple(self._tree(other, [b for b in before if b != other], leaves) for other in nearest),
        )


def camel(name: str) -> str:
    """``max_surge`` as the inventory would write it: ``maxSurge``."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)
