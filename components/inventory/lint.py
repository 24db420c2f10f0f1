"""What is wrong with one file of the inventory by itself: its keys, its sections, its scalars."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from components.inventory.node import (
    Entry,
    KeyPath,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
)
from components.inventory.problem import Level, Problem, did_you_mean, quoted
from components.inventory.reference import SYNTAX_REMEDY, ReferenceSyntaxError, has_reference, parse
from components.inventory.scalar import exceeds_64_bits, looks_like_version, other_reading
from components.inventory.source import SourceFile

#: The top-level keys that reclass knows. It ignores any other without a word.
SECTIONS: Final = ("classes", "parameters", "applications", "exports", "environment")

_QUERY: Final = "$["


def lint(source: SourceFile) -> Iterator[Problem]:
    """Every problem of a file that was read. Yields nothing for one that could not be."""
    root = source.root
    if root is None:
        return
    report = _Report(source.name)
    if isinstance(root, MappingNode):
        yield from _sections(root, report)
        yield from _class_entries(source, report)
        for entry in root.entries.values():
            yield from _scalars(entry, report)
    elif not (isinstance(root, ScalarNode) and root.value is None):
        what = "a list" if isinstance(root, SequenceNode) else "text"
        yield report(root, f"the file is {what}", "start it with `classes:` or `parameters:`", "yaml-mapping")


class _Report:
    """Makes problems of one file."""

    def __init__(self, file: str) -> None:
        self.file = file

    def __call__(
        self, at: Node | Entry, message: str, remedy: str, rule: str, *, level: Level = "error"
    ) -> Problem:
        return Problem(self.file, at.line, at.column, message, remedy, rule, level=level)


def _sections(root: MappingNode, report: _Report) -> Iterator[Problem]:
    for entry in root.entries.values():
        if entry.text not in SECTIONS:
            remedy = did_you_mean(entry.text, SECTIONS, "move it below `parameters:`")
            message = f"unknown key {quoted(entry.text)}: reclass ignores it"
            yield report(entry, message, remedy, "top-level-key")
        elif entry.key in ("classes", "applications"):
            yield from _list_section(entry, report)
        elif entry.key in ("parameters", "exports") and not _is_mapping(entry.node):
            message = f"`{entry.key}` is not a mapping"
            yield report(entry.node, message, "write `key: value` lines", "section-type")


def _list_section(entry: Entry, report: _Report) -> Iterator[Problem]:
    node = entry.node
    if isinstance(node, ScalarNode) and node.text == "" and node.plain:
        return
    if not isinstance(node, SequenceNode):
        yield report(node, f"`{entry.key}` is not a list", "write each name as `- name`", "section-type")
        return
    for item in node.items:
        if not isinstance(item, ScalarNode) or item.value in (None, ""):
            message = f"an entry of `{entry.key}` is not a name"
            yield report(item, message, "write a name, quoted if need be", "class-entry")


def _is_mapping(node: Node) -> bool:
    return isinstance(node, MappingNode) or (isinstance(node, ScalarNode) and node.value is None)


def _class_entries(source: SourceFile, report: _Report) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for item in source.classes:
        if item.text in seen:
            message = f"class {quoted(item.text)} stands here twice, first in line {seen[item.text]}"
            yield report(item, message, "remove one: it is merged once", "class-twice", level="warning")
        seen.setdefault(item.text, item.line)


def _scalars(entry: Entry, report: _Report) -> Iterator[Problem]:
    """Problems of the keys and scalars below a top-level key."""
    pending: list[tuple[KeyPath, Node]] = [((entry.key,), entry.node)]
    while pending:
        path, node = pending.pop()
        if isinstance(node, MappingNode):
            for below in node.entries.values():
                yield from _key(below, report)
                pending.append(((*path, below.key), below.node))
        elif isinstance(node, SequenceNode):
            pending.extend(((*path, index), item) for index, item in enumerate(node.items))
        else:
            yield from _scalar(path, node, report)


def _key(entry: Entry, report: _Report) -> Iterator[Problem]:
    other = other_reading(entry.text) if entry.plain else None
    if other and entry.text != "<<":
        message = f"key {quoted(entry.text)} is {other} to YAML 1.1 readers"
        yield report(entry, message, f'quote it: "{entry.text}"', "ambiguous-scalar")


def _scalar(path: KeyPath, node: ScalarNode, report: _Report) -> Iterator[Problem]:
    text = node.text
    if node.plain:
        yield from _plain_scalar(path, node, report)
    if not has_reference(text):
        return
    if _QUERY in text.replace("\\$[", ""):
        message = "`$[` starts an inventory query: text to reclass-rs 0.10, run by other versions"
        yield report(node, message, "write `\\$[` for the characters themselves", "inventory-query")
    try:
        parse(text)
    except ReferenceSyntaxError as error:
        line = node.line + text.count("\n", 0, error.offset) + 1 if node.block else node.line
        message = f"{error} in {quoted(text[error.offset :])}"
        yield Problem(report.file, line, node.column, message, SYNTAX_REMEDY, "reference-syntax")


def _plain_scalar(path: KeyPath, node: ScalarNode, report: _Report) -> Iterator[Problem]:
    text = node.text
    if exceeds_64_bits(text):
        message = f"{_named(path)}: {quoted(text)} is too large for a number of 64 bits"
        yield report(node, message, "quote it if it is text", "number-range")
        return
    other = other_reading(text)
    if other:
        here = "text" if isinstance(node.value, str) else f"the number {node.value}"
        message = f"{_named(path)}: {quoted(text)} is {here} here and {other} to YAML 1.1 readers"
        yield report(node, message, f'write "{text}", true, false or a plain number', "ambiguous-scalar")
    elif looks_like_version(text):
        message = f"{_named(path)}: {quoted(text)} is the number {node.value}"
        yield report(node, message, f'write "{text}" if it is a version', "number-version", level="warning")


def _named(path: KeyPath) -> str:
    """The nearest key, for a message."""
    return quoted(next((step for step in reversed(path) if isinstance(step, str)), ""))
