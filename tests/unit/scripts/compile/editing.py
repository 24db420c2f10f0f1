"""Edits of a small project, and what is asked of a compile in most tests."""

from __future__ import annotations

from pathlib import Path

from scripts.compile.job import Request
from scripts.project import Project
from tests.support.compiling import unchecked

ASKED = Request(check=unchecked, removal_limit=None)


def a_stack(project: Project) -> Path:
    return next(
        path for path in sorted(project.inventory.glob("targets/*/*.yml")) if path.stem == "llama-70b"
    )


def name_of(path: Path) -> str:
    return f"{path.parent.name}.{path.stem}"


def inodes(project: Project) -> dict[Path, int]:
    files = (path for path in (project.root / "compiled").rglob("*") if path.is_file())
    return {path: path.stat().st_ino for path in files}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
