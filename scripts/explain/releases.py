"""Other releases of a version: what a builder writes from some version on is gone in an older one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.facts.versions import VersionError, parse

_RELEASE = re.compile(r"(?P<before>v?)(?P<major>[0-9]+)\.(?P<minor>[0-9]+)(?P<rest>.*)")
_BUILD = re.compile(r"b(?P<build>[0-9]+)")
FEW = 5
"""Below this minor there are not enough older ones of the same major."""


def releases(text: str) -> Iterator[str]:
    """Older and newer releases than a version, the most telling first; nothing for a text that is none."""
    try:
        parse(text)
    except VersionError:
        return
    if found := _BUILD.fullmatch(text):
        own = int(found["build"])
        yield from (f"b{build}" for build in _around(own, own // 2, own - 1000, own + 1000, own * 2))
    elif found := _RELEASE.fullmatch(text):
        before, rest = found["before"], found["rest"]
        major, minor = int(found["major"]), int(found["minor"])
        for number in _around(minor, minor - 2, minor - 3, minor - 5):
            yield f"{before}{major}.{number}{rest}"
        if minor < FEW and major:
            yield f"{before}{major - 1}.{minor}{rest}"
        yield f"{text}-x"
        yield f"{before}{major}.{minor + 3}{rest}"
        yield f"{before}{major + 1}.{minor}{rest}"


def _around(own: int, *others: int) -> Iterator[int]:
    """The number before, one that is far older, and others, where there are such."""
    yield from dict.fromkeys(number for number in (own - 1, own // 4, *others) if 0 <= number != own)
