"""The evaluator against reclass-rs itself, and its bounds."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import assume, event, given, settings

from components.inventory import evaluate
from components.inventory.origin import CannotResolve, Origins
from tests.unit.inventory.strategies import inventories
from tests.unit.inventory.trees import TARGET, TARGET_FILE, reclass, same, write


def rendered(root: Path, files: Mapping[str, str]) -> object:
    return Origins(write(root, files)).value(TARGET)


def broken(root: Path, parameters: str, **classes: str) -> list[str]:
    """The problems of a target with these parameters, each without its file."""
    files = {f"classes/{name}.yml": f"parameters:\n{text}" for name, text in classes.items()}
    head = f"classes: [{', '.join(classes)}]\n"
    inventory = write(root, {**files, TARGET_FILE: f"{head}parameters:\n{parameters}"})
    with pytest.raises(ValueError, match=r".+"):
        reclass(inventory)
    with pytest.raises(CannotResolve) as error:
        Origins(inventory).parameters(TARGET)
    return [str(problem).removeprefix("inventory/") for problem in error.value.problems]


@settings(max_examples=150, deadline=None)
@given(inventories())
def test_the_value_is_the_one_that_reclass_rs_renders(files: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        inventory = write(Path(folder), files)
        origins = Origins(inventory)
        assume(all(problem.rule != "class-cycle" for problem in origins.chain(TARGET).problems))
        try:
            expected: object = reclass(inventory)
        except ValueError:
            event("reclass-rs refuses")
            with pytest.raises(CannotResolve):
                origins.value(TARGET)
            return
        event("renders")
        assert same(origins.value(TARGET), expected)


@pytest.mark.parametrize(
    ("parameters", "place", "message"),
    [
        ("  a: ${b:c}\n", "3:6", "reference `${b:c}`: no key `b`"),
        ("  b: {cat: 1}\n  a: x-${b:cta}\n", "4:6", "no key `cta` in `b`, in target"),
        ("  b: {c: 1}\n  a: ${b: c}\n", "4:9", "mapping values are not allowed"),
        ("  b: [1]\n  a: ${b:0}\n", "4:6", "reference `${b:0}` leads through `b`, which is a list"),
        ("  a: ${b}\n  b: ${a}\n", "4:6", "the reference ends in itself, by `a`, `b`"),
        ("  a:\n    b: ${a}\n", "4:8", "the reference ends in itself, by `a`"),
        ("  a: ${b\n", "3:6", "a reference that is not closed"),
        ("  a: ${ b}\n  b: 1\n", "3:6", "no key ` b`. remove the blanks"),
        ("  a: x${b}\n  b: {c: ${d}}\n", "4:11", "did not find expected"),
    ],
)
def test_what_cannot_be_resolved(tmp_path: Path, parameters: str, place: str, message: str) -> None:
    found = broken(tmp_path, parameters)
    assert any(line.startswith(f"{TARGET_FILE}:{place}:") for line in found), found
    assert any(message.removesuffix(", in target") in line for line in found), found


def test_the_nearest_key_is_named(tmp_path: Path) -> None:
    (line,) = broken(tmp_path, "  cluster: {region: eu}\n  a: ${cluster:regoin}\n")
    assert line.endswith(
        "reference `${cluster:regoin}`: no key `regoin` in `cluster`. did you mean `region`?"
    )


@pytest.mark.parametrize(
    ("lower", "upper", "message"),
    [
        ("{b: 1}", "2", "`a` is a number here and a mapping in inventory/classes/base.yml:2:3"),
        ("[1]", "x", "`a` is text here and a list in inventory/classes/base.yml:2:3"),
        ("1", "{b: 1}", "`a` is a mapping here and a number in inventory/classes/base.yml:2:6"),
        ("{b: 1}", "[1]", "`a` is a list here and a mapping in inventory/classes/base.yml:2:3"),
        ("true", "[1]", "`a` is a list here and true or false in inventory/classes/base.yml:2:6"),
    ],
)
def test_kinds_that_do_not_merge(tmp_path: Path, lower: str, upper: str, message: str) -> None:
    (line,) = broken(tmp_path, f"  a: {upper}\n", base=f"  a: {lower}\n")
    assert line.startswith(f"{TARGET_FILE}:3:")
    assert message in line
    assert line.endswith("use one kind in both, or replace the other with `~a:`")


def test_a_constant_is_not_set_again(tmp_path: Path) -> None:
    (line,) = broken(tmp_path, "  a: {b: 2}\n", base="  a: {=b: 1}\n")
    assert line == (
        f"{TARGET_FILE}:3:10: `b` is set again, but is constant (`=b`) in inventory/classes/base.yml:2:11. "
        "remove it here, or write `b` without `=` there"
    )


def test_all_at_once(tmp_path: Path) -> None:
    found = broken(tmp_path, "  a: ${x}\n  b: {c: '${y}', d: [1, '${z}']}\n  e: 1\n", base="  e: {}\n")
    assert [line.split(": ", 1)[0] for line in found] == [
        f"{TARGET_FILE}:5:6",
        f"{TARGET_FILE}:3:6",
        f"{TARGET_FILE}:4:10",
        f"{TARGET_FILE}:4:25",
    ]


def test_a_dangling_reference_that_a_scalar_replaces_is_no_fault(tmp_path: Path) -> None:
    files = {
        TARGET_FILE: "classes: [base]\nparameters: {a: 1}",
        "classes/base.yml": "parameters: {a: '${x}'}",
    }
    value = rendered(tmp_path, files)
    assert isinstance(value, dict)
    assert value["a"] == 1


@pytest.mark.parametrize(
    "line",
    ['"${k{0}}${k{0}}"', '["${k{0}}", "${k{0}}"]', '{a: "${k{0}}", b: "${k{0}}"}'],
    ids=["text", "list", "mapping"],
)
def test_references_that_double_end_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setattr(evaluate, "MAX_VALUES", 5_000)
    lines = ["  k0: [x]"] + [f"  k{n}: " + line.replace("{0}", str(n - 1)) for n in range(1, 60)]
    inventory = write(tmp_path, {TARGET_FILE: "parameters:\n" + "\n".join(lines)})
    start = time.process_time()
    with pytest.raises(CannotResolve) as error:
        Origins(inventory).parameters(TARGET)
    assert time.process_time() - start < 5
    assert {problem.rule for problem in error.value.problems} == {"reference-size"}


def test_long_texts_count(tmp_path: Path) -> None:
    text = "  big: " + "x" * 400_000 + "\n  all: '" + "${big}" * 50_000 + "'\n"
    inventory = write(tmp_path, {TARGET_FILE: "parameters:\n" + text})
    with pytest.raises(CannotResolve, match="references expand to more data"):
        Origins(inventory).parameters(TARGET)


def test_depth_is_bounded_as_in_reclass_rs(tmp_path: Path) -> None:
    lines = ["  k0: 1"] + [f"  k{n}: ${{k{n - 1}}}" for n in range(1, 67)]
    found = broken(tmp_path, "\n".join(lines))
    assert "more than 64 references lead from here to the value" in found[0]


def test_depth_of_mappings_and_references_together(tmp_path: Path) -> None:
    opened, closed = "{a: " * 50, "}" * 50
    lines = ["  k0: 1"] + [f'  k{n}: {opened}"${{k{n - 1}}}"{closed}' for n in range(1, 50)]
    inventory = write(tmp_path, {TARGET_FILE: "parameters:\n" + "\n".join(lines)})
    with pytest.raises(CannotResolve, match="references lead too deep"):
        Origins(inventory).parameters(TARGET)
