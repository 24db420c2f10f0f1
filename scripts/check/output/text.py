"""Findings for people: where the inventory leads to it, what is wrong, what happens, what to do."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from scripts.check.engine import Report
from scripts.check.model import LEVELS, Finding

WIDTH = 110


def write(report: Report, notes: bool = True) -> str:
    """All findings, a blank line between them, and a line that counts them. Notes can be left out."""
    told = [one for one in report.findings if notes or one.level != "note"]
    blocks = ["\n".join(_finding(one)) for one in told]
    return "\n\n".join([*blocks, "\n".join(_summary(report, notes))]) + "\n"


def _finding(one: Finding) -> Iterator[str]:
    yield f"{one.place}: {one.level}[{one.rule}]: {one.message}"
    yield from (f"    included from {step}" for step in reversed(one.chain))
    where = " ".join(part for part in (one.object, one.field) if part)
    if one.file and one.place.file != one.file:
        line = f":{one.line}" if one.line else ""
        yield f"    in {one.file}{line}{f': {where}' if where else ''}"
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


def _summary(report: Report, notes: bool) -> Iterator[str]:
    counts = [_count(report.count(level), level) for level in LEVELS if report.count(level)]
    checked = f"{_count(report.objects, 'object')} of {_count(report.targets, 'target')}"
    hidden = "" if notes or not report.count("note") else " (--notes shows the notes)"
    yield f"{', '.join(counts) or 'nothing found'} in {checked}{hidden}"
    if report.waived:
        yield f"{_count(len(report.waived), 'finding')} waived"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
