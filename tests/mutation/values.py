"""Plausible wrong values: what a slip of the hand, a bad copy or a bad merge makes of a value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Change = tuple[str, Any]
"""(what was done, new value)"""

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_UNIT = re.compile(r"(\d+)(ms|s|m|h|d|Ki|Mi|Gi|Ti|k|M|G|T|K|%)")
_IMAGE = re.compile(
    r"(?P<name>[\w.\-]+(:\d+)?/[\w.\-/]+):(?P<tag>v?[\w.\-]+)(?P<digest>@sha256:[0-9a-f]{64})?"
)
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
_FLAG = re.compile(r"(?P<name>--?[A-Za-z][\w.\-]*)(=(?P<value>.*))?", re.DOTALL)
HUGE = 1000


def misspelt(text: str) -> str:
    """Two letters of the middle swapped; where that gives the same word, one letter more."""
    letters = [index for index, char in enumerate(text) if char.isalnum()]
    middle = len(letters) // 2
    for step in range(len(letters)):
        at = letters[(middle + step) % len(letters)]
        if at + 1 < len(text) and text[at + 1].isalnum() and text[at] != text[at + 1]:
            return f"{text[:at]}{text[at + 1]}{text[at]}{text[at + 2 :]}"
    return f"{text}x"


def others(value: Any) -> Iterator[Change]:
    """Wrong values in place of one, without those that need to know what else there is."""
    for change, new in _others(value):
        if type(new) is not type(value) or new != value:
            yield change, new


def _others(value: Any) -> Iterator[Change]:
    if isinstance(value, bool):
        yield "negated", not value
    elif isinstance(value, int | float):
        yield from _numbers(value)
    elif isinstance(value, str):
        yield from _texts(value)


def _numbers(value: float) -> Iterator[Change]:
    yield "one more", value + 1
    if value > 1:
        yield "one less", value - 1
    if value != 0:
        yield "zero", 0
    yield "huge", (value or 1) * HUGE
    yield "negative", -(value or 1)
    yield "text", f"{value}x"


def _texts(value: str) -> Iterator[Change]:
    flag, image, unit = _FLAG.fullmatch(value), _IMAGE.fullmatch(value), _UNIT.fullmatch(value)
    if flag:
        yield from _flags(flag)
    elif image:
        yield from _images(image)
    elif unit:
        number, suffix = int(unit.group(1)), unit.group(2)
        yield "one more", f"{number + 1}{suffix}"
        yield "zero", f"0{suffix}"
        yield "huge", f"{number * HUGE}{suffix}"
        yield "unit lost", str(number)
        yield "misspelt", f"{number}{suffix}x"
    elif _NUMBER.fullmatch(value):
        for change, new in _numbers(float(value) if "." in value else int(value)):
            yield change, str(new)
    elif value in ("true", "false"):
        yield "negated", "false" if value == "true" else "true"
        yield "misspelt", f"{value}x"
    else:
        yield from _words(value)


def _words(value: str) -> Iterator[Change]:
    version = _VERSION.search(value)
    if version:
        start, end = version.span(2)
        yield "version lower", f"{value[:start]}{max(int(version.group(2)) - 1, 0)}{value[end:]}"
        yield "version higher", f"{value[:start]}{int(version.group(2)) + 10}{value[end:]}"
    if any(char.isalnum() for char in value):
        yield "misspelt", misspelt(value)
    if value:
        yield "emptied", ""
        yield "longer", f"{value}-2"
    if value != value.lower():
        yield "case lost", value.lower()


def _images(image: re.Match[str]) -> Iterator[Change]:
    name, tag, digest = image.group("name"), image.group("tag"), image.group("digest") or ""
    yield "tag floats", f"{name}:latest"
    yield "tag lost", name
    yield "name misspelt", f"{misspelt(name)}:{tag}{digest}"
    if digest:
        yield "digest lost", f"{name}:{tag}"
        yield "digest cut", f"{name}:{tag}{digest[:-1]}"
    for change, new in _words(tag):
        if change.startswith("version"):
            yield change, f"{name}:{new}{digest}"


def _flags(flag: re.Match[str]) -> Iterator[Change]:
    name, value = flag.group("name"), flag.group("value")
    yield "flag misspelt", f"{misspelt(name)}{'' if value is None else f'={value}'}"
    if value is None:
        return
    yield "value lost", name
    for change, new in others(value):
        yield f"value {change}", f"{name}={new}"
