from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings

from components.inventory.chain import MAX_DEPTH, Chain, Chains
from components.inventory.inventory import Inventory
from tests.unit.inventory.strategies import inventories
from tests.unit.inventory.trees import TARGET, TARGET_FILE, write


def chain(root: Path, files: Mapping[str, str]) -> Chain:
    return Chains(Inventory(write(root, files))).chain(TARGET)


def names(found: Chain) -> list[str]:
    return [use.name for use in found.classes]


def test_depth_first_each_once_at_its_first_place(tmp_path: Path) -> None:
    found = chain(
        tmp_path,
        {
            TARGET_FILE: "classes: [a, b, c]",
            "classes/a.yml": "classes: [base, c]",
            "classes/b.yml": "classes: [base]",
            "classes/c.yml": "",
            "classes/base.yml": "",
        },
    )
    assert names(found) == ["base", "c", "a", "b"]
    assert [unit.name for unit in found.units] == ["base", "c", "a", "b", TARGET]


def test_the_way_to_a_class(tmp_path: Path) -> None:
    found = chain(
        tmp_path,
        {
            TARGET_FILE: "classes:\n  - models.llama\n",
            "classes/models/llama.yml": "parameters: {}\nclasses:\n- .base\n",
            "classes/models/base.yml": "",
        },
    )
    base = found.classes[0]
    assert base.name == "models.base"
    assert [f"{include} {include.written}" for include in base.includes] == [
        "inventory/targets/lab/llama.yml:2:5 models.llama",
        "inventory/classes/models/llama.yml:3:3 .base",
    ]
    assert found.includes_of("inventory/classes/models/base.yml") == base.includes
    assert found.includes_of("inventory/targets/lab/llama.yml") == ()


@pytest.mark.parametrize(
    ("written", "expected"),
    [("b", "b"), (".b", "m.n.b"), ("..b", "m.b"), ("...b", "b"), (".....b", "b"), ("..k.b", "m.k.b")],
)
def test_relative_names(tmp_path: Path, written: str, expected: str) -> None:
    files = {f"classes/{folder}b.yml": "" for folder in ("", "m/", "m/n/", "m/k/")}
    found = chain(
        tmp_path, {TARGET_FILE: "classes: [.m.n.a]", "classes/m/n/a.yml": f"classes: [{written}]", **files}
    )
    assert names(found) == [expected, "m.n.a"]


def test_relative_names_in_an_init_file_start_one_folder_up(tmp_path: Path) -> None:
    files = {"classes/m/init.yml": "classes: [.b]", "classes/b.yml": "", "classes/m/b.yml": ""}
    assert names(chain(tmp_path, {TARGET_FILE: "classes: [m]", **files})) == ["b", "m"]


def test_names_by_reference_see_the_classes_before(tmp_path: Path) -> None:
    found = chain(
        tmp_path,
        {
            TARGET_FILE: 'classes: [facts, "gpu.${gpu}", "by.${_reclass_:name:short}"]',
            "classes/facts.yml": "parameters: {gpu: h100}",
            "classes/gpu/h100.yml": "",
            "classes/by/llama.yml": "",
        },
    )
    assert names(found) == ["facts", "gpu.h100", "by.llama"]
    assert not found.problems


def only_problem(found: Chain) -> str:
    (problem,) = found.problems
    return str(problem)


def test_names_by_reference_do_not_see_their_own_file(tmp_path: Path) -> None:
    files = {TARGET_FILE: 'classes: ["gpu.${gpu}"]\nparameters: {gpu: h100}', "classes/gpu/h100.yml": ""}
    assert only_problem(chain(tmp_path, files)) == (
        "inventory/targets/lab/llama.yml:1:11: class name `gpu.${gpu}`: reference `${gpu}`: no key `gpu`. "
        "set it in a class of the target, or correct the name (a class name sees only the classes before it)"
    )


def test_an_unknown_class(tmp_path: Path) -> None:
    files = {TARGET_FILE: "classes:\n  - runtimes.vlm\n", "classes/runtimes/vllm.yml": ""}
    assert only_problem(chain(tmp_path, files)) == (
        "inventory/targets/lab/llama.yml:2:5: unknown class `runtimes.vlm`. did you mean `runtimes.vllm`?"
    )


def test_an_unknown_class_like_no_other(tmp_path: Path) -> None:
    assert only_problem(chain(tmp_path, {TARGET_FILE: "classes: [a.b]"})).endswith(
        "unknown class `a.b`. add inventory/classes/a/b.yml, or correct the name"
    )


def test_a_loop_of_classes(tmp_path: Path) -> None:
    files = {
        TARGET_FILE: "classes: [top]",
        "classes/top.yml": "classes: [a]",
        "classes/a.yml": "classes: [b]",
        "classes/b.yml": "classes:\n  - a\n",
    }
    found = chain(tmp_path, files)
    assert only_problem(found) == (
        "inventory/classes/b.yml:2:5: class `a` includes itself: a → b → a. remove one of these includes"
    )
    assert found.problems[0].chain == (
        "inventory/targets/lab/llama.yml:1:11",
        "inventory/classes/top.yml:1:11",
        "inventory/classes/a.yml:1:11",
    )


def test_a_class_that_includes_itself(tmp_path: Path) -> None:
    found = chain(tmp_path, {TARGET_FILE: "classes: [a]", "classes/a.yml": "classes: [.a]"})
    assert "class `a` includes itself: a → a" in only_problem(found)


def test_too_many_classes_inside_each_other(tmp_path: Path) -> None:
    files = {f"classes/c{index}.yml": f"classes: [c{index + 1}]" for index in range(MAX_DEPTH + 5)}
    found = chain(tmp_path, {TARGET_FILE: "classes: [c0]", **files})
    assert f"more than {MAX_DEPTH} classes inside each other" in only_problem(found)


@settings(max_examples=60, deadline=None)
@given(inventories())
def test_never_raises_and_repeats(files: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert chain(Path(folder), files) == chain(Path(folder), files)
