"""Everything that compiled files depend on, by content, read once at the start of a run.

A target's files depend on its own file and those of its classes, on the code, templates and settings that all
targets share, and on the versions of what compiles them. A cluster's own target depends on all stacks of its
cluster too, because its files are made from them.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from components.inventory.layout import Layout, Unit, discover
from components.inventory.source import MAX_BYTES
from scripts.compile.content import ABSENT, digest, read_file
from scripts.project import MARKER, Project

CLUSTER_TARGET: Final = "cluster"
"""The last part of the name of a cluster's own target."""

SHARED_FOLDERS: Final = ("components", "templates")
RECLASS_CONFIG: Final = "reclass-config.yml"
MAX_DEPTH: Final = 16
"""Folders inside folders; more is a loop of links."""

ENGINES: Final = frozenset(
    "gojsonnet jinja2 jsonschema-rs kadet kapitan kubernetes-validate markupsafe pydantic pydantic-core "
    "pyyaml reclass-rs".split()
)
"""Distributions that decide what is written, or whether it is."""


def is_cluster(target: str) -> bool:
    """Whether a target is a cluster's own."""
    return target.rpartition(".")[2] == CLUSTER_TARGET


def cluster_of(target: str) -> str:
    """The cluster of a target."""
    return target.rpartition(".")[0]


@dataclass(frozen=True)
class Inputs:
    """What lay on disk when the run started."""

    inventory: Path
    layout: Layout
    files: Mapping[str, bytes]
    """Inventory files by the path that messages show."""
    shared: str
    """Digest of what all targets depend on."""

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """Digests of the inventory files."""
        return {path: digest(content) for path, content in self.files.items()}

    @cached_property
    def is_sound(self) -> bool:
        """Whether every inventory file lies where one may lie, and can be read."""
        units = (*self.layout.classes.values(), *self.layout.targets.values())
        return not self.layout.problems and all(unit.shown in self.files for unit in units)

    @cached_property
    def stacks(self) -> Mapping[str, tuple[str, ...]]:
        """The stack targets of each cluster, sorted."""
        found: dict[str, list[str]] = {}
        for target in sorted(self.layout.targets):
            if not is_cluster(target):
                found.setdefault(cluster_of(target), []).append(target)
        return {cluster: tuple(targets) for cluster, targets in found.items()}

    def needed_by(self, targets: Iterable[str]) -> set[str]:
        """The targets whose parameters are needed to compile some."""
        needed = set(targets)
        for target in tuple(needed):
            if is_cluster(target):
                needed.update(self.stacks.get(cluster_of(target), ()))
        return needed

    def key(self, target: str, closures: Mapping[str, Iterable[str]]) -> str:
        """The key of a target; ``closures`` holds the inventory files of all that it is made from."""
        parts = [target]
        for name in sorted(self.needed_by([target])):
            parts.append(name)
            for path in closures[name]:
                parts += path, self.digests.get(path, ABSENT)
        return _combined([self.shared, *parts])


def read_inputs(project: Project, shared: str | None = None) -> Inputs:
    """Everything as it is now; ``shared`` spares reading what all targets depend on once more."""
    layout = discover(project.inventory)
    units: list[Unit] = [*layout.classes.values(), *layout.targets.values()]
    files: dict[str, bytes] = {}
    for unit in units:
        content = read_file(unit.path, MAX_BYTES + 1)
        if content is not None:
            files[unit.shown] = content
    return Inputs(project.inventory, layout, files, read_shared(project) if shared is None else shared)


def look_edited(project: Project, since: Path) -> bool:
    """Whether something that is compiled seems to have been written after a file: a guess in some milliseconds."""
    try:
        then = since.stat().st_mtime_ns
    except OSError:
        return True
    folders = [project.inventory, *(project.root / folder for folder in SHARED_FOLDERS)]
    places = [project.root / MARKER, *(place for folder in folders for place in _places(folder))]
    return any(_written(place) > then for place in places)


def _places(folder: Path | os.DirEntry[str], depth: int = 0) -> Iterator[Path | os.DirEntry[str]]:
    """A folder and all that lies in it but byte code; the folder tells what was removed from it."""
    yield folder
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            if entry.name == "__pycache__" or entry.name.startswith("."):
                continue
            if entry.is_dir():
                if depth < MAX_DEPTH:
                    yield from _places(entry, depth + 1)
            else:
                yield entry


def _written(place: Path | os.DirEntry[str]) -> int:
    try:
        return place.stat().st_mtime_ns
    except OSError:
        return 0


def read_shared(project: Project) -> str:
    """Digest of the code, templates, settings and versions that all targets depend on."""
    found = {MARKER: _digest_of(project.root / MARKER), RECLASS_CONFIG: _digest_of(reclass_config(project))}
    for folder in SHARED_FOLDERS:
        for path in _files(project.root / folder):
            found[path.relative_to(project.root).as_posix()] = _digest_of(path)
    return _combined([*versions(), *_pairs(found)])


def reclass_config(project: Project) -> Path:
    """A file that changes how the inventory is read; the guard refuses it."""
    return project.inventory / RECLASS_CONFIG


def versions() -> list[str]:
    """Python's minor version, and the versions of the distributions that compile."""
    found = {f"python-{sys.version_info.major}.{sys.version_info.minor}"}
    pattern = re.compile(r"(.+?)-([^-]+)\.dist-info")
    for folder in sys.path:
        for name in _names(folder or "."):
            match = pattern.fullmatch(name)
            if match and re.sub(r"[-_.]+", "-", match[1]).lower() in ENGINES:
                found.add(name)
    return sorted(found)


def _names(folder: str) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(folder)]
    except OSError:
        return []


def _files(folder: Path, depth: int = 0) -> Iterator[Path]:
    """All files that code can read by name: no byte code, nothing hidden, no editor's backup."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name.endswith((".pyc", "~")) or entry.name == "__pycache__":
            continue
        if entry.is_dir():
            if depth < MAX_DEPTH:
                yield from _files(folder / entry.name, depth + 1)
        else:
            yield folder / entry.name


def _digest_of(path: Path) -> str:
    content = read_file(path)
    return ABSENT if content is None else digest(content)


def _pairs(digests: Mapping[str, str]) -> Iterator[str]:
    for path in sorted(digests):
        yield path
        yield digests[path]


def _combined(parts: Iterable[str]) -> str:
    # No part holds a NUL: names of files cannot.
    return digest("\0".join(parts).encode("utf-8", "surrogateescape"))
