from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import event, given, settings

from components.inventory.chain import Chains
from components.inventory.inventory import Inventory
from components.inventory.origin import Origins
from components.inventory.screen import Screen
from tests.unit.inventory.strategies import inventories
from tests.unit.inventory.trees import TARGET, TARGET_FILE, write


def is_clean(root: Path, own: str, base: str = "{}") -> bool:
    files = {TARGET_FILE: f"classes: [base]\nparameters: {own}", "classes/base.yml": f"parameters: {base}"}
    inventory = Inventory(write(root, files))
    return Screen(inventory).is_clean(Chains(inventory).chain(TARGET))


@pytest.mark.parametrize(
    ("own", "base"),
    [
        ("{a: '${b:c}-x'}", "{b: {c: 1}}"),
        ("{a: '${_reclass_:name:full}'}", "{}"),
        ("{a: 1, b: '${a}', c: '${b}'}", "{a: 2}"),
        ("{a: null}", "{a: {b: 1}}"),
        ("{a: {b: 1}, c: '${a:b}'}", "{a: null}"),
    ],
)
def test_certain(tmp_path: Path, own: str, base: str) -> None:
    assert is_clean(tmp_path, own, base)


@pytest.mark.parametrize(
    ("own", "base"),
    [
        ("{a: '${b}'}", "{}"),
        ("{a: '${b:c}', b: null}", "{b: {c: 1}}"),
        ("{a: '${b:c}', ~b: {}}", "{b: {c: 1}}"),
        ("{a: '${a}'}", "{}"),
        ("{a: '${b}', b: ['${a}']}", "{}"),
        ("{a: 1}", "{a: {}}"),
        ("{a: '${b}', b: 1}", "{a: {}}"),
        ("{a: 1}", "{=a: 1}"),
        ("{a: '${b}', b: [" + "x, " * 20_000 + "]}", "{}"),
        ("{" + ", ".join(f"k{n}: '${{k{n + 1}}}'" for n in range(30)) + ", k30: 1}", "{}"),
        ("{a: '${b'}", "{}"),
    ],
)
def test_not_certain(tmp_path: Path, own: str, base: str) -> None:
    assert not is_clean(tmp_path, own, base)


@settings(max_examples=200, deadline=None)
@given(inventories(operators=False))
def test_what_it_calls_clean_resolves(files: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        inventory = Inventory(write(Path(folder), files))
        chains = Chains(inventory)
        chain = chains.chain(TARGET)
        clean = not chain.problems and Screen(inventory).is_clean(chain)
        event(f"clean: {clean}")
        if clean:
            Origins(inventory, chains).parameters(TARGET)
