"""Changes of a small fleet for tests of `inferstack review`: edits of its inventory, compiled in memory on both sides.

The fleet lies in ``tests/golden/review/_inventory``; a case is a folder beside it with a ``case.yaml``.
"""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml

from components.inventory.inventory import Inventory
from components.inventory.origin import Origins
from scripts.review import show
from scripts.review.build import build
from scripts.review.change import Change
from scripts.review.grouping import documents, groups, idle
from scripts.review.recompile import compile_texts
from scripts.review.sides import Pair, Side

CASES = Path(__file__).parents[1] / "golden" / "review"
FLEET = CASES / "_inventory"
DATE = datetime.date(2026, 11, 24)

Texts = dict[str, str]
Edit = Mapping[str, Any]


@dataclass(frozen=True)
class Tree:
    """One side: an inventory on disk, and what it compiles to."""

    folder: Path
    """Holds ``inventory``."""
    texts: Texts


def tree(folder: Path, edits: Iterable[Edit] = (), only: str = "") -> Tree:
    """The fleet with some edits, below a folder that does not exist yet."""
    shutil.copytree(FLEET, folder / "inventory")
    for edit in edits:
        apply(folder, edit)
    return Tree(folder, compiled(folder, only))


def apply(folder: Path, edit: Edit) -> None:
    """One edit: ``replace`` in a ``file``, ``append`` to it, ``write``, ``remove``, ``move`` or ``copies`` of it."""
    path = folder / "inventory" / edit["file"]
    match edit:
        case {"replace": old, "with": new}:
            text = path.read_text(encoding="utf-8")
            if old not in text:
                raise ValueError(f"{edit['file']} holds no {old!r}")
            path.write_text(text.replace(old, new), encoding="utf-8")
        case {"append": text}:
            path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
        case {"write": text}:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        case {"remove": True}:
            path.unlink()
        case {"move": to}:
            target = folder / "inventory" / to
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
        case {"copies": count}:
            for number in range(count):
                shutil.copy(path, path.with_name(f"{path.stem}-{number:04d}.yml"))
        case _:
            raise ValueError(f"no such edit: {edit}")


def compiled(folder: Path, only: str = "") -> Texts:
    """What an inventory compiles to, by path. Targets whose parameters were compiled before are not compiled again.
    ``only``: a cluster's stacks alone, for fleets that are large."""
    origins = Origins(folder / "inventory")
    rendered = {name: origins.value(name) for name in sorted(origins.inventory.layout.targets)}
    found: Texts = {}
    for target, parameters in rendered.items():
        cluster = target.rpartition(".")[0]
        if target.endswith(".cluster"):
            if only:
                continue
            own = {name: value for name, value in rendered.items() if name.rpartition(".")[0] == cluster}
        else:
            own = {target: parameters}
        found.update(_compiled(target, json.dumps(own)))
    return found


@lru_cache(maxsize=256)
def _compiled(target: str, parameters: str) -> Texts:
    texts = compile_texts(target, json.loads(parameters))
    if texts is None:
        raise ValueError(f"{target} does not compile")
    return texts


def pair(base: Tree, head: Tree, code: tuple[str, ...] = (), runs_head: bool = True) -> Pair:
    """Both sides as a review reads them."""
    paths = base.texts.keys() | head.texts.keys()
    changed = {path for path in paths if base.texts.get(path) != head.texts.get(path)}
    files = _files(base.folder), _files(head.folder)
    edited = {file for file in files[0].keys() | files[1].keys() if files[0].get(file) != files[1].get(file)}
    sides = [_side(name, one, changed) for name, one in (("base", base), ("head", head))]
    return Pair(sides[0], sides[1], tuple(sorted(edited)), code, runs_head)


def _files(folder: Path) -> dict[str, bytes]:
    found = sorted((folder / "inventory").rglob("*.yml"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def _side(label: str, one: Tree, changed: set[str]) -> Side:
    def read(target: str) -> Texts:
        prefix = f"compiled/{target.replace('.', '/', 1)}/"
        return {path: text for path, text in one.texts.items() if path.startswith(prefix)}

    texts = {path: text for path, text in one.texts.items() if path in changed}
    return Side(label, Origins(Inventory(one.folder / "inventory")), texts, read)


@dataclass(frozen=True)
class Case:
    """A case of the golden tests."""

    name: str
    about: str
    edits: tuple[Edit, ...]
    before: tuple[Edit, ...]
    """Edits of the fleet that both sides have."""
    texts: tuple[Mapping[str, str], ...]
    """Edits of compiled files of the head that nobody compiled: ``file``, ``replace``, ``with``."""
    code: tuple[str, ...]
    only: str


def cases() -> list[Case]:
    """All cases, by name."""
    return [case(path.parent.name) for path in sorted(CASES.glob("*/case.yaml"))]


def case(name: str) -> Case:
    """One case."""
    found = yaml.load((CASES / name / "case.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return Case(
        name,
        found["about"],
        tuple(found.get("edits", ())),
        tuple(found.get("before", ())),
        tuple(found.get("compiled", ())),
        tuple(found.get("code", ())),
        found.get("only", ""),
    )


def run(one: Case, folder: Path) -> tuple[Tree, Tree, Change]:
    """Both sides of a case and its review."""
    base = tree(folder / "base", one.before, one.only)
    head = tree(folder / "head", [*one.before, *one.edits], one.only)
    for edit in one.texts:
        text = head.texts[edit["file"]]
        if edit["replace"] not in text:
            raise ValueError(f"{edit['file']} holds no {edit['replace']!r}")
        head.texts[edit["file"]] = text.replace(edit["replace"], edit["with"])
    with patch("scripts.review.build.compile_texts", partial(_with_code, one)):
        return base, head, build(pair(base, head, one.code, not one.only), DATE)


def _with_code(one: Case, target: str, parameters: Mapping[str, Any]) -> dict[str, str] | None:
    """What the code of the head compiles a target to: a case with other code says what it makes."""
    found = compile_texts(target, parameters)
    for edit in one.texts if one.code else ():
        if found is not None and edit["file"] in found:
            found[edit["file"]] = found[edit["file"]].replace(edit["replace"], edit["with"])
    return found


def summary(change: Change) -> dict[str, Any]:
    """What a golden file holds: what a reader learns, without what every writer shortens in its own way."""
    found: dict[str, Any] = {"verdict": change.verdict.severity}
    if change.notes:
        found["notes"] = list(change.notes)
    found["causes"] = [
        {
            "because": [f"{show.place(cause)} {show.cause(cause)}".strip() for cause in group.causes],
            "reach": show.reach(group),
            "changes": _rows(group),
        }
        for group in groups(change)
    ]
    if lost := idle(change):
        found["without effect"] = [f"{show.place(cause)} {show.cause(cause)}".strip() for cause in lost]
    if files := documents(change):
        found["documents"] = len(files)
    found["consequences"] = [f"{one.severity} {one.rule}: {one.sentence}" for one in change.consequences]
    found["ledger"] = [" | ".join(show.level(row)) for row in change.ledger if row.changed]
    found["memory"] = [f"{one.target}: {one.before or 'unknown'} to {one.after}" for one in change.memory]
    return {key: value for key, value in found.items() if value != []}


def _rows(group: Any) -> list[str]:
    lines = []
    for row in group.rows[:12]:
        told = row.field and "config-hash" not in row.field  # a digest of what other rows tell
        values = f": {' → '.join(show.pair(row.old, row.new))}" if told else ""
        times = f" ({row.count} times)" if row.count > 1 and row.field else ""
        lines.append(f"{show.row(row)}{values}{times}")
    if len(group.rows) > 12:
        lines.append(f"and {len(group.rows) - 12} more")
    return lines
