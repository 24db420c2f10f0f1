"""What lies in ``compiled/``: every file by the target that it belongs to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from components.common.errors import InferstackError
from scripts.compile.content import ABSENT, Signature, digest, is_plain, read_file, signature, vouches
from scripts.compile.state import TargetRecord

TARGET_PARTS: Final = 2
"""Folders above a target's files: cluster and stack."""


@dataclass
class Folder:
    """The files of one target, by path below its folder."""

    signatures: dict[str, Signature] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    """Empty until :func:`identify` fills it."""
    was_read: bool = False
    """Whether a file had to be read for its digest."""


@dataclass(frozen=True)
class Outputs:
    """The tree of ``compiled/``."""

    folders: Mapping[str, Folder]
    """By target name, whether there is such a target or not."""
    strays: tuple[str, ...]
    """Files that lie in no target's folder, below ``compiled/``."""

    def paths(self) -> Iterator[str]:
        """All files below ``compiled/``."""
        for target, folder in self.folders.items():
            home = home_of(target)
            for path in folder.signatures:
                yield f"{home}/{path}"
        yield from self.strays


def home_of(target: str) -> str:
    """The folder of a target below ``compiled/``."""
    return target.replace(".", "/")


def scan(compiled: Path, unit: str = "") -> Outputs:
    """Every file, below a unit at least, with its signature; nothing is read. Raises InferstackError when the place
    is taken."""
    if compiled.is_symlink() or (compiled.exists() and not compiled.is_dir()):
        raise InferstackError(f"{compiled} is no folder; remove it, a compile makes it anew")
    folders: dict[str, Folder] = {}
    strays: list[str] = []
    for parts, status in walk(compiled / unit, tuple(unit.split("/")) if unit else ()):
        if len(parts) > TARGET_PARTS and not any("." in name for name in parts[:TARGET_PARTS]):
            folder = folders.setdefault(".".join(parts[:TARGET_PARTS]), Folder())
            folder.signatures["/".join(parts[TARGET_PARTS:])] = signature(status)
        else:
            strays.append("/".join(parts))
    return Outputs(folders, tuple(sorted(strays)))


def identify(compiled: Path, target: str, folder: Folder, record: TargetRecord | None) -> None:
    """Fill in the digests of a folder's files.

    What is no plain file (a link, a pipe, an executable) gets a digest that equals no other.
    """
    home = compiled / home_of(target)
    for path, now in folder.signatures.items():
        known = record.files.get(path) if record else None
        if record and known and vouches(record.taken, record.signatures.get(path), now):
            folder.digests[path] = known
            continue
        folder.was_read = True
        content = read_file(home / path) if is_plain(now[4]) else None
        folder.digests[path] = ABSENT if content is None else digest(content)


def walk(folder: Path | str, parts: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], os.stat_result]]:
    """Everything below a folder that is no folder itself, links included, in no order."""
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        own = (*parts, entry.name)
        if entry.is_dir(follow_symlinks=False):
            yield from walk(entry.path, own)
        else:
            yield own, entry.stat(follow_symlinks=False)
