from __future__ import annotations

import pytest

from scripts.cli import main
from scripts.project import Project


def test_the_committed_inventory_passes_in_silence(
    committed: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(committed.root), "guard"]) == 0
    assert capsys.readouterr() == ("", "")


def test_mistakes_in_settings_and_inventory_are_reported_at_once(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = project.root / ".kapitan"
    settings.write_text(settings.read_text().replace("fork", "spawn"), encoding="utf-8")
    target = project.inventory / "targets/eu-h100/llama-70b.yml"
    target.write_text(target.read_text().replace("stacks.stack", "stacks.stak"), encoding="utf-8")

    assert main(["--root", str(project.root), "guard"]) == 1

    shown = capsys.readouterr().err
    assert ".kapitan:" in shown
    assert "inventory/targets/eu-h100/llama-70b.yml:" in shown
    assert "did you mean `stacks.stack`?" in shown
    assert shown.endswith("2 errors\n")


def test_a_warning_is_shown_and_passes(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (project.inventory / "classes/models/spare.yml").write_text("parameters: {}\n", encoding="utf-8")

    assert main(["--root", str(project.root), "guard"]) == 0
    assert "warning: inventory/classes/models/spare.yml" in capsys.readouterr().err


def test_a_cluster_needs_a_target_of_its_own(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (project.inventory / "targets/eu-h100/cluster.yml").unlink()

    assert main(["--root", str(project.root), "guard"]) == 1
    assert "add inventory/targets/eu-h100/cluster.yml" in capsys.readouterr().err
