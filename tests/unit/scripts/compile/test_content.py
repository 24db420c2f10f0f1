"""When a signature stands for a content."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.compile.content import (
    COARSE_TICK_NS,
    TICK_NS,
    Signature,
    is_plain,
    read_file,
    same_content,
    signature,
    vouches,
)

FINE = 1_700_000_000_123_456_789
COARSE = 1_700_000_000_000_000_000


def signed(tick: int, *, size: int = 1, inode: int = 7, mode: int = 0o100644) -> Signature:
    return [size, tick, tick, inode, mode]


@pytest.mark.parametrize(
    ("tick", "taken", "holds"),
    [
        (FINE, FINE, False),
        (FINE, FINE + TICK_NS, False),
        (FINE, FINE + TICK_NS + 1, True),
        (FINE, FINE - 1, False),
        (COARSE, COARSE + TICK_NS + 1, False),
        (COARSE, COARSE + COARSE_TICK_NS + 1, True),
    ],
)
def test_a_digest_of_the_same_tick_is_not_trusted(tick: int, taken: int, holds: bool) -> None:
    assert vouches(taken, signed(tick), signed(tick)) is holds


@given(st.lists(st.integers(0, 2**62), min_size=5, max_size=5), st.integers(0, 4), st.integers(1, 9))
def test_any_difference_is_one(now: Signature, where: int, by: int) -> None:
    recorded = [*now]
    recorded[where] += by

    assert not vouches(2**63, recorded, now)


def test_nothing_recorded_vouches_for_nothing() -> None:
    assert not vouches(2**63, None, signed(FINE))


def test_a_link_more_is_the_same_content() -> None:
    before, now = signed(FINE), signed(FINE)
    now[2] += 10**9

    assert same_content(FINE + TICK_NS + 1, before, now)
    assert not same_content(FINE, before, now)
    assert not same_content(FINE + TICK_NS + 1, before, signed(FINE, size=2))


def test_every_write_changes_the_signature(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    first = path.stat()
    taken = first.st_ctime_ns + TICK_NS + 1
    while True:  # until the clock of the file system has left that tick
        (tmp_path / "clock").write_bytes(b"")
        if (tmp_path / "clock").stat().st_mtime_ns > taken:
            break

    path.write_bytes(b"two")
    os.utime(path, ns=(first.st_atime_ns, first.st_mtime_ns))

    assert not vouches(taken, signature(first), signature(path.stat()))


def test_only_plain_files_are_plain(tmp_path: Path) -> None:
    file, link, folder = tmp_path / "file", tmp_path / "link", tmp_path / "folder"
    file.touch()
    link.symlink_to(file)
    folder.mkdir()
    modes = {path.name: path.lstat().st_mode for path in (file, link, folder)}
    file.chmod(0o755)

    assert {name for name, mode in modes.items() if is_plain(mode)} == {"file"}
    assert not is_plain(file.stat().st_mode)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"x" * 1000)

    assert read_file(tmp_path / "pipe") is None
    assert read_file(tmp_path) is None
    assert read_file(tmp_path / "absent") is None
    assert read_file(tmp_path / "file") == b"x" * 1000
    assert read_file(tmp_path / "file", 10) == b"x" * 10
