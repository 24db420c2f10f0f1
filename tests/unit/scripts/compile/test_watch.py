"""Noticing edits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.compile.watch import look, watch
from scripts.project import Project

STACK = "inventory/targets/eu/a.yml"
CODE = "components/common/x.py"


class StopError(Exception):
    """Ends what goes on for ever."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for path in (STACK, CODE, "templates/x.j2", "scripts/x.py", ".kapitan"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("one\n", encoding="utf-8")
    return Project(tmp_path)


@pytest.mark.parametrize(
    "path", [STACK, CODE, "templates/x.j2", "scripts/x.py", ".kapitan", "inventory/new.yml"]
)
def test_an_edit_is_seen(project: Project, path: str) -> None:
    before = look(project)

    (project.root / path).write_text("another\n", encoding="utf-8")

    after = look(project)
    assert {name for name in before | after if before.get(name) != after.get(name)} == {path}


@pytest.mark.parametrize("path", ["components/__pycache__/x.pyc", "inventory/.a.yml.swp", "compiled/x.yaml"])
def test_what_is_no_source_is_not_seen(project: Project, path: str) -> None:
    before = look(project)

    (project.root / path).parent.mkdir(exist_ok=True)
    (project.root / path).touch()

    assert look(project) == before


def watching(project: Project, monkeypatch: pytest.MonkeyPatch, edits: Iterator[str]) -> list[str]:
    """What is done while files are edited one after the other."""
    done: list[str] = []

    def edit(_: float) -> None:
        path = next(edits, None)
        if path is None:
            raise StopError
        if path:
            path, _between, text = path.partition(" ")
            (project.root / path).write_text(text or f"# {len(done)} {path}\n", encoding="utf-8")

    monkeypatch.setattr("scripts.compile.watch.time.sleep", edit)
    with pytest.raises(StopError):
        watch(project, lambda: done.append("compile"), restart=lambda: done.append("restart"))
    return done


def test_it_compiles_at_once_and_after_every_edit(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert watching(project, monkeypatch, iter(["", STACK, "", "", STACK, ""])) == ["compile"] * 3


def test_it_waits_until_an_editor_is_done(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = iter([STACK, "inventory/a.yml", "inventory/b.yml", ""])

    assert watching(project, monkeypatch, steps) == ["compile"] * 2


def test_code_starts_it_anew(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert watching(project, monkeypatch, iter([CODE, ""])) == ["compile", "restart", "compile"]


def test_it_waits_until_code_is_code_again(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = iter([f"{CODE} def (:", "", CODE, ""])

    assert watching(project, monkeypatch, steps) == ["compile", "restart", "compile"]
    assert f"{project.root / CODE}:1: invalid syntax; nothing is compiled" in capsys.readouterr().err
