"""The one place that writes YAML text.

The text must read the same for PyYAML, for Go's YAML 1.1 parsers (kubectl, Argo CD) and for YAML 1.2 parsers, so
a string is left plain only where none of them could take it for something else. No anchors, no folding, multi-line
strings as literal blocks, ``apiVersion``, ``kind``, ``metadata`` first and every other key where the builder put it.

Structure and ordinary strings are written here, four times faster than through PyYAML's node graph; libyaml writes
the strings that need escapes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import yaml

_FIRST = ("apiVersion", "kind", "metadata")
_PLAIN = re.compile(
    r"[A-Za-z/][A-Za-z0-9_./@+=,()-]*(:[A-Za-z0-9_./@+=,()-]+)*( [A-Za-z0-9_./@+=,()-]+)*"
    r"|--[a-z][a-z0-9-]*(=[A-Za-z0-9_./:@+-]*[A-Za-z0-9_./@+-])?"
    r"|[1-9][0-9]*(m|s|h|ms|Ki|Mi|Gi|Ti)"
)
_RESERVED = frozenset(["y", "yes", "n", "no", "on", "off", "true", "false", "null", "nan", "inf"])
"""Words that some YAML parser reads as a boolean, a null or a number, in any case."""
_SIMPLE = re.compile(r"[ -~]*")
"""Printable ASCII on one line: quotes without escapes are enough."""
_BLOCK = re.compile(r"(?:[!-~](?:[ -~]*[!-~])?)(?:\n(?:[ -~]*[!-~])?)*\n?")
"""Printable ASCII lines without trailing blanks, the first one not indented and not empty."""


def document(manifest: Mapping[str, Any]) -> str:
    """The YAML text of one object. Raises TypeError for values that are not plain JSON types."""
    ordered = {key: manifest[key] for key in _FIRST if key in manifest}
    ordered.update((key, value) for key, value in manifest.items() if key not in ordered)
    return dump(ordered)


def dump(data: Mapping[str, Any]) -> str:
    """YAML text of plain data (dicts, lists, strings, numbers, booleans, null), keys in their own order."""
    lines: list[str] = []
    _mapping(data, "", "", lines)
    lines.append("")
    return "\n".join(lines)


def _mapping(data: Mapping[str, Any], indent: str, first: str, lines: list[str]) -> None:
    """Entries of a mapping; ``first`` stands before the first line instead of ``indent`` (after ``- ``)."""
    if not data:
        lines.append(f"{first}{{}}")
        return
    for key, value in data.items():
        head = f"{first or indent}{_key(key)}:"
        first = ""
        if isinstance(value, str):
            _text(value, head, indent + "  ", lines)
        elif isinstance(value, Mapping) and value:
            lines.append(head)
            _mapping(value, indent + "  ", "", lines)
        elif isinstance(value, list) and value:
            lines.append(head)
            _sequence(value, indent, lines)
        else:
            lines.append(f"{head} {_scalar(value)}")


def _sequence(data: list[Any], indent: str, lines: list[str]) -> None:
    deeper = indent + "  "
    for value in data:
        if isinstance(value, str):
            _text(value, f"{indent}-", deeper, lines)
        elif isinstance(value, Mapping) and value:
            _mapping(value, deeper, f"{indent}- ", lines)
        elif isinstance(value, list) and value:
            nested: list[str] = []
            _sequence(value, deeper, nested)
            nested[0] = f"{indent}- {nested[0].lstrip()}"
            lines.extend(nested)
        else:
            lines.append(f"{indent}- {_scalar(value)}")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{type(key).__name__} has no place as a key: {key!r}")
    return _inline(key)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if type(value) is int:
        return str(value)
    if type(value) is float:
        return _float(value)
    if value == {} and isinstance(value, Mapping):
        return "{}"
    if value == [] and isinstance(value, list):
        return "[]"
    raise TypeError(f"{type(value).__name__} has no place in a manifest: {value!r}")


def _float(value: float) -> str:
    text = repr(value)
    if not text[-1].isdigit():
        raise TypeError(f"{text} has no place in a manifest")
    mantissa, mark, exponent = text.partition("e")
    # YAML 1.1 reads 1e+16 as a string: a float needs its dot.
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}{mark}{exponent}"


def _text(text: str, head: str, indent: str, lines: list[str]) -> None:
    if "\n" not in text or not _BLOCK.fullmatch(text) or text.endswith("\n\n"):
        lines.append(f"{head} {_inline(text)}")
        return
    body = text.removesuffix("\n")
    lines.append(f"{head} |" if text.endswith("\n") else f"{head} |-")
    lines.extend(f"{indent}{line}" if line else "" for line in body.split("\n"))


@lru_cache(maxsize=8192)
def _inline(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    if _SIMPLE.fullmatch(text):
        if '"' not in text and "\\" not in text:
            return f'"{text}"'
        doubled = text.replace("'", "''")
        return f"'{doubled}'"
    escaped: str = yaml.dump(
        text, Dumper=yaml.CSafeDumper, default_style='"', allow_unicode=True, width=2**30
    )
    return escaped.removesuffix("\n")
