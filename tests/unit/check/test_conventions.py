"""What the project promises about its inventory beyond reclass: names of classes."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.inventory.inventory import Inventory
from scripts.check import conventions

GATEWAY = "parameters:\n  gateway:\n    wiring: istio\n"


def problems(root: Path, file: str, text: str) -> list[str]:
    """What is said about an inventory with one class and one target."""
    path = root / "classes" / file
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    target = root / "targets" / "lab" / "llama.yml"
    target.parent.mkdir(parents=True)
    target.write_text("parameters: {}\n", encoding="utf-8")
    return [f"{one.file}:{one.line}: {one.message}" for one in conventions.names(Inventory(root))]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("gateways/istio.yml", GATEWAY),
        ("gateways/quiet.yml", "parameters:\n  gateway:\n    epp:\n      flowControl: false\n"),
        ("environments/prod.yml", "parameters:\n  environment:\n    name: prod\n"),
        ("accelerators/h100.yml", "parameters:\n  accelerators:\n    h100: {}\n"),
        ("teams/search.yml", "parameters: {}\n"),
    ],
)
def test_a_class_that_says_its_name(tmp_path: Path, file: str, text: str) -> None:
    assert problems(tmp_path, file, text) == []


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("gateways/gke.yml", GATEWAY, "gateway.wiring is istio, and the file is called gke"),
        ("gateways/istio.yml", "parameters: {}\n", "it does not say gateway.wiring: istio"),
        ("environments/prod.yml", "parameters:\n  environment:\n    name: dev\n", "environment.name is dev"),
        ("accelerators/h100.yml", "parameters:\n  accelerators:\n    l4: {}\n", "accelerators has l4"),
    ],
)
def test_a_class_that_says_another_name(tmp_path: Path, file: str, text: str, said: str) -> None:
    (found,) = problems(tmp_path, file, text)
    assert said in found


MODEL = "parameters:\n  model:\n    name: {name}\n    maxContext: 8192\n"
OVERLAY = "parameters:\n  model:\n    name: acme/llama-fp8\n    precision: fp8\n"


def contradictions(root: Path, classes: dict[str, str], included: list[str]) -> list[str]:
    """What is said about a target that includes classes side by side."""
    for file, text in classes.items():
        path = root / "classes" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    target = root / "targets" / "lab" / "llama.yml"
    target.parent.mkdir(parents=True)
    target.write_text("classes:\n" + "".join(f"  - {one}\n" for one in included), encoding="utf-8")
    return [f"{one.file}:{one.line}: {one.message}" for one in conventions.contradictions(Inventory(root))]


def test_a_target_is_one_model(tmp_path: Path) -> None:
    models = {"models/a.yml": MODEL.format(name="a"), "models/b.yml": MODEL.format(name="b")}
    (found,) = contradictions(tmp_path, models, ["models.a", "models.b"])
    assert found.endswith("llama.yml:3: models.a says model.name: a, and models.b says b")


def test_a_class_may_change_a_part_of_a_model(tmp_path: Path) -> None:
    models = {"models/a.yml": MODEL.format(name="a"), "models/fp8.yml": OVERLAY}
    assert contradictions(tmp_path, models, ["models.a", "models.fp8"]) == []


def test_the_committed_inventory_says_its_names() -> None:
    inventory = Inventory(Path(__file__).parents[3] / "inventory")
    assert [*conventions.names(inventory), *conventions.contradictions(inventory)] == []
