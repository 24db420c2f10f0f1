"""Findings for people: where the inventory leads to it, what is wrong, what happens, what to do."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from scripts.check.engine import Report
from scripts.check.model import LEVELS, Finding

WIDTH = 110


def write(report: Report) -> str:
    """All findings, a blank line between them, and a line that counts them."""
    blocks = ["\n".join(_finding(one)) for one in report.findings]
    return "\n\n".join([*blocks, "\n".join(_summary(report))]) + "\n"


def _finding(one: Finding) -> Iterator[str]:
    yield f"{one.place}: {one.level}[{one.rule}]: {one.message}"
    yield from (f"    included from {step}" for step in reversed(one.chain))
    where = " ".join(part for part in (one.object, one.field) if part)
    if one.file and str(one.place) != one.file:
        yield f"    in {one.file}{f': {where}' if where else ''}"
    yield from _wrapped(one.why)
    yield from _wrapped(f"fix: {one.fix}")


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(
        sentence,
        WIDTH,
        initial_indent="    ",
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(report: Report) -> Iterator[str]:
    counts = [_count(report.count(level), level) for level in LEVELS if report.count(level)]
    checked = f"{_count(report.objects, 'object')} of {_count(report.targets, 'target')}"
    yield f"{', '.join(counts) or 'nothing found'} in {checked}"
    if report.waived:
        yield f"{_count(len(report.waived), 'finding')} waived"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
