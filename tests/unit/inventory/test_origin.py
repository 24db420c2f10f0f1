from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from components.inventory.node import KeyPath, MappingNode, ScalarNode
from components.inventory.origin import CannotResolve, Origins, UnknownTarget
from components.inventory.value import Definition
from tests.unit.inventory.strategies import inventories
from tests.unit.inventory.trees import TARGET, TARGET_FILE, reclass, same, write

OWN = f"inventory/{TARGET_FILE}"
BASE = "inventory/classes/base.yml"


def trace(root: Path, key: str | KeyPath, own: str, base: str = "") -> list[tuple[str, object, bool]]:
    """The definitions of a key in a target that includes one class: place, raw value, whether in effect."""
    files = {TARGET_FILE: f"classes: [base]\nparameters:\n{own}", "classes/base.yml": f"parameters:\n{base}"}
    return [(str(one), one.raw, one.active) for one in Origins(write(root, files)).trace(TARGET, key)]


def test_the_last_one_wins(tmp_path: Path) -> None:
    own, base = "  serving:\n    replicas: 2\n", "  serving: {replicas: 1}\n"
    assert trace(tmp_path, "serving.replicas", own, base) == [
        (f"{BASE}:2:23", 1, False),
        (f"{OWN}:4:15", 2, True),
    ]


def test_a_mapping_comes_from_all_its_files(tmp_path: Path) -> None:
    own, base = "  serving:\n    replicas: 2\n", "  serving: {gpu: 4}\n"
    assert trace(tmp_path, "serving", own, base) == [
        (f"{BASE}:2:3", {"gpu": 4}, True),
        (f"{OWN}:3:3", {"replicas": 2}, True),
    ]


def test_a_list_comes_from_all_its_files_and_each_item_from_one(tmp_path: Path) -> None:
    own, base = "  args:\n    - x\n    - y\n", "  args: [a]\n"
    assert trace(tmp_path, "args", own, base) == [
        (f"{BASE}:2:3", ["a"], True),
        (f"{OWN}:3:3", ["x", "y"], True),
    ]
    assert trace(tmp_path, "args.2", own, base) == [(f"{OWN}:5:7", "y", True)]
    assert trace(tmp_path, ("args", 0), own, base) == [(f"{BASE}:2:10", "a", True)]


def test_null_removes_with_all_below_it(tmp_path: Path) -> None:
    own, base = "  pools: null\n", "  pools: {h100: {count: 4}}\n"
    removed = [(f"{BASE}:2:25", 4, False), (f"{OWN}:3:10", None, True)]
    assert trace(tmp_path, "pools.h100.count", own, base) == removed


def test_what_was_removed_and_set_again(tmp_path: Path) -> None:
    files = {
        "classes/base.yml": "parameters: {pools: {count: 4}}",
        "classes/clear.yml": "classes: [base]\nparameters: {pools: null}",
        TARGET_FILE: "classes: [clear]\nparameters: {pools: {count: 8}}",
    }
    found = Origins(write(tmp_path, files)).trace(TARGET, "pools.count")
    assert [(str(one), one.key, one.active) for one in found] == [
        (f"{BASE}:1:29", ("pools", "count"), False),
        ("inventory/classes/clear.yml:2:21", ("pools",), False),
        (f"{OWN}:2:29", ("pools", "count"), True),
    ]


def test_an_override_replaces(tmp_path: Path) -> None:
    own, base = "  ~args: [x]\n", "  args: [a]\n"
    found = trace(tmp_path, "args", own, base)
    assert found == [(f"{BASE}:2:3", ["a"], False), (f"{OWN}:3:3", ["x"], True)]
    assert trace(tmp_path, "args.0", own, base) == [
        (f"{BASE}:2:10", "a", False),
        (f"{OWN}:3:3", ["x"], False),
        (f"{OWN}:3:11", "x", True),
    ]


def definition(root: Path, key: str, parameters: str) -> Definition:
    (found,) = Origins(write(root, {TARGET_FILE: f"parameters:\n{parameters}"})).trace(TARGET, key)
    return found


def test_the_operator_is_told(tmp_path: Path) -> None:
    assert definition(tmp_path, "a", "  =a: 1\n").operator == "="
    assert definition(tmp_path, "a", "  ~a: 1\n").operator == "~"


def test_a_reference_leads_to_the_lines_of_its_value(tmp_path: Path) -> None:
    found = definition(
        tmp_path, "host", "  host: llama.${cluster:domain}\n  cluster: {domain: example.com}\n"
    )
    assert found.raw == "llama.${cluster:domain}"
    (reference,) = found.via
    assert reference.path == ("cluster", "domain")
    assert [str(one) for one in reference.definitions] == [f"{OWN}:3:21"]


def test_a_reference_of_a_reference(tmp_path: Path) -> None:
    found = definition(tmp_path, "a", "  a: ${b}\n  b: ${c}\n  c: 1\n")
    (second,) = found.via[0].definitions
    (third,) = second.via[0].definitions
    assert [str(one) for one in (found, second, third)] == [f"{OWN}:2:6", f"{OWN}:3:6", f"{OWN}:4:6"]
    assert third.raw == 1


def test_a_reference_inside_a_path(tmp_path: Path) -> None:
    found = definition(tmp_path, "a", "  a: ${gpus:${gpu}}\n  gpu: h100\n  gpus: {h100: 80}\n")
    assert [reference.path for reference in found.via] == [("gpu",), ("gpus", "h100")]


def test_below_a_referenced_mapping(tmp_path: Path) -> None:
    found = definition(tmp_path, "a.count", "  a: ${pool}\n  pool: {count: 4}\n")
    assert (str(found), found.key, found.raw) == (f"{OWN}:2:6", ("a",), "${pool}")
    (reference,) = found.via
    assert reference.path == ("pool", "count")
    assert [str(one) for one in reference.definitions] == [f"{OWN}:3:17"]


def test_a_default_of_a_reference(tmp_path: Path) -> None:
    found = definition(tmp_path, "a", "  a: ${nothing::7}\n")
    assert (found.raw, found.via) == ("${nothing::7}", ())


def test_keys_that_hold_dots(tmp_path: Path) -> None:
    parameters = "  labels:\n    app.kubernetes.io/name: {x: 1}\n"
    assert str(definition(tmp_path, "labels.app.kubernetes.io/name.x", parameters)) == f"{OWN}:3:33"


def test_a_value_that_a_thousand_files_set(tmp_path: Path) -> None:
    files = {f"classes/c{number}.yml": f"parameters: {{a: {number}}}" for number in range(1000)}
    files[TARGET_FILE] = "classes:\n" + "".join(f"  - c{number}\n" for number in range(1000))
    found = Origins(write(tmp_path, files)).trace(TARGET, "a")
    assert [one.raw for one in found] == list(range(1000))
    assert [one.active for one in found] == [False] * 999 + [True]


def test_nothing_sets_it(tmp_path: Path) -> None:
    assert trace(tmp_path, "none.at.all", "  a: 1\n") == []
    assert trace(tmp_path, "a.b", "  a: 1\n") == []


def test_what_the_name_of_the_target_gives(tmp_path: Path) -> None:
    origins = Origins(write(tmp_path, {TARGET_FILE: "parameters: {a: '${_reclass_:name:path}'}"}))
    assert origins.value(TARGET, "a") == "lab/llama"
    assert [str(one) for one in origins.trace(TARGET, "_reclass_.name.path")] == [f"{OWN}:1:1"]
    assert origins.target_file(TARGET) == OWN


def test_an_unknown_target(tmp_path: Path) -> None:
    with pytest.raises(UnknownTarget, match=r"no target `lab.lama`\. did you mean `lab.llama`\?"):
        Origins(write(tmp_path, {TARGET_FILE: ""})).trace("lab.lama", "a")


def test_an_unknown_key(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match=r"a\.b"):
        Origins(write(tmp_path, {TARGET_FILE: ""})).value(TARGET, "a.b")


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    origins = Origins(write(tmp_path, {TARGET_FILE: "classes: [base]", "classes/base.yml": "a: [\n"}))
    with pytest.raises(CannotResolve, match=r"inventory/classes/base\.yml:2:1"):
        origins.parameters(TARGET)


def test_what_a_line_reaches(tmp_path: Path) -> None:
    files = {
        "classes/base.yml": "parameters:\n  region: eu\n  count: 1\n",
        "targets/a/one.yml": "classes: [base]\nparameters: {host: 'x.${region}', count: 2}",
        "targets/a/two.yml": "classes: [base]\nparameters: {region: us}",
        "targets/a/three.yml": "parameters: {region: us}",
        "targets/a/four.yml": "classes: [base]\nparameters: {a: '${none}'}",
    }
    origins = Origins(write(tmp_path, files))
    reached = [(one.target, one.key, one.definition.active) for one in origins.reached(BASE, 2)]
    assert reached == [
        ("a.one", ("region",), True),
        ("a.one", ("host",), True),
        ("a.two", ("region",), False),
    ]
    assert [(one.target, one.definition.active) for one in origins.reached(BASE, 3, ["a.one"])] == [
        ("a.one", False)
    ]


def set_scalar(inventory: Path, at: Definition, value: object) -> None:
    """Write another scalar in the place of a definition."""
    path = inventory.parent / at.file
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[at.line - 1] = lines[at.line - 1][: at.column - 1] + json.dumps(value)
    path.write_text("\n".join(lines), encoding="utf-8")


def rendered_after(inventory: Path, at: Definition, key: KeyPath) -> object:
    """The value that reclass-rs gives a key once the scalar of a definition says SENTINEL."""
    path = inventory.parent / at.file
    before = path.read_bytes()
    set_scalar(inventory, at, "SENTINEL")
    try:
        value: object = reclass(inventory)
    finally:
        path.write_bytes(before)
    for step in key:
        value = value[int(step)] if isinstance(value, list) else value[str(step)]  # type: ignore[index]
    return value


def is_plain_scalar(definition: Definition) -> bool:
    raw = definition.raw
    return isinstance(definition.node, ScalarNode) and not (isinstance(raw, str) and "$" in raw)


@settings(max_examples=80, deadline=None)
@given(inventories(), st.data())
def test_the_last_line_decides_and_no_replaced_line_does(
    files: Mapping[str, str], data: st.DataObject
) -> None:
    """Changing the last definition changes what reclass-rs renders; changing a replaced one does not."""
    with tempfile.TemporaryDirectory() as folder:
        inventory = write(Path(folder), files)
        origins = Origins(inventory)
        try:
            leaves = [leaf for leaf in origins.leaves(TARGET) if leaf[0][0] != "_reclass_"]
        except CannotResolve:
            assume(False)
            return
        assume(leaves)
        key, value, found = data.draw(st.sampled_from(leaves))
        for definition in found:
            line = (
                (inventory.parent / definition.file)
                .read_text(encoding="utf-8")
                .split("\n")[definition.line - 1]
            )
            written = line[definition.column - 1 :]
            if isinstance(definition.node, ScalarNode):
                assert written == json.dumps(definition.raw)
            elif isinstance(definition.key[-1], str):
                assert written.startswith(json.dumps(definition.operator + definition.key[-1]))
        *replaced, last = found
        assert last.active
        assert not any(one.active for one in replaced) or not isinstance(last.node, ScalarNode)
        try:
            if is_plain_scalar(last):
                assert rendered_after(inventory, last, key) == "SENTINEL"
            for one in replaced:
                if is_plain_scalar(one) and not one.active and one.raw is not None:
                    assert rendered_after(inventory, one, key) == value
        except ValueError:  # another value references the scalar in a way that text does not allow
            assume(False)


@settings(max_examples=60, deadline=None)
@given(inventories())
def test_the_traced_lines_merge_to_the_rendered_value(files: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        origins = Origins(write(Path(folder), files))
        try:
            leaves = list(origins.leaves(TARGET))
        except CannotResolve:
            assume(False)
            return
        for key, value, found in leaves:
            assert same(origins.value(TARGET, key), value)
            active = [one for one in found if one.active]
            raws = [one.raw for one in active]
            if any(one.via or "$" in json.dumps(one.raw) for one in active):
                continue
            if isinstance(value, list):
                assert [item for raw in raws if isinstance(raw, list) for item in raw] == value
            elif isinstance(value, dict):
                assert all(isinstance(one.node, MappingNode) for one in active)
            else:
                assert same(raws[-1], value)
