"""What was edited in the inventory: values, includes and whole files, each with its line on both sides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from components.inventory.node import MappingNode, Node, ScalarNode, plain_data
from components.inventory.source import SourceFile, load
from scripts.review.change import MISSING, Cause
from scripts.review.sides import Pair, Side

KeyPath = tuple[str, ...]
MOVED = 0.6
"""Share of equal lines from which a new file is taken for a removed one that moved."""


@dataclass(frozen=True, slots=True)
class Written:
    """A value as it stands in a file."""

    value: Any
    operator: str
    line: int


@dataclass(frozen=True)
class Edits:
    """Everything that was edited."""

    values: Mapping[tuple[str, KeyPath], Cause]
    """By file and key."""
    includes: Mapping[tuple[str, str], Cause]
    """By file and class as written."""
    files: Mapping[str, Cause]
    """Files that came, went or moved, by their path: at the head, and of a moved one at the base too."""
    moved: Mapping[str, str]
    """Where a moved file was, by where it is."""

    def value(self, file: str, key: tuple[str | int, ...]) -> Cause | None:
        """The edit that a definition in a file stands for: at its key, else above or below it."""
        names = tuple(str(part) for part in key)
        exact = self.values.get((file, names))
        if exact is not None:
            return exact
        for (other, path), cause in self.values.items():
            if other == file and (path[: len(names)] == names or names[: len(path)] == path):
                return cause
        return None


def edits(pair: Pair) -> Edits:
    """What was edited between the two sides."""
    old = {file: source for file in pair.inventory if (source := _source(pair.base, file)) is not None}
    new = {file: source for file in pair.inventory if (source := _source(pair.head, file)) is not None}
    moved = dict(
        _moved({f: s for f, s in old.items() if f not in new}, {f: s for f, s in new.items() if f not in old})
    )
    origins = set(moved.values())
    values: dict[tuple[str, KeyPath], Cause] = {}
    includes: dict[tuple[str, str], Cause] = {}
    files: dict[str, Cause] = {}
    for file, source in new.items():
        before = old.get(file) or old.get(moved.get(file, ""))
        if before is None:
            files[file] = Cause("file", file, new="added")
            continue
        if file in moved:
            files[file] = files[moved[file]] = Cause(
                "file", file, old="moved", new="moved", old_file=moved[file]
            )
        values.update(((file, key), cause) for key, cause in _values(file, before, source))
        includes.update(((file, name), cause) for name, cause in _includes(file, before, source))
    for file in old:
        if file not in new and file not in origins:
            files[file] = Cause("file", file, old="removed")
    return Edits(values, includes, files, moved)


def _source(side: Side, file: str) -> SourceFile | None:
    path = side.inventory.root.parent / file
    return load(path, file) if path.is_file() else None


def _values(file: str, old: SourceFile, new: SourceFile) -> Iterator[tuple[KeyPath, Cause]]:
    before, after = _written(old), _written(new)
    for key in dict.fromkeys((*after, *before)):
        one, other = before.get(key), after.get(key)
        if one and other and (_raw(one), one.operator) == (_raw(other), other.operator):
            continue
        yield (
            key,
            Cause(
                "value",
                file,
                other.line if other else one.line if one else 0,
                ".".join(key),
                one.value if one else MISSING,
                other.value if other else MISSING,
            ),
        )


def _raw(written: Written) -> tuple[str, Any]:
    return type(written.value).__name__, written.value


def _written(source: SourceFile) -> dict[KeyPath, Written]:
    found: dict[KeyPath, Written] = {}
    if source.parameters is not None:
        _walk(source.parameters, (), "", found)
    return found


def _walk(node: Node, path: KeyPath, operator: str, found: dict[KeyPath, Written]) -> None:
    if isinstance(node, MappingNode) and node.entries:
        for name, entry in node.entries.items():
            _walk(entry.node, (*path, name), operator + entry.operator, found)
    else:
        value = node.value if isinstance(node, ScalarNode) else plain_data(node)
        found[path] = Written(value, operator, node.line)


def _includes(file: str, old: SourceFile, new: SourceFile) -> Iterator[tuple[str, Cause]]:
    before = {node.text: (index, node.line) for index, node in enumerate(old.classes)}
    after = {node.text: (index, node.line) for index, node in enumerate(new.classes)}
    swapped = _swapped(
        [name for name in before if name not in after], [name for name in after if name not in before]
    )
    for name in dict.fromkeys((*after, *before)):
        if name in swapped:
            old_name, new_name = swapped[name]
            yield name, Cause("include", file, after[new_name][1], new_name, old_name, new_name)
        elif name not in before:
            yield name, Cause("include", file, after[name][1], name, MISSING, name)
        elif name not in after:
            yield name, Cause("include", file, before[name][1], name, name, MISSING)
    shared_old = [name for name in before if name in after]
    shared_new = [name for name in after if name in before]
    for name, other in zip(shared_old, shared_new, strict=True):
        if name != other:
            yield (
                other,
                Cause("include", file, after[other][1], other, "in another order", "in another order"),
            )


def _swapped(gone: list[str], come: list[str]) -> dict[str, tuple[str, str]]:
    """(before, after) of the only class of an axis that went and the only one that came instead, by either name."""
    found: dict[str, tuple[str, str]] = {}
    for axis in {name.rpartition(".")[0] for name in come}:
        old, new = ([name for name in names if name.rpartition(".")[0] == axis] for names in (gone, come))
        if len(old) == len(new) == 1:
            found[old[0]] = found[new[0]] = (old[0], new[0])
    return found


def _moved(gone: Mapping[str, SourceFile], come: Mapping[str, SourceFile]) -> Iterator[tuple[str, str]]:
    """(new path, old path) of files that are alike, the most alike first; targets only become targets."""
    lines = {source.path: _lines(source) for source in (*gone.values(), *come.values())}
    scores = []
    for file, source in come.items():
        for other, was in gone.items():
            one, two = lines[source.path], lines[was.path]
            score = len(one & two) / len(one | two) if one | two else 0.0
            if score >= MOVED and file.split("/")[1] == other.split("/")[1]:
                scores.append((-score, file, other))
    taken: set[str] = set()
    for _, file, other in sorted(scores):
        if file not in taken and other not in taken:
            taken |= {file, other}
            yield file, other


def _lines(source: SourceFile) -> frozenset[str]:
    values = {f"{'.'.join(key)}={written.value!r}" for key, written in _written(source).items()}
    return frozenset(values | {f"- {node.text}" for node in source.classes})
