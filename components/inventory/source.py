"""One file of the inventory, read with positions.

>>> source = load(Path("inventory/targets/lab/llama.yml"), "inventory/targets/lab/llama.yml")
>>> str(source.position(("parameters", "stack", "replicas")))
'inventory/targets/lab/llama.yml:8:15'
>>> source.at(8)
('parameters', 'stack', 'replicas')
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from components.inventory.compose import compose
from components.inventory.node import (
    KeyPath,
    MappingNode,
    Mark,
    Node,
    ScalarNode,
    SequenceNode,
    child,
    find,
    path_at,
)
from components.inventory.problem import Problem

#: A hundred times the size of a large class. More is a mistake, and would only cost time.
MAX_BYTES: Final = 1024 * 1024

_BYTE_ORDER_MARK: Final = "\ufeff"


@dataclass(frozen=True)
class SourceFile:
    """A file, its tree, and what is wrong with it as YAML. `name` is the path to show."""

    path: Path
    name: str
    root: Node | None
    problems: tuple[Problem, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether reclass-rs can read the file as what its tree says."""
        return not self.problems

    @cached_property
    def parameters(self) -> MappingNode | None:
        """The mapping below `parameters`, or None when there is none."""
        below = self.section("parameters")
        return below if isinstance(below, MappingNode) else None

    @cached_property
    def classes(self) -> tuple[ScalarNode, ...]:
        """The names in `classes`, as written. Entries that are no names are left out."""
        below = self.section("classes")
        items = below.items if isinstance(below, SequenceNode) else ()
        return tuple(item for item in items if isinstance(item, ScalarNode) and item.value not in (None, ""))

    def section(self, key: str) -> Node | None:
        """The node of a top-level key."""
        return child(self.root, key) if isinstance(self.root, MappingNode) else None

    def position(self, path: KeyPath) -> Mark | None:
        """Where the value at a path from the top of the file starts, or None when the file has none."""
        node = find(self.root, path) if self.root is not None else None
        return Mark(self.name, node.line, node.column) if node else None

    def key_position(self, path: KeyPath) -> Mark | None:
        """Where the key (or the list item) at a path starts, or None."""
        parent = find(self.root, path[:-1]) if self.root is not None and path else None
        if isinstance(parent, MappingNode):
            entry = parent.entries.get(str(path[-1]))
            return Mark(self.name, entry.line, entry.column) if entry else None
        return self.position(path)

    def at(self, line: int) -> KeyPath:
        """The path of the innermost value on a line (from 1); the empty path when there is none."""
        return path_at(self.root, line) if self.root is not None else ()


def load(path: Path, name: str) -> SourceFile:
    """Read a file. Never raises: whatever is wrong is in `problems`."""
    try:
        text = _read(path)
    except _Unreadable as error:
        problem = Problem(name, error.line, 0, error.message, error.remedy, error.rule)
        return SourceFile(path, name, None, (problem,))
    root, problems = compose(text, name)
    return SourceFile(path, name, root, problems)


class _Unreadable(Exception):
    def __init__(self, message: str, remedy: str, rule: str, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.rule = rule
        self.line = line


def _read(path: Path) -> str:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _Unreadable("not a regular file", "remove it or rename it", "file-unreadable")
        if status.st_size > MAX_BYTES:
            megabytes = f"{status.st_size / 1024 / 1024:.1f} MiB"
            raise _Unreadable(f"too large: {megabytes}", "an inventory file holds at most 1 MiB", "yaml-size")
        content = path.read_bytes()
    except OSError as error:
        message = f"cannot be read: {error.strerror or type(error).__name__}"
        raise _Unreadable(message, "check the file and its permissions", "file-unreadable") from None
    try:
        return content.decode("utf-8").removeprefix(_BYTE_ORDER_MARK)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"not UTF-8: byte 0x{content[error.start]:02x}"
        raise _Unreadable(message, "save the file as UTF-8", "yaml-encoding", line) from None


def scalars(node: Node, path: KeyPath = ()) -> Iterator[tuple[KeyPath, ScalarNode]]:
    """Every scalar value below a node with its path, in the order written."""
    if isinstance(node, ScalarNode):
        yield path, node
    elif isinstance(node, SequenceNode):
        for index, item in enumerate(node.items):
            yield from scalars(item, (*path, index))
    else:
        for entry in node.entries.values():
            yield from scalars(entry.node, (*path, entry.key))
