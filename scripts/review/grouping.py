"""The changes of objects, grouped by what causes them: one edit, and what it does, once, with counts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scripts.review.change import MISSING, Cause, Change, ObjectChange, Status
from scripts.review.following import following, stacks_renamed
from scripts.review.objects import is_synced
from scripts.review.semantic import shown
from scripts.review.workshop import plain

MAX_VALUES = 3
"""Different pairs of values of one field that get a row each; of more, one is shown as an example."""


@dataclass(frozen=True, slots=True)
class Row:
    """One field of one kind of object, wherever it changes in the same way."""

    status: Status
    kind: str
    field: str
    """Path, with a star for names of stacks where they differ; empty for whole objects."""
    old: Any
    new: Any
    count: int
    objects: tuple[str, ...]
    """``Kind namespace/name``, sorted, without repetition over clusters."""
    targets: tuple[str, ...]
    differs: bool = False
    """Whether the values are those of the first object only."""
    file: str = ""
    """The compiled file of the first object."""

    @property
    def clusters(self) -> tuple[str, ...]:
        """Clusters, sorted."""
        return tuple(sorted({target.rpartition(".")[0] for target in self.targets}))

    @property
    def stacks(self) -> tuple[str, ...]:
        """Targets that are stacks."""
        return tuple(target for target in self.targets if not target.endswith(".cluster"))


@dataclass(frozen=True, slots=True)
class Group:
    """The edits that do something together, mostly one, and what they do."""

    causes: tuple[Cause, ...]
    rows: tuple[Row, ...]
    numbers: tuple[int, ...] = ()
    """Indices of the causes."""
    following: tuple[str, ...] = ()
    """The target of each field that only follows the name of a renamed object; such fields are in no row."""

    @property
    def fields(self) -> int:
        """How many fields and objects change."""
        return sum(row.count for row in self.rows)

    @property
    def targets(self) -> tuple[str, ...]:
        """Where they are, sorted."""
        return tuple(sorted({target for row in self.rows for target in row.targets} | {*self.following}))

    @property
    def clusters(self) -> tuple[str, ...]:
        """Clusters, sorted."""
        return tuple(sorted({target.rpartition(".")[0] for target in self.targets}))

    @property
    def stacks(self) -> tuple[str, ...]:
        """Targets that are stacks, sorted."""
        return tuple(target for target in self.targets if not target.endswith(".cluster"))


@dataclass(frozen=True, slots=True)
class _Hit:
    one: ObjectChange
    field: str
    old: Any
    new: Any


def groups(change: Change) -> list[Group]:
    """What changes, by cause; causes in the order of their places."""
    hits: dict[tuple[int, ...], dict[tuple[str, str, str], list[_Hit]]] = {}
    followers: dict[tuple[int, ...], list[str]] = {}
    renamed = stacks_renamed(change.objects)
    for one in change.objects:
        if one.is_document:
            continue
        if one.status != "changed":
            _hit(hits, one.causes, _Hit(one, "", *_whole(one)))
        follows = following(one, renamed.get(one.id.cluster, {}))
        for index, field in enumerate(one.fields):
            if index in follows:
                followers.setdefault(field.causes, []).append(one.target)
            else:
                _hit(hits, field.causes, _Hit(one, shown(field.path), field.old, field.new))
    return [
        Group(
            tuple(change.causes[number] for number in numbers),
            tuple(row for key, found in sorted(hits.get(numbers, {}).items()) for row in _rows(key, found)),
            numbers,
            tuple(followers.get(numbers, ())),
        )
        for numbers in sorted(hits.keys() | followers.keys())
    ]


def documents(change: Change) -> tuple[str, ...]:
    """Files that differ and that nothing syncs: runbooks, values, notes."""
    return tuple(sorted({one.file for one in change.objects if one.is_document and not is_synced(one.file)}))


def _whole(one: ObjectChange) -> tuple[Any, Any]:
    if one.status == "renamed":
        return str(one.old_id), str(one.id)
    return (str(one.id), MISSING) if one.status == "removed" else (MISSING, str(one.id))


def _hit(
    hits: dict[tuple[int, ...], dict[tuple[str, str, str], list[_Hit]]], causes: tuple[int, ...], hit: _Hit
) -> None:
    status = hit.one.status if not hit.field else "changed"
    key = (status, hit.one.id.kind, plain(hit.one, hit.field))
    hits.setdefault(causes, {}).setdefault(key, []).append(hit)


def _rows(key: tuple[Any, str, str], hits: list[_Hit]) -> Iterable[Row]:
    status, kind, field = key
    if not field:
        yield _row(status, kind, field, hits, differs=len(hits) > 1)
        return
    by_values: dict[str, list[_Hit]] = {}
    for hit in hits:
        by_values.setdefault(_json(hit.old) + " → " + _json(hit.new), []).append(hit)
    if len(by_values) > MAX_VALUES:
        yield _row(status, kind, field, hits, differs=True)
    else:
        for values in sorted(by_values):
            yield _row(status, kind, field, by_values[values], differs=False)


def _row(status: Status, kind: str, field: str, hits: list[_Hit], *, differs: bool) -> Row:
    paths = {hit.field for hit in hits}
    return Row(
        status,
        kind,
        hits[0].field if len(paths) == 1 else field,
        hits[0].old,
        hits[0].new,
        len(hits),
        tuple(sorted({str(hit.one.id) for hit in hits})),
        tuple(sorted({hit.one.target for hit in hits})),
        differs,
        hits[0].one.file,
    )


def _json(value: Any) -> str:
    return "" if value is MISSING else json.dumps(value, sort_keys=True)


def idle(change: Change) -> list[Cause]:
    """Edits that change nothing of what is synced."""
    used = {number for one in change.synced for number in one.causes}
    used |= {number for one in change.synced for field in one.fields for number in field.causes}
    whole = {change.causes[number].file for number in used if change.causes[number].kind == "file"}
    return [
        cause for number, cause in enumerate(change.causes) if number not in used and cause.file not in whole
    ]
