"""Which files an inventory is made of, and what their names mean.

`targets/<cluster>/<stack>.yml` is the target `<cluster>.<stack>`; `classes/a/b.yml` is the class `a.b`;
`classes/a/init.yml` is the class `a`. Found as reclass-rs 0.10 finds them (`src/lib.rs`, `walk_entity_dir`).
Names are slugs, because Kapitan takes a dot in a name for a folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from components.inventory.problem import Problem, quoted

YAML_SUFFIXES: Final = (".yml", ".yaml")
#: Folders and file of a target below `targets`: the cluster and the stack.
TARGET_PARTS: Final = 2
#: Nobody nests folders deeper; a loop of links does.
MAX_FOLDERS: Final = 16

_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Unit:
    """A target or a class. `folder` is where its relative class names (`.sibling`) are looked up."""

    name: str
    path: Path
    shown: str
    folder: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """The targets and classes of an inventory by name, and what is wrong with the files themselves."""

    targets: dict[str, Unit]
    classes: dict[str, Unit]
    problems: tuple[Problem, ...]


def discover(root: Path) -> Layout:
    """The layout of the inventory in `root`. Never raises."""
    problems: list[Problem] = []
    found: dict[str, dict[str, Unit]] = {}
    for tree in ("targets", "classes"):
        units: dict[str, Unit] = {}
        for item in _walk(root, tree):
            if isinstance(item, Problem):
                problems.append(item)
            elif item.name in units:
                problems.append(_collision(item, units[item.name]))
            else:
                units[item.name] = item
        found[tree] = units
    return Layout(found["targets"], found["classes"], tuple(problems))


def _collision(unit: Unit, first: Unit) -> Problem:
    message = f"{quoted(unit.name)} is also {first.shown}"
    return Problem(unit.shown, 0, 0, message, "keep one of the two files", "name-collision")


def _walk(root: Path, tree: str) -> Iterator[Unit | Problem]:
    """Every unit below `root/tree`, sorted by path, with the problems on the way."""
    shown_root = f"{root.name}/{tree}"
    if not (root / tree).is_dir():
        yield Problem(shown_root, 0, 0, "no such folder", f"create {shown_root}", "layout-missing")
        return
    pending: list[tuple[str, ...]] = [()]
    while pending:
        parts = pending.pop(0)
        folder = Path(root, tree, *parts)
        try:
            names = sorted(entry.name for entry in os.scandir(folder))
        except OSError as error:
            message = f"cannot be read: {error.strerror or type(error).__name__}"
            shown = _shown(root, tree, parts)
            yield Problem(shown, 0, 0, message, "check its permissions", "file-unreadable")
            continue
        for name in names:
            path = folder / name
            shown = _shown(root, tree, (*parts, name))
            fault = _fault(root, tree, path, shown)
            if fault:
                yield fault
            elif path.is_dir():
                pending.append((*parts, name))
            elif path.suffix in YAML_SUFFIXES:
                yield from _unit(tree, (*parts, path.stem), path, shown)


def _shown(root: Path, tree: str, parts: tuple[str, ...]) -> str:
    """The path for messages, printable whatever bytes it holds."""
    return os.fsencode("/".join((root.name, tree, *parts))).decode("utf-8", "backslashreplace")


def _fault(root: Path, tree: str, path: Path, shown: str) -> Problem | None:
    """What is wrong with an entry of a folder, when the entry cannot be used at all."""
    name = path.name
    is_folder = path.is_dir()
    if not (is_folder or path.suffix.lower() in YAML_SUFFIXES):
        return None
    if path.is_symlink():
        message = _link_fault(root, tree, path, is_folder)
        if message:
            return Problem(shown, 0, 0, message, "replace the link by the file itself", "link-escape")
    if name.startswith("."):
        return Problem(shown, 0, 0, "hidden, yet reclass reads it", "rename or remove it", "name-hidden")
    slug = name if is_folder else path.stem
    if not _SLUG.fullmatch(slug):
        message = f"{quoted(slug)} is not a slug"
        return Problem(shown, 0, 0, message, "rename it: a-z, 0-9 and `-`, no dots", "name-slug")
    if not is_folder and path.suffix not in YAML_SUFFIXES:
        return Problem(shown, 0, 0, f"`{path.suffix}` is not read", "rename it to .yml", "name-suffix")
    return None


def _link_fault(root: Path, tree: str, path: Path, is_folder: bool) -> str | None:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return "a link that leads nowhere"
    if not target.is_relative_to(root.resolve()):
        return "a link that leaves the inventory"
    if is_folder and path.parent.resolve().is_relative_to(target):
        return "a link to a folder that holds it"
    if is_folder and tree == "targets":
        return "a link to a folder, which Kapitan does not follow and reclass does"
    return None


def _unit(tree: str, parts: tuple[str, ...], path: Path, shown: str) -> Iterator[Unit | Problem]:
    if tree == "targets":
        if len(parts) != TARGET_PARTS or parts[-1] == "init":
            message = f"{quoted('.'.join(parts))} is no target"
            yield Problem(shown, 0, 0, message, "a target is targets/<cluster>/<stack>.yml", "target-depth")
            return
        yield Unit(".".join(parts), path, shown, ())
    elif parts == ("init",):
        yield Problem(shown, 0, 0, "a class without a name", "move or rename the file", "name-slug")
    elif parts[-1] == "init":
        yield Unit(".".join(parts[:-1]), path, shown, parts[:-2])
    else:
        yield Unit(".".join(parts), path, shown, parts[:-1])
