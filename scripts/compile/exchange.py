"""Put a new folder in the place of an old one in one step.

Linux exchanges two names atomically (renameat2, RENAME_EXCHANGE; since 3.15, on ext4, XFS, Btrfs, tmpfs and
overlayfs). Where that is not to be had, the two renames are journalled, and :func:`recover` takes the second one
if a run was cut off between them.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2
_NOT_TO_BE_HAD: Final = frozenset((errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP))


def replace(new: Path, place: Path, journal: Path) -> None:
    """Put the folder ``new`` at ``place``. What was there is at ``new`` afterwards, or nothing if nothing was.

    All three lie on one file system. Raises OSError with both folders as they were.
    """
    if not os.path.lexists(place):
        new.rename(place)
    elif not _exchange(new, place):
        _exchange_in_two_steps(new, place, journal)
    _sync_after(place)


def withdraw(place: Path, to: Path) -> None:
    """Take the folder at ``place`` away, to ``to``, where nothing is."""
    place.rename(to)
    _sync_after(place)


def recover(journal: Path) -> None:
    """Finish an exchange in two steps that was cut off, or forget one that had not begun."""
    try:
        entry = json.loads(journal.read_bytes())
        new, place, aside = (Path(entry[key]) for key in ("new", "place", "aside"))
    except FileNotFoundError:
        return
    except (ValueError, TypeError, KeyError):  # it is written before the first rename: none has happened
        journal.unlink()
        return
    if aside.is_dir():
        if not os.path.lexists(place):
            (new if new.is_dir() else aside).rename(place)
            _sync_after(place)
        shutil.rmtree(aside, ignore_errors=True)
    journal.unlink()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file_system(folder: Path) -> None:
    """Make everything durable that was written to the file system of a folder.

    One call instead of one for each file and folder: measured on ext4, 800 links in 200 folders take 0.03 s instead
    of 0.8 s, 40 new files 0.07 s instead of 0.25 s.
    """
    library = _library()
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if library is None or not hasattr(library, "syncfs"):
            os.sync()
        elif library.syncfs(descriptor):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(folder))
    finally:
        os.close(descriptor)


def _sync_after(place: Path) -> None:
    # What is done is done: a fault here undoes nothing, so nothing may be reported as undone.
    with contextlib.suppress(OSError):
        sync_folder(place.parent)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names; False where the system cannot."""
    library = _library()
    if library is None or not hasattr(library, "renameat2"):
        return False
    names = os.fsencode(one), os.fsencode(other)
    if not library.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE):
        return True
    code = ctypes.get_errno()
    if code in _NOT_TO_BE_HAD:
        return False
    raise OSError(code, os.strerror(code), str(one), None, str(other))


def _exchange_in_two_steps(new: Path, place: Path, journal: Path) -> None:
    aside = new.with_name(f"{new.name}.aside")
    entry = {"new": str(new), "place": str(place), "aside": str(aside)}
    _write_durably(journal, json.dumps(entry).encode())
    place.rename(aside)
    try:
        new.rename(place)
    except OSError:
        aside.rename(place)
        journal.unlink()
        raise
    with contextlib.suppress(OSError):  # done: what is left is for `recover`
        journal.unlink()
        aside.rename(new)


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


@cache
def _library() -> Any:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
