"""What a key depends on: everything that a compiled byte depends on, and nothing else of the inventory."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from components.cluster.params import TARGET
from components.inventory.chain import Chains
from components.inventory.inventory import Inventory
from scripts.compile import inputs as module
from scripts.compile.inputs import CLUSTER_TARGET, Inputs, look_edited, read_inputs, versions
from scripts.compile.view import write_view
from scripts.project import Project
from tests.support.compiling import new_project

STACK = "eu-h100-001.llama-70b"
CLUSTER = "eu-h100-001.cluster"
OTHER = "eu-h100-001.qwen3-32b"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return new_project(tmp_path, 10)


def keys(project: Project) -> dict[str, str]:
    inputs = read_inputs(project)
    closures = closures_of(inputs)
    return {target: inputs.key(target, closures) for target in inputs.layout.targets}


def closures_of(inputs: Inputs) -> dict[str, list[str]]:
    chains = Chains(Inventory(inputs.inventory))
    return {target: [unit.shown for unit in chains.chain(target).units] for target in inputs.layout.targets}


def changed(project: Project, edit: Callable[[], object]) -> set[str]:
    before = keys(project)
    edit()
    after = keys(project)
    return {target for target in before | after if before.get(target) != after.get(target)}


def append(path: Path) -> Callable[[], object]:
    return lambda: path.write_text(f"{path.read_text(encoding='utf-8')}\n# more\n", encoding="utf-8")


def test_the_name_of_a_clusters_own_target_is_the_components_one() -> None:
    assert CLUSTER_TARGET == TARGET


def test_a_stack_changes_itself_and_its_cluster(project: Project) -> None:
    assert changed(project, append(project.inventory / "targets/eu-h100-001/llama-70b.yml")) == {
        STACK,
        CLUSTER,
    }


def test_a_cluster_target_changes_itself(project: Project) -> None:
    assert changed(project, append(project.inventory / "targets/eu-h100-001/cluster.yml")) == {CLUSTER}


def test_a_class_changes_whoever_is_made_from_it(project: Project) -> None:
    users = changed(project, append(project.inventory / "classes/models/llama-3-3-70b-instruct.yml"))

    assert {STACK, CLUSTER} <= users
    assert OTHER not in users


def test_a_new_stack_changes_its_cluster(project: Project) -> None:
    targets = project.inventory / "targets/eu-h100-001"

    assert changed(project, lambda: shutil.copy(targets / "llama-70b.yml", targets / "copy.yml")) == {
        "eu-h100-001.copy",
        CLUSTER,
    }


@pytest.mark.parametrize(
    "path",
    [
        ".kapitan",
        "components/common/emit.py",
        "components/facts/epp.yml",
        "components/monitoring/main.jsonnet",
        "templates/runbook.md.j2",
    ],
)
def test_what_all_share_changes_all(project: Project, path: str) -> None:
    assert (project.root / path).is_file()

    assert changed(project, append(project.root / path)) == keys(project).keys()


def test_a_setting_of_reclass_changes_all(project: Project) -> None:
    config = project.inventory / "reclass-config.yml"

    assert changed(project, lambda: config.write_text("a: b\n", encoding="utf-8")) == keys(project).keys()


def test_new_code_changes_all(project: Project) -> None:
    assert changed(project, (project.root / "components/new.py").touch) == keys(project).keys()


@pytest.mark.parametrize(
    "name", ["components/__pycache__/x.pyc", "components/.new.py.swp", "components/new.py~"]
)
def test_byte_code_and_backups_change_nothing(project: Project, name: str) -> None:
    path = project.root / name

    def make() -> None:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")

    assert changed(project, make) == set()


def test_another_version_of_an_engine_changes_all(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def upgrade() -> None:
        monkeypatch.setattr(module, "versions", lambda: ["kapitan-9"])

    assert changed(project, upgrade) == keys(project).keys()


def test_versions_are_those_that_are_installed() -> None:
    found = versions()

    assert any(one.startswith("python-3.") for one in found)
    assert any(one.lower().startswith("kapitan-0.36.3") for one in found)
    assert len(found) >= 10


def test_loops_of_links_end(project: Project) -> None:
    (project.root / "components/loop").symlink_to(project.root / "components")

    assert keys(project)


def test_what_cannot_be_read_is_an_input_too(project: Project) -> None:
    path = project.inventory / "targets/eu-h100-001/llama-70b.yml"

    def replace() -> None:
        path.unlink()
        path.mkdir()

    assert STACK in changed(project, replace)


def test_a_view_holds_what_its_targets_are_made_from(project: Project, tmp_path: Path) -> None:
    inputs = read_inputs(project)
    closures = closures_of(inputs)

    view = write_view(inputs, closures, [STACK], tmp_path / "view")

    shown = {path.relative_to(tmp_path / "view").as_posix() for path in view.rglob("*.yml")}
    assert shown == set(closures[STACK])
    assert all((tmp_path / "view" / path).read_bytes() == inputs.files[path] for path in shown)


def test_a_view_shows_what_was_read(project: Project, tmp_path: Path) -> None:
    inputs = read_inputs(project)
    closures = closures_of(inputs)
    path = project.inventory / "targets/eu-h100-001/llama-70b.yml"
    content = path.read_bytes()
    path.write_text("edited: meanwhile\n", encoding="utf-8")

    view = write_view(inputs, closures, [STACK], tmp_path / "view")

    assert (view / "targets/eu-h100-001/llama-70b.yml").read_bytes() == content


@pytest.mark.parametrize(
    "path", ["inventory/targets/eu-h100-001/llama-70b.yml", "components/common/labels.py", ".kapitan"]
)
def test_an_edit_is_guessed_from_times(project: Project, path: str) -> None:
    since = state_written_after_everything(project)
    assert not look_edited(project, since)

    append(project.root / path)()

    assert look_edited(project, since)


def test_a_removal_is_guessed_from_the_time_of_its_folder(project: Project) -> None:
    since = state_written_after_everything(project)

    (project.inventory / "targets/eu-h100-001/llama-70b.yml").unlink()

    assert look_edited(project, since)


def test_byte_code_is_no_edit(project: Project) -> None:
    cache = project.root / "components/common/__pycache__"
    cache.mkdir()
    since = state_written_after_everything(project)

    (cache / "labels.pyc").touch()

    assert not look_edited(project, since)


def test_without_a_state_everything_looks_edited(project: Project) -> None:
    assert look_edited(project, project.root / "state.json")


def state_written_after_everything(project: Project) -> Path:
    """A state that is younger than all that lies there, and older than what is edited next."""
    for folder, _, names in os.walk(project.root):
        for name in (*names, "."):
            os.utime(Path(folder, name), (1, 1))
    since = project.root / "state.json"
    since.touch()
    os.utime(since, (2, 2))
    return since
