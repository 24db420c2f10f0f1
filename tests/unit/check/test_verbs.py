"""`inferstack check` and `inferstack rules`, as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.check import rule as rule_module
from scripts.check.docs import page
from scripts.check.rule import Rule, RuleError, rule, rules
from scripts.cli import main
from tests.support.check_projects import ROOT, committed, edit

POOL = "compiled/edge-cpu/qwen3-4b/inference-gateway/inferencepool-qwen3-4b.yaml"


def test_no_module_hides_a_function_of_the_verb() -> None:
    folder = ROOT / "scripts" / "check"
    assert not {path.stem for path in folder.glob("*.py")} & {"arguments", "run", "writer"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return committed(tmp_path, "edge-cpu")


def _check(project: Path, *words: str) -> int:
    return main(["check", "--root", str(project), "--date", "2026-11-24", "--jobs", "1", *words])


def test_nothing_found(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _check(project) == 0
    assert "nothing found" in capsys.readouterr().out or not capsys.readouterr().err


def test_errors(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(project / POOL, "number: 8080", "number: 80")
    assert _check(project) == 1
    assert "error[pool-target-port]" in capsys.readouterr().out


def test_warnings_fail_only_when_asked(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(project / POOL, "FailClose", "FailOpen")
    assert _check(project) == 0
    assert "warning[pool-failure-mode-honoured]" in capsys.readouterr().out
    assert _check(project, "--strict") == 1


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github"])
def test_formats_to_a_file(project: Path, tmp_path: Path, form: str) -> None:
    target = tmp_path / "out"
    assert _check(project, "--format", form, "--output", str(target)) == 0
    assert target.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "words",
    [
        ["--date", "tomorrow"],
        ["--date", "2026-02-30"],
        ["--jobs", "-1"],
        ["--output", "/nonexistent/x"],
        ["--crds", "/nonexistent"],
        ["--ledger", "--format", "sarif"],
        ["--memory", "--format", "github"],
    ],
)
def test_misuse(project: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert _check(project, *words) == 2
    told = capsys.readouterr().err
    assert told.startswith("inferstack: ")
    assert "Traceback" not in told


def test_tables_go_before_the_findings(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _check(project, "--ledger", "--memory") == 0
    ledger, memory, told = capsys.readouterr().out.split("\n\n", 2)
    assert ledger.startswith("cluster   pool")
    assert "  llama-3b-ollama " in ledger
    assert [line.split()[2] for line in memory.splitlines()[1::2]] == ["ok", "ok", "ok"]
    assert memory.count("buffers = ") == 3
    assert _check(project) == 0
    assert capsys.readouterr().out == told


def test_json_holds_the_tables(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(project / "inventory/classes/clusters/edge-cpu.yml", "nodes: 6", "nodes: 7")
    _check(project, "--format", "json")
    found = json.loads(capsys.readouterr().out)
    assert [(row["cluster"], row["pool"], row["nodes"]) for row in found["ledger"]] == [
        ("edge-cpu", "cpu", 7)
    ]
    assert {row["target"]: row["verdict"] for row in found["memory"]} == {
        "edge-cpu.llama-3b": "ok",
        "edge-cpu.llama-3b-ollama": "ok",
        "edge-cpu.qwen3-4b": "ok",
    }


def test_crds_go_before_contracts(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crd = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
spec:
  group: inference.networking.k8s.io
  names:
    kind: InferencePool
  scope: Namespaced
  versions:
  - name: v2
    served: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}
"""
    folder = tmp_path / "crds"
    folder.mkdir()
    (folder / "pools.yaml").write_text(crd, encoding="utf-8")
    assert _check(project, "--crds", str(folder)) == 1
    assert "knows InferencePool as inference.networking.k8s.io/v2 only" in capsys.readouterr().out


def test_stats(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _check(project, "--stats")
    told = capsys.readouterr().err
    for share in ("inventory", "reading", "schemas", "graph", "rules"):
        assert share in told


def test_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--root", str(ROOT)]) == 0
    told = capsys.readouterr().out
    assert all(name in told for name in rules())


def test_a_rule_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--root", str(ROOT), "pool-target-port"]) == 0
    told = capsys.readouterr().out
    for part in ("Otherwise: ", "Fix: ", "GIE#2562", "Fails:", "port 80 is no container port", "to: 80"):
        assert part in told


def test_a_rule_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--root", str(ROOT), "pool-target-port", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "pool-target-port"


def test_an_unknown_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--root", str(ROOT), "pool-target-prt"]) == 2
    assert "did you mean 'pool-target-port'?" in capsys.readouterr().err


def test_the_reference_holds_every_rule() -> None:
    told = page(ROOT)
    assert all(f"### `{name}`\n" in told for name in rules())
    assert len(rules()) >= 150


@pytest.mark.parametrize("one", rules().values(), ids=lambda one: one.id)
def test_texts_of_a_rule(one: Rule) -> None:
    for text in (one.title, one.why, one.fix):
        assert text.endswith("."), text
        assert text == text.strip()
        assert len(text) < 240
    assert one.source


def test_a_rule_without_both_fixtures_does_not_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_module, "FIXTURES", tmp_path)
    for name, outcomes in {
        "pool-target-port": ("success", "failure"),
        "pool-one-model": ("failure",),
    }.items():
        (tmp_path / name).mkdir()
        for outcome in outcomes:
            (tmp_path / name / f"{outcome}.x.yaml").touch()
    assert list(rule_module.rules.__wrapped__()) == ["pool-target-port"]


def test_a_rule_that_lacks_something_does_not_load() -> None:
    def check(view: object) -> object:
        """Something holds."""
        return view

    with pytest.raises(RuleError, match="no fix"):
        rule("some-rule", scope="cluster", why="It breaks.", fix="", source="x")(check)  # type: ignore[arg-type]
    with pytest.raises(RuleError, match="kebab-case"):
        rule("Some_Rule", scope="cluster", why="It breaks.", fix="Mend it.", source="x")(check)  # type: ignore[arg-type]
    with pytest.raises(RuleError, match="names its kinds"):
        rule("some-rule", why="It breaks.", fix="Mend it.", source="x")(check)  # type: ignore[arg-type]
    with pytest.raises(RuleError, match="takes 2"):
        rule("some-rule", kinds=("Service",), why="It breaks.", fix="Mend it.", source="x")(check)  # type: ignore[arg-type]
    with pytest.raises(RuleError, match="declared twice"):
        rule("pool-target-port", scope="cluster", why="It breaks.", fix="Mend it.", source="x")(check)  # type: ignore[arg-type]
    assert "some-rule" not in rules()
