"""A compile of some targets, in shards, or for comparison only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scripts.compile.job import run
from scripts.compile.selection import Selection, Shard
from scripts.compile.workspace import Workspace
from scripts.project import MisuseError, Project
from tests.support.compiling import Silent, compile_now, expected, tree
from tests.unit.scripts.compile.editing import ASKED, a_stack, edit, name_of


def test_compare_only_writes_nothing(compiled: Project) -> None:
    home = compiled.root / "compiled"
    edit(a_stack(compiled), "maxReplicas: ", "maxReplicas: 1")
    (home / "stray").touch()
    before, state = tree(home), Workspace(compiled.root).state.read_bytes()

    outcome = compile_now(compiled, replace(ASKED, compare_only=True))

    assert outcome.tree is not None
    assert {change.path for change in outcome.tree.changes if change.kind == "removed"} == {"stray"}
    assert any(change.kind == "changed" for change in outcome.tree.changes)
    assert tree(home) == before
    assert Workspace(compiled.root).state.read_bytes() == state


def test_a_selection_leaves_everything_else_alone(compiled: Project) -> None:
    home = compiled.root / "compiled"
    stack = a_stack(compiled)
    edit(stack, "maxReplicas: ", "maxReplicas: 1")
    other = next(path for path in home.rglob("*.yaml") if stack.parent.name not in path.parts)
    other.write_text("edited", encoding="utf-8")
    (home / "stray").touch()

    outcome = compile_now(compiled, replace(ASKED, selection=Selection(globs=[name_of(stack)])))

    assert set(outcome.work.reasons) == {name_of(stack)}
    assert other.read_text(encoding="utf-8") == "edited"
    assert (home / "stray").exists()
    left = compile_now(compiled)
    assert f"{stack.parent.name}.cluster" in left.work.reasons
    assert tree(home) == expected(compiled)


def test_labels_select_by_what_is_rendered(compiled: Project) -> None:
    outcome = compile_now(
        compiled, replace(ASKED, selection=Selection(labels=["runtime=llamacpp", "wiring=*"]))
    )

    assert outcome.work.kept
    for target in outcome.work.kept:
        text = (compiled.inventory / f"targets/{target.replace('.', '/')}.yml").read_text(encoding="utf-8")
        assert "runtime: llamacpp" in text


@pytest.mark.parametrize(
    ("selection", "says"),
    [
        (Selection(globs=["nowhere.*"]), "matches no target"),
        (Selection(labels=["colour=red"]), "no target has it"),
        (Selection(labels=["runtime"]), "write key=value"),
        (Selection(labels=["runtime=vllm", "runtime=ollama"]), "no target has all"),
    ],
)
def test_a_selection_of_nothing_is_a_misuse(compiled: Project, selection: Selection, says: str) -> None:
    with pytest.raises(MisuseError, match=says):
        compile_now(compiled, replace(ASKED, selection=selection))


def test_shards_together_are_the_whole(compiled: Project, tmp_path: Path) -> None:
    merged: dict[str, bytes] = {}
    folders = []
    for index in (1, 2, 3):
        folders.append(tmp_path / f"shard-{index}")
        request = replace(ASKED, selection=Selection(shard=Shard(index, 3)))
        run(compiled, Workspace(folders[-1]), request, Silent())
        part = tree(folders[-1] / "compiled")
        assert merged.keys().isdisjoint(part)
        merged |= part
    assert merged == expected(compiled)

    into = Workspace(tmp_path / "merged")
    run(compiled, into, replace(ASKED, shards=tuple(folders)), Silent())
    assert tree(into.compiled) == expected(compiled)
