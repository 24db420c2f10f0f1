"""The line of a compiled file at which a field stands. Looked up for findings only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from scripts.check.model import Finding
from scripts.check.text import TextError, compose

_STEP = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|\.?([^.\[\]]+)')


def with_lines(root: Path, findings: Iterable[Finding], *, notes: bool = True) -> Iterator[Finding]:
    """The findings, each with the line of its field in its compiled file; notes only where they will be told."""
    seen: dict[str, yaml.Node | None] = {}
    for one in findings:
        if one.cause and one.cause.file == one.file:
            yield replace(one, line=one.cause.line)
        elif not one.file or not one.object or (one.level == "note" and not notes):
            yield one
        else:
            if one.file not in seen:
                seen[one.file] = _compose(root / one.file)
            yield replace(one, line=line_of(seen[one.file], one.field))


def _compose(path: Path) -> yaml.Node | None:
    """The nodes of a file that was read before; None when it has gone or changed meanwhile."""
    try:
        return compose(path.read_bytes().decode("utf-8"))
    except (OSError, UnicodeError, TextError):
        return None


def line_of(node: Any, field: str) -> int:
    """The line (from 1) of a field, or of its nearest parent that is written; 0 without a document."""
    if node is None:
        return 0
    line: int = node.start_mark.line
    for step in steps(field):
        below = _below(node, step)
        if below is None:
            break
        line, node = below
    return line + 1


def steps(field: str) -> list[str | int]:
    """The steps of a field path as text: ``spec.rules[0].name``, ``data["epp.yaml"]``."""
    return [int(number) if number else quoted or plain for quoted, number, plain in _STEP.findall(field)]


def _below(node: Any, step: str | int) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item.start_mark.line, item
    return None
