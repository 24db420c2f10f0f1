"""From a compiled field to the lines of the inventory that it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from components.common import emit
from components.facts.suggest import did_you_mean
from scripts.explain import papers
from scripts.explain.alternatives import OVERRIDES, Leaf
from scripts.explain.answer import FieldAnswer, Formula, Source
from scripts.explain.authors import Author
from scripts.explain.declared import KeyPath
from scripts.explain.derived import Derived
from scripts.explain.effect import Influence, Objects
from scripts.explain.fleet import Members
from scripts.explain.keyed import Path, Steps, at, keyed, shown
from scripts.explain.locate import NoSuchField, document, field_at_line, field_at_path, line_of, same_field
from scripts.explain.workshop import Workshop
from scripts.project import MisuseError

COMPILED = "compiled"
Found = tuple[str, Leaf, Influence]
"""A target, what can change in it, and how that decides the field."""


@dataclass(frozen=True, slots=True)
class OnDisk:
    """The compiled file."""

    text: str | None
    problem: str
    """Why there is no text."""


def explain_field(workshop: Workshop, file: str, where: int | str) -> FieldAnswer:
    """A field of a compiled file (``compiled/…``), by its line or its path. Raises MisuseError."""
    target, inner = _target_of(workshop, file)
    objects = _objects(workshop, target, inner)
    if inner not in objects:
        raise MisuseError(f"{file}: nothing is compiled to it{did_you_mean(inner, objects)}")
    manifest = objects[inner]
    on_disk = _read(workshop, file)
    if isinstance(where, int) and on_disk.text is None:
        raise MisuseError(f"{file}: {on_disk.problem}; name a field instead of a line, or run make compile")
    try:
        path = _path(manifest, on_disk.text or "", where)
    except NoSuchField as error:
        raise MisuseError(f"{file}: {error}") from None
    if workshop.is_cluster(target):
        return _of_fleet(workshop, target, file, path, on_disk)
    return _of_stack(workshop, target, file, path, on_disk)


def _target_of(workshop: Workshop, file: str) -> tuple[str, str]:
    """The target that a compiled file belongs to, and the file below the target's folder."""
    parts = file.split("/")
    if len(parts) < 5 or parts[0] != COMPILED:
        raise MisuseError(f"{file}: a compiled object is {COMPILED}/<cluster>/<stack>/<component>/<file>")
    return workshop.target(f"{parts[1]}.{parts[2]}"), "/".join(parts[3:])


def _objects(workshop: Workshop, target: str, inner: str) -> Objects:
    """The objects of the component that a file is of."""
    if workshop.is_cluster(target):
        return workshop.fleet(target).around(inner)
    return workshop.study(target).base(inner.partition("/")[0])


def _read(workshop: Workshop, file: str) -> OnDisk:
    try:
        return OnDisk((workshop.project.root / file).read_text(encoding="utf-8"), "")
    except FileNotFoundError:
        return OnDisk(None, "there is no such file")
    except OSError as error:
        return OnDisk(None, f"the file cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        return OnDisk(None, "the file cannot be read: it is not UTF-8")


def _parsed(manifest: dict[str, Any], text: str | None) -> dict[str, Any] | None:
    """What the file holds, in the form of what is compiled."""
    if text is None:
        return None
    if manifest["kind"] == papers.KIND:
        return papers.as_object(manifest["metadata"]["name"], text)
    return document(text)


def _line(manifest: dict[str, Any], text: str | None, there: Steps | None) -> int:
    """The line of a field in the file; 0 where it has none."""
    if text is None or there is None:
        return 0
    if manifest["kind"] == papers.KIND:
        return papers.line_of(there)
    return line_of(text, there)


def _path(manifest: dict[str, Any], text: str, where: int | str) -> Steps:
    """The field, with indices in what is compiled now. Raises NoSuchField."""
    if isinstance(where, str):
        return field_at_path(manifest, where)
    is_document = manifest["kind"] == papers.KIND
    path = papers.field_at(text, where) if is_document else field_at_line(text, where)
    written = _parsed(manifest, text)
    if written is None:
        raise NoSuchField("the file holds no object; run make compile")
    found = same_field(manifest, keyed(written, path))
    if found is None:
        field = shown(path)
        raise NoSuchField(f"line {where}, {field}, is no longer compiled; run make compile")
    return found


def _of_stack(workshop: Workshop, target: str, file: str, path: Steps, on_disk: OnDisk) -> FieldAnswer:
    study = workshop.study(target)
    inner = "/".join(file.split("/")[3:])
    component = inner.partition("/")[0]
    manifest = study.base(component)[inner]
    key = keyed(manifest, path)
    found = [
        (target, effect.cause, influence)
        for effect in study.effects_on(inner, key)
        if (influence := effect.on(inner, key)) is not None
    ]
    deciding = [
        effect.cause
        for effect in study.derived_effects(component)
        if (influence := effect.on(inner, key)) is not None and influence.kind == "value"
    ]
    formulas = _formulas(workshop, target, deciding, found)
    author = _author(workshop, target, inner, manifest, path)
    members = Members((), ())
    return _answer(workshop, target, file, manifest, path, on_disk, found, formulas, members, author)


def _of_fleet(workshop: Workshop, target: str, file: str, path: Steps, on_disk: OnDisk) -> FieldAnswer:
    study = workshop.fleet(target)
    inner = "/".join(file.split("/")[3:])
    manifest = study.around(inner)[inner]
    key = keyed(manifest, path)
    members = study.members(inner, key)
    small = study.path_in(inner, key, members)
    found = [
        (one.target, one.effect.cause, influence)
        for one in study.effects_on(inner, small, members)
        if (influence := one.effect.on(inner, small)) is not None
    ]
    deciding = [
        effect.cause
        for effect in study.derived_effects_on(inner, small, members)
        if (influence := effect.on(inner, small)) is not None and influence.kind == "value"
    ]
    formulas = _formulas(workshop, members.core[0], deciding, found) if deciding else ()
    author = _author(workshop, target, inner, manifest, path)
    if not members.needed and all(one[0] == target for one in found):
        members = Members((), ())
    return _answer(workshop, target, file, manifest, path, on_disk, found, formulas, members, author)


def _author(
    workshop: Workshop, target: str, inner: str, manifest: dict[str, Any], path: Steps
) -> Author | None:
    """Who wrote a field: an override, else a function."""
    params = (
        workshop.fleet(target).fleet if workshop.is_cluster(target) else workshop.study(target).stack
    ).params
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    patch: Any = params.overrides.get(kind, {}).get(name)
    steps: list[str] = []
    for step in path:
        if not isinstance(patch, dict) or step not in patch:
            break
        steps.append(str(step))
        patch = patch[step]
    if isinstance(patch, dict) or not steps:
        author = workshop.authors(target, inner).of(inner, path)
        if author is not None or len(steps) < len(path):
            return author
    line = workshop.parameters.at(target, (*OVERRIDES, kind, name, *steps)).winner
    return Author(line.place, "", "override") if line else None


def _formulas(
    workshop: Workshop, target: str, deciding: Sequence[Derived], found: Iterable[Found]
) -> tuple[Formula, ...]:
    leaves = [leaf for _, leaf, influence in found if influence.kind == "value"]
    return workshop.formulas(target).of(deciding, leaves)


def _answer(
    workshop: Workshop,
    target: str,
    file: str,
    manifest: dict[str, Any],
    path: Steps,
    on_disk: OnDisk,
    found: Sequence[Found],
    formulas: tuple[Formula, ...],
    members: Members,
    author: Author | None,
) -> FieldAnswer:
    key = keyed(manifest, path)
    value = at(manifest, path)
    written = _parsed(manifest, on_disk.text)
    there = same_field(written, key) if written is not None else None
    is_stale = (
        written != manifest if manifest["kind"] == papers.KIND else on_disk.text != emit.document(manifest)
    )
    problem = on_disk.problem or ("the file holds no object" if written is None else "")
    if not problem and there is None:
        problem = "the file on disk has no such field"
    sources = _sources(workshop, found, key)
    metadata = manifest["metadata"]
    return FieldAnswer(
        file=file,
        line=_line(manifest, on_disk.text, there),
        object=" ".join(
            [manifest["kind"], "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))]
        ),
        target=target,
        field=shown(path),
        key=shown(key),
        value=value,
        written=at(written, there) if there is not None else None,
        is_stale=is_stale,
        problem=problem,
        refused=workshop.refused(target) if is_stale else (),
        formulas=formulas,
        values=tuple(one for one, how in sources if how == "value"),
        presence=tuple(one for one, how in sources if how == "presence"),
        unset=tuple(one for one, how in sources if how == "unset"),
        stacks=members.core,
        alike=members.alike,
        author=author,
    )


def _sources(workshop: Workshop, found: Sequence[Found], key: Path) -> list[tuple[Source, str]]:
    """Each parameter once, with how it decides the field ``key``: set ones first, then defaults."""
    values = {(target, leaf.path) for target, leaf, how in found if how.kind == "value"}
    seen: set[tuple[str, tuple[str, ...]]] = set()
    sources: list[tuple[Source, str]] = []
    # A value tells more than its key, and both are one line.
    for target, leaf, influence in sorted(found, key=lambda one: (not one[1].is_set, one[1].kind == "key")):
        name = (target, leaf.path)
        if name in seen or (influence.kind == "presence" and name in values):
            continue
        if leaf.kind == "key" and any(
            target == one[0] and _is_below(one[1].path, leaf.path) for one in found
        ):
            continue
        seen.add(name)
        how = influence.kind if not leaf.is_unset else "unset"
        if how == "unset" and influence.kind == "presence" and influence.at != key:
            continue
        parameter = workshop.parameters.of_leaf(target, leaf)
        chosen = _choosers(workshop, target, leaf) if how == "value" else ()
        # A smaller fleet has fewer items in its lists, but what is below the field stands at the same place.
        fields = tuple(shown((*key, *one[len(key) :])) for one in influence.fields)
        at_ = shown(key[: len(influence.at)])
        source = Source(parameter, leaf.kind == "key", at_, fields, chosen)
        sources.append((source, how))
    return sources


def _is_below(path: KeyPath, other: KeyPath) -> bool:
    """Whether a path leads on from another: a key is told by what it holds."""
    return len(path) > len(other) and path[: len(other)] == other


def _choosers(workshop: Workshop, target: str, leaf: Leaf) -> tuple[Any, ...]:
    if workshop.is_cluster(target):
        return ()
    leaves = workshop.study(target).choosers(leaf.path)
    return tuple(workshop.parameters.of_leaf(target, one) for one in leaves)
