"""Where the project lies that a command works on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from components.common.errors import InferstackError

MARKER = ".kapitan"
"""The file that makes a folder the root of a project."""


class MisuseError(InferstackError):
    """The command was called in a way that makes no sense; exit code 2."""


@dataclass(frozen=True, slots=True)
class Project:
    """A checkout."""

    root: Path

    @property
    def inventory(self) -> Path:
        """What people edit."""
        return self.root / "inventory"

    @property
    def templates(self) -> Path:
        """Prose and scaffolds."""
        return self.root / "templates"

    def shown(self, path: Path) -> str:
        """A path for messages: seen from the root, with slashes."""
        return path.relative_to(self.root).as_posix()


def find_project(root: Path | None = None) -> Project:
    """The project in ``root``, else in the nearest folder upwards. Raises MisuseError without one."""
    if root is not None:
        if not (root / MARKER).is_file():
            raise MisuseError(f"{root} holds no {MARKER}; give the root of the project")
        return Project(root.resolve())
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / MARKER).is_file():
            return Project(folder)
    raise MisuseError(f"no {MARKER} in {here} or above it; run from the project, or name it with --root")
