"""A compile of some targets, in shards, or for comparison only."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.compile.job import Check, run
from scripts.compile.selection import Selection, Shard
from scripts.compile.verify import Checked, CheckError
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
        (Selection(labels=["colour=red"]), r"colour=red: no target has such a label; there are cluster,"),
        (Selection(labels=["runtime"]), "write key=value"),
        (Selection(labels=["runtime=vlm"]), "runtime=vlm: no target has it; did you mean `vllm`"),
        (Selection(labels=["runtime=tgi"]), "no target has it; there are llamacpp, "),
        (
            Selection(labels=["runtime=vllm", "runtime=ollama"]),
            "--label runtime=vllm --label runtime=ollama: no target is all of that",
        ),
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


def test_a_cluster_that_is_compiled_in_part_is_not_checked(compiled: Project, tmp_path: Path) -> None:
    checked: list[frozenset[str]] = []
    request = replace(ASKED, check=noting(checked), selection=Selection(shard=Shard(1, 3)))

    outcome = run(compiled, Workspace(tmp_path / "shard"), request, Silent())

    assert checked == []
    assert outcome.unchecked == {path.name for path in (tmp_path / "shard/compiled").iterdir()}


def test_a_stack_without_its_cluster_is_not_checked(compiled: Project) -> None:
    checked: list[frozenset[str]] = []
    stack = a_stack(compiled)
    edit(stack, "maxReplicas: ", "maxReplicas: 1")

    alone = compile_now(
        compiled, replace(ASKED, check=noting(checked), selection=Selection(globs=[name_of(stack)]))
    )
    assert checked == []
    assert alone.unchecked == {stack.parent.name}

    compile_now(compiled, replace(ASKED, check=noting(checked)))
    assert checked == [{stack.parent.name}]


def test_clusters_that_are_compiled_whole_are_checked_whatever_is_left_out(compiled: Project) -> None:
    checked: list[frozenset[str]] = []
    whole, part = sorted(
        path for path in compiled.inventory.glob("targets/*") if len(list(path.iterdir())) > 2
    )[:2]
    home = compiled.root / "compiled"
    for cluster in (whole, part):
        next(home.glob(f"{cluster.name}/*/*/inferenceservice-*.yaml")).unlink()
        next(home.glob(f"{cluster.name}/cluster/*/*.yaml")).unlink()

    outcome = compile_now(
        compiled,
        replace(
            ASKED,
            check=noting(checked),
            selection=Selection(globs=[f"{whole.name}.*", f"{part.name}.cluster"]),
        ),
    )

    assert checked == [{whole.name}]
    assert outcome.unchecked == {part.name}


def noting(checked: list[frozenset[str]]) -> Check:
    """A check that refuses what is not there, and notes what it was asked about."""

    def check(project: Path, clusters: frozenset[str], *_: object) -> Checked:
        if clusters != {path.name for path in (project / "compiled").iterdir()}:
            raise CheckError("other clusters are laid out")
        checked.append(clusters)
        return Checked(0, len(clusters))

    return check


def test_a_part_that_was_compiled_first_is_no_burden(compiled: Project) -> None:
    """What is remembered of some targets alone does not pass for all that there is."""
    shutil.rmtree(Workspace(compiled.root).folder)
    stack = a_stack(compiled)
    part = replace(ASKED, selection=Selection(globs=[name_of(stack)]))
    compile_now(compiled, part)

    compile_now(compiled, replace(ASKED, compare_only=True))
    compile_now(compiled, part)
    compile_now(compiled)

    assert tree(compiled.root / "compiled") == expected(compiled)


def test_a_part_is_compiled_anew_when_its_files_are_gone(compiled: Project, tmp_path: Path) -> None:
    into = Workspace(tmp_path / "shard")
    part = replace(ASKED, selection=Selection(shard=Shard(1, 2)))
    run(compiled, into, part, Silent())
    before = tree(into.compiled)
    shutil.rmtree(into.compiled)

    run(compiled, into, part, Silent())

    assert tree(into.compiled) == before
