"""The parameters that the check judges are those that the compiler is given."""

from __future__ import annotations

from pathlib import Path

from components.inventory.inventory import Inventory
from components.inventory.rendered import render
from scripts.check import stage

ROOT = Path(__file__).parents[3]


def test_the_committed_inventory_renders_as_reclass_renders_it() -> None:
    inventory = Inventory(ROOT / "inventory")
    found, problems = stage.rendered(inventory, inventory.layout.targets)
    assert problems == []
    assert repr(found) == repr(render(inventory))


def test_a_target_that_does_not_resolve_hides_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "inventory" / "targets" / "lab"
    folder.mkdir(parents=True)
    (tmp_path / "inventory" / "classes").mkdir()
    (folder / "good.yml").write_text("parameters: {a: 1, b: '${a}'}\n", encoding="utf-8")
    (folder / "bad.yml").write_text("parameters: {a: '${none}'}\n", encoding="utf-8")
    inventory = Inventory(tmp_path / "inventory")
    found, problems = stage.rendered(inventory, inventory.layout.targets)
    assert [*found] == ["lab.good"]
    assert (found["lab.good"]["a"], found["lab.good"]["b"]) == (1, 1)
    assert [(one.file, one.rule) for one in problems] == [
        ("inventory/targets/lab/bad.yml", "reference-dangling")
    ]
