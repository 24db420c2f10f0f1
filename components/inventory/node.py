"""A YAML document as a tree that knows its lines: what was written, where, with which operator.

The tree is built from parser events with a stack of our own, because the composer of libyaml recurses in C
and a deeply nested document ends the process. Lines and columns count from 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from components.inventory.scalar import Scalar

#: A step into a mapping (key without operator) or a list (index from 0).
KeyPath = tuple[str | int, ...]


class ScalarNode(NamedTuple):
    """One scalar. `text` is what was written (quotes removed), `value` what reclass-rs reads."""

    value: Scalar
    text: str
    plain: bool
    block: bool
    line: int
    column: int
    end_line: int


class SequenceNode(NamedTuple):
    """A list. `flow` is true for `[a, b]`."""

    items: tuple[Node, ...]
    flow: bool
    line: int
    column: int
    end_line: int


class MappingNode(NamedTuple):
    """A mapping, by key without operator, in the order written. `flow` is true for `{a: b}`."""

    entries: Mapping[str, Entry]
    flow: bool
    line: int
    column: int
    end_line: int


class Entry(NamedTuple):
    """One `key: value`. `operator` is `~` (override), `=` (constant) or empty; `text` the key as written."""

    key: str
    operator: str
    text: str
    plain: bool
    line: int
    column: int
    node: Node


Node = ScalarNode | SequenceNode | MappingNode


class Mark(NamedTuple):
    """A place in a file, as an editor shows it."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def plain_data(node: Node) -> object:
    """The data as written: dicts, lists and scalars, references and operators left as they stand."""
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, SequenceNode):
        return [plain_data(item) for item in node.items]
    return {entry.text: plain_data(entry.node) for entry in node.entries.values()}


def child(node: Node, step: str | int) -> Node | None:
    """The node one step down, or None."""
    if isinstance(node, MappingNode):
        entry = node.entries.get(str(step))
        return entry.node if entry else None
    if isinstance(node, SequenceNode):
        index = as_index(step)
        return node.items[index] if index is not None and index < len(node.items) else None
    return None


def as_index(step: str | int) -> int | None:
    """A list index from a step of a path, or None when it is not one."""
    if isinstance(step, int):
        return step if step >= 0 else None
    return int(step) if step.isascii() and step.isdigit() and len(step) < 9 else None


def find(node: Node, path: KeyPath) -> Node | None:
    """The node at a path below `node`, or None."""
    for step in path:
        below = child(node, step)
        if below is None:
            return None
        node = below
    return node


def path_at(node: Node, line: int, path: KeyPath = ()) -> KeyPath:
    """The path of the innermost entry or item that stands on `line`; the container when several share it."""
    if isinstance(node, MappingNode):
        steps: list[tuple[str | int, int, Node]] = [
            (entry.key, entry.line, entry.node) for entry in node.entries.values()
        ]
    elif isinstance(node, SequenceNode):
        steps = [(index, item.line, item) for index, item in enumerate(node.items)]
    else:
        return path
    on_line = [(step, below) for step, start, below in steps if start <= line <= max(start, below.end_line)]
    if len(on_line) != 1:
        return path
    step, below = on_line[0]
    return path_at(below, line, (*path, step))
