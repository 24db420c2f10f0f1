"""`inferstack map`: the fleet as it stands, in each format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.cli import main
from tests.support.check_projects import committed, edit


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return committed(tmp_path / "project", "edge-cpu")


def test_text_has_a_line_for_each_pool_stack_and_cluster(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["map", "--root", str(project)]) == 0

    pools, stacks, versions = (part.splitlines() for part in capsys.readouterr().out.split("\n\n"))
    assert [line.split()[:3] for line in pools] == [["pool", "has", "taken"], ["edge-cpu", "/", "cpu"]]
    targets = sorted(path.stem for path in project.glob("inventory/targets/edge-cpu/*.yml"))
    assert [line.split()[0] for line in stacks[1:]] == [
        f"edge-cpu/{one}" for one in targets if one != "cluster"
    ]
    assert versions[1].startswith("edge-cpu")
    assert "kserve 0." in versions[1]


def test_json_and_the_page_hold_the_same_stacks(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = project / "map.html"

    assert main(["map", "--root", str(project), "--format", "json", "--html", str(page)]) == 0

    stacks = json.loads(capsys.readouterr().out)["stacks"]
    assert len(stacks) == 3
    shown = page.read_text(encoding="utf-8")
    assert all(one["target"].replace(".", "/", 1) in shown for one in stacks)


def told(project: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[str, str]:
    assert main(["map", "--root", str(project), *options]) == 0
    found = capsys.readouterr()
    return found.out, found.err


def test_a_stack_that_is_left_out_is_told_with_its_place(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(project / "inventory/targets/edge-cpu/qwen3-4b.yml", "pool: cpu", "pool: gone")
    page = project / "map.html"

    out, _ = told(project, capsys, "--html", str(page))

    assert "\nedge-cpu/qwen3-4b" not in out
    note, *_ = out.splitlines()
    assert note.startswith("note: inventory/targets/edge-cpu/qwen3-4b.yml:")
    assert "there is no accelerator pool 'gone'" in note
    assert note.endswith("edge-cpu/qwen3-4b is left out, and no figure here counts it.")
    assert "edge-cpu/qwen3-4b is left out" in page.read_text(encoding="utf-8")


def test_a_cluster_that_is_left_out_is_told_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(project / "inventory/classes/clusters/edge-cpu.yml", "nodes: ", "nodes: four # ")

    out, err = told(project, capsys, "--format", "json")

    assert json.loads(out)["pictures"] == []
    (note,) = err.splitlines()
    assert note.startswith("note: inventory/classes/clusters/edge-cpu.yml:")
    assert note.endswith("The whole cluster edge-cpu is left out, and no figure here counts it.")


def test_a_stack_that_is_shown_without_a_value_is_told(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(project / "inventory/targets/edge-cpu/qwen3-4b.yml", "maxModelLen: 8192", "maxModelLen: many")
    out, _ = told(project, capsys)
    assert "edge-cpu/qwen3-4b is shown without that value" in out.splitlines()[0]
    assert "\nedge-cpu/qwen3-4b" in out


def test_what_litellm_offers_and_the_range_of_gpus(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = committed(tmp_path / "project", "lab-l4", "us-h200")
    edit(
        project / "inventory/classes/clusters/lab-l4.yml",
        "    argocd:\n",
        "    litellm:\n      modelGroupAliases:\n        chat: llama-8b\n        food: food-review\n    argocd:\n",
    )

    out, _ = told(project, capsys)

    lines = {line.split()[0]: line for line in out.splitlines() if line}
    assert "llama-8b, food-review (adapter), chat (alias), food (alias)" in lines["lab-l4/llama-8b"]
    assert lines["lab-l4/qwen3-8b"].count("0 to 2") == 2
    assert "litellm 1.106.2" in lines["us-h200"]
