"""What shards compiled is taken over only when it is what would be compiled here."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.compile import shards as module
from scripts.compile.job import Request, run
from scripts.compile.selection import Selection, Shard
from scripts.compile.shards import ShardsError
from scripts.compile.state import load_state, save_state
from scripts.compile.workspace import Workspace
from scripts.project import MisuseError, Project
from tests.support.compiling import Silent, tree, unchecked

ASKED = Request(check=unchecked)


@pytest.fixture
def shards(compiled: Project, tmp_path: Path) -> tuple[Path, ...]:
    folders = tuple(tmp_path / f"shard-{index}" for index in (1, 2))
    for index, folder in enumerate(folders, 1):
        asked = replace(ASKED, selection=Selection(shard=Shard(index, 2)))
        run(compiled, Workspace(folder), asked, Silent())
    return folders


def merge(project: Project, folder: Path, shards: tuple[Path, ...]) -> Workspace:
    into = Workspace(folder)
    run(project, into, replace(ASKED, shards=shards), Silent())
    return into


def test_a_merge_is_remembered_as_a_compile_is(
    compiled: Project, tmp_path: Path, shards: tuple[Path, ...]
) -> None:
    into = merge(compiled, tmp_path / "merged", shards)

    assert tree(into.compiled) == tree(compiled.root / "compiled")
    assert run(compiled, into, ASKED, Silent()).tree is None


def test_a_shard_that_is_absent(compiled: Project, tmp_path: Path, shards: tuple[Path, ...]) -> None:
    with pytest.raises(ShardsError, match=r"is in no shard; compile all of them") as error:
        merge(compiled, tmp_path / "merged", shards[:1])

    assert len(str(error.value).splitlines()) > 2
    assert not Workspace(tmp_path / "merged").compiled.exists()


def test_a_long_list_of_what_is_absent_is_cut(
    compiled: Project, tmp_path: Path, shards: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOLD", 2)

    with pytest.raises(ShardsError) as error:
        merge(compiled, tmp_path / "merged", shards[:1])

    assert len(str(error.value).splitlines()) == 4
    assert str(error.value).endswith(" more\ncompiled/ is as it was")


def test_a_folder_that_is_absent(compiled: Project, tmp_path: Path, shards: tuple[Path, ...]) -> None:
    with pytest.raises(MisuseError, match="nothing was compiled there"):
        merge(compiled, tmp_path / "merged", (*shards, tmp_path / "third"))


def test_a_shard_of_another_checkout(compiled: Project, tmp_path: Path, shards: tuple[Path, ...]) -> None:
    stack = next(compiled.inventory.glob("targets/*/llama-70b.yml"))
    stack.write_text(stack.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")

    with pytest.raises(ShardsError, match=f"{stack.parent.name}.llama-70b in .* another checkout"):
        merge(compiled, tmp_path / "merged", shards)


def test_a_file_that_was_edited_on_the_way(
    compiled: Project, tmp_path: Path, shards: tuple[Path, ...]
) -> None:
    path = next(path for folder in shards for path in folder.rglob("inferenceservice-*.yaml"))
    path.write_text("edited\n", encoding="utf-8")

    with pytest.raises(ShardsError, match="is not what its shard compiled"):
        merge(compiled, tmp_path / "merged", shards)


def test_times_and_inodes_do_not_matter(compiled: Project, tmp_path: Path, shards: tuple[Path, ...]) -> None:
    copies = tuple(folder.with_name(f"{folder.name}-copy") for folder in shards)
    for folder, copy in zip(shards, copies, strict=True):
        shutil.copytree(folder, copy, copy_function=shutil.copyfile)

    assert tree(merge(compiled, tmp_path / "merged", copies).compiled) == tree(compiled.root / "compiled")


def test_the_one_that_fits_is_taken_of_several(
    compiled: Project, tmp_path: Path, shards: tuple[Path, ...]
) -> None:
    stack = next(compiled.inventory.glob("targets/*/llama-70b.yml"))
    text = stack.read_text(encoding="utf-8")
    stack.write_text(f"{text}# older\n", encoding="utf-8")
    older = tmp_path / "older"
    run(compiled, Workspace(older), ASKED, Silent())
    stack.write_text(text, encoding="utf-8")

    for order in ((*shards, older), (older, *shards)):
        into = merge(compiled, tmp_path / order[0].name / "merged", order)
        assert tree(into.compiled) == tree(compiled.root / "compiled")


def test_a_path_that_leads_out_of_a_folder_is_refused(
    compiled: Project, tmp_path: Path, shards: tuple[Path, ...]
) -> None:
    path = Workspace(shards[0]).state
    state = load_state(path)
    record = next(iter(state.targets.values()))
    record.files["../" * 6 + "outside"] = next(iter(record.files.values()))
    save_state(path, state)

    with pytest.raises(ShardsError, match="outside does not lie in its folder"):
        merge(compiled, tmp_path / "merged", shards)
