"""What is wrong, where, and what to do: the one form in which this package reports.

>>> print(Problem("inventory/classes/models/x.yml", 12, 5, "unknown key `clases`", "did you mean `classes`?"))
inventory/classes/models/x.yml:12:5: unknown key `clases`. did you mean `classes`?
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Level = Literal["error", "warning"]

#: A text longer than this is cut in a message, so that one bad value cannot fill the terminal.
MAX_QUOTED = 80
#: Among more names than these no near one is looked for: it takes long, and the list is no vocabulary.
MAX_CANDIDATES = 2000


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake of a user.

    `line` and `column` count from 1; 0 means the file as a whole. `chain` holds the steps that led to the
    file, outermost first, each as `file:line:column`. `rule` names the kind of mistake, for filters.
    """

    file: str
    line: int
    column: int
    message: str
    remedy: str
    rule: str = ""
    chain: tuple[str, ...] = ()
    level: Level = "error"

    @property
    def place(self) -> str:
        """`file:line:column`, without the parts that are not known."""
        numbers = [str(number) for number in (self.line, self.column) if number]
        return ":".join([self.file, *numbers])

    def __str__(self) -> str:
        remedy = f". {self.remedy}" if self.remedy else ""
        return f"{self.place}: {self.message}{remedy}"


def suggest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that the writer of `word` most likely meant, or None when nothing is near."""
    return _nearest(word, tuple(sorted(set(candidates))))


@lru_cache(maxsize=4096)
def _nearest(word: str, known: tuple[str, ...]) -> str | None:
    folded = {name.casefold(): name for name in known}
    if word.casefold() in folded:
        return folded[word.casefold()]
    if len(known) > MAX_CANDIDATES or len(word) > MAX_QUOTED:
        return None
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return near[0] if near else None


def did_you_mean(word: str, candidates: Iterable[str], otherwise: str) -> str:
    """A remedy: the nearest candidate, else `otherwise`."""
    near = suggest(word, candidates)
    return f"did you mean `{near}`?" if near is not None else otherwise


def quoted(text: object) -> str:
    """`text` in backquotes for a message: one line, printable, cut at 80 characters."""
    plain = str(text)
    cut = plain if len(plain) <= MAX_QUOTED else plain[: MAX_QUOTED - 1] + "…"
    shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in cut)
    return f"`{shown}`"


def sort_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Each problem once: errors before warnings, then by place and message."""
    return sorted(
        set(problems),
        key=lambda problem: (
            problem.level != "error",
            problem.file,
            problem.line,
            problem.column,
            problem.rule,
            problem.message,
            problem.chain,
        ),
    )


def render_problems(problems: Iterable[Problem]) -> str:
    """All problems for a terminal: one line each, the class chain below it, a count at the end."""
    ordered = sort_problems(problems)
    lines: list[str] = []
    for problem in ordered:
        mark = "" if problem.level == "error" else "warning: "
        lines.append(f"{mark}{problem}")
        lines.extend(f"    included from {step}" for step in reversed(problem.chain))
    errors = sum(problem.level == "error" for problem in ordered)
    counts = [_count(errors, "error"), _count(len(ordered) - errors, "warning")]
    told = ", ".join(count for count in counts if count)
    return "\n".join([*lines, told]) if told else ""


def _count(number: int, noun: str) -> str:
    if not number:
        return ""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
