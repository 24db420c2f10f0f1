"""Compile again whenever something is edited."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from scripts.compile.inputs import SHARED_FOLDERS
from scripts.project import MARKER, Project

POLL_SECONDS: Final = 0.4
QUIET_SECONDS: Final = 0.2
"""Editors write a file in several steps."""

Seen = dict[str, tuple[int, int, int]]


def watch(project: Project, compile_now: Callable[[], None], *, restart: Callable[[], None]) -> None:
    """Call ``compile_now`` now and after every edit, until interrupted; ``restart`` when this program was edited."""
    before = look(project)
    compile_now()
    while True:
        print("watching the inventory and the code; Ctrl-C ends it", file=sys.stderr, flush=True)
        now = _changed(project, before)
        edited = sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
        print(
            f"\nedited: {edited[0]}{f' and {len(edited) - 1} more' if len(edited) > 1 else ''}",
            file=sys.stderr,
        )
        before = now
        code = [project.root / path for path in edited if path.endswith(".py")]
        if broken := [wrong for path in code if (wrong := _syntax_error(path))]:
            print("\n".join(broken), file=sys.stderr)
            continue
        if code:
            restart()
        compile_now()


def _syntax_error(path: Path) -> str:
    """What keeps a file from being code; empty where nothing does, or where there is no file any more."""
    try:
        compile(path.read_bytes(), path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"{path}:{error.lineno}: {error.msg}; nothing is compiled before it is code again"
    except (OSError, ValueError):
        return ""
    return ""


def look(project: Project) -> Seen:
    """What every file that a compile reads looks like; nothing is read."""
    seen: Seen = {}
    for folder in ("inventory", "scripts", *SHARED_FOLDERS):
        for parent, folders, names in os.walk(project.root / folder, followlinks=True):
            folders[:] = [name for name in folders if name != "__pycache__" and not name.startswith(".")]
            for name in names:
                if not name.startswith(".") and not name.endswith((".pyc", "~")):
                    _note(seen, project.root, Path(parent, name))
    _note(seen, project.root, project.root / MARKER)
    return seen


def _changed(project: Project, before: Seen) -> Seen:
    """Waits until something is edited and then nothing for a moment."""
    while True:
        time.sleep(POLL_SECONDS)
        now = look(project)
        if now == before:
            continue
        while True:
            time.sleep(QUIET_SECONDS)
            later = look(project)
            if later == now:
                break
            now = later
        if now != before:
            return now


def _note(seen: Seen, root: Path, path: Path) -> None:
    try:
        status = path.stat()
    except OSError:
        return
    seen[path.relative_to(root).as_posix()] = (status.st_mtime_ns, status.st_size, status.st_ino)
