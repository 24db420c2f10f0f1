"""What one compile does, and does not, whatever lies on disk."""

from __future__ import annotations

import os
from typing import Any

import pytest

from scripts.compile import job
from scripts.compile.inputs import look_edited
from scripts.compile.summary import difference
from scripts.compile.workspace import Workspace
from scripts.project import Project
from tests.support.compiling import InProcessEngine, compile_now, expected, tree
from tests.unit.scripts.compile.editing import a_stack, edit, inodes, name_of


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


def test_an_engine_that_was_started_in_vain_is_closed_and_not_started_again(
    compiled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    class Watched(InProcessEngine):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            told.append("started")

        def close(self) -> None:
            told.append("closed")

    monkeypatch.setattr(job, "Engine", Watched)
    a_stack(compiled).touch()
    assert look_edited(compiled, Workspace(compiled.root).state)

    assert compile_now(compiled).tree is None
    assert told == ["started", "closed"]
    assert compile_now(compiled).tree is None
    assert told == ["started", "closed"]
