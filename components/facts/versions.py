"""Versions as this field writes them: ``0.33.0``, ``v1.9.0``, ``1.31.0-rc.0``, ``0.8.5.post1``, ``b8123``.

One ordering for all of them, so that a table row can say ``since`` (first version with it) and
``until`` (first version without it) whatever the project's scheme is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, total_ordering

_RELEASE = (
    r"(?P<release>[0-9]{1,9}(?:\.[0-9]{1,9}){0,3})"
    r"(?:[-._]?(?P<stage>alpha|beta|preview|rc|a|b|c|dev|post)[-._]?(?P<number>[0-9]{0,9}))?"
    r"(?:[+-](?P<variant>[0-9A-Za-z][0-9A-Za-z.-]*))?"
)
_SEMVER = re.compile(f"v?{_RELEASE}")
_BUILD = re.compile(r"b([0-9]{1,9})")
_TAGGED_BUILD = re.compile(r"(?:^|-)b([0-9]{1,9})\Z")
WRITTEN = f"^({_BUILD.pattern}|{re.sub('[?]P<[a-z]+>', '', _RELEASE)})$"
"""What :func:`parse` reads, without a leading ``v``, in the regular expressions that JSON Schema has too."""
_STAGES = {"dev": -4, "a": -3, "alpha": -3, "preview": -3, "b": -2, "beta": -2, "c": -1, "rc": -1, "post": 1}


class VersionError(ValueError):
    """The text is not a version; the message says what would be."""


@total_ordering
@dataclass(frozen=True)
class Version:
    """A comparable version. ``release`` is padded to four numbers; ``stage`` is negative before a release."""

    text: str
    release: tuple[int, int, int, int]
    stage: tuple[int, int] = (0, 0)

    @property
    def key(self) -> tuple[tuple[int, int, int, int], tuple[int, int]]:
        return self.release, self.stage

    @property
    def minor(self) -> str:
        """``major.minor``, the unit that compatibility matrices speak of."""
        return f"{self.release[0]}.{self.release[1]}"

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, Version) else NotImplemented

    def __lt__(self, other: Version) -> bool:
        return self.key < other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=4096)
def parse(text: str) -> Version:
    """``text`` as a Version; a leading ``v`` and a build variant at the end (``+cu129``) do not count.

    Raises VersionError for floating names such as ``latest`` and for anything else without a number.
    """
    if build := _BUILD.fullmatch(text):
        return Version(text, (int(build.group(1)), 0, 0, 0))
    match = _SEMVER.fullmatch(text)
    if match is None:
        raise VersionError(f"{text!r} is not a version; write it like 0.33.0, 1.31.0-rc.0 or b8123")
    numbers = [int(part) for part in match["release"].split(".")]
    major, minor, patch, fourth = (*numbers, 0, 0, 0)[:4]
    stage = (_STAGES[match["stage"]], int(match["number"] or 0)) if match["stage"] else (0, 0)
    return Version(text.removeprefix("v"), (major, minor, patch, fourth), stage)


def parse_tag(tag: str) -> Version | None:
    """The version in an image tag (``0.32.15-rocm``, ``server-cuda-b8123``), None for a floating tag."""
    if build := _TAGGED_BUILD.search(tag):
        return parse(f"b{build.group(1)}")
    try:
        return parse(tag)
    except VersionError:
        return None


def same_minor(one: str, other: str) -> bool:
    """True if both are of one minor release (``1.8.1`` and ``1.8.3``)."""
    return parse(one).minor == parse(other).minor


@dataclass(frozen=True)
class Range:
    """``since <= version < until``; an absent end is open."""

    since: Version | None = None
    until: Version | None = None

    def __contains__(self, version: Version) -> bool:
        return not self.before(version) and not self.after(version)

    def before(self, version: Version) -> bool:
        """True if ``version`` is older than the range."""
        return self.since is not None and version < self.since

    def after(self, version: Version) -> bool:
        """True if ``version`` is past the end of the range."""
        return self.until is not None and version >= self.until

    def __str__(self) -> str:
        ends = [f">= {self.since}"] if self.since else []
        return ", ".join([*ends, f"< {self.until}"] if self.until else ends) or "any version"


@lru_cache(maxsize=4096)
def range_of(since: str | None, until: str | None) -> Range:
    """A Range from the texts of a table row. Raises VersionError if it is empty or malformed."""
    bounds = Range(parse(since) if since else None, parse(until) if until else None)
    if bounds.since and bounds.until and bounds.since >= bounds.until:
        raise VersionError(f"since {since} is not before until {until}")
    return bounds


def newest(texts: Iterable[str]) -> Version:
    """The newest of some version texts (at least one)."""
    return max(map(parse, texts))
