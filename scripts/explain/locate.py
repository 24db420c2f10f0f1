"""From what a person points at, a line or a path as text, to a field of a compiled object."""

from __future__ import annotations

import re
from typing import Any

import yaml

from components.facts.suggest import did_you_mean
from components.inventory.compose import compose
from components.inventory.node import MappingNode, Node, ScalarNode, SequenceNode, child
from scripts.explain.keyed import EMBEDDED, Path, Steps, below, embedded, flag, shown, steps

_STEP = re.compile(r"\[([^\]]+)\]")


class NoSuchField(LookupError):
    """The object has no such field; the message says where the path leaves it."""


def document(text: str) -> dict[str, Any] | None:
    """The object in a compiled file; None where it holds none."""
    try:
        value = yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def field_at_line(text: str, line: int) -> Steps:
    """The innermost field that stands on a line (from 1) of a YAML text. Raises NoSuchField."""
    rows = text.split("\n")
    if not 1 <= line <= len(rows):
        raise NoSuchField(f"it has {len(rows) - 1} lines")
    root, _ = compose(text, "")
    if root is None:
        raise NoSuchField("it holds no YAML")
    path = _inside(root, line)
    row = rows[line - 1].strip()
    if (not row or row.startswith("#")) and not _is_text(root, path):
        raise NoSuchField(f"line {line} holds no value")
    return path


def _is_text(root: Node, path: Steps) -> bool:
    """Whether a path leads to, or into, a text of several lines, which may hold empty lines and hashes."""
    node: Node | None = root
    for step in path:
        if step == EMBEDDED:
            return True
        node = child(node, step) if node is not None else None
    return isinstance(node, ScalarNode) and node.block


def _inside(root: Node, line: int) -> Steps:
    path: list[str | int] = []
    node = root
    while (found := _step(node, line)) is not None:
        step, node = found
        path.append(step)
    if not isinstance(node, ScalarNode) or not node.block or line <= node.line:
        return tuple(path)
    inner = compose(node.text, "")[0] if embedded(node.text) is not None else None
    return (*path, EMBEDDED, *_inside(inner, line - node.line)) if inner is not None else tuple(path)


def _step(node: Node, line: int) -> tuple[str | int, Node] | None:
    """The one entry or item that a line belongs to; its own key where it opens one."""
    entries: list[tuple[str | int, int, Node]] = []
    if isinstance(node, MappingNode):
        entries = [(entry.key, entry.line, entry.node) for entry in node.entries.values()]
    elif isinstance(node, SequenceNode):
        entries = [(index, item.line, item) for index, item in enumerate(node.items)]
    on_line = [(key, item) for key, start, item in entries if start <= line <= max(start, item.end_line)]
    return on_line[0] if len(on_line) == 1 else None


def field_at_path(value: Any, text: str) -> Steps:
    """The field that a path names: ``spec.args[3]``, ``spec.args[--v]``, ``data.epp.yaml|plugins[0].type``.

    Keys may hold dots: the longest key that fits is taken. Raises NoSuchField, with the nearest name that exists.
    """
    path: list[str | int] = []
    rest = text.strip().removeprefix("$").removeprefix(".")
    while rest:
        if isinstance(value, str) and embedded(value) is not None:
            path.append(EMBEDDED)
            value = embedded(value)
            rest = rest.removeprefix(EMBEDDED).removeprefix(".")
            continue
        step, rest = _first(value, rest, path)
        path.append(step)
        value = below(value, step)
    return tuple(path)


def _first(value: Any, rest: str, path: list[str | int]) -> tuple[str | int, str]:
    """The first step of a path and what is left of it."""
    where = shown(tuple(path)) or "the object"
    if isinstance(value, list):
        match = _STEP.match(rest)
        if match is None:
            raise NoSuchField(f"{where} is a list: say which item, [0] to [{len(value) - 1}]")
        return _item(value, match[1], where), rest[match.end() :].removeprefix(".")
    if isinstance(value, dict):
        match = _STEP.match(rest)
        if match is not None:
            key = match[1].strip("'\"")
            if key in value:
                return key, rest[match.end() :].removeprefix(".")
            raise NoSuchField(f"{where} has no {key!r}{did_you_mean(key, map(str, value))}")
        return _key(value, rest, where)
    raise NoSuchField(f"{where} holds no fields: it is {value!r}")


def _key(value: dict[str, Any], rest: str, where: str) -> tuple[str, str]:
    for key in sorted(value, key=len, reverse=True):
        if rest == key or (rest.startswith(key) and rest[len(key)] in ".[|"):
            return key, rest[len(key) :].removeprefix(".")
    wanted = re.split(r"[.\[|]", rest)[0]
    known = ", ".join(map(str, value))
    hint = did_you_mean(wanted, map(str, value)) or f"; it has {known}"
    raise NoSuchField(f"{where} has no {wanted!r}{hint}")


def _item(items: list[Any], wanted: str, where: str) -> int:
    if wanted.isascii() and wanted.isdigit():
        if int(wanted) < len(items):
            return int(wanted)
        raise NoSuchField(f"{where} has {len(items)} items, the first is [0]")
    names = [step[1:-1] for step in steps(items)]
    for index, (name, item) in enumerate(zip(names, items, strict=True)):
        if wanted in (name, name.partition("=")[2]) or (isinstance(item, str) and flag(item) == wanted):
            return index
    hint = did_you_mean(wanted, names) or f"; it has {', '.join(names)}"
    raise NoSuchField(f"{where} has no item {wanted!r}{hint}")


def same_field(value: Any, path: Path) -> Steps | None:
    """The field of an object that has a keyed path, with indices; None where it has none."""
    found: list[str | int] = []
    for step in path:
        try:
            index: str | int = steps(value).index(step) if isinstance(value, list) else step
            value = below(value, index)
        except (LookupError, ValueError):
            return None
        found.append(index)
    return tuple(found)


def line_of(text: str, path: Steps) -> int:
    """The line (from 1) of a YAML text on which a field starts; 0 when there is none."""
    root, _ = compose(text, "")
    if root is None:
        return 0
    node, line = root, 1
    for index, step in enumerate(path):
        if step == EMBEDDED:
            inner = line_of(node.text, path[index + 1 :]) if isinstance(node, ScalarNode) else 0
            return node.line + inner if inner else 0
        entry = node.entries.get(str(step)) if isinstance(node, MappingNode) else None
        below_ = entry.node if entry else child(node, step)
        if below_ is None:
            return 0
        node, line = below_, entry.line if entry else below_.line
    return line
