"""A review for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scripts.review import show
from scripts.review.change import Change
from scripts.review.grouping import Group, documents, groups, idle
from scripts.table import aligned
from scripts.terminal import harmless

WIDTH = 110
_MARKS = {"routine": " ", "look": "?", "dangerous": "!"}
MAX_ROWS, MAX_GROUPS, MAX_SENTENCES = 12, 40, 60
_SIGNS = {"added": "+", "removed": "-", "renamed": "=", "changed": "~"}


def write(change: Change) -> str:
    """The text."""
    return harmless("\n".join(_lines(change)) + "\n")


def _lines(change: Change) -> Iterator[str]:
    yield f"{change.base} → {change.head}: {change.verdict.words}"
    yield show.summary(change)
    for note in change.notes:
        yield f"note: {note}"
    if change.consequences:
        yield ""
        yield "What follows"
        for one in change.consequences[:MAX_SENTENCES]:
            yield from _wrapped(f"{_MARKS[one.severity]} ", one.sentence)
            if one.remedy:
                yield from _wrapped("    ", one.remedy)
        yield from _more(len(change.consequences), MAX_SENTENCES)
    found = groups(change)
    if found:
        yield ""
        yield "Why, and what changes"
        for group in found[:MAX_GROUPS]:
            yield from _group(group)
        yield from _more(len(found), MAX_GROUPS)
    if files := documents(change):
        yield f"  {show.unsynced(files)}: {show.files(files)}"
    if lost := idle(change):
        yield ""
        yield "Edits that change nothing of what Argo CD syncs"
        yield from (f"  {show.place(one)}  {show.cause(one)}" for one in lost[:MAX_ROWS])
        yield from _more(len(lost), MAX_ROWS)
    if change.ledger:
        yield ""
        yield from _ledger(change)


def _group(group: Group) -> Iterator[str]:
    for one in group.causes:
        yield (
            f"  {show.place(one)}  {show.cause(one)}".rstrip() if show.place(one) else f"  {show.cause(one)}"
        )
    yield f"    {show.reach(group)}"
    for row in group.rows[:MAX_ROWS]:
        values = f": {' → '.join(show.pair(row.old, row.new, 50))}" if row.field else ""
        times = f" ({row.count} times{', values differ' if row.differs else ''})" if row.count > 1 else ""
        where = show.targets(row.targets, 3)
        yield f"    {_SIGNS[row.status]} {show.row(row)}{values}{times if row.field else ''}  [{where}]"
    yield from _more(len(group.rows), MAX_ROWS, "    ")


def _more(count: int, limit: int, indent: str = "  ") -> Iterator[str]:
    if count > limit:
        yield f"{indent}… and {count - limit} more; --format json has all"


def _wrapped(mark: str, sentence: str) -> Iterator[str]:
    import textwrap

    indent = " " * len(mark)
    yield from textwrap.wrap(
        sentence,
        WIDTH,
        initial_indent=mark,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _ledger(change: Change) -> Iterator[str]:
    head = ("pool", "has", "before", "after", "rollout", "peak", "free")
    rows: list[Sequence[str]] = [head, *(show.level(one) for one in change.ledger)]
    yield from aligned(rows, range(1, len(head))).splitlines()
