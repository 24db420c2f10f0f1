"""Mutations of the inventory: every key of every class and target, the classes that a file includes, whole files."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.mutation import paths, values
from tests.mutation.model import Mutation
from tests.mutation.paths import GONE, Way

_DECIMAL = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True)
class Rewrite:
    """What becomes of a file, seen from the folder of the inventory: its text, or none where it goes."""

    file: str
    text: str | None
    copy: str = ""
    """Another file with the same text as before."""


@dataclass(frozen=True)
class _File:
    name: str
    """Seen from the folder of the inventory."""
    doc: dict[str, Any]

    @property
    def folder(self) -> str:
        """``targets``, or ``classes/models``."""
        parent = self.name.rpartition("/")[0]
        return "targets" if parent.startswith("targets") else parent

    @property
    def about(self) -> str:
        """For patterns: the folder, with the clusters' own targets apart."""
        return (
            "targets/cluster"
            if self.name.endswith("/cluster.yml") and self.folder == "targets"
            else self.folder
        )


def mutations(root: Path) -> Iterator[Mutation]:
    """All of an inventory."""
    files = [_File(str(path.relative_to(root)), _read(path)) for path in sorted(root.rglob("*.yml"))]
    alike = _alike(files)
    classes = _classes(files)
    for file in files:
        for way, value in paths.places(file.doc):
            for change, doc, new in _changes(file, way, value, alike, classes):
                shown = None if new is GONE else new
                where = f"inventory/{file.name}"
                field, text = paths.text(way), _text(doc)
                made = Rewrite(file.name, text)
                yield Mutation(
                    "inventory", "inventory keys", file.about, where, field, change, value, shown, made
                )
        yield from _wholes(file)


def _read(path: Path) -> dict[str, Any]:
    doc = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    assert isinstance(doc, dict)
    return doc


def _text(doc: Any) -> str:
    return yaml.dump(doc, Dumper=yaml.CSafeDumper, sort_keys=False)


def _alike(files: Sequence[_File]) -> Mapping[tuple[str, str], list[Any]]:
    """The values that stand under a key in all files of a folder."""
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for file in files:
        for way, value in paths.places(file.doc):
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                found[file.folder, paths.text(way)].append(value)
    return found


def _classes(files: Sequence[_File]) -> Mapping[str, list[str]]:
    """Names of classes by folder."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in files:
        if file.name.startswith("classes/"):
            name = file.name.removeprefix("classes/").removesuffix(".yml").replace("/", ".")
            found[name.partition(".")[0]].append(name)
    return found


def _changes(
    file: _File,
    way: Way,
    value: Any,
    alike: Mapping[tuple[str, str], list[Any]],
    classes: Mapping[str, list[str]],
) -> Iterator[tuple[str, Any, Any]]:
    """(what was done, the document, new value)."""
    yield "removed", paths.put(file.doc, way, GONE), GONE
    if isinstance(way[-1], str):
        key = values.misspelt(way[-1])
        yield "key misspelt", paths.renamed(file.doc, way, key), key
    elif way[0] == "classes":
        yield "repeated", paths.repeated(file.doc, way), value
        for other in (one for one in classes[value.partition(".")[0]] if one != value):
            yield "another class", paths.put(file.doc, way, other), other
    for change, new in values.others(value):
        yield change, paths.put(file.doc, way, new), new
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        yield "quotes lost", paths.put(file.doc, way, float(value)), float(value)
    if isinstance(value, dict):
        yield "no mapping", paths.put(file.doc, way, "x"), "x"
    elif not isinstance(value, list):
        yield "a mapping", paths.put(file.doc, way, {"x": value}), {"x": value}
        seen = sorted({str(one): one for one in alike.get((file.folder, paths.text(way)), ())}.items())
        others = [one for _, one in seen if one != value]
        if others:
            yield "of another", paths.put(file.doc, way, others[0]), others[0]


def _wholes(file: _File) -> Iterator[Mutation]:
    where = f"inventory/{file.name}"
    made = Rewrite(file.name, None)
    yield Mutation(
        "inventory", "inventory keys", file.about, where, "", "file removed", file.name, None, made
    )
    copied = Rewrite(file.name, _text(file.doc), file.name.replace(".yml", "-2.yml"))
    yield Mutation(
        "inventory", "inventory keys", file.about, where, "", "file copied", file.name, copied.copy, copied
    )
    classes = file.doc.get("classes") or []
    if len(classes) > 1:
        turned = Rewrite(file.name, _text({**file.doc, "classes": classes[::-1]}))
        yield Mutation(
            "inventory", "inventory keys", file.about, where, "classes", "turned", classes, None, turned
        )
