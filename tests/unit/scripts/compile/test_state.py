"""The cache: what is written is read, and whatever else lies there is nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.compile.state import State, TargetRecord, load_state, save_state

RECORD = TargetRecord(
    "key", ["inventory/targets/a/b.yml"], {"x/service.yaml": "digest"}, {"x/service.yaml": [1, 2, 3, 4, 5]}, 9
)
STATE = State("shared", {"inventory/targets/a/b.yml": "digest"}, {"a.b": RECORD})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    save_state(tmp_path / "new" / "state.json", STATE)

    assert load_state(tmp_path / "new" / "state.json") == STATE
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["state.json"]


def test_there_may_be_none(tmp_path: Path) -> None:
    assert load_state(tmp_path / "state.json") == State()
    assert load_state(tmp_path) == State()
    os.mkfifo(tmp_path / "pipe")
    assert load_state(tmp_path / "pipe") == State()


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_a_byte_that_is_not_what_was_written_makes_it_nothing(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "state.json"
    save_state(path, STATE)
    content = bytearray(path.read_bytes())
    where = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content = content[:where]
    else:
        content[where] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)

    assert load_state(path) == State()


def test_a_folder_that_cannot_be_written_to_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    save_state(tmp_path / "file" / "state.json", STATE)

    assert load_state(tmp_path / "file" / "state.json") == State()


@pytest.mark.parametrize("name", ["key", "closure", "files"])
def test_every_part_of_a_record_is_kept(tmp_path: Path, name: str) -> None:
    save_state(tmp_path / "state.json", STATE)

    assert getattr(load_state(tmp_path / "state.json").targets["a.b"], name) == getattr(RECORD, name)
