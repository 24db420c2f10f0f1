"""Documents in the form that this project writes, read line by line.

A fleet of a thousand stacks has a million lines, of which fourteen thousand differ: each is understood once. Only
what every YAML parser reads alike is understood here, block style and scalars on one line; everything else is left
to `text.py`, as are all mistakes. A property test holds the two against each other.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from scripts.check.scalars import TEXT, Scalar, ScalarError, plain_tag, scalar

MAX_DEPTH: Final = 90
_MAX_LINE: Final = 1000
"""A key that ends further right is none to libyaml."""
_QUOTED = r"\"[^\"\\]*\"|'(?:[^']|'')*'"
_LINE = re.compile(
    r"(?P<indent> *)(?P<dashes>(?:- )*)"
    rf"(?:(?P<key>[A-Za-z0-9_/][A-Za-z0-9_./@-]*|{_QUOTED}):(?: |$))?"
    rf"(?P<value>{_QUOTED}|\{{\}}|\[\]|\|-?"
    r"|(?:[A-Za-z0-9_/.]|-(?=[A-Za-z0-9-]))(?:[A-Za-z0-9_./@+=,()-]|:(?=[^ ])| (?=[A-Za-z0-9_./@+=,()-]))*)?"
)
_SCALAR, _BELOW, _BLOCK, _STRIPPED, _MAP, _LIST = range(6)
_OPENERS = {"": _BELOW, "|": _BLOCK, "|-": _STRIPPED, "{}": _MAP, "[]": _LIST}


class _Line(NamedTuple):
    column: int
    """Where the first dash or the key stands."""
    dashes: int
    key: str | None
    value: Scalar
    simple: bool
    """An entry whose value is a scalar: most lines are."""
    kind: int


class _Odd(Exception):
    """The text is not in the form that is read here."""


_KNOWN: dict[str, _Line] = {}
_MAX_KNOWN: Final = 1 << 17


def read(text: str) -> dict[str, Any] | None:
    """The one document of ``text``; None where that is for a YAML parser to say."""
    if not (text.endswith("\n") and text.isascii() and text.replace("\n", "").isprintable()):
        return None
    lines = text.split("\n")
    lines.pop()
    try:
        return _Reader(lines).document()
    except _Odd:
        return None


class _Reader:
    """One pass over the lines. ``_columns`` and ``_open`` are the collections around the present line."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._next = 0
        self._columns: list[int] = [0]
        self._open: list[Any] = [{}]
        self._waiting: str | None = None
        """The key of the innermost mapping whose value begins on the next line."""

    def document(self) -> dict[str, Any]:
        known, lines, end = _KNOWN, self._lines, len(self._lines)
        found: dict[str, Any] = self._open[0]
        while self._next < end:
            text = lines[self._next]
            self._next += 1
            if not text:
                continue
            line = known.get(text) or _understood(text)
            inside = self._open[-1]
            if line[0] == self._columns[-1] and type(inside) is dict and line[4] and self._waiting is None:
                if line[2] in inside:
                    raise _Odd
                inside[line[2]] = line[3]
            else:
                self._take(line)
        if self._waiting is not None or not found:
            raise _Odd
        return found

    def _take(self, line: _Line) -> None:
        column, dashes, key, value, _, kind = line
        below = self._waiting is not None
        inside = self._descend(column, dashes) if below else self._ascend(column, dashes)
        for _ in range(dashes - 1):
            column += 2
            inside = self._enter(inside, column, [])
        if dashes and key is not None:
            column += 2
            inside = self._enter(inside, column, {})
        if kind == _BELOW:
            if key is None or key in inside:
                raise _Odd
            self._waiting = key
            inside[key] = None
            return
        if kind:
            value = self._collection(kind, column)
        if key is None:
            inside.append(value)
        elif key in inside:
            raise _Odd
        else:
            inside[key] = value

    def _descend(self, column: int, dashes: int) -> Any:
        """The collection that begins with this line: the value of the waiting key."""
        outer = self._columns[-1]
        if column < outer or (column == outer and not dashes) or len(self._columns) > MAX_DEPTH:
            raise _Odd
        below: Any = [] if dashes else {}
        self._open[-1][self._waiting] = below
        self._waiting = None
        self._columns.append(column)
        self._open.append(below)
        return below

    def _ascend(self, column: int, dashes: int) -> Any:
        """The collection that goes on with this line."""
        columns, opened = self._columns, self._open
        while columns[-1] > column:
            columns.pop()
            opened.pop()
        wanted = list if dashes else dict
        if type(opened[-1]) is not wanted and len(opened) > 1 and not dashes:
            columns.pop()  # a list stands at the column of its key
            opened.pop()
        if columns[-1] != column or type(opened[-1]) is not wanted:
            raise _Odd
        return opened[-1]

    def _enter(self, inside: list[Any], column: int, below: Any) -> Any:
        """A collection that begins behind a dash."""
        if len(self._columns) > MAX_DEPTH:
            raise _Odd
        inside.append(below)
        self._columns.append(column)
        self._open.append(below)
        return below

    def _collection(self, kind: int, column: int) -> Any:
        if kind == _MAP:
            return {}
        return [] if kind == _LIST else self._block(self._columns[-1], clip=kind == _BLOCK)

    def _block(self, parent: int, *, clip: bool) -> str:
        """A literal block inside a collection at the column ``parent``."""
        lines, start = self._lines, self._next
        first = lines[start] if start < len(lines) else ""
        indent = len(first) - len(first.lstrip(" "))
        if not first or indent <= parent or indent == len(first):
            raise _Odd
        pad = first[:indent]
        found = []
        for text in lines[start:]:
            if text.startswith(pad):
                found.append(text[indent:])
            elif not text:
                found.append("")
            else:
                break
        self._next = start + len(found)
        while not found[-1]:
            found.pop()
        return "\n".join(found) + ("\n" if clip else "")


def _understood(text: str) -> _Line:
    """The parts of a line, remembered. Raises _Odd."""
    match = _LINE.fullmatch(text)
    if match is None or len(text) > _MAX_LINE:
        raise _Odd
    indent, dashes, key, value = match.group("indent", "dashes", "key", "value")
    kind = _OPENERS.get(value or "", _SCALAR)
    if key is None and (kind == _BELOW or not dashes):
        raise _Odd
    try:
        name = None if key is None else _key(key)
        simple = name is not None and not dashes and kind == _SCALAR
        data = _value(value) if kind == _SCALAR else None
        line = _Line(len(indent), len(dashes) // 2, name, data, simple, kind)
    except ScalarError:
        raise _Odd from None
    if len(_KNOWN) >= _MAX_KNOWN:
        _KNOWN.clear()
    _KNOWN[text] = line
    return line


def _key(text: str) -> str:
    if text[0] in "\"'":
        return _unquoted(text)
    if plain_tag(text) != TEXT:
        raise _Odd
    return text


def _value(text: str) -> Scalar:
    return _unquoted(text) if text[0] in "\"'" else scalar(plain_tag(text), text)


def _unquoted(text: str) -> str:
    inner = text[1:-1]
    return inner.replace("''", "'") if text[0] == "'" else inner
