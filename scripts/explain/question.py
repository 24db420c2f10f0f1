"""What is asked: a key, a compiled field, or a line of the inventory."""

from __future__ import annotations

import os
import re
from pathlib import Path

from scripts.explain.answer import Answer
from scripts.explain.fields import COMPILED, explain_field
from scripts.explain.keys import explain_key
from scripts.explain.workshop import Workshop
from scripts.project import MisuseError, Project

_PLACE = re.compile(r"(?P<file>.+?):(?P<line>[0-9]+)(:[0-9]+)?")


def answer(project: Project, what: str, key: str) -> Answer:
    """The answer. Raises MisuseError for a question that makes no sense, InferstackError for a broken inventory."""
    match = _PLACE.fullmatch(what)
    before, colon, after = what.partition(":")
    if colon and match is None and "." in before and _in_project(project, before) is not None:
        raise MisuseError(f"{before}: {after or 'nothing'} is no line: {before}:12")
    line = int(match["line"]) if match else 0
    file = _in_project(project, match["file"] if match else what)
    workshop = Workshop(project)
    if file is not None and os.path.isdir(project.root / file):  # noqa: PTH112 - pathlib's refuses long names
        raise MisuseError(f"{file} is a folder: name a file in it")
    if file is not None and file.split("/")[0] == COMPILED:
        if bool(line) == bool(key):
            raise MisuseError(f"{file}: say one line or one field: {file}:12, or {file} metadata.name")
        return explain_field(workshop, file, line or key)
    if file is not None and file.endswith((".yml", ".yaml")):
        return _of_inventory(workshop, file, line, key)
    if line:
        raise MisuseError(f"{what}: a line is one of {COMPILED}/… or {project.inventory.name}/…")
    return explain_key(workshop, workshop.target(what), key)


def _of_inventory(workshop: Workshop, file: str, line: int, key: str) -> Answer:
    from scripts.explain.lines import explain_line

    if not line:
        target = _target(workshop, file)
        if target is None:
            raise MisuseError(f"{file}: say a line: {file}:12")
        return explain_key(workshop, target, key)
    if key:
        raise MisuseError(f"{file}:{line} is a line already; leave {key} out")
    return explain_line(workshop, file, line)


def _target(workshop: Workshop, file: str) -> str | None:
    """The target whose own file it is."""
    units = workshop.origins.inventory.layout.targets.values()
    return next((unit.name for unit in units if unit.shown == file), None)


def _in_project(project: Project, what: str) -> str | None:
    """A path seen from the project, given as seen from there or from here; None where it is no path in it."""
    root = project.root.resolve()
    rooms = (COMPILED, project.inventory.name)
    for base in (root, Path.cwd()):
        try:
            path = (base / what).resolve()
            if path.is_file() and path.is_relative_to(root) and path.relative_to(root).parts[0] in rooms:
                return path.relative_to(root).as_posix()
        except RuntimeError:  # a link to itself
            break
        except (OSError, ValueError):  # a name that no file can have
            return None
    return what if what.split("/", maxsplit=1)[0] in rooms else None
