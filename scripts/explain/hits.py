"""Where a line of the inventory takes part in the parameters of targets, and where it is overridden."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from components.inventory.inventory import Inventory
from components.inventory.layout import Unit
from components.inventory.node import KeyPath, MappingNode, Node, ScalarNode, SequenceNode, find
from components.inventory.origin import CannotResolve, Origins
from components.inventory.problem import Problem
from components.inventory.source import SourceFile
from components.inventory.value import Definition
from scripts.project import MisuseError

PARAMETERS = "parameters"
CLASSES = "classes"


@dataclass(frozen=True, slots=True)
class Span:
    """What stands on a line."""

    source: SourceFile
    path: KeyPath
    """From the top of the file."""
    lines: range
    """The lines of the value; more than one for a map or list."""
    node: Node

    @property
    def key(self) -> KeyPath:
        """The path below ``parameters``."""
        return self.path[1:]

    @property
    def is_container(self) -> bool:
        """Whether the line opens a map or list."""
        return not isinstance(self.node, ScalarNode)


@dataclass(frozen=True, slots=True)
class Hit:
    """A key of a target that a line takes part in."""

    target: str
    key: tuple[str, ...]
    active: bool
    winner: Definition | None
    """The line that decides instead, where this one does not."""
    removed: object = None
    """What would be there, had the line not taken it out of the parameters by null or ``~``."""


def unit_of(inventory: Inventory, file: str) -> Unit:
    """The target or class in a file. Raises MisuseError."""
    layout = inventory.layout
    for unit in (*layout.classes.values(), *layout.targets.values()):
        if unit.shown == file:
            return unit
    raise MisuseError(f"{file}: no class and no target of the inventory")


def span_at(inventory: Inventory, file: str, line: int) -> Span:
    """What stands on a line. Raises MisuseError for a line that holds no value."""
    source = inventory.source(unit_of(inventory, file))
    if source.root is None or source.problems:
        what = "; ".join(map(str, source.problems)) or f"{file} is empty"
        raise MisuseError(what)
    path = source.at(line)
    node = find(source.root, path)
    if not path or node is None or not _opens(source, path, line):
        last = len(source.path.read_bytes().splitlines())
        what = f"the file has {last} lines" if line > last else "it holds no value"
        raise MisuseError(f"{file}:{line}: {what}")
    key = source.key_position(path)
    first = key.line if key else node.line
    return Span(source, path, range(first, node.end_line + 1), node)


def _opens(source: SourceFile, path: KeyPath, line: int) -> bool:
    """Whether the value starts on the line, or is a text that runs over it; a line between values is none."""
    node = find(source.root, path) if source.root else None
    mark = source.key_position(path)
    if mark is not None and mark.line == line:
        return True
    if isinstance(node, MappingNode | SequenceNode):
        return node.flow and node.line <= line <= node.end_line
    return node is not None and node.line <= line <= node.end_line


def hits(origins: Origins, span: Span, targets: Iterable[str] | None = None) -> Iterator[Hit]:
    """Every key of every target that the lines of a span take part in; ``unread`` names those that do not resolve."""
    file = span.source.name
    names = sorted(origins.inventory.layout.targets) if targets is None else targets
    for target in names:
        if any(unit.shown == file for unit in origins.chain(target).units):
            try:
                yield from _hits(origins, target, span)
            except CannotResolve:
                continue


def unread(origins: Origins, file: str) -> dict[Problem, list[str]]:
    """What keeps targets from being looked at, each with those targets: ones that have the file and do not resolve,
    and ones that may have it through a file that is no YAML."""
    found: dict[Problem, list[str]] = {}
    for target in sorted(origins.inventory.layout.targets):
        units = origins.chain(target).units
        sources = map(origins.inventory.source, units)
        may_have = any(one.problems and one.root is None for one in sources)
        if not may_have and all(unit.shown != file for unit in units):
            continue
        try:
            origins.parameters(target)
        except CannotResolve as error:
            for problem in error.problems:
                found.setdefault(problem, []).append(target)
    return found


def _hits(origins: Origins, target: str, span: Span) -> Iterator[Hit]:
    seen = False
    yield from _overrides(origins, target, span)
    for path, value, found in origins.leaves(target):
        mine = [one for one in found if _touches(one, span)]
        if mine:
            seen = True
            active = any(one.active for one in mine)
            removed = _replaced(found) if active and value is None else None
            yield Hit(target, tuple(map(str, path)), active, None if active else _winner(found), removed)
    if not seen and span.path[:1] == (PARAMETERS,):
        # Nothing is left of it: something above it was replaced or removed.
        lost = origins.trace(target, span.key)
        if any(_touches(one, span) for one in lost):
            yield Hit(target, tuple(map(str, span.key)), False, _winner(lost))


def _overrides(origins: Origins, target: str, span: Span) -> Iterator[Hit]:
    """The map or list that the line puts in the place of another one by ``~``."""
    for end in range(1, len(span.key) + 1):
        key = span.key[:end]
        mark = span.source.key_position(span.path[: end + 1])
        if mark is None or mark.line != span.lines.start:
            continue
        here = (one for one in origins.trace(target, key) if one.file == span.source.name and one.key == key)
        if any(one.active and one.operator == "~" for one in here):
            merged = origins.without_override(target, key)
            if merged is not None:
                yield Hit(target, tuple(map(str, key)), True, None, merged)


def _winner(found: Iterable[Definition]) -> Definition | None:
    active = [one for one in found if one.active]
    return active[-1] if active else None


def _replaced(found: Iterable[Definition]) -> object:
    """The last value that was overridden, where it is written out."""
    raw = next((one.raw for one in reversed(list(found)) if not one.active), None)
    return None if "${" in str(raw) else raw


def _touches(one: Definition, span: Span) -> bool:
    """Whether a definition stands on the lines, or references a value that does."""
    if one.file == span.source.name and one.line in span.lines:
        return True
    return any(_touches(below, span) for reference in one.via for below in reference.definitions)
