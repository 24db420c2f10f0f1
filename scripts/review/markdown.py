"""A review as a comment on a pull request: Markdown of at most 65,536 characters, whatever the size of the change.

Each section is written in as much detail as there is room for; the largest one is shortened first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from scripts.review import show
from scripts.review.change import Cause, Change, Consequence
from scripts.review.escape import code, destination, text
from scripts.review.grouping import Group, documents, groups, idle

MARKER: Final = "<!-- inferstack-review -->"
"""By this line CI finds its own comment again."""
LIMIT: Final = 65_536
"""Characters that GitHub takes in a comment."""
_ROOM: Final = LIMIT - 512
_ALERTS = {"routine": "NOTE", "look": "WARNING", "dangerous": "CAUTION"}
_LEVELS: Final = (10_000, 200, 60, 20, 8, 3, 1)
"""Entries of a section, from all to hardly any."""

Section = Callable[[Change, int, str], str]
"""From the change, the number of entries and the address of the page to text."""


def write(change: Change, page_url: str = "") -> str:
    """The comment; ``page_url`` is where the whole page can be read."""
    sections: tuple[Section, ...] = (_head, _consequences, _changes, _ledger, _idle)
    detail = [0] * len(sections)
    parts = [section(change, _LEVELS[0], page_url) for section in sections]
    while sum(map(len, parts)) > _ROOM:
        largest = max(range(len(parts)), key=lambda index: (len(parts[index]), index))
        if detail[largest] + 1 == len(_LEVELS):
            break
        detail[largest] += 1
        parts[largest] = sections[largest](change, _LEVELS[detail[largest]], page_url)
    whole = "\n".join(part for part in parts if part)
    return whole if len(whole) <= LIMIT else _cut(whole, page_url)


def _cut(whole: str, page_url: str) -> str:
    """The last resort: whole lines, as many as there is room for."""
    kept: list[str] = []
    room = _ROOM - 200
    for line in whole.splitlines():
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return "\n".join([*kept, "", f"_Shortened.{_link(page_url)}_", ""])


def _link(page_url: str) -> str:
    return (
        f" [The page]({destination(page_url)}) has all." if page_url else " The page that CI keeps has all."
    )


def _more(count: int, limit: int, page_url: str, noun: str) -> Iterator[str]:
    if count > limit:
        yield f"- _… and {show.count(count - limit, noun)} more.{_link(page_url)}_"


def _head(change: Change, limit: int, page_url: str) -> str:
    verdict = change.verdict
    lines = [
        MARKER,
        f"> [!{_ALERTS[verdict.severity]}]",
        f"> **{verdict.words.capitalize()}.** {text(show.summary(change))}",
        ">",
        *(f"> - {_short(reason, limit)}" for reason in verdict.reasons[: max(limit, 1)]),
        "",
        f"{code(change.base)} → {code(change.head)}"
        + (f" · [the whole review as a page]({destination(page_url)})" if page_url else ""),
    ]
    lines += [f"\n**Note:** {_short(note, limit)}" for note in change.notes[:limit]]
    return "\n".join([*lines, ""])


def _short(sentence: str, limit: int) -> str:
    """A sentence, cut where there is little room."""
    room = 2_000 if limit > 20 else 300
    return text(sentence if len(sentence) <= room else sentence[: room - 1] + "…")


def _consequences(change: Change, limit: int, page_url: str) -> str:
    if not change.consequences:
        return ""
    grave = [one for one in change.consequences if one.severity != "routine"]
    routine = [one for one in change.consequences if one.severity == "routine"]
    lines = ["### What follows", ""]
    lines += [_consequence(one, limit) for one in grave[:limit]]
    lines += _more(len(grave), limit, page_url, "consequence")
    if routine:
        lines += [
            "",
            f"<details{'' if grave else ' open'}><summary>{show.count(len(routine), 'routine consequence')}</summary>",
            "",
        ]
        lines += [_consequence(one, limit) for one in routine[:limit]]
        lines += _more(len(routine), limit, page_url, "consequence")
        lines += ["", "</details>"]
    return "\n".join([*lines, ""])


def _consequence(one: Consequence, limit: int) -> str:
    mark = {"dangerous": "🔴 **dangerous** · ", "look": "🟡 ", "routine": ""}[one.severity]
    remedy = f" _{text(one.remedy)}_" if one.remedy and limit > 8 else ""
    return f"- {mark}{_short(one.sentence, limit)}{remedy}"


def _changes(change: Change, limit: int, page_url: str) -> str:
    found = groups(change)
    if not found:
        return ""
    rows = 40 if limit > 200 else 12 if limit > 20 else 4 if limit > 3 else 0
    lines = ["### Why, and what changes", ""]
    for group in found[:limit]:
        lines += _group(group, rows)
    lines += _more(len(found), limit, page_url, "cause")
    if files := documents(change):
        lines += ["", f"{show.unsynced(files)}: runbooks, values, notes."]
    return "\n".join([*lines, ""])


def _group(group: Group, rows: int) -> Iterator[str]:
    for one in group.causes[:5]:
        yield f"- {_cause(one)}"
    if len(group.causes) > 5:
        yield f"- and {show.count(len(group.causes) - 5, 'more edit')} together"
    where = f": {text(show.targets(group.targets))}"
    yield f"  <details><summary>{show.reach(group)}</summary>"
    yield ""
    yield f"  {show.reach(group)}{where}"
    if rows:
        yield ""
        yield "  | what | before | after | |"
        yield "  |---|---|---|---|"
        for row in group.rows[:rows]:
            before, after = show.pair(row.old, row.new)
            times = f"{row.count} times" if row.count > 1 and row.field else ""
            note = ", e.g." if row.differs and row.field else ""
            what = code(show.row(row), cell=True)
            yield f"  | {what} | {code(before, cell=True)} | {code(after, cell=True)} | {times}{note} |"
        if len(group.rows) > rows:
            yield f"  | _… and {len(group.rows) - rows} more_ | | | |"
    yield ""
    yield "  </details>"


def _cause(one: Cause) -> str:
    place = show.place(one)
    where = f"{code(place)} " if place else ""
    if one.kind == "value":
        before, after = show.pair(one.old, one.new)
        return f"{where}**{text(one.key)}**: {code(before)} → {code(after)}"
    return f"{where}{text(show.cause(one))}"


def _ledger(change: Change, limit: int, _page_url: str) -> str:
    rows = [row for row in change.ledger if row.changed] or list(change.ledger)
    if not rows:
        return ""
    lines = [
        "### GPUs",
        "",
        "| pool | has | before | after | this rollout | peak of a rollout | free |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows[:limit]:
        cells = show.level(row)
        lines.append("| " + " | ".join([code(cells[0], cell=True), *cells[1:]]) + " |")
    if len(rows) > limit:
        lines.append(f"| _… and {len(rows) - limit} more_ | | | | | | |")
    lines += [
        "",
        "Ranges are from the smallest to the largest number of replicas; free is what the smallest leaves.",
    ]
    lines += [
        f"- {text(one.target.replace('.', '/', 1))}: memory {one.before or 'unknown'} → **{one.after}**"
        for one in change.memory[:limit]
    ]
    return "\n".join([*lines, ""])


def _idle(change: Change, limit: int, page_url: str) -> str:
    lost = idle(change)
    if not lost:
        return ""
    lines = [
        f"<details><summary>{show.count(len(lost), 'edit')} without effect on what Argo CD syncs</summary>",
        "",
    ]
    lines += [f"- {_cause(one)}" for one in lost[:limit]]
    lines += _more(len(lost), limit, page_url, "edit")
    return "\n".join([*lines, "", "</details>", ""])
