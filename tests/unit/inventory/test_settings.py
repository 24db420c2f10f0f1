from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.inventory.settings import KAPITAN_VERSION, SECTIONS, guard_settings

GOOD = f"""\
version: {KAPITAN_VERSION}
global:
  inventory-backend: reclass-rs
  compose-target-name: true
  mp-method: fork
compile:
  use-go-jsonnet: true
  search-paths: [.]
"""


def found(root: Path, text: str) -> list[str]:
    (root / ".kapitan").write_text(text, encoding="utf-8")
    return [str(problem) for problem in guard_settings(root)]


def test_good_settings(tmp_path: Path) -> None:
    assert found(tmp_path, GOOD) == []


def test_the_settings_of_this_repository() -> None:
    assert guard_settings(Path(__file__).parents[3]) == []


def test_a_key_of_a_section_may_stand_in_global(tmp_path: Path) -> None:
    assert (
        found(tmp_path, GOOD.replace("compile:\n  use", "  use").replace("  search-paths: [.]\n", "")) == []
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("fork", "frok", "5:3: `mp-method` is `frok`: each worker would import Kapitan again. write `mp-method: fork`"),
        ("true\n  mp", '"true"\n  mp', '4:3: `compose-target-name` is `"true"`: a target is <cluster>.<stack>. '
         "write `compose-target-name: true`"),
        ("reclass-rs", "reclass", "3:3: `inventory-backend` is `reclass`: the inventory is YAML 1.2. "
         "write `inventory-backend: reclass-rs`"),
        ("  mp-method: fork\n", "", "1:1: `mp-method` is not set: each worker would import Kapitan again. "
         "write `mp-method: fork` in `global`"),
        ("  search", "  cache: true\n  search", "8:3: `cache` is `True`: it serves output that is out of date. "
         "write `cache: false`"),
        ("  search", "  targets: [lab.llama]\n  search", "8:3: `targets` is `['lab.llama']`: the other targets "
         "would not be compiled. write `targets: []`"),
        ("  search", "  paralelism: 2\n  search", "8:3: unknown key `paralelism` in section `compile`. "
         "did you mean `parallelism`?"),
        ("  search", "  mp-method: fork\n  search", "8:3: unknown key `mp-method` in section `compile`. "
         "Kapitan reads it in `global`: move it there"),
        ("compile:", "complie:", "1:1: `use-go-jsonnet` is not set: the C++ interpreter is many times slower. "
         "write `use-go-jsonnet: true` in `global`"),
        ("compile:", "complie:", "6:1: unknown section `complie`. did you mean `compile`?"),
        ("0.36.3", "0.36", "1:10: `version` is `0.36`. write `version: 0.36.3`, the version that is locked"),
        ("version: 0.36.3\n", "", "1:1: `version` is not set. add `version: 0.36.3`"),
        ("compile:\n", "eval: 1\ncompile:\n", "6:1: section `eval` is not a mapping. write `key: value` lines"),
    ],
)  # fmt: skip
def test_what_is_wrong(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in GOOD
    text = expected.replace("`True`", "`true`")
    assert f".kapitan:{text}" in found(tmp_path, GOOD.replace(old, new))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no settings: Kapitan fails on an empty file"),
        ("# nothing\n", "no settings: Kapitan fails on an empty file"),
        ("- a\n", "not a mapping"),
        ("a: [\n", "did not find expected node content while parsing a flow node"),
    ],
)
def test_a_file_without_settings(tmp_path: Path, text: str, expected: str) -> None:
    (line,) = found(tmp_path, text)
    assert expected in line


def test_no_file(tmp_path: Path) -> None:
    assert [str(problem) for problem in guard_settings(tmp_path)] == [
        ".kapitan: cannot be read: No such file or directory. check the file and its permissions"
    ]


def test_a_reclass_config_is_refused(tmp_path: Path) -> None:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory/reclass-config.yml").write_text("class_mappings: []\n", encoding="utf-8")
    assert found(tmp_path, GOOD) == [
        "inventory/reclass-config.yml: it changes how the inventory is read. remove it"
    ]


def test_the_table_holds_what_kapitan_reads() -> None:
    spec = importlib.util.find_spec("kapitan")
    assert spec is not None
    assert spec.origin is not None
    cli = (Path(spec.origin).parent / "cli.py").read_text(encoding="utf-8")
    read: dict[str, set[str]] = {}
    for section, key in re.findall(r'from_dot_kapitan\(\s*"([^"]+)",\s*"([^"]+)"', cli):
        read.setdefault(section, set()).add(key)
    read.pop("init")  # its keys end in a blank by mistake, and nobody runs it here
    assert {section: set(keys) for section, keys in SECTIONS.items()} == read


@settings(max_examples=150, deadline=None)
@given(content=st.one_of(st.binary(max_size=40), st.text("abgl:-[]{} \n\t~=", max_size=40).map(str.encode)))
def test_never_raises(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    root = tmp_path_factory.getbasetemp()
    (root / ".kapitan").write_bytes(content)
    assert guard_settings(root)
