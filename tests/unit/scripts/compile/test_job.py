"""What one compile does, and does not, whatever lies on disk."""

from __future__ import annotations

import datetime
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.common.errors import InferstackError
from scripts.compile import job
from scripts.compile.engine import EngineError
from scripts.compile.inputs import read_shared
from scripts.compile.job import Request, run
from scripts.compile.removals import RemovalsError
from scripts.compile.selection import Selection, Shard
from scripts.compile.summary import difference
from scripts.compile.verify import Checked, CheckError, GuardError, check_tree
from scripts.compile.workspace import Workspace
from scripts.project import MisuseError, Project
from tests.support.compiling import Silent, compile_now, expected, tree, unchecked

TODAY = datetime.date(2026, 11, 24)
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


def test_the_first_compile_gives_everything(compiled: Project) -> None:
    assert tree(compiled.root / "compiled") == expected(compiled)


def test_nothing_is_compiled_when_nothing_changed(compiled: Project) -> None:
    outcome = compile_now(compiled)

    assert outcome.tree is None
    assert not outcome.work.reasons
    assert len(outcome.work.kept) == len(list(compiled.inventory.glob("targets/*/*.yml")))


def test_a_touched_file_is_not_a_change(compiled: Project) -> None:
    for path in (a_stack(compiled), *(compiled.root / "compiled").rglob("*.yaml")):
        os.utime(path, (1, 1))

    assert compile_now(compiled).tree is None


def test_an_edit_is_found_although_size_and_time_are_what_they_were(compiled: Project) -> None:
    path = next((compiled.root / "compiled").rglob("inferenceservice-*.yaml"))
    compile_now(compiled)
    before = path.stat()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"a", b"b", 1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size

    outcome = compile_now(compiled)

    assert set(outcome.work.reasons.values()) == {"edited"}
    assert path.read_bytes() == content


def test_one_edited_stack_compiles_itself_and_its_cluster(compiled: Project) -> None:
    stack = a_stack(compiled)
    edit(stack, "maxReplicas: ", "maxReplicas: 1")

    outcome = compile_now(compiled)

    assert dict(outcome.work.reasons) == {name_of(stack): "stale", f"{stack.parent.name}.cluster": "stale"}
    assert outcome.tree is not None
    assert outcome.tree.unit in (stack.parent.name, f"{stack.parent.name}/{stack.stem}")
    assert tree(compiled.root / "compiled") == expected(compiled)


def test_a_comment_compiles_and_changes_nothing(compiled: Project) -> None:
    stack = a_stack(compiled)
    stack.write_text(f"# why\n{stack.read_text(encoding='utf-8')}", encoding="utf-8")
    before = inodes(compiled)

    outcome = compile_now(compiled)

    assert outcome.tree is not None
    assert outcome.tree.changes == ()
    assert before == inodes(compiled)
    assert compile_now(compiled).tree is None


def test_a_class_compiles_the_targets_that_are_made_from_it(compiled: Project) -> None:
    users = {
        f"{path.parent.name}.{path.stem}"
        for path in compiled.inventory.glob("targets/*/*.yml")
        if "models.qwen3-8b" in path.read_text(encoding="utf-8")
    }
    edit(compiled.inventory / "classes/models/qwen3-8b.yml", "parameters:", "# why\nparameters:")

    outcome = compile_now(compiled)

    clusters = {f"{user.partition('.')[0]}.cluster" for user in users}
    assert set(outcome.work.reasons) == users | clusters
    assert users


def test_files_that_no_stack_needs_are_not_waited_for(compiled: Project) -> None:
    (compiled.inventory / "classes/models/unused.yml").write_text("parameters: {}\n", encoding="utf-8")

    outcome = compile_now(compiled)

    assert outcome.tree is None
    assert "unused" in outcome.warnings


def test_only_what_changed_is_written(compiled: Project) -> None:
    stack = a_stack(compiled)
    before = inodes(compiled)
    edit(stack, "maxReplicas: ", "maxReplicas: 1")

    outcome = compile_now(compiled)

    assert outcome.tree is not None
    changed = {compiled.root / "compiled" / change.path for change in outcome.tree.changes}
    after = inodes(compiled)
    assert {path for path in after if after[path] != before.get(path)} == changed


def test_no_file_is_left_with_two_names(compiled: Project) -> None:
    edit(a_stack(compiled), "maxReplicas: ", "maxReplicas: 1")

    compile_now(compiled)

    assert all(path.stat().st_nlink == 1 for path in (compiled.root / "compiled").rglob("*.yaml"))


def test_gone_targets_and_strays_are_pruned(compiled: Project) -> None:
    stack = a_stack(compiled).with_stem("qwen3-30b-a3b")  # no other falls back to it
    stack.unlink()
    home = compiled.root / "compiled"
    cluster = stack.parent.name
    for stray in (home / "README", home / cluster / "notes.txt", home / "old/thing/x/service.yaml"):
        stray.parent.mkdir(parents=True, exist_ok=True)
        stray.touch()
    (home / cluster / "cluster" / "platform" / "link.yaml").symlink_to(home / "README")

    outcome = compile_now(compiled)

    assert outcome.work.gone == {name_of(stack), "old.thing"}
    assert tree(home) == expected(compiled)
    assert not (home / "old").exists()


def test_a_cluster_that_is_gone_is_pruned(compiled: Project) -> None:
    cluster = a_stack(compiled).parent
    for path in cluster.iterdir():
        path.unlink()
    cluster.rmdir()

    outcome = compile_now(compiled)

    assert outcome.tree is not None
    assert outcome.tree.unit == cluster.name
    assert tree(compiled.root / "compiled") == expected(compiled)
    assert not (compiled.root / "compiled" / cluster.name).exists()


def test_what_stands_in_the_way_is_replaced(compiled: Project) -> None:
    home = compiled.root / "compiled"
    file = next(home.rglob("inferenceservice-*.yaml"))
    file.unlink()
    file.mkdir()
    (file / "inside.yaml").touch()
    other = next(home.rglob("inferencepool-*.yaml"))
    target = other.read_bytes()
    other.unlink()
    other.symlink_to("/etc/hostname")
    executable = next(home.rglob("deployment-*.yaml"))
    executable.chmod(0o755)

    compile_now(compiled)

    assert tree(home) == expected(compiled)
    assert other.read_bytes() == target
    assert executable.stat().st_mode & 0o777 == 0o644


def test_compiled_as_a_link_is_refused(compiled: Project) -> None:
    home = compiled.root / "compiled"
    home.rename(compiled.root / "elsewhere")
    home.symlink_to("elsewhere")

    with pytest.raises(InferstackError, match="is no folder"):
        compile_now(compiled)


@pytest.mark.parametrize(
    "content", [b"", b"\0\xff", b"inferstack compile 1 00\n{}", b"[]", b'{"targets": 3}'], ids=repr
)
def test_a_broken_state_only_costs_time(compiled: Project, content: bytes) -> None:
    Workspace(compiled.root).state.write_bytes(content)

    outcome = compile_now(compiled)

    assert set(outcome.work.reasons.values()) == {"new"}
    assert outcome.tree is not None
    assert outcome.tree.changes == ()


def test_a_state_of_another_tree_only_costs_time(compiled: Project) -> None:
    stack = a_stack(compiled)
    old = Workspace(compiled.root).state.read_bytes()
    edit(stack, "maxReplicas: ", "maxReplicas: 1")
    compile_now(compiled)
    Workspace(compiled.root).state.write_bytes(old)

    compile_now(compiled)

    assert tree(compiled.root / "compiled") == expected(compiled)


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


def test_a_mistake_stops_before_kapitan(compiled: Project) -> None:
    before = tree(compiled.root / "compiled")
    edit(a_stack(compiled), "maxReplicas: ", "maxReplicas: [")

    with pytest.raises(GuardError, match=r"inventory/targets/.*yml:\d+"):
        compile_now(compiled)

    assert tree(compiled.root / "compiled") == before
    assert not Workspace(compiled.root).staging.exists()


def test_a_mistake_in_a_class_that_nobody_uses_stops_too(compiled: Project) -> None:
    (compiled.inventory / "classes/models/unused.yml").write_text("parameters: [\n", encoding="utf-8")

    with pytest.raises(GuardError, match=r"unused\.yml"):
        compile_now(compiled)


def test_a_mistake_that_the_compiler_finds_stops(compiled: Project) -> None:
    before = tree(compiled.root / "compiled")
    edit(a_stack(compiled), "maxReplicas: ", "maxReplicass: 1")

    with pytest.raises(EngineError, match="maxReplicass"):
        compile_now(compiled)

    assert tree(compiled.root / "compiled") == before


def test_a_tree_that_cannot_work_is_not_published(compiled: Project) -> None:
    before = tree(compiled.root / "compiled")
    edit(a_stack(compiled), "maxReplicas: ", "maxReplicas: 1")
    seen: list[dict[str, bytes]] = []

    def refuse(project: Path, clusters: frozenset[str], *_: object) -> Checked:
        seen.append(tree(project / "compiled"))
        raise CheckError("it cannot work")

    with pytest.raises(CheckError):
        compile_now(compiled, replace(ASKED, check=refuse))

    assert tree(compiled.root / "compiled") == before
    cluster = a_stack(compiled).parent.name
    whole = {path: content for path, content in expected(compiled).items() if path.startswith(f"{cluster}/")}
    assert seen == [whole]


def test_large_removals_must_be_accepted(compiled: Project) -> None:
    before = tree(compiled.root / "compiled")
    cluster = a_stack(compiled).parent
    for path in cluster.iterdir():
        path.unlink()

    with pytest.raises(RemovalsError, match=rf"{cluster.name}: \d+, all that there is of this cluster"):
        compile_now(compiled, replace(ASKED, removal_limit=100))

    assert tree(compiled.root / "compiled") == before


def test_code_that_is_edited_meanwhile_is_compiled_again(
    compiled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["edited once", "edited twice"])
    now = read_shared
    monkeypatch.setattr(job, "read_shared", lambda project: next(answers, now(project)))
    edit(a_stack(compiled), "maxReplicas: ", "maxReplicas: 1")

    compile_now(compiled)

    assert tree(compiled.root / "compiled") == expected(compiled)


def test_code_that_never_rests_is_an_error(compiled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "read_shared", lambda project: "other")
    edit(a_stack(compiled), "maxReplicas: ", "maxReplicas: 1")

    with pytest.raises(job.ChangedError):
        compile_now(compiled)


def test_the_check_sees_what_will_be(compiled: Project) -> None:
    edit(a_stack(compiled), "maxReplicas: ", "maxReplicas: 1")
    before = tree(compiled.root / "compiled")

    def spoil_then_check(project: Path, *rest: Any) -> Checked:
        manifest = next(project.glob(f"compiled/*/{a_stack(compiled).stem}/*/inferenceservice-*.yaml"))
        manifest.with_name("notes.txt").write_text("not a manifest", encoding="utf-8")
        return check_tree(project, *rest)

    with pytest.raises(CheckError, match=r"notes\.txt"):
        compile_now(compiled, replace(ASKED, check=spoil_then_check, date=TODAY))

    assert tree(compiled.root / "compiled") == before


def test_a_tree_that_can_work_is_published(compiled: Project) -> None:
    edit(a_stack(compiled), "maxReplicas: 4", "maxReplicas: 3")

    outcome = compile_now(compiled, replace(ASKED, check=None, date=TODAY))

    assert outcome.checked.clusters == 1
    assert outcome.checked.objects > 50
    assert tree(compiled.root / "compiled") == expected(compiled)


def test_names_that_no_terminal_likes(compiled: Project) -> None:
    home = os.fsencode(compiled.root / "compiled")
    for name in (b"caf\xe9", b"two\nlines", b"\x1b[31mred"):
        with open(home + b"/" + name, "wb"):  # noqa: PTH123 - a name that is no text
            pass

    outcome = compile_now(compiled)

    assert difference(outcome) == [
        r"stray: compiled/\x1b[31mred",
        r"stray: compiled/caf\xe9",
        r"stray: compiled/two\nlines",
    ]
    assert tree(compiled.root / "compiled") == expected(compiled)
