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


def test_the_committed_inventory_says_its_names() -> None:
    assert list(conventions.names(Inventory(Path(__file__).parents[3] / "inventory"))) == []
