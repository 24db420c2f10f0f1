"""Files that are made from the code and committed: write them, or say which are stale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from components.inventory.problem import Problem
from scripts.project import Project

Generated = Mapping[str, str]
"""File texts by path from the root of the project."""

REMEDY = "run `make docs` and commit the result"


def write(project: Project, files: Generated, folder: str | None = None) -> None:
    """Write the files; nothing else stays in ``folder``."""
    for stray in _strays(project, files, folder):
        stray.unlink()
    for name, text in files.items():
        path = project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def stale(project: Project, files: Generated, folder: str | None = None) -> Iterator[Problem]:
    """What differs from what :func:`write` would leave."""
    for name, text in files.items():
        path = project.root / name
        if not path.is_file():
            yield Problem(name, 0, 0, "missing", REMEDY, "stale")
        elif path.read_text(encoding="utf-8") != text:
            yield Problem(name, 0, 0, "older than the code it is made from", REMEDY, "stale")
    for stray in _strays(project, files, folder):
        yield Problem(project.shown(stray), 0, 0, "not made from the code any more", REMEDY, "stale")


def _strays(project: Project, files: Generated, folder: str | None) -> list[Path]:
    if folder is None:
        return []
    found = (path for path in (project.root / folder).glob("*") if path.is_file())
    return sorted(path for path in found if project.shown(path) not in files)
