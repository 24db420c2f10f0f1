"""Command-line flags by version: whether a program takes a word, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from components.facts.suggest import did_you_mean
from components.facts.versions import Range, Version, parse, range_of

Kind = Literal["value", "list", "optional", "switch", "toggle", "bool"]
Style = Literal["either", "separate"]

_NO_VALUE = ("switch", "toggle")
_NUMBER = re.compile(r"-\d")


@dataclass(frozen=True)
class Flag:
    """One flag. ``name`` has no dashes; ``span`` holds the versions that know it.

    kind: ``value`` one word follows, ``list`` one or more, ``optional`` none or one, ``switch`` none,
    ``toggle`` none and ``--no-<name>`` exists, ``bool`` Go's pflag (bare, or ``=true`` in the same word).
    """

    name: str
    kind: Kind = "value"
    aliases: tuple[str, ...] = ()
    span: Range = Range()
    deprecated: Version | None = None
    legacy: bool = False
    use: str | None = None
    note: str | None = None
    env: str | None = None
    default: Any = None
    error: str | None = None
    verified: bool = True

    @property
    def spellings(self) -> Iterator[str]:
        """Every word that names the flag, the long one first."""
        yield f"--{self.name}"
        yield from self.aliases
        if self.kind == "toggle":
            yield f"--no-{self.name}"

    @property
    def advice(self) -> str:
        """``; use X`` if the row names a replacement, and its note."""
        return (f"; use {self.use}" if self.use else "") + (f"; {self.note}" if self.note else "")


def flag_of(name: str, row: Mapping[str, Any]) -> Flag:
    """A Flag from a table row."""
    return Flag(
        name=name,
        kind=row.get("kind", "value"),
        aliases=tuple(row.get("aliases", ())),
        span=range_of(row.get("since"), row.get("until")),
        deprecated=parse(row["deprecated"]) if "deprecated" in row else None,
        legacy=row.get("legacy", False),
        use=row.get("use"),
        note=row.get("note"),
        env=row.get("env"),
        default=row.get("default"),
        error=row.get("error"),
        verified=row.get("verified", True),
    )


@dataclass(frozen=True)
class FlagTable:
    """All flags of one program.

    style ``separate``: flag and value must be two words (llama.cpp). dotted: ``--flag.key`` sets a key of a
    JSON flag (vLLM). inverse_since: from this version ``--disable-x`` is a spelling of ``--no-enable-x``
    (vLLM 0.33.0, utils/argparse_utils.py EnableDisableAction).
    """

    title: str
    flags: Mapping[str, Flag]
    style: Style = "either"
    dotted: bool = False
    shorthand: str | None = None
    inverse_since: Version | None = None
    newest: Version | None = None

    @cached_property
    def by_spelling(self) -> Mapping[str, Flag]:
        return {word: flag for flag in self.flags.values() for word in flag.spellings}

    def find(self, word: str, version: str | None = None) -> Flag | None:
        """The flag that ``word`` (with or without ``=value``) names, in whatever version; None if none."""
        head = self._head(word)
        found = self.by_spelling.get(head)
        if found is None and version and self.inverse_since and parse(version) >= self.inverse_since:
            found = self.by_spelling.get(_inverse(head))
        return found

    def problem(self, word: str, version: str) -> str | None:
        """Why this version would refuse ``word``, naming the version that added or removed it; else None.

        Words that are no flag (a positional, a negative number) are never a problem. A flag that no version
        here knows passes if ``version`` is newer than the table: it may be new.
        """
        if not word.startswith("-") or _NUMBER.match(word) or word in ("-", "--"):
            return None
        if self.shorthand and word.startswith(self.shorthand):
            return None
        flag = self.find(word, version)
        have = parse(version)
        if flag is None:
            if self.newest is not None and have > self.newest:
                return None
            head = self._head(word)
            return f"{self.title} {version} has no flag {head}{did_you_mean(head, self._current(have))}"
        return self._window(flag, have) or self._form(flag, word)

    def warning(self, word: str, version: str) -> str | None:
        """What to know about a flag that still works: deprecated, or gone from the newest documents."""
        flag = self.find(word, version)
        if flag is None or parse(version) not in flag.span:
            return None
        if flag.deprecated and parse(version) >= flag.deprecated:
            return f"--{flag.name} is deprecated since {self.title} {flag.deprecated}{flag.advice}"
        if flag.legacy:
            return f"--{flag.name} is not in the newest documents of {self.title}{flag.advice}"
        return None

    def argv_problems(self, argv: Sequence[str], version: str) -> list[str]:
        """``problem`` over a whole argument list, in which a value may be the word after its flag."""
        problems: list[str] = []
        position = 0
        while position < len(argv):
            word = argv[position]
            position += 1
            if found := self.problem(word, version):
                problems.append(found)
                continue
            flag = self.find(word, version) if word.startswith("-") else None
            if flag is None or "=" in word:
                continue
            taken = _words_taken(flag, argv[position:])
            if flag.kind in ("value", "list") and taken == 0:
                problems.append(f"{self.title}: --{flag.name} needs a value")
            if flag.kind == "bool" and argv[position : position + 1] in (["true"], ["false"]):
                problems.append(f"{self.title}: write --{flag.name}={argv[position]} as one word")
                taken = 1
            position += taken
        return problems

    def _head(self, word: str) -> str:
        head = word.partition("=")[0]
        if head.startswith("--"):
            base, dot, rest = head.partition(".")
            head = base.replace("_", "-") + ("" if self.dotted else dot + rest)
        return head

    def _current(self, version: Version) -> list[str]:
        return [word for word, flag in self.by_spelling.items() if version in flag.span]

    def _window(self, flag: Flag, have: Version) -> str | None:
        if flag.span.before(have):
            return f"--{flag.name} needs {self.title} {flag.span.since} or newer (this is {have})"
        if flag.span.after(have):
            gone = f"--{flag.name} was removed in {self.title} {flag.span.until}"
            return f"{gone} (this is {have}){flag.advice}"
        return f"{self.title} {have}: --{flag.name} {flag.error}{flag.advice}" if flag.error else None

    def _form(self, flag: Flag, word: str) -> str | None:
        if "=" not in word:
            return None
        if self.style == "separate" and flag.kind not in _NO_VALUE:
            head, _, value = word.partition("=")
            return f"{self.title} does not split {word!r}; write {head!r} and {value!r} as two words"
        if flag.kind in _NO_VALUE and "." not in word.partition("=")[0]:
            return f"{self.title}: --{flag.name} takes no value (got {word!r})"
        return None


def _inverse(head: str) -> str:
    for prefix, other in (("--disable-", "--enable-"), ("--enable-", "--disable-")):
        if head.startswith(prefix):
            return other + head.removeprefix(prefix)
    return head


def _words_taken(flag: Flag, rest: Sequence[str]) -> int:
    if not rest or flag.kind in (*_NO_VALUE, "bool"):
        return 0
    if flag.kind == "value":
        return 0 if rest[0].startswith("--") else 1
    values = 0
    for word in rest:
        if word.startswith("-") and not _NUMBER.match(word):
            break
        values += 1
    return min(values, 1) if flag.kind == "optional" else values
