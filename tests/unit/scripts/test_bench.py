"""The table: one row a command and size, beside the floor, and how each grows."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import bench
from scripts.benchmark import suite
from scripts.benchmark.measure import CommandFailedError, Cost
from scripts.benchmark.suite import PEERS, ROWS, Bench
from scripts.check.engine import Report
from scripts.check.running import Seconds
from scripts.check.stats import stats
from scripts.project import MisuseError, Project

FLOOR = "floor: libyaml dump of the same objects"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project of which nothing is measured: every command costs 10 ms a stack, helm is not installed."""

    def row(name: str) -> Callable[[Bench], Cost | None]:
        return lambda made: None if name.startswith("helm") else Cost(1.0, made.size / 100, 50.0)

    for name in ROWS:
        monkeypatch.setitem(suite.ROWS, name, row(name))
    monkeypatch.setattr(bench, "make", lambda project, root, size, seed: Bench(project, root, size, []))
    (tmp_path / "docs").mkdir()
    return Project(tmp_path)


def table(project: Project, capsys: pytest.CaptureFixture[str], *words: str) -> list[list[str]]:
    parser = argparse.ArgumentParser()
    bench.arguments(parser)
    assert bench.run(parser.parse_args(words), project) == 0
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in capsys.readouterr().out.splitlines()
    ]


def test_every_row_beside_the_floor(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    rows = table(project, capsys, "100", "1000")[2:]

    assert [row[0] for row in rows] == [name for name in ROWS for _ in (100, 1000)]
    cheap = next(row for row in rows if row[:2] == ["inferstack check", "1000"])
    assert cheap[2:] == ["10.00", "1.00", "50", "1.0", "10.0"]
    absent = next(row for row in rows if row[0] == "helm template, one umbrella")
    assert absent[2] == "not installed"


def test_what_the_check_spends_its_time_on(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(made: Bench) -> Cost:
        seconds = Seconds({"read": made.size / 100, "guard": 0.5, "inventory": 0.5, "pool-target-port": 1.0})
        printed = stats(Report((), (), made.size, 7, seconds, ()))
        return Cost(9.0, made.size / 100 + 4.0, 50.0, f"nothing found\n{printed}")

    monkeypatch.setitem(suite.ROWS, "inferstack check", measured)
    rows = table(project, capsys, "100", "1000", "--row", "inferstack check")
    found = {row[0]: row[1:] for row in rows[5:]}

    assert found["CPU s of the check"] == ["100 stacks", "1000 stacks"]
    assert found["inventory"] == ["1.00 ( 20.0%)", "1.00 (  7.1%)"]
    assert found["reading"] == ["1.00 ( 20.0%)", "10.00 ( 71.4%)"]
    assert found["rules"] == ["1.00 ( 20.0%)", "1.00 (  7.1%)"]
    assert found["start, telling"] == ["2.00 ( 40.0%)", "2.00 ( 14.3%)"]
    assert [row for row in rows if row[0] == "graph"] == [["graph", "0.00 (  0.0%)", "0.00 (  0.0%)"]]


def test_others_render_no_fleet_that_is_too_large(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = table(project, capsys, "100", "3000")[2:]

    assert {row[0] for row in rows if row[1] == "100"} == set(ROWS)
    assert {row[0] for row in rows if row[1] == "3000"} == ROWS.keys() - PEERS
    assert len(PEERS) == 4


def test_only_some_rows(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    rows = table(project, capsys, "100", "--row", "explain, one value", "--row", "floor: libyaml")[2:]

    assert [row[0] for row in rows] == ["inferstack explain, one value", FLOOR]


def test_a_row_that_does_not_exist(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MisuseError, match="no row holds terraform; there are: kapitan compile, as shipped;"):
        table(project, capsys, "--row", "terraform")


def test_a_command_that_fails_is_one_line_below_what_was_measured(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(made: Bench) -> Cost:
        raise CommandFailedError("kapitan compile exited 1: no such class")

    monkeypatch.setitem(suite.ROWS, "inferstack check", fail)

    with pytest.raises(MisuseError, match="a measured command failed: kapitan compile exited 1"):
        table(project, capsys, "100")
    assert "| inferstack compile, cold " in capsys.readouterr().out


def test_the_page_says_where_and_when(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    table(project, capsys, "100", "--write")

    page = (project.root / "docs/bench.md").read_text(encoding="utf-8")
    assert page.startswith("# What it costs\n\nWritten by `make bench BENCH_ARGS=--write` on 20")
    assert "Kapitan 0." in page
    assert f"| {FLOOR:45} |    100 |" in page


def test_the_fleets_lie_in_memory_where_it_has_room(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def page(*words: str) -> str:
        table(project, capsys, "100", "--write", *words)
        return (project.root / "docs/bench.md").read_text(encoding="utf-8")

    monkeypatch.setattr(bench, "MEMORY", tmp_path)
    assert "lie\nin memory." in page()
    assert "lie\non disk." in page("--folder", str(project.root / "docs"))
    monkeypatch.setattr(bench, "BYTES_A_STACK", 1 << 60)
    assert "lie\non disk." in page()
    monkeypatch.setattr(bench, "MEMORY", tmp_path / "nowhere")
    assert "lie\non disk." in page()


def test_a_folder_that_does_not_exist(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MisuseError, match="--folder nowhere: no such folder"):
        table(project, capsys, "--folder", "nowhere")
