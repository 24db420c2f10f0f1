"""Where a compile writes, and who may: the folder ``.inferstack/compile`` beside ``compiled/``, and its lock.

Everything in it may be deleted at any time, but for the journal of an exchange that was cut off on a system
without an atomic one.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from components.common.errors import InferstackError
from scripts.compile import exchange

COMPILED = "compiled"


class BusyError(InferstackError):
    """Another compile holds the lock."""


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that is held."""

    descriptor: int
    """Whoever inherits it holds the lock too, so that no run starts while a process of the one before it still
    writes."""

    def now(self) -> int:
        """What the clock of the file system shows, in ns: the one that the times of files come from.

        What is written to learn it is the name of the process, for whoever waits.
        """
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, str(os.getpid()).encode(), 0)
        return os.fstat(self.descriptor).st_mtime_ns


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder that holds ``compiled/``: the project's root, or what ``--output`` names."""

    root: Path

    @property
    def compiled(self) -> Path:
        """The tree that Argo CD syncs."""
        return self.root / COMPILED

    @property
    def folder(self) -> Path:
        """What belongs to this verb alone."""
        return self.root / ".inferstack" / "compile"

    @property
    def state(self) -> Path:
        """What the last compile read and wrote."""
        return self.folder / "state.json"

    @property
    def staging(self) -> Path:
        """Work in progress; whatever a run finds here is left over from one that was cut off."""
        return self.folder / "staging"

    @property
    def journal(self) -> Path:
        """An exchange in two steps that may have been cut off between them."""
        return self.folder / "journal.json"

    @contextmanager
    def locked(self, *, wait: bool) -> Iterator[Lock]:
        """Keeps other compiles out. Raises BusyError when there is one and it should not be waited for."""
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._acquire(descriptor, wait=wait)
            lock = Lock(descriptor)
            lock.now()
            yield lock
        finally:
            os.close(descriptor)

    def _acquire(self, descriptor: int, *, wait: bool) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN):
                raise
        holder = os.pread(descriptor, 32, 0).decode(errors="replace") or "unknown"
        if not wait:
            raise BusyError(f"process {holder} is compiling; wait for it, or run again without --no-wait")
        print(f"waiting for process {holder}, which is compiling …", file=sys.stderr, flush=True)
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def recover(self) -> None:
        """Finish or forget what a run that was cut off has left. Call it with the lock held."""
        exchange.recover(self.journal)
        if self.staging.is_symlink():
            self.staging.unlink()
        if self.staging.exists():
            _remove(self.staging)

    @contextmanager
    def stage(self) -> Iterator[Path]:
        """An empty folder on the file system of ``compiled/``, removed afterwards."""
        self.staging.mkdir(parents=True)
        try:
            yield self.staging
        finally:
            with suppress(OSError):  # the next run tries again, and tells
                _remove(self.staging)


def _remove(folder: Path) -> None:
    """Remove a folder, and in it folders that nobody may write to, as those that lay in ``compiled/`` may be."""
    try:
        shutil.rmtree(folder)
    except OSError:
        for place, _, _ in os.walk(folder):
            with suppress(OSError):
                Path(place).chmod(0o700)
        shutil.rmtree(folder)
