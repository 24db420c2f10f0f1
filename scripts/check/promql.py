"""As much PromQL as is needed to know what a query asks for: series, labels, windows, and whether it is whole."""

from __future__ import annotations

import re
from functools import lru_cache

_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)")
_NAME = re.compile(r"(?<![0-9a-zA-Z_:.$])([a-zA-Z_:][a-zA-Z0-9_:]*)(?!\s*\(|[a-zA-Z0-9_:])")
_CLUSTER = re.compile(r"\bcluster\s*=\s*\"([^\"]*)\"")
_WINDOW = re.compile(r"\[([0-9]+)(ms|s|m|h|d|w)\]")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_WORDS = frozenset(
    "and or unless bool offset by without on ignoring group_left group_right inf nan start end atan2".split()
)
_PAIRS = {")": "(", "]": "[", "}": "{"}


@lru_cache(maxsize=4096)
def metrics(query: str) -> frozenset[str]:
    """Names of the series that a query asks for by name."""
    bare = re.sub(r"\{[^{}]*\}|\[[^\[\]]*\]", " ", _STRING.sub('""', query))
    found = _NAME.findall(_GROUPING.sub(" ", bare))
    return frozenset(name for name in found if name.lower() not in _WORDS)


@lru_cache(maxsize=4096)
def words(query: str) -> frozenset[str]:
    """Every word outside and inside of texts: the labels that a query groups by, matches or sets are among them."""
    return frozenset(re.findall(r"[a-zA-Z_][a-zA-Z0-9_]*", query))


def clusters(query: str) -> list[str]:
    """The clusters that a query's series are of, by ``cluster="…"``."""
    return _CLUSTER.findall(query)


def windows(query: str) -> list[float]:
    """The ranges that a query looks back over, in seconds."""
    return [int(number) * _SECONDS[unit] for number, unit in _WINDOW.findall(_STRING.sub('""', query))]


def flaw(query: str) -> str | None:
    """Why a query cannot be parsed, as far as brackets, quotes and what a query must end with tell."""
    bare = _STRING.sub('""', query)
    if bare.replace('""', "").count('"') or bare.replace('""', "").count("`"):
        return "a text is not closed"
    opened: list[str] = []
    for sign in bare:
        if sign in "([{":
            opened.append(sign)
        elif sign in _PAIRS and (not opened or opened.pop() != _PAIRS[sign]):
            return f"{sign} closes nothing"
    if opened:
        return f"{opened[-1]} is not closed"
    if not bare.strip():
        return "it is empty"
    return "it ends in the middle" if re.search(r"(?:[-+*/%^<>=!,]|\b(?:and|or|unless))\s*$", bare) else None
