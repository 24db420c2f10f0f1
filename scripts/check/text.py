"""From the text of one file to its one document, strictly: what Argo CD would refuse or read in another way
is an error with its line, never an exception of the parser.

What is written in the form of this project is read by `lines.py`, at a third of the time; for everything else libyaml
composes the nodes, and this module turns them into plain data, strictly: PyYAML's own classes take the last of two
equal keys in silence.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml._yaml import CParser

from scripts.check import lines
from scripts.check.scalars import TAG, TEXT, Scalar, ScalarError, plain_tag, scalar

MAX_CHARACTERS = 3 * 1024 * 1024
"""etcd refuses requests over 1.5 MiB; text that is twice that long cannot be one object."""
MAX_DEPTH = 100
"""Kubernetes schemas nest about thirty levels deep."""

_MAP, _SEQUENCE = f"{TAG}map", f"{TAG}seq"
_ANCHOR = re.compile(r"(?:^|[\s\[{,])&\S", re.MULTILINE)
_SAFE_DEPTH = 1000


class _Composer(CParser):
    """libyaml's composer with a resolver that remembers: a quarter of the time of PyYAML's goes into its own."""

    def resolve(self, kind: type, text: Any, implicit: Any) -> str:
        """The tag of a node that has none."""
        if kind is yaml.ScalarNode:
            return plain_tag(text) if implicit[0] else TEXT
        return _SEQUENCE if kind is yaml.SequenceNode else _MAP

    def descend_resolver(self, parent: Any, index: Any) -> None:
        """No tag depends on where a node stands."""

    def ascend_resolver(self) -> None:
        """No tag depends on where a node stands."""


class TextError(Exception):
    """The text is no document that can be applied."""

    def __init__(self, message: str, line: int = 0) -> None:
        """``line`` counts from 1; 0 is the file as a whole."""
        super().__init__(message)
        self.line = line


def document(text: str) -> dict[str, Any]:
    """The one document of ``text``. Raises TextError."""
    if len(text) <= MAX_CHARACTERS and (written := lines.read(text)) is not None:
        return written
    value = _value(compose(text), 0)
    if not isinstance(value, dict):
        what = "nothing" if value is None else f"a {type(value).__name__}"
        raise TextError(f"it holds {what}, not one object", 1)
    return value


def compose(text: str) -> yaml.Node | None:
    """The nodes of the one document of ``text``, None when it is empty. Raises TextError, for nesting too that would
    end the process."""
    if len(text) > MAX_CHARACTERS:
        raise TextError(f"{len(text):,} characters: no API server accepts an object of that size")
    if ("&" in text and _ANCHOR.search(text)) or _may_be_deep(text):
        _look_at_events(text)
    try:
        node: yaml.Node | None = _Composer(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        raise TextError(_said(error), error.problem_mark.line + 1 if error.problem_mark else 0) from None
    except yaml.YAMLError as error:
        raise TextError(str(error).splitlines()[0]) from None
    except UnicodeError as error:
        raise TextError(
            f"no text: {error.reason if isinstance(error, UnicodeEncodeError) else error}"
        ) from None
    return node


def _said(error: yaml.MarkedYAMLError) -> str:
    if error.problem == "but found another document":
        return "it holds more than one document"
    parts = [part for part in (error.context, error.problem) if part]
    return f"no YAML: {', '.join(parts)}"


def _may_be_deep(text: str) -> bool:
    """Whether the text could nest deeper than the composer's stack holds: it is C, and dies without an
    exception. Each level takes a bracket, or a column of the longest line."""
    brackets = text.count("[") + text.count("{")
    return brackets > _SAFE_DEPTH or max(map(len, text.split("\n"))) > _SAFE_DEPTH


def _look_at_events(text: str) -> None:
    """Raises TextError for anchors and for deep nesting. Events are parsed without recursion."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            line = event.start_mark.line + 1 if event.start_mark else 0
            if isinstance(event, yaml.NodeEvent) and event.anchor:
                raise TextError(f"the anchor {event.anchor}: write the value out", line)
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH:
                raise TextError(f"nested more than {MAX_DEPTH} levels deep", line)
    except yaml.YAMLError:
        return  # the caller meets it again


def _value(node: Any, depth: int) -> Any:
    kind = type(node)
    if kind is yaml.ScalarNode:
        return node.value if node.tag == TEXT else _scalar(node)
    if node is None:
        return None
    if depth > MAX_DEPTH:
        raise TextError(f"nested more than {MAX_DEPTH} levels deep", _line(node))
    depth += 1
    if kind is yaml.SequenceNode:
        if node.tag != _SEQUENCE:
            raise TextError(f"the tag {node.tag}: write plain YAML", _line(node))
        return [_value(item, depth) for item in node.value]
    if node.tag != _MAP:
        raise TextError(f"the tag {node.tag}: write plain YAML", _line(node))
    found: dict[str, Any] = {}
    for key, item in node.value:
        if key.tag != TEXT:
            raise TextError(f"the key {_shown(key)} is not text: quote it", _line(key))
        name = key.value
        if name in found:
            raise TextError(f"the key {name!r} is there twice", _line(key))
        found[name] = _value(item, depth)
    return found


def _scalar(node: yaml.ScalarNode) -> Scalar:
    try:
        return scalar(node.tag, node.value)
    except ScalarError as error:
        raise TextError(str(error), _line(node)) from None


def _line(node: yaml.Node) -> int:
    line: int = node.start_mark.line
    return line + 1


def _shown(node: yaml.Node) -> str:
    return repr(node.value) if isinstance(node, yaml.ScalarNode) else "of several parts"
