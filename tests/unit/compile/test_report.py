"""Mistakes of a fleet are told once, where they are made."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.compile.report import fleet_mistakes
from tests.support.stacks import CLUSTER, cluster_params, stack_params


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """A folder of targets that hold nothing: what they are rendered to is given."""
    (tmp_path / "targets" / CLUSTER).mkdir(parents=True)
    (tmp_path / "classes").mkdir()
    return tmp_path


def _targets(inventory: Path, *names: str) -> None:
    for name in names:
        (inventory / "targets" / CLUSTER / f"{name}.yml").write_text("parameters: {}\n")


@pytest.mark.parametrize("name", ["Llama-70B", "llama.3"])
def test_a_file_whose_name_is_none_is_one_mistake(inventory: Path, name: str) -> None:
    _targets(inventory, "cluster", name)
    parameters = {f"{CLUSTER}.cluster": cluster_params(), f"{CLUSTER}.{name}": stack_params()}

    (only,) = fleet_mistakes(parameters, inventory)

    assert f"{CLUSTER}/{name}.yml: `{name}` is not a slug" in only


def test_what_two_targets_share_is_one_mistake(inventory: Path) -> None:
    _targets(inventory, "cluster")
    (inventory / "classes" / "model.yml").write_text("parameters:\n  model:\n    maxContext: -1\n")
    wrong = stack_params(model={"maxContext": -1})
    for name in ("llama-70b", "qwen3"):
        (inventory / "targets" / CLUSTER / f"{name}.yml").write_text("classes: [model]\n")

    (only,) = fleet_mistakes(
        {
            f"{CLUSTER}.cluster": cluster_params(),
            f"{CLUSTER}.llama-70b": wrong,
            f"{CLUSTER}.qwen3": wrong,
        },
        inventory,
    )

    place, _, said = only.partition(": ")
    assert place.endswith("classes/model.yml:3:17")
    assert said == f"model.maxContext is -1; use at least 1 [{CLUSTER}.llama-70b, {CLUSTER}.qwen3]"
