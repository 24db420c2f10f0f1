"""From YAML text to a tree of `node.Node`, with everything wrong in it as `Problem`s.

Refused, because they hide where a fact comes from or because reclass-rs fails on them: anchors, aliases,
tags, merge keys, directives, duplicate keys, keys that are no text, several documents, more than `MAX_DEPTH`
levels. Never raises on any text.
"""

from __future__ import annotations

from typing import Final

import yaml
from yaml import events

from components.inventory.node import Entry, MappingNode, Node, ScalarNode, SequenceNode
from components.inventory.problem import Problem, quoted
from components.inventory.scalar import resolve
from components.inventory.syntax import syntax_problem

#: reclass-rs stops at 128 levels with a message that names no line; nobody needs half of it.
MAX_DEPTH: Final = 64
#: Scalars, lists and mappings of one file.
MAX_NODES: Final = 100_000

#: Before a key: override instead of merge, and constant.
OPERATORS: Final = ("~", "=")
#: The first character after the operator when there is no name.
_NO_NAME: Final = ("", *OPERATORS)
#: Line and column, counted from 1.
_Place = tuple[int, int]


class _TooMuch(Exception):
    """The document is deeper or larger than any real one."""

    def __init__(self, place: _Place, message: str, rule: str) -> None:
        super().__init__(message)
        self.place = place
        self.message = message
        self.rule = rule


def compose(text: str, file: str) -> tuple[Node | None, tuple[Problem, ...]]:
    """The tree of the only document in `text`, and what is wrong with it.

    The tree is None for an empty document and for one that cannot be read.
    """
    composer = _Composer(file)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            composer.take(event)
    except yaml.YAMLError as error:
        return None, (*composer.problems, syntax_problem(error, text, file))
    except _TooMuch as error:
        problem = Problem(file, *error.place, error.message, "split the file or flatten the data", error.rule)
        return None, (*composer.problems, problem)
    return composer.root, tuple(composer.problems)


class _Frame:
    """A list or mapping whose end has not been seen."""

    __slots__ = ("entries", "items", "key", "start")

    def __init__(self, start: events.CollectionStartEvent) -> None:
        self.start = start
        self.items: list[Node] = []
        self.entries: dict[str, Entry] = {}
        self.key: Node | None = None


class _Composer:
    """Takes the events of a stream one by one; `root` and `problems` are the result."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._frames: list[_Frame] = []
        self._documents = 0
        self._nodes = 0

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, events.ScalarEvent):
            self._refuse_properties(event)
            self._add(_scalar(event))
        elif isinstance(event, events.CollectionStartEvent):
            self._refuse_properties(event)
            self._frames.append(_Frame(event))
            if len(self._frames) > MAX_DEPTH:
                raise _TooMuch(_start(event), f"more than {MAX_DEPTH} levels deep", "yaml-depth")
        elif isinstance(event, events.CollectionEndEvent):
            self._add(_collection(self._frames.pop(), event))
        elif isinstance(event, events.AliasEvent):
            message = f"alias `*{event.anchor}`: it hides where a value comes from"
            self._problem(_start(event), message, "write the value, or reference it: ${…}", "yaml-anchor")
            self._add(_position_only(event))
        elif isinstance(event, events.DocumentStartEvent):
            self._document(event)

    def _document(self, event: events.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents == 2:
            self._problem(_start(event), "a second document", "keep one document in a file", "yaml-documents")
        if event.version or event.tags:
            self._problem(_start(event), "a `%` directive", "remove it: files are YAML 1.2", "yaml-directive")

    def _refuse_properties(self, event: events.ScalarEvent | events.CollectionStartEvent) -> None:
        if event.anchor is not None:
            message = f"anchor `&{event.anchor}`: it hides where a value comes from"
            self._problem(_start(event), message, "remove it; share values through a class", "yaml-anchor")
        if event.tag is not None:
            message = f"tag {quoted(event.tag)}: the inventory holds plain data"
            self._problem(_start(event), message, "remove the tag; quote the value if it is text", "yaml-tag")

    def _add(self, node: Node) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _TooMuch((node.line, node.column), f"more than {MAX_NODES} values in one file", "yaml-size")
        if not self._frames:
            self.root = node if self._documents == 1 else self.root
            return
        frame = self._frames[-1]
        if isinstance(frame.start, events.SequenceStartEvent):
            frame.items.append(node)
        elif frame.key is None:
            frame.key = node
        else:
            self._add_entry(frame, frame.key, node)
            frame.key = None

    def _add_entry(self, frame: _Frame, key: Node, node: Node) -> None:
        if not isinstance(key, ScalarNode):
            message = "a list as a key" if isinstance(key, SequenceNode) else "a mapping as a key"
            self._problem((key.line, key.column), message, "quote it if text was meant", "key-type")
            return
        entry = _entry(key, node)
        fault = _key_fault(key, entry, frame.entries.get(entry.key))
        if fault:
            self._problem((key.line, key.column), *fault)
        frame.entries[entry.key] = entry

    def _problem(self, place: _Place, message: str, remedy: str, rule: str) -> None:
        self.problems.append(Problem(self.file, *place, message, remedy, rule))


def _start(event: yaml.Event) -> _Place:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


def _last_line(event: yaml.Event) -> int:
    """The last line that holds a character of the event."""
    mark = event.end_mark
    return mark.line + (mark.column > 0) if mark else 0


def _key_fault(key: ScalarNode, entry: Entry, earlier: Entry | None) -> tuple[str, str, str] | None:
    """Message, remedy and rule when reclass-rs refuses the key, or reads it as nobody would expect."""
    if isinstance(key.value, str) and earlier is None and entry.key[:1] not in _NO_NAME and key.text != "<<":
        return None
    shown = quoted(key.text)
    if key.text == "<<" and key.plain:
        hint = "write the keys here, or share them through a class"
        return "merge key `<<`: it hides where a value comes from", hint, "yaml-merge-key"
    if not isinstance(key.value, str):
        return f"key {shown} is not text", f'quote it: "{key.text}"', "key-type"
    if not entry.key or entry.key[0] in OPERATORS:
        return f"key {shown} has no name after its operator", "name the key", "key-name"
    if earlier is not None:
        message = f"duplicate key {shown}, set before in line {earlier.line}"
        return message, "remove one of the two", "duplicate-key"
    return None


def _entry(key: ScalarNode, node: Node) -> Entry:
    operator = key.text[0] if isinstance(key.value, str) and key.text[:1] in OPERATORS else ""
    return Entry(key.text[len(operator) :], operator, key.text, key.plain, key.line, key.column, node)


def _scalar(event: events.ScalarEvent) -> ScalarNode:
    line, column = _start(event)
    plain = not event.style
    return ScalarNode(
        value=resolve(event.value) if plain else event.value,
        text=event.value,
        plain=plain,
        block=event.style in ("|", ">"),
        line=line,
        column=column,
        end_line=max(line, _last_line(event)),
    )


def _position_only(event: events.AliasEvent) -> ScalarNode:
    line, column = _start(event)
    return ScalarNode(None, "", True, False, line, column, line)


def _collection(frame: _Frame, end: events.CollectionEndEvent) -> Node:
    line, column = _start(frame.start)
    flow = bool(frame.start.flow_style)
    below = [entry.node for entry in frame.entries.values()] or frame.items
    # A block ends where the next token starts, so its last line is that of its last value.
    last = _last_line(end) if flow or not below else below[-1].end_line
    if isinstance(frame.start, events.SequenceStartEvent):
        return SequenceNode(tuple(frame.items), flow, line, column, last)
    return MappingNode(frame.entries, flow, line, column, last)
