"""Where a value of a target comes from: every line that set it, in merge order.

>>> origins = Origins("inventory")
>>> for definition in origins.trace("lab.llama", "serving.tensorParallelSize"):
...     print(definition, definition.raw, "" if definition.active else "(replaced)")
inventory/classes/models/llama.yml:14:25 4 (replaced)
inventory/targets/lab/llama.yml:9:25 2

Exact under class order, relative classes, removal by null, `~`, `=` and references, because it evaluates the
target as reclass-rs does; a property test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from components.inventory.chain import Chain, Chains
from components.inventory.evaluate import Evaluator, failures
from components.inventory.inventory import Inventory
from components.inventory.merge import merge
from components.inventory.node import KeyPath
from components.inventory.problem import Problem, did_you_mean, quoted
from components.inventory.value import (
    Broken,
    Definition,
    Mapping,
    Sequence,
    Value,
    data,
    definitions,
    step,
    walk,
)


class UnknownTarget(KeyError):
    """There is no such target. `remedy` names the nearest one."""

    def __init__(self, name: str, remedy: str) -> None:
        super().__init__(name)
        self.name = name
        self.remedy = remedy

    def __str__(self) -> str:
        return f"no target {quoted(self.name)}. {self.remedy}"


def unknown_target(name: str, known: Iterable[str]) -> UnknownTarget:
    """The error for a name that no target has."""
    remedy = did_you_mean(name, known, "targets/<cluster>/<stack>.yml is `<cluster>.<stack>`")
    return UnknownTarget(name, remedy)


class CannotResolve(ValueError):
    """The target has problems that keep its parameters from being resolved."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Reach:
    """A value that a line of the inventory takes part in."""

    target: str
    key: KeyPath
    definition: Definition


class Origins:
    """Origins of the values of one inventory. Each target is evaluated when first asked for."""

    def __init__(self, inventory: Inventory | Path | str, chains: Chains | None = None) -> None:
        self.inventory = Inventory.of(inventory)
        self.chains = chains or Chains(self.inventory)
        self._parameters: dict[str, Mapping] = {}

    def trace(self, target: str, key: str | KeyPath) -> list[Definition]:
        """Every line that takes part in the value at `key`, in merge order; the last active one wins.

        `key` is a path below `parameters`, or its steps joined by dots. For a mapping or list, all files that
        add to it are active. Empty when nothing sets the key. Raises UnknownTarget and CannotResolve.
        """
        parameters = self.parameters(target)
        path = split_key(parameters, key) if isinstance(key, str) else key
        return list(definitions(parameters, path)) if path else []

    def value(self, target: str, key: str | KeyPath = ()) -> object:
        """The rendered value at `key`, as plain data. Raises KeyError when the target has none."""
        parameters = self.parameters(target)
        path = split_key(parameters, key) if isinstance(key, str) else key
        found = walk(parameters, path)
        if found is None:
            raise KeyError(".".join(str(part) for part in path))
        return data(found)

    def without_override(self, target: str, key: KeyPath) -> object:
        """What the map or list at `key` would be if no `~` had put it in the place of another: both merged. None where
        none did, or where the two cannot be merged."""
        found = walk(self.parameters(target), key)
        if not isinstance(found, Mapping | Sequence) or found.below is None:
            return None
        try:
            evaluator = Evaluator(self.chains.parameters(self.chain(target)))
            lower = evaluator.resolved(found.below)
            return data(evaluator.resolved(merge(lower, replace(found, below=None))))
        except Broken:
            return None

    def chain(self, target: str) -> Chain:
        """The files of a target in merge order. Raises UnknownTarget."""
        targets = self.inventory.layout.targets
        if target not in targets:
            raise unknown_target(target, targets)
        return self.chains.chain(target)

    def target_file(self, target: str) -> str:
        """The target's own file, as shown in definitions. Raises UnknownTarget."""
        return self.chain(target).target.shown

    def parameters(self, target: str) -> Mapping:
        """The resolved parameters of a target, each value with its history. Raises CannotResolve."""
        if target not in self._parameters:
            chain = self.chain(target)
            broken = tuple(
                problem for unit in chain.units for problem in self.inventory.source(unit).problems
            )
            if broken or chain.problems:
                raise CannotResolve((*broken, *chain.problems))
            self._parameters[target] = self._evaluated(chain)
        return self._parameters[target]

    def leaves(self, target: str) -> Iterator[tuple[KeyPath, object, tuple[Definition, ...]]]:
        """Every scalar, empty list and empty mapping of a target: its path, its value, its origins."""
        for path, value in _leaves(self.parameters(target), ()):
            yield path, data(value), definitions(self.parameters(target), path)

    def reached(self, file: str, line: int, targets: Iterable[str] | None = None) -> list[Reach]:
        """The values that a line of a file takes part in, in all targets or in some.

        `file` is the path as shown in definitions (`inventory/classes/…`). Values that were replaced count,
        with `definition.active` false. Targets that cannot be resolved are left out.
        """
        names = sorted(self.inventory.layout.targets) if targets is None else targets
        return [reach for name in names for reach in self._reached(name, file, line)]

    def _reached(self, target: str, file: str, line: int) -> Iterator[Reach]:
        if all(unit.shown != file for unit in self.chain(target).units):
            return
        try:
            leaves = list(self.leaves(target))
        except CannotResolve:
            return
        for path, _, found in leaves:
            hit = next((one for one in _with_references(found) if (one.file, one.line) == (file, line)), None)
            if hit is not None:
                yield Reach(target, path, hit)

    def _evaluated(self, chain: Chain) -> Mapping:
        try:
            parameters = Evaluator(self.chains.parameters(chain)).evaluate()
        except Broken as error:
            raise CannotResolve((broken_problem(error, chain),)) from None
        problems = tuple(broken_problem(error, chain) for error in failures(parameters))
        if problems:
            raise CannotResolve(problems)
        return parameters


def broken_problem(error: Broken, chain: Chain) -> Problem:
    """A value that cannot be resolved, as a problem at the line where it stands."""
    at = error.at
    if at is None:
        return Problem(chain.target.shown, 0, 0, error.message, error.remedy, error.rule)
    steps = tuple(str(include) for include in chain.includes_of(at.file))
    return Problem(at.file, at.line, at.column, error.message, error.remedy, error.rule, steps)


def split_key(value: Value, key: str) -> KeyPath:
    """The steps of a dotted key. Where keys hold dots themselves, the longest that exists is taken."""
    words = key.split(".") if key else []
    path: list[str | int] = []
    here: Value | None = value
    while words:
        count = next((n for n in range(len(words), 1, -1) if here and step(here, ".".join(words[:n]))), 1)
        path.append(".".join(words[:count]))
        here = step(here, path[-1]) if here else None
        words = words[count:]
    return tuple(path)


def _leaves(value: Value, path: KeyPath) -> Iterator[tuple[KeyPath, Value]]:
    if isinstance(value, Mapping) and value.items:
        for key, item in value.items.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, Sequence) and value.items:
        for index, item in enumerate(value.items):
            yield from _leaves(item, (*path, index))
    else:
        yield path, value


def _with_references(found: Iterable[Definition]) -> Iterator[Definition]:
    """Definitions and, behind each, those of the values that it references."""
    for definition in found:
        yield definition
        for reference in definition.via:
            yield from _with_references(reference.definitions)
