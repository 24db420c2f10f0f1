"""The seam to Kapitan: reads the inventory that it rendered, hands back file texts, and says what is wrong.

Kapitan stops at the first target that fails and prints a traceback. A user's mistake needs neither, so the first
worker that finds one checks every target, prints one line a mistake, and stops the run quietly.
"""

from __future__ import annotations

import fcntl
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kapitan import cached
from kapitan.errors import CompileError
from kapitan.inputs.kadet import search_paths
from kapitan.topics import current_target

from components.common.errors import MistakesError
from components.compile.report import fleet_report
from components.compile.targets import Files, compile_target
from components.compile.worker import collect_seldom, die_gently


def files() -> Files:
    """File texts of the target that Kapitan compiles now."""
    die_gently()
    collect_seldom()
    parameters = KapitanParameters(cached.global_inv)
    try:
        return compile_target(current_target.get(), parameters)
    except MistakesError:
        _stop_quietly()
        _report_once(lambda: fleet_report(parameters, Path(cached.args.inventory_path)))
        raise CompileError("the inventory has mistakes, listed above; compiled/ is as it was") from None


class KapitanParameters(Mapping[str, Any]):
    """Rendered parameters by target, seen through Kapitan's ``{target: {parameters: …}}`` without a copy."""

    def __init__(self, rendered: Mapping[str, Any]) -> None:
        self._rendered = rendered

    def __getitem__(self, target: str) -> Any:
        return self._rendered[target]["parameters"]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rendered)

    def __len__(self) -> int:
        return len(self._rendered)


def _report_once(report: Callable[[], str]) -> None:
    """Print the report in one worker of a run. The others wait for it: when one fails, Kapitan kills them all.

    Kapitan's temporary folder, the last search path, exists once a run.
    """
    with (Path(search_paths.get()[-1]) / "reported").open("a+", encoding="utf-8") as done:
        fcntl.flock(done, fcntl.LOCK_EX)
        if not done.seek(0, os.SEEK_END):
            print(report(), file=sys.stderr, flush=True)
            done.write("yes")
            done.flush()


def _stop_quietly() -> None:
    """Kapitan prints a traceback for every exception of a component; leave out those of CompileError."""
    original: Callable[..., None] = traceback.print_exception

    def quiet(kind: Any, value: Any = None, *rest: Any, **options: Any) -> None:
        if not isinstance(value, CompileError):
            original(kind, value, *rest, **options)

    traceback.print_exception = quiet
