"""What differs between an object and what it would become, field by field.

Maps are compared by key, lists by what tells their items apart; an item whose key changed is compared with the one
that took its place, so that a new name is one difference and not one in every field below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from scripts.explain.keyed import EMBEDDED, IDENTITIES, Path, embedded, flag, is_named_part, steps, told_by

Manifest = dict[str, Any]
Kind = Literal["value", "presence"]
MISSING = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One field whose value differs, or one part of an object that is gone."""

    path: Path
    kind: Kind


def difference(base: Any, other: Any, along: Path = ()) -> Iterator[Difference]:
    """What of ``base`` is not so in ``other``, as far as it lies on the way to the field ``along`` or in it. What only
    ``other`` has is left out."""
    yield from _differ(base, other, (), along)


def _differ(base: Any, other: Any, path: Path, along: Path) -> Iterator[Difference]:
    if base is other or (type(base) is type(other) and base == other):
        return
    if other is MISSING:
        yield Difference(path, "presence")
    elif isinstance(base, dict) and base and isinstance(other, dict):
        yield from _differ_maps(base, other, path, along)
    elif isinstance(base, list) and base and isinstance(other, list):
        yield from _differ_lists(base, other, path, along)
    elif isinstance(base, str) and (inner := embedded(base)) is not None:
        others = embedded(other) if isinstance(other, str) else None
        yield from _differ(inner, MISSING if others is None else others, (*path, EMBEDDED), along)
    elif isinstance(base, dict | list) and base:
        yield Difference(path, "presence")
    else:
        yield Difference(path, "value")


def _leads(path: Path, step: str, along: Path) -> bool:
    """Whether a step leads to the field ``along``, or lies in it."""
    return len(path) >= len(along) or step == along[len(path)]


def _differ_lists(base: list[Any], other: list[Any], path: Path, along: Path) -> Iterator[Difference]:
    every = steps(base)
    if len(path) < len(along) and along[len(path)] in every:
        index = every.index(along[len(path)])
        if _is_in_both(base, other, index):
            return
    for step, one, another in zip(every, base, partners(base, other), strict=True):
        if _leads(path, step, along):
            yield from _differ(one, another, (*path, step), along)


def _is_in_both(base: list[Any], other: list[Any], index: int) -> bool:
    """Whether an item is its own partner, told without looking for those of all others: as all before it are, or as
    the only text of its kind."""
    if base[: index + 1] == other[: index + 1]:
        return True
    item = base[index]
    is_only = isinstance(item, str) and base.count(item) == other.count(item) == 1
    return is_only and all(isinstance(one, str) for one in (*base, *other))


def _differ_maps(
    base: dict[str, Any], other: dict[str, Any], path: Path, along: Path
) -> Iterator[Difference]:
    gone = [key for key in base if key not in other]
    new = [key for key in other if key not in base]
    # A map whose one key has another name: the label or the file was renamed.
    renamed = dict(zip(gone, new, strict=True)) if len(gone) == len(new) == 1 else {}
    for key, item in base.items():
        if not _leads(path, str(key), along):
            continue
        here = (*path, str(key))
        if key in renamed:
            yield from _renamed(item, other[renamed[key]], here, along)
        else:
            yield from _differ(item, other.get(key, MISSING), here, along)


def _renamed(item: Any, other: Any, path: Path, along: Path) -> Iterator[Difference]:
    """What is under another key is another field; of a map or text it is told too what changed in it."""
    yield Difference(path, "presence")
    is_part = isinstance(item, dict | list) or (isinstance(item, str) and embedded(item) is not None)
    if is_part and type(item) is type(other):
        yield from _differ(item, other, path, along)


def partners(base: list[Any], other: list[Any]) -> list[Any]:
    """For each item of ``base`` the one of ``other`` that stands for it, else ``MISSING``."""
    names = _common_identities(base, other)
    if names is None and all(isinstance(item, str) for item in (*base, *other)):
        return _aligned(base, other)
    if names is None:
        return [other[index] if index < len(other) else MISSING for index in range(len(base))]
    own, theirs = names
    by_name = dict(zip(theirs, other, strict=True))
    left = [name for name in own if name not in by_name]
    new = [name for name in theirs if name not in set(own)]
    renamed = dict(zip(left, new, strict=True)) if len(left) == len(new) else {}
    return [by_name.get(renamed.get(name, name), MISSING) for name in own]


def counterpart(base: Any, other: Any, path: Path) -> Path | None:
    """Where a field of ``base`` stands in ``other``; None where it does not."""
    found: list[str] = []
    for step in path:
        if isinstance(base, list) and isinstance(other, list):
            index = steps(base).index(step)
            partner = partners(base, other)[index]
            places = [place for place, item in enumerate(other) if item is partner]
            if partner is MISSING or not places:
                return None
            found.append(steps(other)[places[0]])
            base, other = base[index], partner
            continue
        found.append(step)
        if step == EMBEDDED and isinstance(base, str) and isinstance(other, str):
            base, other = embedded(base), embedded(other)
        elif isinstance(base, dict) and isinstance(other, dict) and step in other:
            base, other = base[step], other[step]
        else:
            return None
    return tuple(found)


def _aligned(base: list[str], other: list[str]) -> list[Any]:
    """Partners of lines of text: what is the same in order stands for itself, and what was replaced for what it was
    replaced by."""
    head = _common(base, other)
    tail = _common(base[head:][::-1], other[head:][::-1])
    middle, changed = base[head : len(base) - tail], other[head : len(other) - tail]
    found: list[Any] = [MISSING] * len(middle)
    matcher = SequenceMatcher(None, middle, changed, autojunk=False)  # quadratic, so without what is the same
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag == "equal" or (tag == "replace" and end - start == last - first):
            found[start:end] = changed[first:last]
    return [*other[:head], *found, *other[len(other) - tail :]]


def _common(base: list[str], other: list[str]) -> int:
    """How many lines are the same from the beginning on."""
    pairs = zip(base, other, strict=False)
    return next((at for at, (one, two) in enumerate(pairs) if one != two), min(len(base), len(other)))


def _common_identities(base: list[Any], other: list[Any]) -> tuple[list[str], list[str]] | None:
    """Names of the items of both lists by one rule that tells all of them apart in each."""
    both = [*base, *other]
    if all(isinstance(item, str) for item in both):
        return _both([flag(item) for item in base], [flag(item) for item in other])
    if not all(isinstance(item, dict) for item in both):
        return None
    for identity in IDENTITIES:
        names = _both([told_by(identity, item) for item in base], [told_by(identity, item) for item in other])
        if names:
            return names
    if all(map(is_named_part, both)):
        return _both([next(iter(item)) for item in base], [next(iter(item)) for item in other])
    return None


def _both(base: list[str], other: list[str]) -> tuple[list[str], list[str]] | None:
    is_told = len(set(base)) == len(base) and len(set(other)) == len(other)
    return (base, other) if is_told and all(base) and all(other) else None


def counterparts(base: Mapping[str, Manifest], other: Mapping[str, Manifest]) -> dict[str, Manifest]:
    """The object that stands for each of ``base``: the one in the same file, else the renamed one of its kind.

    Renamed objects are told by their order among those of their kind, which builders keep.
    """
    found = {path: other[path] for path in base if path in other}
    left, new = _by_kind(base, other), _by_kind(other, base)
    for kind, paths in left.items():
        candidates = new.get(kind, [])
        if len(candidates) == len(paths):
            found |= {path: other[name] for path, name in zip(paths, candidates, strict=True)}
    return found


def _by_kind(
    files: Mapping[str, Manifest], without: Mapping[str, Manifest]
) -> dict[tuple[str, str], list[str]]:
    kinds: dict[tuple[str, str], list[str]] = {}
    for path, manifest in files.items():
        if path not in without:
            kinds.setdefault((path.partition("/")[0], manifest["kind"]), []).append(path)
    return kinds
