"""Slips in PromQL: names, matchers, ranges, thresholds, comparisons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tests.mutation import values

_METRIC = re.compile(r"[a-zA-Z_:][\w:]*(?=\s*[{\[)]|\s*$)")
_MATCHER = re.compile(r"(?P<label>\w+)(?P<operator>=~|!~|!=|=)\"(?P<value>[^\"]*)\"")
_RANGE = re.compile(r"\[(?P<range>\w+)\]")
_COMPARISON = re.compile(r" (?P<sign>>=|<=|==|>|<) ")
_NUMBER = re.compile(r"(?<![\w.\[\"])\d+(\.\d+)?(?![\w.\]\"])")
_GROUPING = re.compile(r"\b(by|on|without|ignoring)\s*\((?P<labels>[\w, ]+)\)")
_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "!="}


class Slip(NamedTuple):
    """A change of an expression."""

    change: str
    start: int
    """Where in the expression, in characters."""
    old: str
    new: str
    text: str
    """The whole expression after it."""


def mutations(text: str) -> Iterator[Slip]:
    """Every slip in an expression."""
    yield from _names(text)
    for match in _RANGE.finditer(text):
        yield from _others("range", text, match, "range")
    for match in _NUMBER.finditer(text):
        yield from _others("number", text, match, 0)
    for match in _COMPARISON.finditer(text):
        yield _swapped("comparison flipped", text, match, "sign", _FLIPPED[match.group("sign")])
    yield Slip("end lost", 0, text, text[:-1], text[:-1])


def _names(text: str) -> Iterator[Slip]:
    for match in _METRIC.finditer(text):
        yield _swapped("metric misspelt", text, match, 0, values.misspelt(match.group()))
    for match in _MATCHER.finditer(text):
        yield _swapped("label misspelt", text, match, "label", values.misspelt(match.group("label")))
        yield _swapped("matched value misspelt", text, match, "value", values.misspelt(match.group("value")))
    for match in _GROUPING.finditer(text):
        first, comma, rest = match.group("labels").partition(",")
        new = f"{values.misspelt(first)}{comma}{rest}"
        yield _swapped("grouping misspelt", text, match, "labels", new)


def _others(what: str, text: str, match: re.Match[str], group: str | int) -> Iterator[Slip]:
    for change, new in values.others(match.group(group)):
        yield _swapped(f"{what} {change}", text, match, group, str(new))


def _swapped(change: str, text: str, match: re.Match[str], group: str | int, new: str) -> Slip:
    start, end = match.span(group)
    return Slip(change, start, match.group(group), new, f"{text[:start]}{new}{text[end:]}")
