from __future__ import annotations

import os
from pathlib import Path

import pytest

from components.inventory.layout import discover
from tests.unit.inventory.trees import TARGET_FILE, write


def found(root: Path) -> list[tuple[str, str]]:
    return [(problem.file.removeprefix("inventory/"), problem.rule) for problem in discover(root).problems]


def test_names(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            TARGET_FILE: "",
            "targets/lab/qwen3.yaml": "",
            "targets/README.md": "",
            "targets/.gitkeep": "",
            "classes/base.yml": "",
            "classes/models/llama-3-3-70b.yml": "",
            "classes/models/init.yml": "",
            "classes/models/deep/init.yml": "",
            "classes/models/old.yml.bak": "",
        },
    )
    layout = discover(root)
    assert not layout.problems
    assert {name: unit.shown for name, unit in layout.targets.items()} == {
        "lab.llama": "inventory/targets/lab/llama.yml",
        "lab.qwen3": "inventory/targets/lab/qwen3.yaml",
    }
    assert {name: unit.folder for name, unit in layout.classes.items()} == {
        "base": (),
        "models.llama-3-3-70b": ("models",),
        "models": (),
        "models.deep": ("models",),
    }


@pytest.mark.parametrize(
    ("file", "rule"),
    [
        ("targets/lab/llama-3.1.yml", "name-slug"),
        ("targets/Lab/llama.yml", "name-slug"),
        ("targets/lab/llama_70b.yml", "name-slug"),
        ("targets/lab/-llama.yml", "name-slug"),
        ("targets/lab/.llama.yml", "name-hidden"),
        ("targets/.lab/llama.yml", "name-hidden"),
        ("targets/llama.yml", "target-depth"),
        ("targets/lab/dev/llama.yml", "target-depth"),
        ("targets/lab/init.yml", "target-depth"),
        ("targets/lab/llama.YML", "name-suffix"),
        ("classes/a.b.yml", "name-slug"),
        ("classes/.a.yml", "name-hidden"),
        ("classes/init.yml", "name-slug"),
        ("classes/v1.2/a.yml", "name-slug"),
    ],
)
def test_names_that_are_refused(tmp_path: Path, file: str, rule: str) -> None:
    ((place, found_rule),) = found(write(tmp_path, {file: ""}))
    assert file.startswith(place)
    assert found_rule == rule


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("classes/a.yml", "classes/a/init.yml"),
        ("classes/a.yaml", "classes/a.yml"),
        (TARGET_FILE, "targets/lab/llama.yaml"),
    ],
)
def test_two_files_for_one_name(tmp_path: Path, first: str, second: str) -> None:
    root = write(tmp_path, {first: "", second: ""})
    (problem,) = discover(root).problems
    assert problem.rule == "name-collision"
    assert {problem.file, *problem.message.split()} >= {f"inventory/{first}", f"inventory/{second}"}


def test_links(tmp_path: Path) -> None:
    root = write(tmp_path, {"classes/models/a.yml": "", TARGET_FILE: ""})
    (tmp_path / "elsewhere.yml").write_text("", encoding="utf-8")
    (root / "classes/inside.yml").symlink_to(root / "classes/models/a.yml")
    (root / "classes/same").symlink_to(root / "classes/models")
    (root / "classes/outside.yml").symlink_to(tmp_path / "elsewhere.yml")
    (root / "classes/nowhere.yml").symlink_to(tmp_path / "nothing.yml")
    (root / "classes/models/loop").symlink_to(root / "classes")
    (root / "classes/self.yml").symlink_to(root / "classes/self.yml")
    (root / "targets/copy").symlink_to(root / "targets/lab")
    layout = discover(root)
    assert sorted(layout.classes) == ["inside", "models.a", "same.a"]
    assert {problem.file.removeprefix("inventory/"): problem.message for problem in layout.problems} == {
        "classes/outside.yml": "a link that leaves the inventory",
        "classes/nowhere.yml": "a link that leads nowhere",
        "classes/self.yml": "a link that leads nowhere",
        "classes/models/loop": "a link to a folder that holds it",
        "classes/same/loop": "a link to a folder that holds it",
        "targets/copy": "a link to a folder, which Kapitan does not follow and reclass does",
    }


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    root = write(tmp_path, {TARGET_FILE: ""})
    raw = os.fsencode(root / "classes") + b"/caf\xe9.yml"
    with Path(os.fsdecode(raw)).open("wb"):
        pass
    (problem,) = discover(root).problems
    assert problem.rule == "name-slug"
    assert problem.file == "inventory/classes/caf\\xe9.yml"
    str(problem).encode()


@pytest.mark.parametrize("missing", ["targets", "classes"])
def test_a_folder_that_is_missing(tmp_path: Path, missing: str) -> None:
    root = write(tmp_path, {TARGET_FILE: ""})
    for path in sorted((root / missing).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (root / missing).rmdir()
    assert (missing, "layout-missing") in found(root)


def test_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> object:
        raise PermissionError(13, "Permission denied")

    root = write(tmp_path, {TARGET_FILE: ""})
    monkeypatch.setattr(os, "scandir", refuse)
    assert sorted(found(root)) == [("classes", "file-unreadable"), ("targets", "file-unreadable")]
