"""Values, causes and counts in words: what every writer says in the same way. Plain text; who writes Markdown or
HTML escapes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from scripts.review.change import MISSING, Cause, Change, LedgerRow
from scripts.review.grouping import Group, Row

ABSENT = "—"


def value(data: Any, limit: int = 120) -> str:
    """A value on one line, cut at ``limit`` characters."""
    if data is MISSING:
        return ABSENT
    if isinstance(data, list) and data and all(isinstance(item, str) for item in data):
        text = " ".join(item.removeprefix("=") for item in data)
    elif isinstance(data, str):
        text = data or '""'
    else:
        text = json.dumps(data, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def pair(old: Any, new: Any, limit: int = 60) -> tuple[str, str]:
    """Two values on one line each; of long ones what is around their first difference."""
    before, after = value(old, 10**6), value(new, 10**6)
    if before == after and type(old) is not type(new):
        return _quoted(old, limit), _quoted(new, limit)
    if max(len(before), len(after)) > limit:
        alike = enumerate(zip(before, after, strict=False))
        same = next((at for at, (one, two) in alike if one != two), min(len(before), len(after)))
        is_text = isinstance(old, str) and isinstance(new, str)
        word = max(before.rfind(mark, 0, same) for mark in " /:@,") + 1 if is_text else 0
        start = max(word, same - limit // 2)
        if start > 12:
            before, after = f"…{before[start:]}", f"…{after[start:]}"
    return value(before, limit), value(after, limit)


def _quoted(data: Any, limit: int) -> str:
    """A value that is told from one of another type that reads the same: ``"1"``, ``1``."""
    return json.dumps(data, ensure_ascii=False) if isinstance(data, str) else value(data, limit)


def cause(one: Cause) -> str:
    """What was edited: ``runtimes.vllm.image.tag: v0.31.0 → v0.32.0``."""
    match one.kind:
        case "value":
            return f"{one.key}: {' → '.join(pair(one.old, one.new))}"
        case "include":
            if one.old is MISSING:
                return f"class {one.key} included"
            if one.new is not MISSING and one.old != one.new:
                return f"class {one.key} included instead of {one.old}"
            return (
                f"class {one.key} no longer included"
                if one.new is MISSING
                else f"class {one.key} in another order"
            )
        case "file":
            if one.old_file:
                return f"moved from {one.old_file}"
            return "new file" if one.old is MISSING else "file removed"
        case "code":
            more = f" and {len(one.files) - 3} more" if len(one.files) > 3 else ""
            return f"components, templates or settings: {', '.join(one.files[:3])}{more}"
    return "no cause in the inventory"


def place(one: Cause) -> str:
    """Where it was edited: ``inventory/classes/runtimes/vllm.yml:12``."""
    if one.kind in ("code", "unknown"):
        return ""
    return f"{one.place} (before)" if one.at_base and one.kind != "file" else one.place


def count(number: int, noun: str, plural: str = "") -> str:
    """``1 field``, ``3 fields``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def reach(group: Group) -> str:
    """``12 fields in 4 stacks on 2 clusters``."""
    objects = sum(row.count for row in group.rows if not row.field)
    fields = sum(row.count for row in group.rows if row.field)
    what = [count(objects, "object")] if objects else []
    what += [count(fields, "field")] if fields else []
    stacks = [count(len(group.stacks), "stack")] if group.stacks else []
    where = [*stacks, f"{count(len(group.clusters), 'cluster')}"] if group.clusters else []
    follow = count(len(group.following), "field that follows a new name", "fields that follow a new name")
    what += [follow] if group.following else []
    said = f"{', '.join(what[:-1])} and {what[-1]}" if len(what) > 1 else "".join(what)
    return said + (f" in {' on '.join(where)}" if where else "")


def row(one: Row) -> str:
    """What changes: ``Deployment spec.replicas``, ``3 Service objects added``."""
    if one.field:
        return f"{one.kind} {one.field}"
    return f"{count(one.count, one.kind, f'{one.kind} objects')} {one.status}"


def unsynced(names: Sequence[str]) -> str:
    """``1 document that nothing syncs changes too``."""
    return (
        f"{count(len(names), 'document')} that nothing syncs {'changes' if len(names) == 1 else 'change'} too"
    )


def files(names: Sequence[str], limit: int = 2) -> str:
    """``compiled/…/llama-70b.md and 3 more``."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return f"{', '.join(names[:limit])}{more}"


def targets(names: Sequence[str], limit: int = 6) -> str:
    """``eu-h100/llama-70b, us-h200/llama-70b and 3 more``."""
    listed = [name.replace(".", "/", 1) for name in names]
    if len(listed) > limit:
        return f"{', '.join(listed[:limit])} and {len(listed) - limit} more"
    return ", ".join(listed)


def summary(change: Change) -> str:
    """One sentence: edits, objects, stacks, clusters."""
    edits = [cause for cause in change.causes if cause.kind in ("value", "include", "file")]
    if not change.synced:
        strange = any(one.rule == "unreadable" for one in change.consequences)
        said = "what changes cannot be told" if strange else "nothing changes in what Argo CD syncs"
        return f"{count(len(edits), 'edit')}, and {said}."
    statuses = {
        status: sum(1 for one in change.synced if one.status == status)
        for status in ("added", "removed", "renamed", "changed")
    }
    objects = ", ".join(f"{number:,} {status}" for status, number in statuses.items() if number)
    clusters = count(len({one.id.cluster for one in change.synced}), "cluster")
    where = f"{count(len(change.stacks), 'stack')} on {clusters}" if change.stacks else clusters
    pods = f"; pods of {count(len(change.restarting), 'stack')} restart" if change.restarting else ""
    return f"{count(len(edits), 'edit')} in the inventory; objects: {objects}; {where}{pods}."


def level(one: LedgerRow) -> tuple[str, str, str, str, str, str, str]:
    """(pool, has, before, after, rollout, peak, free) of a ledger row, as text."""
    before, after = one.before, one.after
    now = after or before
    has = "?" if now is None or now.capacity is None else str(now.capacity)
    free = "?" if after is None or after.free is None else str(after.free)
    peak = str(after.peak) if after else "0"
    return (
        f"{one.cluster} / {one.pool}",
        f"{has} {one.unit}",
        _range(one, before=True),
        _range(one, before=False),
        f"+{one.rollout}" if one.rollout else "",
        peak,
        free,
    )


def _range(one: LedgerRow, *, before: bool) -> str:
    found = one.before if before else one.after
    if found is None:
        return ABSENT
    return str(found.minimum) if found.minimum == found.maximum else f"{found.minimum} to {found.maximum}"
