"""Objects of two trees, told apart by identity: what was added, removed, renamed, and which fields changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.check.read import UNSYNCED
from scripts.check.text import TextError, document
from scripts.review.change import DOCUMENT, FieldChange, ObjectChange, ObjectId
from scripts.review.semantic import changes

Texts = Mapping[str, str]
"""Texts of compiled files by path, seen from the project: ``compiled/<cluster>/<target>/…``."""
RENAMED = 0.6
"""Share of equal values from which a new object is taken for a removed one under another name."""
_MANIFESTS = (".yaml", ".yml")
_READ_BY_ARGO_CD = (*_MANIFESTS, ".json", ".jsonnet")
MAX_PAIRS = 4000
"""Pairs of one kind that are compared when renames are looked for."""


@dataclass(frozen=True, slots=True)
class Found:
    """One object of a tree."""

    id: ObjectId
    file: str
    target: str
    doc: dict[str, Any]


def read(texts: Texts) -> dict[ObjectId, Found]:
    """The objects of some compiled files. Files that hold none are documents."""
    found = (_read(path, text) for path, text in sorted(texts.items()))
    return {one.id: one for one in found}


def _read(path: str, text: str) -> Found:
    _, cluster, own, *_ = [*path.split("/"), "", ""]
    target = f"{cluster}.{own or 'cluster'}"
    if path.endswith(_MANIFESTS) and is_synced(path):
        try:
            doc = document(text)
            return Found(identity(cluster, doc), path, target, doc)
        except (TextError, KeyError, TypeError, AttributeError):
            pass  # no object: its text is compared
    return Found(ObjectId(cluster, "", DOCUMENT, "", path), path, target, {"text": text})


def identity(cluster: str, doc: Mapping[str, Any]) -> ObjectId:
    """What tells an object apart. Raises LookupError, TypeError or AttributeError for what is none."""
    metadata = doc["metadata"]
    group = str(doc["apiVersion"]).rpartition("/")[0]
    return ObjectId(cluster, group, str(doc["kind"]), metadata.get("namespace", ""), metadata["name"])


def is_synced(path: str) -> bool:
    """Whether Argo CD reads a file: by the folder that it lies in, and by its ending."""
    _, _, own, folder, *_ = [*path.split("/"), "", "", ""]
    return path.endswith(_READ_BY_ARGO_CD) and not (own == "cluster" and folder in UNSYNCED)


def compare(old: Texts, new: Texts) -> tuple[ObjectChange, ...]:
    """What differs, sorted by target and file. Files that are equal may be left out of both."""
    before, after = read(old), read(new)
    both = [id_ for id_ in before if id_ in after]
    pairs = dict(
        _renamed([before[i] for i in before if i not in after], [after[i] for i in after if i not in before])
    )
    gone = {one.id for one in pairs.values()}
    found = [
        *(change for id_ in both if (change := _changed(before[id_], after[id_])) is not None),
        *(_rename(one, after[id_]) for id_, one in pairs.items()),
        *(_removed(one) for id_, one in before.items() if id_ not in after and id_ not in gone),
        *(_added(one) for id_, one in after.items() if id_ not in before and id_ not in pairs),
    ]
    return tuple(sorted(found, key=lambda one: (one.id.cluster, one.target, one.file)))


def _changed(old: Found, new: Found) -> ObjectChange | None:
    fields = changes(old.doc, new.doc)
    if not fields and old.target == new.target:
        return None
    return ObjectChange(
        "changed", new.id, new.target, new.file, fields, old_target=old.target, old=old.doc, new=new.doc
    )


def _rename(old: Found, new: Found) -> ObjectChange:
    fields = changes(old.doc, new.doc)
    return ObjectChange("renamed", new.id, new.target, new.file, fields, old.id, old.target, old.doc, new.doc)


def _removed(old: Found) -> ObjectChange:
    return ObjectChange("removed", old.id, old.target, old.file, old_target=old.target, old=old.doc)


def _added(new: Found) -> ObjectChange:
    return ObjectChange("added", new.id, new.target, new.file, new=new.doc)


def _renamed(gone: Iterable[Found], come: Iterable[Found]) -> Iterator[tuple[ObjectId, Found]]:
    """Pairs of a new identity and the object that had another one: of the same kind in the same cluster, and alike.

    The best pairs come first; each object is in one pair. Where more pairs are possible than can be compared, only
    those of equal component folders are.
    """
    by_kind: dict[tuple[str, str, str], list[Found]] = {}
    for one in gone:
        by_kind.setdefault(one.id[:3], []).append(one)
    scores: list[tuple[float, ObjectId, ObjectId]] = []
    olds: dict[ObjectId, Found] = {}
    values: dict[ObjectId, frozenset[tuple[str, str]]] = {}
    spent: dict[tuple[str, str, str], int] = {}
    for new in come:
        kind = new.id[:3]
        for old in by_kind.get(kind, ()):
            spent[kind] = spent.get(kind, 0) + 1
            if spent[kind] > MAX_PAIRS:
                break
            score = _alike(old, new, values)
            if score >= RENAMED:
                olds[old.id] = old
                scores.append((-score, new.id, old.id))
    taken_new: set[ObjectId] = set()
    taken_old: set[ObjectId] = set()
    for _, new_id, old_id in sorted(scores):
        if new_id not in taken_new and old_id not in taken_old:
            taken_new.add(new_id)
            taken_old.add(old_id)
            yield new_id, olds[old_id]


def _alike(old: Found, new: Found, cache: dict[ObjectId, frozenset[tuple[str, str]]]) -> float:
    """Share of values that are equal when the names are taken for the same, weighted by how alike the names are."""
    if old.id.kind == DOCUMENT:
        return 0.0
    before, after = (
        cache.setdefault(one.id, frozenset(_values(one.doc, "", _words(one)))) for one in (old, new)
    )
    whole = len(before | after)
    return len(before & after) / whole if whole else 0.0


def _words(found: Found) -> tuple[str, ...]:
    """The names that a renamed object takes with it, the longest first."""
    own = found.target.rpartition(".")[2]
    names = {found.id.name, own if own != "cluster" else "", found.id.namespace} - {""}
    return tuple(sorted(names, key=len, reverse=True))


def _values(value: Any, path: str, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _values(item, f"{path}.{key}", names)
    elif isinstance(value, list):
        for item in value:
            yield from _values(item, f"{path}[]", names)
    else:
        text = str(value)
        for name in names:
            text = text.replace(name, "*")
        yield path, text


def applied(old: Texts, found: Iterable[ObjectChange]) -> dict[ObjectId, dict[str, Any]]:
    """The objects of the base after the changes: what the head holds, but for order and formatting. For proofs."""
    from scripts.review.semantic import apply

    objects: dict[ObjectId, dict[str, Any]] = {id_: one.doc for id_, one in read(old).items()}
    results: dict[ObjectId, dict[str, Any]] = {}
    for change in found:
        before = objects.pop(change.old_id or change.id, None)
        if change.status == "added":
            results[change.id] = dict(change.new or {})
        elif change.status != "removed":
            results[change.id] = apply(before, change.fields)
    return objects | results


def fields_of(found: Iterable[ObjectChange]) -> Iterator[tuple[ObjectChange, FieldChange]]:
    """Every changed field with its object."""
    for change in found:
        for field in change.fields:
            yield change, field
