from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from components.inventory.inventory import Inventory
from scripts import schema
from scripts.cli import main
from scripts.fragments import FOLDERS, home
from scripts.project import Project


def problems(project: Project) -> list[str]:
    return [str(problem) for problem in schema.inventory_problems(Inventory(project.inventory))]


def change(project: Project, path: str, old: str, new: str) -> None:
    file = project.inventory / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def line_of(project: Project, path: str, text: str) -> int:
    lines = (project.inventory / path).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_the_committed_schemas_and_inventory_are_fresh_and_right(committed: Project) -> None:
    assert schema.run(argparse.Namespace(check=True), committed) == 0


def test_every_folder_has_its_schema_in_the_editor_settings(committed: Project) -> None:
    settings = json.loads((committed.root / ".vscode/settings.json").read_text(encoding="utf-8"))
    depth = {"targets": "*/*.yml"}

    assert settings["yaml.schemas"] == {
        f"{schema.FOLDER}/{folder}.json": f"{home(folder)}/{depth.get(folder, '*.yml')}"
        for folder in sorted(FOLDERS)
    }


@pytest.mark.parametrize(
    ("path", "old", "new", "message"),
    [
        (
            "targets/eu-h100/llama-70b.yml",
            "maxReplicas: 4",
            "maxReplicass: 4",
            "unknown key `maxReplicass`. did you mean `maxReplicas`?",
        ),
        (
            "targets/eu-h100/llama-70b.yml",
            "maxReplicas: 4",
            "maxReplicas: four",
            "`serving.maxReplicas` is `four`. it must be a whole number",
        ),
        (
            "targets/eu-h100/llama-70b.yml",
            "maxReplicas: 4",
            "~maxReplicas: 0",
            "`serving.maxReplicas` is `0`. it must be at least 1",
        ),
        (
            "targets/eu-h100/llama-70b.yml",
            "pool: h100",
            "mode: standard",
            "`serving.mode` is `standard`. allowed: Standard, Knative",
        ),
        (
            "targets/eu-h100/llama-70b.yml",
            "pool: h100",
            "pool: H100",
            "`serving.pool` is `H100`. write small letters, digits and dashes, "
            "with a letter first and no dash last, for example llama-70b",
        ),
        (
            "targets/eu-h100/llama-70b.yml",
            "serving:",
            "cluster:",
            "`cluster` is not set here. it belongs in inventory/classes/clusters",
        ),
        (
            "classes/models/llama-3-3-70b-instruct.yml",
            "name: meta-llama/Llama-3.3-70B-Instruct",
            "name: 70",
            "`model.name` is `70`. it must be text",
        ),
    ],
    ids=["key", "type", "minimum", "enum", "pattern", "home", "text"],
)
def test_a_mistake_is_named_with_its_line_and_what_to_do(
    project: Project, path: str, old: str, new: str, message: str
) -> None:
    change(project, path, old, new)
    line = line_of(project, path, new)

    found = problems(project)

    assert any(one.startswith(f"inventory/{path}:{line}:") and one.endswith(message) for one in found), found


def test_a_class_in_no_known_folder_is_a_mistake(project: Project) -> None:
    folder = project.inventory / "classes" / "flavours"
    folder.mkdir()
    (folder / "vanilla.yml").write_text("parameters: {}\n", encoding="utf-8")

    found = problems(project)

    assert [one.partition(". ")[0] for one in found] == [
        "inventory/classes/flavours/vanilla.yml: no such axis: flavours"
    ]


def test_a_file_that_is_no_yaml_is_a_mistake(project: Project) -> None:
    (project.inventory / "classes/models/broken.yml").write_text("parameters: [\n", encoding="utf-8")

    (found,) = problems(project)

    assert found.startswith("inventory/classes/models/broken.yml:")


def test_all_mistakes_are_reported_at_once(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    change(project, "targets/eu-h100/llama-70b.yml", "maxReplicas: 4", "maxReplicass: 4")
    change(project, "targets/eu-h100/llama-8b.yml", "serving:", "servin:")
    schema.run(argparse.Namespace(check=False), project)

    assert main(["--root", str(project.root), "schema", "--check"]) == 1
    shown = capsys.readouterr().err
    assert "maxReplicass" in shown
    assert "servin`" in shown
    assert shown.endswith("2 errors\n")


def test_stale_missing_and_left_over_schemas_are_found(project: Project) -> None:
    folder = project.root / schema.FOLDER
    schema.run(argparse.Namespace(check=False), project)
    assert schema.run(argparse.Namespace(check=True), project) == 0

    _spoil(folder)

    assert schema.run(argparse.Namespace(check=True), project) == 1
    schema.run(argparse.Namespace(check=False), project)
    assert schema.run(argparse.Namespace(check=True), project) == 0
    assert not (folder / "old.json").exists()


def _spoil(folder: Path) -> None:
    (folder / "models.json").write_text("{}\n", encoding="utf-8")
    (folder / "targets.json").unlink()
    (folder / "old.json").write_text("{}\n", encoding="utf-8")
