"""`inferstack map`: the fleet as it stands, in each format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.cli import main
from tests.support.check_projects import committed


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
