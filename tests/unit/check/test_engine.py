"""The whole check, on copies of the committed fleet."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from scripts.check.engine import check
from tests.support.check_projects import DAY, ROOT, committed, edit, found, run

TARGET = "inventory/targets/eu-h100/llama-70b.yml"
PROD = "inventory/classes/environments/prod.yml"
POOL = "compiled/eu-h100/llama-70b/inference-gateway/inferencepool-llama-70b.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return committed(tmp_path, "eu-h100")


def test_the_committed_fleet_has_no_error_and_no_warning() -> None:
    report = run(ROOT)
    assert [f"{one.place}: {one.rule}: {one.message}" for one in found(report)] == []
    assert not report.waived
    assert not report.faults
    assert report.objects > 400


def test_processes_find_what_one_finds(tmp_path: Path) -> None:
    root = committed(tmp_path)
    edit(root / POOL, "number: 8080", "number: 80")
    one, two = check(root, DAY, 1), check(root, DAY, 2)
    assert one.findings == two.findings
    assert one.objects == two.objects


def test_a_finding_names_both_lines(project: Path) -> None:
    edit(project / POOL, "number: 8080", "number: 80")
    (one,) = found(run(project), "pool-target-port")
    assert one.place.file == TARGET
    assert one.place.line > 1
    assert (one.file, one.object) == (POOL, "InferencePool llm-platform/llama-70b")
    written = (project / POOL).read_text(encoding="utf-8").splitlines()
    assert "number: 80" in written[one.line - 1]


def test_an_override_is_the_cause_of_what_it_changes(project: Path) -> None:
    overrides = (
        "  overrides:\n    InferencePool:\n      llama-70b:\n        spec: {targetPorts: [{number: 80}]}\n"
    )
    edit(project / TARGET, "parameters:\n", f"parameters:\n{overrides}")
    edit(project / POOL, "number: 8080", "number: 80")
    (one,) = found(run(project), "pool-target-port")
    line = (project / TARGET).read_text(encoding="utf-8").splitlines()[one.place.line - 1]
    assert "targetPorts" in line


def test_the_include_chain_is_told(project: Path) -> None:
    edit(project / "inventory/classes/clusters/eu-h100.yml", "      GatewayClass:\n        envoy: true\n", "")
    one = found(run(project), "gateway-class-exists")[0]
    assert one.rule == "gateway-class-exists"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a: [", "file-is-one-object"),
        ("a: 1\na: 2\n", "file-is-one-object"),
        ("\x00", "file-is-one-object"),
        ("[]", "file-is-one-object"),
        ("kind: Service\n", "file-names-its-object"),
        ("apiVersion: 1\nkind: []\nmetadata: 7\n", "schema-valid"),
        ("a: " + "[" * 50_000, "file-is-one-object"),
    ],
)
def test_odd_files_are_findings(project: Path, text: str, rule: str) -> None:
    (project / POOL).write_text(text, encoding="utf-8")
    assert rule in {one.rule for one in found(run(project))}


def test_bytes_that_are_no_text(project: Path) -> None:
    (project / POOL).write_bytes(b"a: \xff\xfe")
    assert found(run(project), "file-is-one-object")[0].message.startswith("no UTF-8")


def test_links_are_findings_and_not_followed(project: Path, tmp_path: Path) -> None:
    (project / POOL).unlink()
    (project / POOL).symlink_to("/etc/passwd")
    (project / "compiled/loop").symlink_to(".")
    (project / "compiled/eu-h100/loop").symlink_to("..")
    (project / "compiled/eu-h100/llama-70b/loop").symlink_to("/")
    report = run(project)
    assert len(found(report, "file-is-no-link")) == 3
    assert found(report, "tree-holds-clusters-only")


def test_a_pipe_is_a_finding_and_not_read(project: Path) -> None:
    (project / POOL).unlink()
    os.mkfifo(project / POOL)
    assert found(run(project), "file-is-a-manifest")


@pytest.mark.parametrize("cluster", ["eu-h100", "us-h200"])
def test_of_what_is_not_compiled_nothing_else_is_told(tmp_path: Path, cluster: str) -> None:
    project = committed(tmp_path, cluster)
    shutil.rmtree(project / "compiled")
    report = run(project)
    missing = {one.target for one in found(report, "target-is-compiled")}
    assert missing >= {f"{cluster}.llama-70b", f"{cluster}.cluster"}
    assert {one.rule for one in found(report)} <= {"target-is-compiled", "inventory-class-unused"}


def test_a_folder_of_a_cluster_that_nobody_declares(project: Path) -> None:
    (project / "compiled/eu-h100").rename(project / "compiled/eu-h200")
    report = run(project)
    assert found(report, "file-of-a-target")
    assert found(report, "target-is-compiled")


@pytest.mark.parametrize(
    ("file", "old", "new", "rule"),
    [
        (TARGET, "serving:", "serving: [", "inventory-yaml-syntax"),
        (TARGET, "    runtime: vllm\n", "    runtime: vllm\n    runtime: vllm\n", "inventory-duplicate-key"),
        (TARGET, "models.llama-3-3-70b-instruct", "models.llama-3-3-70b", "inventory-class-unknown"),
        (TARGET, "runtime: vllm", "runtime: ${nothing:here}", "inventory-reference-dangling"),
        (TARGET, "maxReplicas", "maxReplica", "inventory-parameters"),
        (TARGET, "maxReplicas: 4", "maxReplicas: four", "inventory-parameters"),
        (TARGET, "runtime: vllm", "runtime: vlm", "inventory-combinations"),
        (TARGET, "tensorParallelSize: 4", "tensorParallelSize: 3", "inventory-combinations"),
        (
            "inventory/classes/environments/prod.yml",
            "parameters:",
            "classes: [clusters.eu-h100]\nparameters:",
            "inventory-class-cycle",
        ),
    ],
)
def test_mistakes_of_the_inventory(project: Path, file: str, old: str, new: str, rule: str) -> None:
    edit(project / file, old, new)
    one = found(run(project), rule)[0]
    assert one.place.file.startswith("inventory/")
    assert one.place.line > 0


def test_one_broken_target_does_not_hide_the_others(project: Path) -> None:
    edit(project / TARGET, "serving:", "serving: [")
    edit(project / POOL.replace("llama-70b", "qwen3-32b"), "number: 8080", "number: 80")
    rules = {one.rule for one in found(run(project))}
    assert {"inventory-yaml-syntax", "pool-target-port"} <= rules


def test_nothing_follows_from_a_target_that_cannot_be_read(project: Path) -> None:
    with (project / "inventory/targets/eu-h100/llama-8b.yml").open("ab") as file:
        file.write(b"\0\n")
    assert [one.rule for one in found(run(project))] == ["inventory-yaml-syntax"]


def test_the_same_mistake_of_many_targets_is_told_once(project: Path) -> None:
    edit(project / "inventory/classes/clusters/eu-h100.yml", "region:", "regoin:")
    one = found(run(project), "inventory-parameters")
    assert len(one) == 1
    assert "more targets" in one[0].message


def test_notes_that_are_hidden_are_counted_as_they_are_told() -> None:
    told, hidden = (check(ROOT, DAY, notes=notes).count("note") for notes in (True, False))
    assert told == hidden > 0


def test_hostile_text_is_told_on_one_printable_line(project: Path) -> None:
    edit(project / POOL, "app: isvc.llama-70b-predictor", 'app: "\\e[31m\\u202e\\n::error::x"')
    one = found(run(project), "pool-selects-pods")[0]
    assert one.message.isprintable()


def test_a_value_of_a_million_letters_is_not_told_in_full(project: Path) -> None:
    edit(project / POOL, "app: isvc.llama-70b-predictor", f"app: {'x' * 1_000_000}")
    told = found(run(project))
    assert told
    assert all(len(one.message) < 2100 for one in told)


def test_waived_until_its_last_day(project: Path) -> None:
    waiver = (
        '  waivers:\n    pool-target-port: {owner: me, reason: the port opens soon, until: "2026-11-24"}\n'
    )
    edit(project / TARGET, "parameters:\n", f"parameters:\n{waiver}")
    edit(project / POOL, "number: 8080", "number: 80")
    today = check(project, DAY, 1)
    assert [one.rule for one in today.waived] == ["pool-target-port"]
    assert "me until 2026-11-24" in today.waived[0].waived
    assert [(one.rule, one.level) for one in found(today, "waiver-not-over")] == [
        ("waiver-not-over", "warning")
    ]
    tomorrow = check(project, DAY.replace(day=25), 1)
    assert not tomorrow.waived
    assert {one.rule for one in found(tomorrow)} >= {"pool-target-port", "waiver-not-over"}


def test_a_cluster_waives_for_its_stacks(project: Path) -> None:
    held = '{owner: me, reason: the port opens soon, until: "2027-01-01"}'
    waiver = f"parameters:\n  waivers:\n    pool-target-port: {held}\n"
    path = project / "inventory/targets/eu-h100/cluster.yml"
    path.write_text(path.read_text(encoding="utf-8") + waiver, encoding="utf-8")
    edit(project / POOL, "number: 8080", "number: 80")
    report = run(project)
    assert [one.rule for one in report.waived] == ["pool-target-port"]
    assert not found(report, "pool-target-port", "waiver-needed")
