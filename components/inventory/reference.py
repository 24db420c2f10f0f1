r"""The reference syntax of reclass-rs: `${a:b}`, nested `${a:${b}}`, escaped `\${a}`.

A port of reclass-rs `src/refs/parser.rs` (0.10), whose grammar has corners: a backslash escapes only before
`${`, `$[` and, inside a reference, `}`; blanks are part of a key; `${}` is an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

#: References inside references. reclass-rs has no limit and overflows its stack.
MAX_NESTING: Final = 32

#: What to do about a ReferenceSyntaxError.
SYNTAX_REMEDY: Final = "close it with `}`, or write `\\${` for the characters themselves"

_OPEN: Final = "${"
_QUERY: Final = "$["
_TEXT_IN_REFERENCE: Final = re.compile(r"[^\\${}]+")
_TEXT: Final = re.compile(r"[^${}\\]+")


@dataclass(frozen=True, slots=True)
class Ref:
    """One `${…}`: its parts (text and nested references) and its place in the text."""

    parts: tuple[Part, ...]
    start: int
    end: int

    @property
    def static_path(self) -> str | None:
        """The path when no nested reference decides it, without a default value; else None."""
        if len(self.parts) != 1 or not isinstance(self.parts[0], str):
            return None
        return self.parts[0].split("::", 1)[0]

    @property
    def has_default(self) -> bool:
        """Whether `${path::default}` gives a value for the case that the path does not exist."""
        return any(isinstance(part, str) and "::" in part for part in self.parts)


Part = str | Ref


class ReferenceSyntaxError(ValueError):
    """The text holds a `${` that is no reference. `offset` is the place in the text."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


def has_reference(text: str) -> bool:
    """Whether reclass-rs parses the text at all. Without `${` and `$[` it is taken as it stands."""
    return _OPEN in text or _QUERY in text


@lru_cache(maxsize=16384)
def parse(text: str) -> tuple[Part, ...]:
    """The parts of a text that `has_reference`. Raises ReferenceSyntaxError."""
    parts: list[Part] = []
    position = 0
    while position < len(text):
        if text.startswith(_OPEN, position):
            reference = _reference(text, position, 1)
            parts.append(reference)
            position = reference.end
        else:
            literal, position = _string(text, position)
            _append(parts, literal)
    return tuple(parts)


def references(parts: tuple[Part, ...]) -> tuple[Ref, ...]:
    """Every reference in the parts, nested ones before the one that holds them."""
    found: list[Ref] = []
    for part in parts:
        if isinstance(part, Ref):
            found.extend(references(part.parts))
            found.append(part)
    return tuple(found)


def _reference(text: str, start: int, level: int) -> Ref:
    if level > MAX_NESTING:
        raise ReferenceSyntaxError(f"more than {MAX_NESTING} references inside each other", start)
    parts: list[Part] = []
    position = start + len(_OPEN)
    while position < len(text):
        if text[position] == "}":
            if not parts:
                raise ReferenceSyntaxError("a reference without a name", start)
            return Ref(tuple(parts), start, position + 1)
        if text.startswith(_OPEN, position):
            nested = _reference(text, position, level + 1)
            position = nested.end
            _append(parts, nested)
        else:
            literal, position = _text_in_reference(text, position)
            _append(parts, literal)
    raise ReferenceSyntaxError("a reference that is not closed", start)


def _text_in_reference(text: str, position: int) -> tuple[str, int]:
    if text.startswith("\\\\", position) and text.startswith((_OPEN, "}"), position + 2):
        return "\\", position + 2
    for escaped in (_OPEN, "}", _QUERY):
        if text.startswith("\\" + escaped, position):
            return escaped, position + 1 + len(escaped)
    run = _TEXT_IN_REFERENCE.match(text, position)
    return (run.group(), run.end()) if run else (text[position], position + 1)


def _string(text: str, position: int) -> tuple[str, int]:
    """Text outside references, up to where a reference or an escape may start."""
    if text.startswith("\\\\", position) and text.startswith((_OPEN, "}"), position + 2):
        return "\\", position + 2
    for escaped in (_OPEN, _QUERY):
        if text.startswith("\\" + escaped, position):
            return escaped, position + 1 + len(escaped)
    start = position
    while position < len(text) and not text.startswith((_OPEN, "\\${", "\\\\${", "\\$["), position):
        run = _TEXT.match(text, position)
        position = run.end() if run else position + 1
    return text[start:position], position


def _append(parts: list[Part], part: Part) -> None:
    """Add a part; neighbouring texts become one."""
    if isinstance(part, str) and parts and isinstance(parts[-1], str):
        parts[-1] += part
    else:
        parts.append(part)
