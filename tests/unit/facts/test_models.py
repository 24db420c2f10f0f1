"""What publishers say of models: the committed inventory is described by it, and its rows can be read."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from components.common.model import Architecture
from components.common.params import inventory_key
from components.facts.models import published, published_names

MODELS = Path(__file__).parents[3] / "inventory" / "classes" / "models"
KEYS = {inventory_key(name) for name in Architecture.model_fields}


@pytest.mark.parametrize("name", sorted(published_names()))
def test_a_row_uses_the_keys_of_the_inventory(name: str) -> None:
    row = published(name)
    assert row is not None
    assert set(row) - {"parsers", "kind", "repositoryGib"} == {
        "names",
        "licence",
        "precision",
        "gib",
        "context",
        "parametersB",
        "architecture",
    }
    assert set(row["architecture"]) <= KEYS


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.yml")), ids=lambda path: path.stem)
def test_every_model_of_the_inventory_is_known(path: Path) -> None:
    model = yaml.safe_load(path.read_text(encoding="utf-8"))["parameters"]["model"]
    assert published(model["name"]) is not None


def test_an_unknown_model_is_not_judged() -> None:
    assert published("acme/support-70b") is None
