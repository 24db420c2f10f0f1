"""Mutations of compiled objects: every field of every one, and objects as wholes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import yaml

from components.common import emit
from scripts.check.model import Obj
from tests.mutation import paths, promql, sorts, values
from tests.mutation.model import Mutation
from tests.mutation.paths import GONE, Way

MARK = ">"
"""Between the field that holds text and the field in that text."""


Make = Callable[[], Any]


@dataclass(frozen=True)
class Swap:
    """What becomes of a cluster's objects: ``obj`` is replaced by what ``make`` gives (nothing: it is removed)."""

    obj: Obj
    make: Callable[[], tuple[Obj, ...]]
    inside_text: bool = False
    """Whether text in a ConfigMap changed, of which a Deployment holds a hash."""


@dataclass(frozen=True)
class _Edit:
    way: Way
    change: str
    new: Any
    make: Make
    """Makes the document."""
    old: Any
    field: str = ""


def mutations(objects: Sequence[Obj]) -> Iterator[Mutation]:
    """All of one cluster's."""
    alike = _alike(objects)
    for obj in objects:
        for edit in _edits(obj, alike):
            changed = Swap(obj, partial(_edited, obj, edit.make), MARK in edit.field)
            sort = sorts.sort_of(obj.kind, edit.way, edit.old, inside=MARK in edit.field)
            field = edit.field or paths.text(edit.way)
            new = None if edit.new is GONE else edit.new
            yield Mutation("object", sort, obj.kind, obj.path, field, edit.change, edit.old, new, changed)
        yield from _wholes(obj, objects)


def _edited(obj: Obj, make: Make) -> tuple[Obj, ...]:
    return (replace(obj, doc=make()),)


def _alike(objects: Sequence[Obj]) -> Mapping[tuple[str, str], list[Any]]:
    """The scalars that stand in a field of all objects of a kind."""
    found: dict[tuple[str, str], dict[tuple[str, str], Any]] = defaultdict(dict)
    for obj in objects:
        for way, value in paths.places(obj.doc):
            if isinstance(value, str | int) and "\n" not in str(value):
                found[obj.kind, _pattern(way)][type(value).__name__, str(value)] = value
    return {field: [own[key] for key in sorted(own)] for field, own in found.items()}


def _pattern(way: Way) -> str:
    return paths.text(tuple("[]" if isinstance(key, int) else key for key in way))


def _edits(obj: Obj, alike: Mapping[tuple[str, str], list[Any]]) -> Iterator[_Edit]:
    for way, value in paths.places(obj.doc):
        for change, make, new in _at(obj.doc, way, value):
            yield _Edit(way, change, new, make, value)
        other = _other(value, alike.get((obj.kind, _pattern(way)), ()))
        if other is not None:
            yield _Edit(way, "of another", other, partial(paths.put, obj.doc, way, other), value)
        if isinstance(value, str):
            yield from _inside(obj, way, value)


def _at(doc: Any, way: Way, value: Any) -> Iterator[tuple[str, Make, Any]]:
    """(what was done, what makes the document, new value) of what can be done to any place."""
    yield "removed", partial(paths.put, doc, way, GONE), GONE
    if isinstance(way[-1], str):
        key = values.misspelt(way[-1])
        yield "key misspelt", partial(paths.renamed, doc, way, key), key
    else:
        yield "repeated", partial(paths.repeated, doc, way), value
    if isinstance(value, str) and "\n" in value:
        return
    for change, new in values.others(value):
        yield change, partial(paths.put, doc, way, new), new


def _other(value: Any, candidates: Sequence[Any]) -> Any:
    """The next other value of the same field of objects of this kind, or None."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    own = [one for one in candidates if type(one) is type(value)]
    return own[(own.index(value) + 1) % len(own)] if len(own) > 1 and value in own else None


def _inside(obj: Obj, way: Way, value: str) -> Iterator[_Edit]:
    """Changes inside of text that is YAML, JSON or PromQL."""
    if way[-1] == "expr":
        for slip in promql.mutations(value):
            field = f"{paths.text(way)}{MARK}@{slip.start}"
            yield _Edit(
                way, slip.change, slip.new, partial(paths.put, obj.doc, way, slip.text), slip.old, field
            )
        return
    if obj.kind != "ConfigMap" or way[0] != "data" or len(way) != 2:
        return
    cut = partial(paths.put, obj.doc, way, value[:-9])
    yield _Edit(way, "end lost", value[-20:-9], cut, value[-20:], paths.text(way))
    if str(way[1]).endswith(".json"):
        yield from _queries(obj, way, json.loads(value))
        return
    inner = yaml.load(value, Loader=yaml.CSafeLoader)
    for own, old in paths.places(inner):
        for change, make, new in _at(inner, own, old):
            written = partial(_written, obj.doc, way, make, emit.document)
            yield _Edit((*way, *own), change, new, written, old, _field(way, own))


def _written(doc: Any, way: Way, make: Make, write: Callable[[Any], str]) -> Any:
    return paths.put(doc, way, write(make()))


def _queries(obj: Obj, way: Way, dashboard: Any) -> Iterator[_Edit]:
    """Changes of what a dashboard asks for. Nothing can depend on its layout."""
    for own, value in paths.places(dashboard):
        if own[-1] == "expr" and isinstance(value, str):
            for slip in promql.mutations(value):
                inner = partial(paths.put, dashboard, own, slip.text)
                made = partial(_written, obj.doc, way, inner, json.dumps)
                field = f"{_field(way, own)}{MARK}@{slip.start}"
                yield _Edit((*way, *own), slip.change, slip.new, made, slip.old, field)


def _field(outer: Way, inner: Way) -> str:
    return f"{paths.text(outer)}{MARK}{paths.text(inner)}"


def _wholes(obj: Obj, objects: Sequence[Obj]) -> Iterator[Mutation]:
    """An object as a whole: gone, there twice, called otherwise, elsewhere, with the contents of another."""
    for change, new in _whole_changes(obj, objects):
        now = new[-1].ref if new else None
        yield Mutation(
            "object",
            "whole objects",
            obj.kind,
            obj.path,
            "",
            change,
            obj.ref,
            now,
            Swap(obj, partial(tuple, new)),
        )


def _whole_changes(obj: Obj, objects: Sequence[Obj]) -> Iterator[tuple[str, tuple[Obj, ...]]]:
    yield "object removed", ()
    copied = obj.path.replace(".yaml", "-2.yaml")
    yield "object twice", (obj, replace(obj, path=copied))
    slip = _named(obj, values.misspelt(obj.name))
    yield "object renamed", (slip,)
    yield "object copied", (obj, _named(obj, f"{obj.name}-2"))
    if obj.namespace:
        yield "object moved", (replace(obj, doc=paths.put(obj.doc, ("metadata", "namespace"), "default")),)
    sibling = next((one for one in _after(obj, objects) if _body(one) != _body(obj)), None)
    if sibling:
        yield "contents of another", (replace(obj, doc={**obj.doc, **_body(sibling)}),)


def _named(obj: Obj, name: str) -> Obj:
    """The object and its file under another name."""
    path = f"{obj.path.rpartition('/')[0]}/{obj.kind.lower()}-{name}.yaml"
    return replace(obj, path=path, doc=paths.put(obj.doc, ("metadata", "name"), name))


def _after(obj: Obj, objects: Sequence[Obj]) -> Iterator[Obj]:
    same = [one for one in objects if one.kind == obj.kind]
    index = same.index(obj)
    return iter(same[index + 1 :] + same[:index])


def _body(obj: Obj) -> dict[str, Any]:
    return {key: value for key, value in obj.doc.items() if key not in ("apiVersion", "kind", "metadata")}
