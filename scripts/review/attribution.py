"""Which edit changes which compiled field: every edit is taken back in memory, to see which fields go back. Where one
edit alone reaches a target, nothing is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from scripts.review.causes import UNKNOWN
from scripts.review.change import Cause, ObjectChange
from scripts.review.objects import Texts, compare
from scripts.review.semantic import shown
from scripts.review.workshop import Effects, Key, Workshop, keys, object_key, plain, touches

Attribute = Callable[[str, str], tuple[Cause, ...]]


def attribute(
    workshop: Workshop, objects: Iterable[ObjectChange], code: Cause | None
) -> tuple[list[ObjectChange], dict[Cause, int]]:
    """The changes with the edits that cause them, and the index of every cause. ``code``: what changed beside the
    inventory."""
    by_target: dict[str, list[ObjectChange]] = {}
    for one in objects:
        by_target.setdefault(one.target, []).append(one)
    index: dict[Cause, int] = {}
    found: list[ObjectChange] = []
    also = {edit.whole: edit.also for edit in workshop.edits.values() if edit.whole and edit.also}
    for target, own in by_target.items():
        why = _together(also, _attribution(workshop, target, own, code))
        found.extend(_with_causes(one, why, index) for one in own)
    return found, index


def _together(also: Mapping[Cause, tuple[Cause, ...]], why: Attribute) -> Attribute:
    """A new target is told together with the classes that are new with it."""
    if not also:
        return why

    def both(object_: str, field_: str) -> tuple[Cause, ...]:
        found = why(object_, field_)
        return tuple(dict.fromkeys(one for cause in found for one in (cause, *also.get(cause, ()))))

    return both


def _attribution(workshop: Workshop, target: str, own: list[ObjectChange], code: Cause | None) -> Attribute:
    """Why what changed in a target did; a document is held against all edits of its target, for nothing syncs it."""
    edit = workshop.edits.get(target)
    if (
        edit is not None
        and edit.whole is not None
        and not (edit.was and target in workshop.pair.head.targets)
    ):
        whole = (edit.whole,)
        return lambda _object, _field: whole
    causes = workshop.candidates(target)
    if len(causes) <= 1 and code is None:
        only = causes or (UNKNOWN,)
        return lambda _object, _field: only
    every = (*causes, *((code,) if code else ()))
    if not causes or all(one.is_document for one in own):
        return lambda _object, _field: every
    effects = workshop.effects(target, causes, code, frozenset(keys(own)))
    if effects is None:
        return lambda _object, _field: every
    unknown = tuple(cause for cause in causes if cause not in effects)
    otherwise = (edit.whole,) if edit and edit.whole else (code,) if code else unknown or every
    return lambda object_, field_: _of(effects, (object_, field_), otherwise)


def _of(effects: Effects, key: Key, otherwise: tuple[Cause, ...]) -> tuple[Cause, ...]:
    """The edits that change a field; ``otherwise`` where none does by itself."""
    return tuple(cause for cause, changed in effects.items() if touches(changed, key)) or otherwise


def _with_causes(one: ObjectChange, why: Attribute, index: dict[Cause, int]) -> ObjectChange:
    def numbers(key: str) -> tuple[int, ...]:
        return tuple(index.setdefault(cause, len(index)) for cause in why(object_key(one), key))

    fields = tuple(replace(change, causes=numbers(plain(one, shown(change.path)))) for change in one.fields)
    whole = numbers("") if one.status != "changed" else ()
    return replace(one, fields=fields, causes=whole)


def unexplained(
    objects: Iterable[ObjectChange], index: dict[Cause, int], texts: Texts, wanted: Mapping[str, str | None]
) -> list[ObjectChange]:
    """The changes, where no edit is blamed for what somebody wrote into compiled/, or took out of it. ``texts``: the
    changed files at the head; ``wanted``: what the inventory compiles to for those that are not so."""
    changes = list(objects)
    odd = {one.file for one in changes} & wanted.keys()
    if not odd:
        return changes
    unknown = (index.setdefault(UNKNOWN, len(index)),)
    should = {file: text for file in odd if (text := wanted[file]) is not None}
    by_file: dict[str, set[str]] = {}
    for one in compare(should, {file: texts[file] for file in odd if file in texts}):
        by_file[one.file] = {shown(change.path) for change in one.fields} if one.status == "changed" else {""}

    def other(one: ObjectChange) -> ObjectChange:
        paths = by_file.get(one.file, set())
        fields = tuple(
            replace(change, causes=unknown) if _is_near(paths, shown(change.path)) else change
            for change in one.fields
        )
        whole = unknown if "" in paths and one.status != "changed" else one.causes
        return replace(one, fields=fields, causes=whole)

    return [other(one) if one.file in odd else one for one in changes]


def _is_near(paths: Iterable[str], path: str) -> bool:
    """Whether a field is, holds, or lies in one of some others."""
    return any(path.startswith(one) or one.startswith(path) for one in paths)
