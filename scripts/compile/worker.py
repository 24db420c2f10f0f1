"""The process that Kapitan runs in: stock ``kapitan compile``, imported before there is something to compile.

Run as a file, not as a module, so that nothing of this package is on its way; the first line of its standard
input is the job. Four things differ from the ``kapitan`` command, none of which can reach a compiled byte:

- Commands other than ``compile`` are not loaded, nor is what fetches: half a second of imports of cloud libraries.
- The components are imported once, before Kapitan forks, not once in each of its processes.
- Kapitan compiles into a folder of its own and then copies that tree; here both lie in one staging folder, and the
  tree is moved.
- A process of Kapitan's pool that dies ends the run. Kapitan waits for ever for its result (kapitan#857).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import sys
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

PR_SET_PDEATHSIG = 1

DEATH = "inferstack: a process of the pool ended with code"
"""Printed, with a code as subprocess has it (-9: killed by SIGKILL), before the run is ended."""

LATE = ("_gojsonnet", "jsonschema", "requests")
"""Modules that are loaded when something of them is used: go-jsonnet starts threads when it is loaded, which no fork
survives, so it must not be loaded before; the others are rarely used."""

UNUSED = {
    "kapitan.initialiser": ("initialise_skeleton",),
    "kapitan.lint": ("start_lint",),
    "kapitan.refs.cmd_parser": ("handle_refs_command",),
    "git": ("Repo", "GitCommandError"),
}
"""Modules that ``compile`` without ``--fetch`` never calls, and what is imported from them."""


def main() -> None:
    """Get ready, wait for the job, do it."""
    root = sys.argv[1]
    _end_with_parent()
    for module, names in UNUSED.items():
        _leave_out(module, names)
    for module in LATE:
        sys.modules[module] = _Late(module)
    from kapitan import cli, targets

    targets.shutil = _Moving(targets.shutil)
    _notice_deaths()
    _get_ready(root)
    line = sys.stdin.buffer.readline()
    if not line.strip():
        return
    job = json.loads(line)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if job["profile"]:
        _profiled(cli, job)
    else:
        cli.main(*job["arguments"])


def _end_with_parent() -> None:
    """A parent that is killed takes this process along, so that none goes on writing (Linux)."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)


def _notice_deaths() -> None:
    """The pool looks for processes that have ended, to replace them; before it closes, none should have."""
    from multiprocessing.pool import Pool

    original = Pool._join_exited_workers  # type: ignore[attr-defined]

    def joined(pool: list[Any]) -> Any:
        processes = list(pool)
        cleaned = original(pool)
        # After it, not before: what ends in between would be replaced unseen.
        codes = [process.exitcode for process in processes if process.exitcode is not None]
        if codes:
            os.write(2, f"\n{DEATH} {codes[0]}\n".encode())
            os._exit(1)
        return cleaned

    Pool._join_exited_workers = staticmethod(joined)  # type: ignore[attr-defined]


def _leave_out(name: str, names: tuple[str, ...]) -> None:
    module = ModuleType(name)
    for one in names:
        setattr(module, one, type(one, (Exception,), {}))
    sys.modules[name] = module


def _get_ready(root: str) -> None:
    """Import what every target needs, then load what most need, until there is a job: Kapitan's processes share it.

    What fails here fails again in Kapitan, which says so.
    """
    sys.path.insert(0, root)
    with contextlib.suppress(Exception):
        import components.compile.entry  # noqa: F401

        import_module("kapitan.inventory.backends.reclass_rs")
        from components.common.documents import load_templates
        from components.contracts import compile_contracts

        for _ in chain(load_templates(), compile_contracts()):
            if select.select([sys.stdin], [], [], 0)[0]:
                return


class _Late(ModuleType):
    """A module that is loaded when something of it is used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


class _Moving:
    """``shutil``, but a tree is moved to where it would have been copied to."""

    def __init__(self, original: ModuleType) -> None:
        self._original = original

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)

    def copytree(self, source: str, destination: str) -> None:
        Path(source).rename(destination)


def _profiled(cli: ModuleType, job: dict[str, Any]) -> None:
    import cProfile

    profile = cProfile.Profile()
    try:
        profile.runcall(cli.main, "--profile-serial", *job["arguments"])
    finally:
        profile.dump_stats(job["profile"])


if __name__ == "__main__":
    main()
