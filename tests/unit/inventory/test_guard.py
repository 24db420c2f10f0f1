from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from components.inventory.guard import guard
from components.inventory.problem import Problem
from components.inventory.rendered import RenderError, render
from tests.unit.inventory.strategies import inventories
from tests.unit.inventory.trees import TARGET_FILE, reclass, write

OWN = f"inventory/{TARGET_FILE}"


def found(root: Path, files: Mapping[str, str | bytes]) -> list[str]:
    return [str(problem) for problem in guard(write(root, files))]


def rules(problems: list[Problem]) -> list[tuple[str, int, int, str]]:
    return [(problem.file, problem.line, problem.column, problem.rule) for problem in problems]


def test_a_good_inventory(tmp_path: Path) -> None:
    files = {
        TARGET_FILE: """
            classes:
              - clusters.lab
            parameters:
              stack:
                host: llama.${cluster:domain}
                port: "8080"
              ~pools: {h100: null}
            """,
        "classes/clusters/lab.yml": """
            parameters:
              cluster: {domain: lab.example.com, kubernetes: "1.30", "on": true}
              pools: {l4: {count: 1}}
            """,
    }
    assert found(tmp_path, files) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("clases: [a]\n", "1:1: unknown key `clases`: reclass ignores it. did you mean `classes`?"),
        ("parameter: {a: 1}\n", "1:1: unknown key `parameter`: reclass ignores it. did you mean `parameters`?"),
        ("stack: {a: 1}\n", "1:1: unknown key `stack`: reclass ignores it. move it below `parameters:`"),
        ("~parameters: {a: 1}\n", "1:1: unknown key `~parameters`: reclass ignores it. did you mean `parameters`?"),
        ("- a\n", "1:1: the file is a list. start it with `classes:` or `parameters:`"),
        ("just text\n", "1:1: the file is text. start it with `classes:` or `parameters:`"),
        ("classes: a\n", "1:10: `classes` is not a list. write each name as `- name`"),
        ("classes: ~\n", "1:10: `classes` is not a list. write each name as `- name`"),
        ("classes: [~]\n", "1:11: an entry of `classes` is not a name. write a name, quoted if need be"),
        ("classes: [{a: b}]\n", "1:11: an entry of `classes` is not a name. write a name, quoted if need be"),
        ("parameters: [a]\n", "1:13: `parameters` is not a mapping. write `key: value` lines"),
        ("applications: {a: b}\n", "1:15: `applications` is not a list. write each name as `- name`"),
        (
            "parameters:\n  pinned: on\n",
            "2:11: `pinned`: `on` is text here and true to YAML 1.1 readers. "
            'write "on", true, false or a plain number',
        ),
        (
            "parameters:\n  args: [1e3]\n",
            "2:10: `args`: `1e3` is the number 1000.0 here and text to YAML 1.1 readers. "
            'write "1e3", true, false or a plain number',
        ),
        ("parameters:\n  off: 1\n", '2:3: key `off` is false to YAML 1.1 readers. quote it: "off"'),
        ("parameters:\n  8080: 1\n", '2:3: key `8080` is not text. quote it: "8080"'),
        (
            "parameters:\n  id: 18446744073709551616\n",
            "2:7: `id`: `18446744073709551616` is too large for a number of 64 bits. quote it if it is text",
        ),
        (
            "parameters:\n  a: $[ x ]\n",
            "2:6: `$[` starts an inventory query: text to reclass-rs 0.10, run by other versions. "
            "write `\\$[` for the characters themselves",
        ),
        (
            "parameters:\n  a: |\n    one\n    two ${b\n",
            "4:6: a reference that is not closed in `${b\\n`. "
            "close it with `}`, or write `\\${` for the characters themselves",
        ),
        ("parameters: {a: &x 1}\n", "1:17: anchor `&x`: it hides where a value comes from. "
         "remove it; share values through a class"),
        ("parameters:\n  a: ${b}\n", "2:6: reference `${b}`: no key `b`, in target lab.llama. "
         "set it in a class of the target, or correct the name"),
        ("classes: [modls]\n", "1:11: unknown class `modls`. did you mean `models`?"),
    ],
)  # fmt: skip
def test_what_stops_a_target(tmp_path: Path, text: str, expected: str) -> None:
    problems = guard(write(tmp_path, {TARGET_FILE: text, "classes/models.yml": ""}))
    errors = [str(problem) for problem in problems if problem.level == "error"]
    assert errors == [f"{OWN}:{expected}"]


def test_everything_at_once_errors_first(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        TARGET_FILE: "classes: [a, nothing]\nparameters: {x: yes}\n",
        "targets/lab/qwen3.yml": "classes: [loop]\n",
        "targets/lab/gemma.yml": "classes: [a]\nparameters: {k: '${one}'}\n",
        "targets/lab/phi.yml": "parameters: {k: [\n",
        "targets/lab/v1.5.yml": "",
        "classes/a.yml": "parameters: {version: 1.30}\n",
        "classes/loop.yml": "classes: [loop]\n",
        "classes/latin.yml": "parameters: {k: é}\n".encode("latin-1"),
    }
    assert rules(guard(write(tmp_path, files))) == [
        ("inventory/classes/latin.yml", 1, 0, "yaml-encoding"),
        ("inventory/classes/loop.yml", 1, 11, "class-cycle"),
        ("inventory/targets/lab/gemma.yml", 2, 17, "reference-dangling"),
        (OWN, 1, 14, "class-unknown"),
        (OWN, 2, 17, "ambiguous-scalar"),
        ("inventory/targets/lab/phi.yml", 2, 1, "yaml-syntax"),
        ("inventory/targets/lab/v1.5.yml", 0, 0, "name-slug"),
        ("inventory/classes/a.yml", 1, 23, "number-version"),
    ]


def test_a_mistake_of_a_class_is_told_once_with_its_targets_and_the_way_to_it(tmp_path: Path) -> None:
    files = {f"targets/lab/{name}.yml": "classes: [middle]\n" for name in ("a", "b", "c")}
    files |= {"classes/middle.yml": "classes: [base]\n", "classes/base.yml": "parameters: {k: '${nope}'}\n"}
    (problem,) = guard(write(tmp_path, files))
    assert str(problem).startswith(
        "inventory/classes/base.yml:1:17: reference `${nope}`: no key `nope`, in target lab.a and 2 more."
    )
    assert problem.chain == ("inventory/targets/lab/a.yml:1:11", "inventory/classes/middle.yml:1:11")


def test_warnings(tmp_path: Path) -> None:
    files = {
        TARGET_FILE: "classes: [a, b, a]\n",
        "classes/a.yml": "",
        "classes/b.yml": "",
        "classes/old.yml": "",
    }
    problems = guard(write(tmp_path, files))
    assert [problem.level for problem in problems] == ["warning", "warning"]
    assert [str(problem) for problem in problems] == [
        "inventory/classes/old.yml: class `old` is in no target. include it or remove the file",
        f"{OWN}:1:17: class `a` stands here twice, first in line 1. remove one: it is merged once",
    ]


def test_classes_by_reference_are_used(tmp_path: Path) -> None:
    files = {
        TARGET_FILE: 'classes: [facts, "gpu.${gpu}"]\n',
        "classes/facts.yml": "parameters: {gpu: h100}\n",
        "classes/gpu/h100.yml": "",
        "classes/gpu/l4.yml": "",
    }
    assert rules(guard(write(tmp_path, files))) == [("inventory/classes/gpu/l4.yml", 0, 0, "class-unused")]


def test_no_inventory_at_all(tmp_path: Path) -> None:
    assert [problem.rule for problem in guard(tmp_path / "inventory")] == ["layout-missing"] * 2


def test_no_target(tmp_path: Path) -> None:
    assert found(tmp_path, {}) == [
        "inventory/targets: no target. add inventory/targets/<cluster>/<stack>.yml",
    ]


def test_paths_do_not_depend_on_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(tmp_path, {TARGET_FILE: "a: 1"})
    monkeypatch.chdir(tmp_path)
    assert guard("inventory") == guard(root)


@settings(max_examples=150, deadline=None)
@given(inventories())
def test_what_passes_renders_and_what_does_not_render_is_told(files: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = write(Path(folder), files)
        errors = {problem.rule for problem in guard(root) if problem.level == "error"}
        assume("class-cycle" not in errors)
        try:
            reclass(root)
        except ValueError:
            assert errors
        else:
            # A text that reclass-rs takes as it stands, and that other versions would run.
            assert errors <= {"inventory-query"}


_YAML_ISH = st.text(st.sampled_from("ab:-[]{}'\"&*!|>%@~=<$\\ \n\t#,.01é"), max_size=60).map(str.encode)
_CONTENT = st.one_of(
    st.binary(max_size=60), _YAML_ISH, _YAML_ISH.map(lambda text: b"parameters:\n  a: " + text)
)
_NAMES = st.sampled_from(
    [
        *(TARGET_FILE, "targets/lab/b.yml", "targets/c.yml", "classes/a.yml", "classes/a/init.yml"),
        *("classes/b.yaml", "classes/ä.yml", "classes/.b.yml", "classes/c/d.yml"),
    ]
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(_NAMES, _CONTENT, max_size=5),
    st.sampled_from([b"", b"classes: [a, b]\n", b"classes: [.c.d]\n"]),
)
def test_never_raises_on_any_bytes(files: dict[str, bytes], head: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = write(Path(folder), {name: head + content for name, content in files.items()})
        for problem in guard(root):
            assert str(problem).encode()


@settings(max_examples=60, deadline=None)
@given(_YAML_ISH, _YAML_ISH)
def test_what_passes_is_rendered(own: bytes, base: bytes) -> None:
    """No bytes that pass the guard make reclass-rs fail, panic or die."""
    files = {
        TARGET_FILE: b"classes: [a]\nparameters:\n  a: " + own,
        "classes/a.yml": b"parameters:\n  a: " + base,
    }
    with tempfile.TemporaryDirectory() as folder:
        root = write(Path(folder), files)
        if not any(problem.level == "error" for problem in guard(root)):
            render(root)


def test_a_loop_of_classes_ends_reclass_rs_but_not_us(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {TARGET_FILE: "classes: [a]", "classes/a.yml": "classes: [b]", "classes/b.yml": "classes: [a]"},
    )
    assert [problem.rule for problem in guard(root)] == ["class-cycle"]
    with pytest.raises(RenderError, match="includes itself"):
        render(root)
    code = (
        "import reclass_rs, sys; reclass_rs.Reclass.from_config(reclass_rs.Config.from_dict(sys.argv[1], "
        "{'nodes_uri': 'targets', 'classes_uri': 'classes', 'compose_node_name': True}, False)).inventory()"
    )
    command = [sys.executable, "-c", code, str(root)]
    ended = subprocess.run(command, capture_output=True, check=False, cwd=tmp_path)
    assert ended.returncode < 0, "reclass-rs has learned to report loops of classes"


@pytest.mark.slow
def test_a_thousand_targets_take_little(tmp_path: Path) -> None:
    classes = {
        f"classes/c{number}.yml": f"parameters:\n  c{number}:\n"
        + "".join(f"    key-{line}: {{a: value-{line}, b: '${{stack:name}}-{line}'}}\n" for line in range(20))
        for number in range(200)
    }
    targets = {
        f"targets/k{number % 25}/s{number}.yml": "classes:\n"
        + "".join(f"  - c{(number * 7 + step * 31) % 200}\n" for step in range(8))
        + f"parameters:\n  stack:\n    name: s{number}\n    host: ${{stack:name}}.example.com\n"
        for number in range(1000)
    }
    root = write(tmp_path, {**classes, **targets})
    start = time.process_time()
    assert not [problem for problem in guard(root) if problem.level == "error"]
    assert time.process_time() - start < 3
