"""Which classes a target is made of, in the order in which reclass-rs merges them, and how each came in.

Classes are visited depth first: a class merges after everything that it includes, each class once, at its
first place; the target's own parameters come last. A name that starts with a dot is looked up beside the file
that includes it, each further dot one folder up. `${…}` in a name sees the parameters merged so far,
`_reclass_` among them, but not those of the file itself. Source: reclass-rs 0.10 `src/node/mod.rs`,
`render_impl`.

A loop of classes overflows the stack of reclass-rs and ends Kapitan without a word; here it is a problem.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from components.inventory.evaluate import Evaluator
from components.inventory.inventory import Inventory
from components.inventory.layer import stack, target_facts
from components.inventory.layout import Unit
from components.inventory.node import ScalarNode
from components.inventory.problem import Problem, did_you_mean, quoted
from components.inventory.value import Broken, Definition, Mapping, Text

#: Classes inside classes. A handful is usual; reclass-rs has no limit but its stack.
MAX_DEPTH: Final = 64


@dataclass(frozen=True, slots=True)
class Include:
    """One entry of a `classes` list."""

    file: str
    line: int
    column: int
    written: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class ClassUse:
    """A class of a target. `includes` leads to it, the entry in the target's own file first."""

    name: str
    unit: Unit
    includes: tuple[Include, ...]


@dataclass(frozen=True)
class Chain:
    """All files of a target in merge order. With problems, the classes that could be found."""

    target: Unit
    classes: tuple[ClassUse, ...]
    problems: tuple[Problem, ...]

    @property
    def units(self) -> tuple[Unit, ...]:
        """The files in merge order; the target's own is last."""
        return (*(use.unit for use in self.classes), self.target)

    def includes_of(self, file: str) -> tuple[Include, ...]:
        """The includes that led to a file, outermost first; empty for the target's own."""
        return next((use.includes for use in self.classes if use.unit.shown == file), ())


@dataclass(slots=True)
class _Run:
    """The state of one walk through the classes of a target."""

    target: Unit
    uses: list[ClassUse] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    open: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class Chains:
    """The chains of the targets of one inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self._chains: dict[str, Chain] = {}
        self._includes: dict[str, tuple[tuple[Include, str], ...]] = {}

    def chain(self, target: str) -> Chain:
        """The chain of a target. Raises KeyError when there is no such target."""
        if target not in self._chains:
            run = _Run(self.inventory.layout.targets[target])
            self._visit(run.target, (), run)
            self._chains[target] = Chain(run.target, tuple(run.uses), tuple(run.problems))
        return self._chains[target]

    def parameters(self, chain: Chain) -> Mapping:
        """The parameters of a target, merged but not resolved. Raises Broken when a constant is set again."""
        facts = target_facts(chain.target.name, chain.target.shown)
        return stack([facts, *(self.inventory.layer(unit) for unit in chain.units)])

    def _visit(self, unit: Unit, includes: tuple[Include, ...], run: _Run) -> None:
        for include, written in self._entries(unit):
            path = (*includes, include)
            name = self._resolved(written, path, run) if "${" in written else written
            if name is None or name in run.seen:
                continue
            found = self._find(_absolute(name, unit.folder), path, run)
            if found is None:
                continue
            run.open.append(found.name)
            self._visit(found, path, run)
            run.open.pop()
            run.uses.append(ClassUse(found.name, found, path))
            run.seen.add(name)

    def _entries(self, unit: Unit) -> tuple[tuple[Include, str], ...]:
        """The includes of a file with the absolute class names, those with references as written."""
        if unit.shown not in self._includes:
            first: dict[str, Include] = {}
            for node in self.inventory.source(unit).classes:
                include = Include(unit.shown, node.line, node.column, node.text)
                first.setdefault(_absolute(node.text, unit.folder), include)
            self._includes[unit.shown] = tuple((include, name) for name, include in first.items())
        return self._includes[unit.shown]

    def _find(self, name: str, path: tuple[Include, ...], run: _Run) -> Unit | None:
        classes = self.inventory.layout.classes
        if name not in classes:
            where = "add inventory/classes/" + name.replace(".", "/") + ".yml, or correct the name"
            remedy = did_you_mean(name, classes, where)
            run.problems.append(_problem(path, f"unknown class {quoted(name)}", remedy, "class-unknown"))
            return None
        if name in run.open:
            loop = " → ".join([*run.open[run.open.index(name) :], name])
            message = f"class {quoted(name)} includes itself: {loop}"
            run.problems.append(_problem(path, message, "remove one of these includes", "class-cycle"))
            return None
        if len(run.open) >= MAX_DEPTH:
            message = f"more than {MAX_DEPTH} classes inside each other"
            run.problems.append(_problem(path, message, "include them side by side", "class-depth"))
            return None
        return classes[name]

    def _resolved(self, written: str, path: tuple[Include, ...], run: _Run) -> str | None:
        """A class name with its references resolved against what is merged so far."""
        include = path[-1]
        node = ScalarNode(written, written, False, False, include.line, include.column, include.line)
        at = Definition(include.file, include.line, include.column, (), "", node)
        facts = target_facts(run.target.name, run.target.shown)
        try:
            root = stack([facts, *(self.inventory.layer(use.unit) for use in run.uses)])
            return Evaluator(root).text_of(Text(written, (at,)))
        except Broken as error:
            remedy = f"{error.remedy} (a class name sees only the classes before it)"
            message = f"class name {quoted(written)}: {error.message}"
            run.problems.append(_problem(path, message, remedy, "class-reference"))
            return None


def _absolute(name: str, folder: tuple[str, ...]) -> str:
    """A class name without leading dots, seen from a folder of classes."""
    below = name.lstrip(".")
    dots = len(name) - len(below)
    if not dots:
        return name
    return ".".join([*folder[: max(0, len(folder) - dots + 1)], below])


def _problem(path: tuple[Include, ...], message: str, remedy: str, rule: str) -> Problem:
    *before, last = path
    steps = tuple(str(include) for include in before)
    return Problem(last.file, last.line, last.column, message, remedy, rule, steps)
