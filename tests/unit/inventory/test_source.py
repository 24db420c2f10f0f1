from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.inventory.node import plain_data
from components.inventory.source import MAX_BYTES, SourceFile, load

TEXT = """\
classes:
  - clusters.lab   # comment

parameters:
  stack:
    replicas: 2
    prompt: |
      first
      second

    flow: {a: 1, b: [x,
      y]}
  ~pools:
    - gpu: h100
      count: 4
    - gpu: l4
"""


@pytest.fixture(name="source")
def _source(tmp_path: Path) -> SourceFile:
    path = tmp_path / "llama.yml"
    path.write_text(TEXT, encoding="utf-8")
    return load(path, "inventory/targets/lab/llama.yml")


def test_sections(source: SourceFile) -> None:
    assert source.is_usable
    assert [node.text for node in source.classes] == ["clusters.lab"]
    assert source.parameters is not None
    assert list(source.parameters.entries) == ["stack", "pools"]
    assert source.parameters.entries["pools"].operator == "~"


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        (("parameters", "stack"), "6:5", "5:3"),
        (("parameters", "stack", "replicas"), "6:15", "6:5"),
        (("parameters", "stack", "prompt"), "7:13", "7:5"),
        (("parameters", "stack", "flow", "b", 1), "12:7", "12:7"),
        (("parameters", "pools", 1, "gpu"), "16:12", "16:7"),
        (("parameters", "pools", "1"), "16:7", "16:7"),
        (("classes", 0), "2:5", "2:5"),
    ],
)
def test_positions(source: SourceFile, path: tuple[str | int, ...], value: str, key: str) -> None:
    assert str(source.position(path)) == f"inventory/targets/lab/llama.yml:{value}"
    assert str(source.key_position(path)) == f"inventory/targets/lab/llama.yml:{key}"


@pytest.mark.parametrize(
    "path", [("parameters", "none"), ("parameters", "pools", 7), ("classes", "x"), ("x", "y")]
)
def test_no_position(source: SourceFile, path: tuple[str | int, ...]) -> None:
    assert source.position(path) is None


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (1, ("classes",)),
        (2, ("classes", 0)),
        (3, ()),
        (4, ("parameters",)),
        (6, ("parameters", "stack", "replicas")),
        (8, ("parameters", "stack", "prompt")),
        (9, ("parameters", "stack", "prompt")),
        (11, ("parameters", "stack", "flow")),
        (12, ("parameters", "stack", "flow", "b", 1)),
        (14, ("parameters", "pools", 0, "gpu")),
        (15, ("parameters", "pools", 0, "count")),
        (99, ()),
    ],
)
def test_what_stands_on_a_line(source: SourceFile, line: int, path: tuple[str | int, ...]) -> None:
    assert source.at(line) == path


def test_a_byte_order_mark_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_bytes(b"\xef\xbb\xbfparameters: {}\n")
    source = load(path, "a.yml")
    assert source.is_usable
    assert source.root is not None
    assert plain_data(source.root) == {"parameters": {}}


def only_problem(path: Path) -> str:
    (problem,) = load(path, "inventory/a.yml").problems
    return str(problem)


def test_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_bytes("parameters:\n  a: é\n".encode("latin-1"))
    assert only_problem(path) == "inventory/a.yml:2: not UTF-8: byte 0xe9. save the file as UTF-8"


def test_too_large(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    assert only_problem(path) == "inventory/a.yml: too large: 1.0 MiB. an inventory file holds at most 1 MiB"


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    os.mkfifo(path)
    assert "not a regular file" in only_problem(path)


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    assert "cannot be read: No such file or directory" in only_problem(tmp_path / "a.yml")


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "a.yml"
    path.write_text("a: 1\n", encoding="utf-8")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "cannot be read: Permission denied" in only_problem(path)


@settings(max_examples=300, deadline=None)
@given(content=st.binary(max_size=60))
def test_never_raises(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yml"
    path.write_bytes(content)
    load(path, "any.yml")
