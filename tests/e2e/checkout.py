"""A copy of the checkout, compiled as a user compiles it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("components", "inventory", "scripts", "templates")
SECONDS = 120


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did."""

    code: int
    output: str


@dataclass(frozen=True, slots=True)
class Checkout:
    """A copy in a folder of its own."""

    root: Path

    @classmethod
    def copy(cls, root: Path, *, compiled: bool) -> Checkout:
        """A copy of the sources, with or without the compiled tree."""
        ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
        for folder in (*NEEDED, "compiled") if compiled else NEEDED:
            shutil.copytree(ROOT / folder, root / folder, ignore=ignore)
        shutil.copy(ROOT / ".kapitan", root)
        return cls(root)

    def kapitan(self, python: str = sys.executable, **environment: str) -> Ran:
        """Stock ``kapitan compile``."""
        return self._run([python, "-m", "kapitan", "compile"], environment)

    def guard(self) -> Ran:
        """What ``make compile`` runs before it."""
        return self._run([sys.executable, "-m", "scripts", "guard"], {})

    def make_compile(self) -> Ran:
        """The recipe of ``make compile``."""
        guarded = self.guard()
        return guarded if guarded.code else self.kapitan()

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace one text in a file of the inventory. Raises ValueError when it is not there exactly once."""
        file = self.root / "inventory" / path
        text = file.read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise ValueError(f"{old!r} is {text.count(old)} times in {path}")
        file.write_text(text.replace(old, new), encoding="utf-8")

    def line_of(self, path: str, text: str) -> int:
        """The first line of an inventory file that holds a text."""
        lines = (self.root / "inventory" / path).read_text(encoding="utf-8").splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)

    def compiled(self) -> dict[str, bytes]:
        """The compiled files, by path."""
        return tree(self.root / "compiled")

    def _run(self, command: list[str], environment: Mapping[str, str]) -> Ran:
        temporary = self.root.parent / "tmp"
        temporary.mkdir(exist_ok=True)
        ran = subprocess.run(
            command,
            cwd=self.root,
            env={**os.environ, "TMPDIR": str(temporary), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Ran(ran.returncode, ran.stdout)


def tree(folder: Path) -> dict[str, bytes]:
    """The files below a folder, by path."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def difference(left: Mapping[str, bytes], right: Mapping[str, bytes]) -> list[str]:
    """The paths at which two trees are not the same."""
    return sorted(path for path in left.keys() | right.keys() if left.get(path) != right.get(path))
