"""Prometheus' own verdict on rules and alerts: promtool of the Debian package ``prometheus``."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.monitoring.mixin import Monitoring, evaluate
from tests.unit.monitoring.example import TESTS, alerting, evaluated, many, promtool_test, rule_file

FILES = sorted(TESTS.glob("*.yaml"))
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (Debian package prometheus)"
)


@pytest.fixture(scope="module")
def monitoring() -> Monitoring:
    return evaluated()


def promtool(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["promtool", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


def check_rules(folder: Path, monitoring: Monitoring) -> str:
    (folder / "rules.yaml").write_text(rule_file(monitoring))
    done = promtool(folder, "check", "rules", "rules.yaml")
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    return output


@needs_promtool
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_alerts_and_records(path: Path, monitoring: Monitoring, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(rule_file(monitoring))
    (tmp_path / path.name).write_text(promtool_test(path, monitoring))
    done = promtool(tmp_path, "test", "rules", path.name)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
@pytest.mark.parametrize("count", [0, 1, 50])
def test_rules_are_valid_for_any_number_of_stacks(count: int, tmp_path: Path) -> None:
    output = check_rules(tmp_path, evaluate(many(count)))
    assert "rules found" in output
    assert "duplicate" not in output


@needs_promtool
@pytest.mark.parametrize("stack", ["llama-70b", "mistral-small", "phi-cpu", "gemma-ollama"])
def test_rules_are_valid_for_a_cluster_of_one_engine(
    stack: str, monitoring: Monitoring, tmp_path: Path
) -> None:
    alone = {name: facts for name, facts in many(5)["stacks"].items() if name.startswith(stack)}
    check_rules(tmp_path, evaluated(stacks=alone, litellm=None))


@needs_promtool
def test_every_query_of_the_dashboards_is_promql(monitoring: Monitoring, tmp_path: Path) -> None:
    boards = [json.loads(text) for one in monitoring.dashboards for text in one["data"].values()]
    queries = [
        target["expr"] for board in boards for panel in board["panels"] for target in panel.get("targets", [])
    ]
    rules = [{"record": f"query_{index}", "expr": expr} for index, expr in enumerate(queries)]
    assert len(rules) > 50
    (tmp_path / "queries.yaml").write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
    done = promtool(tmp_path, "check", "rules", "queries.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def outcomes() -> dict[str, set[bool]]:
    """For each alert: whether some test lets it fire, and whether some test keeps it silent."""
    found: dict[str, set[bool]] = {}
    for path in FILES:
        document: Any = yaml.safe_load(path.read_text())
        for case in document["tests"]:
            for expectation in case.get("alert_rule_test", []):
                fires = bool(expectation["exp_alerts"])
                found.setdefault(expectation["alertname"], set()).add(fires)
    return found


def test_every_alert_has_a_test_that_fires_and_one_that_does_not(monitoring: Monitoring) -> None:
    assert outcomes() == {rule["alert"]: {True, False} for rule in alerting(monitoring)}
