"""What a file holds and what the file system says of it.

Content decides; times only spare reading a file again. A signature vouches for a digest when nothing can have
been written to the file without changing it: size, mode, inode, modification and change time are what they were,
and the file system's clock had left the tick of that change when the digest was taken. (That last condition is
git's "racy" one: two writes within one tick leave the same times.)
"""

from __future__ import annotations

import os
import stat
from hashlib import blake2b
from typing import Final

Signature = list[int]
"""Size, modification and change time in ns, inode, mode: a list, as JSON has it."""

TICK_NS: Final = 50_000_000
"""Linux keeps times in ticks of at most 10 ms."""
COARSE_TICK_NS: Final = 2_000_000_000
"""Where times have no microseconds: FAT keeps two seconds, HFS+ and old NFS one."""

CHUNK: Final = 1 << 18

ABSENT: Final = "-"
"""Digest of what cannot be read as a file; equals no other digest."""


def digest(content: bytes) -> str:
    """Digest of a content."""
    return blake2b(content, digest_size=20).hexdigest()


def signature(status: os.stat_result) -> Signature:
    """What must not have changed for a digest to hold."""
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode]


def vouches(taken: int, recorded: Signature | None, now: Signature) -> bool:
    """Whether a digest still holds that was taken with a signature when the file system's clock showed ``taken``."""
    return recorded == now and is_past(now[2], taken)


def is_past(tick: int, taken: int) -> bool:
    """Whether the clock of the file system had left a tick at a time (both in ns)."""
    return tick + (TICK_NS if tick % 1_000_000 else COARSE_TICK_NS) < taken


def same_content(taken: int, before: Signature, now: Signature) -> bool:
    """Whether a file whose digest was taken with ``before`` has only been linked or moved since."""
    size, modified, _, inode, mode = now
    return [size, modified, inode, mode] == [before[0], before[1], before[3], before[4]] and is_past(
        modified, taken
    )


def is_plain(mode: int) -> bool:
    """Whether it is a file as a compile writes it: regular, and not executable."""
    return stat.S_ISREG(mode) and not mode & 0o111


def read_file(path: str | os.PathLike[str], limit: int = -1) -> bytes | None:
    """The content of a regular file, at most ``limit`` bytes of it; None when there is none to read."""
    try:
        # A pipe must not block the open.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        content = bytearray()
        while chunk := os.read(descriptor, CHUNK if limit < 0 else limit - len(content)):
            content += chunk
        return bytes(content)
    except OSError:
        return None
    finally:
        os.close(descriptor)
