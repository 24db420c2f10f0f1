"""The Grafana dashboards."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import Any

import pytest

from components.monitoring.mixin import evaluate
from tests.unit.monitoring.example import evaluated, many, rules

CONFIG_MAPS = evaluated().dashboards
BOARDS = [json.loads(text) for config_map in CONFIG_MAPS for text in config_map["data"].values()]
every_board = pytest.mark.parametrize("board", BOARDS, ids=lambda board: board["uid"])


def queries(board: dict[str, Any]) -> list[str]:
    return [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]


def test_config_maps_for_the_sidecar() -> None:
    assert [m["metadata"]["name"] for m in CONFIG_MAPS] == [
        "inference-gateway-dashboard",
        "inference-model-dashboard",
        "inference-overview-dashboard",
    ]
    for config_map in CONFIG_MAPS:
        assert (config_map["apiVersion"], config_map["kind"]) == ("v1", "ConfigMap")
        assert config_map["metadata"]["namespace"] == "monitoring"
        assert config_map["metadata"]["labels"] == {"grafana_dashboard": "1"}
        (name,) = config_map["data"]
        assert re.fullmatch(r"[a-z-]+\.json", name)


def test_dashboards_can_be_switched_off() -> None:
    assert evaluated(dashboards=False).dashboards == ()


def test_dashboards_are_per_cluster_not_per_stack() -> None:
    assert [len(evaluate(many(count)).dashboards) for count in (5, 50)] == [3, 3]
    assert evaluate(many(5)).dashboards == evaluate(many(50)).dashboards


def test_a_cluster_without_endpoint_picker_and_proxy_has_no_gateway_dashboard() -> None:
    stacks = {name: facts | {"epp": None} for name, facts in many(5)["stacks"].items()}
    names = [m["metadata"]["name"] for m in evaluated(stacks=stacks, litellm=None).dashboards]
    assert names == ["inference-model-dashboard", "inference-overview-dashboard"]


@every_board
def test_identity(board: dict[str, Any]) -> None:
    assert re.fullmatch(r"inference-[a-z]+", board["uid"])
    assert board["schemaVersion"] >= 39
    assert "id" not in board
    assert board["title"].startswith("Inference / ")
    assert board["description"]
    assert board["tags"] == ["inference"]


@every_board
def test_panels_have_ids_types_units_and_queries(board: dict[str, Any]) -> None:
    panels = board["panels"]
    assert sorted(panel["id"] for panel in panels) == list(range(1, len(panels) + 1))
    assert {panel["type"] for panel in panels} <= {"row", "timeseries", "stat", "table"}
    for panel in panels:
        if panel["type"] == "row":
            continue
        assert panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        letters = [target["refId"] for target in panel["targets"]]
        assert letters
        assert len(set(letters)) == len(letters)
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])


@every_board
def test_rows_are_filled_and_nothing_overlaps(board: dict[str, Any]) -> None:
    boxes = [panel["gridPos"] for panel in board["panels"]]
    assert all(box["x"] >= 0 and box["x"] + box["w"] <= 24 for box in boxes)
    for one, other in combinations(boxes, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)
    edges = sorted({box["y"] for box in boxes} | {box["y"] + box["h"] for box in boxes})
    covered = {y for box in boxes for y in range(box["y"], box["y"] + box["h"])}
    assert covered == set(range(edges[-1])), "an empty line in the layout"


@every_board
def test_queries_use_what_is_recorded_and_the_variables_that_exist(board: dict[str, Any]) -> None:
    recorded = {rule["record"] for rule in rules(evaluated()) if "record" in rule}
    variables = {variable["name"] for variable in board["templating"]["list"]}
    wanted = {"inference-overview": {"cluster"}, "inference-model": {"cluster", "stack", "model"}}
    assert variables >= {"datasource"} | wanted.get(board["uid"], {"cluster", "stack"})
    found = queries(board)
    assert len(found) > 10
    for expr in found:
        assert set(re.findall(r"[a-z_]+:[a-z0-9_]+:[a-z0-9_]+", expr)) <= recorded, expr
        assert set(re.findall(r"\$(\w+)", expr)) <= variables
        assert "$cluster" in expr
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            assert variable["query"]["query"] == variable["definition"]
            assert re.search(r"\((stack|cluster):[a-z_]+:(info|config)", variable["definition"])


@every_board
def test_every_recorded_name_in_a_table_column_has_a_title(board: dict[str, Any]) -> None:
    for panel in board["panels"]:
        if panel["type"] == "table":
            (organize,) = [step for step in panel["transformations"] if step["id"] == "organize"]
            renamed = organize["options"]["renameByName"]
            assert set(renamed) == {f"Value #{target['refId']}" for target in panel["targets"]}
            titles = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
            assert titles == set(renamed.values())
