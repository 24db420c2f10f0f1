"""Fields of renamed objects that only follow the new name, and so say no more than that it is new."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from scripts.review.change import MISSING, ObjectChange
from scripts.review.semantic import shown

_IDENTITY = ("metadata.name", "metadata.namespace")


def stacks_renamed(objects: Iterable[ObjectChange]) -> dict[str, dict[str, str]]:
    """New names of stacks by cluster and old name."""
    found: dict[str, dict[str, str]] = {}
    for one in objects:
        cluster, _, was = one.old_target.rpartition(".")
        if one.status == "renamed" and cluster == one.id.cluster and was != one.stack:
            found.setdefault(cluster, {})[was] = one.stack
    return found


def following(one: ObjectChange, stacks: Mapping[str, str]) -> frozenset[int]:
    """Indices of the fields of an object that is renamed which are the same but for its name, its namespace and the
    names of ``stacks``. An item of a list that is told by its name goes and comes: both are meant."""
    if one.status != "renamed" or one.old_id is None:
        return frozenset()
    names = {**stacks, one.old_id.namespace: one.id.namespace, one.old_id.name: one.id.name}
    renamed = _renaming({old: new for old, new in names.items() if old and old != new})
    found: set[int] = set()
    gone: dict[str, int] = {}
    for index, field in enumerate(one.fields):
        if shown(field.path) in _IDENTITY:
            found.add(index)
        elif field.new is MISSING:
            gone[f"{renamed(shown(field.path))} {renamed(_json(field.old))}"] = index
        elif field.old is not MISSING and renamed(_json(field.old)) == _json(field.new):
            found.add(index)
    for index, field in enumerate(one.fields):
        if field.old is MISSING:
            partner = gone.get(f"{shown(field.path)} {_json(field.new)}")
            if partner is not None:
                found |= {index, partner}
    return frozenset(found)


def _renaming(names: Mapping[str, str]) -> Callable[[str], str]:
    """Puts the new names in the place of the old ones, where they stand as words."""
    if not names:
        return lambda text: text
    longest = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{longest})(?![A-Za-z0-9])")
    return lambda text: pattern.sub(lambda match: names[match[0]], text)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
