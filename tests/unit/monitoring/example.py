"""The example cluster that the promtool tests know: a stack for each way to be monitored."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from components.monitoring.mixin import MAIN, Monitoring, evaluate

TESTS = MAIN.with_name("tests")
"""Promtool tests, beside the mixin."""


def example() -> Any:
    """The parameters in ``tests/params.json``."""
    return json.loads((TESTS / "params.json").read_text())


def evaluated(**changes: Any) -> Monitoring:
    """The example with some root keys replaced."""
    params: Any = {**example(), **changes}
    return evaluate(params)


def many(count: int) -> Any:
    """The example with ``count`` stacks of its own mix."""
    params = example()
    kinds = sorted(params["stacks"].items())
    params["stacks"] = {
        f"{name}-{index}": copy.deepcopy(stack) | {"inferenceService": f"{name}-{index}"}
        for index, (name, stack) in ((index, kinds[index % len(kinds)]) for index in range(count))
    }
    return params


def groups(monitoring: Monitoring) -> list[dict[str, Any]]:
    """All rule groups: facts of stacks, then recording rules, then alerts, as each needs the one before."""
    found = [group for rule in monitoring.rules for group in rule["spec"]["groups"]]
    return sorted(found, key=_stage)


def rules(monitoring: Monitoring) -> list[dict[str, Any]]:
    """All rules of all groups."""
    return [rule for group in groups(monitoring) for rule in group["rules"]]


def alerting(monitoring: Monitoring) -> list[dict[str, Any]]:
    """All alerting rules."""
    return [rule for rule in rules(monitoring) if "alert" in rule]


def rule_file(monitoring: Monitoring) -> str:
    """The rules as Prometheus reads them (JSON is YAML)."""
    return json.dumps({"groups": groups(monitoring)}, indent=1)


def promtool_test(path: Path, monitoring: Monitoring) -> str:
    """A promtool test with the order in which its groups are evaluated; promtool's own order is random."""
    order = [group["name"] for group in groups(monitoring)]
    return f"group_eval_order: {json.dumps(order)}\n{path.read_text()}"


def _stage(group: dict[str, Any]) -> int:
    first = group["rules"][0]
    if "alert" in first:
        return 2
    return 0 if first["expr"].startswith("vector(") else 1
