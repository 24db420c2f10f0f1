"""Compile what changed, check it, and put it in place: all of it or nothing.

Kapitan compiles; this verb finds out by content which targets it must compile, shows it those alone, checks the
result, and exchanges the smallest folder below compiled/ that holds all changes in one step. The outcome is, byte for
byte, that of `kapitan compile`. A run that fails, is interrupted or is killed leaves compiled/ as it was or as it
should be. What it remembers lies in .inferstack/ and may be deleted at any time.

Exit codes: 0 done, 1 the inventory is wrong, or (--check) compiled/ is not what it should be, 2 misuse, 3 a fault of
this program, also one of the check alone: then what was compiled is in place.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.project import MisuseError, Project

if TYPE_CHECKING:
    from scripts.compile.job import Outcome, Request
    from scripts.compile.workspace import Workspace


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's own arguments."""
    _which(parser.add_argument_group("which targets"))
    _how(parser.add_argument_group("how"))
    _where(parser.add_argument_group("where"))
    _removals(parser.add_argument_group("removals"))


def _which(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="GLOB",
        help="only these, as in eu-h100.llama-70b or 'lab-*/*'; may be repeated",
    )
    group.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="only those with this label (cluster, region, environment, model, runtime, pool, wiring, a key of "
        "kapitan.labels) or parameter (serving.maxReplicas=4); VALUE may be a glob; several must all hold",
    )
    group.add_argument("--shard", metavar="K/N", help="only the K-th of N stable parts")


def _how(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--check", action="store_true", help="write nothing; list what is not as it should be")
    group.add_argument("--watch", action="store_true", help="compile again after every edit")
    group.add_argument(
        "--jobs", type=int, default=0, metavar="N", help="processes (default: one a processor)"
    )
    group.add_argument("--no-wait", action="store_true", help="fail when another compile is running")
    group.add_argument(
        "--profile", action="store_true", help="compile in one process and show what takes long"
    )
    group.add_argument(
        "--patience",
        type=float,
        default=300,
        metavar="SECONDS",
        help="silence after which Kapitan is given up",
    )
    group.add_argument(
        "--date", metavar="YYYY-MM-DD", help="the day that waivers are held against (default: today)"
    )


def _where(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--output", type=Path, metavar="DIR", help="write DIR/compiled instead of compiled/")
    group.add_argument(
        "--merge",
        type=Path,
        nargs="+",
        default=[],
        metavar="DIR",
        help="take what shards wrote to these DIRs",
    )


def _removals(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--accept-removals", action="store_true", help="remove whatever is not compiled any more"
    )
    group.add_argument(
        "--max-removals",
        type=float,
        default=20,
        metavar="PERCENT",
        help="stop when a larger share of all objects, or a whole cluster, would go (default: 20)",
    )


def run(options: argparse.Namespace, project: Project) -> int:
    """Compile once, or until interrupted."""
    from scripts.compile.workspace import Workspace

    # Many small objects live as long as the run: looking for cycles among them is a tenth of its time.
    gc.set_threshold(100_000, 50, 100)
    request = _request(options)
    _refuse_own_trees(options.output, project)
    workspace = Workspace(options.output.absolute() if options.output else project.root)
    with _ended_by_signals():
        if not options.watch:
            code = _once(options, project, workspace, request)
            gc.freeze()  # or Python looks at all of them once more when it ends
            return code
        from scripts.compile.watch import watch

        try:
            watch(project, lambda: _again(options, project, workspace, request), restart=_restart)
        except KeyboardInterrupt:
            print(file=sys.stderr)
    return 0


def _refuse_own_trees(output: Path | None, project: Project) -> None:
    """Raises MisuseError for an output that would become part of what is compiled, or of what was."""
    from scripts.compile.inputs import SHARED_FOLDERS

    if output is None:
        return
    own = (project.inventory, *(project.root / name for name in (*SHARED_FOLDERS, "scripts", "compiled")))
    place = output.resolve()
    if any(place.is_relative_to(folder.resolve()) for folder in own):
        raise MisuseError(
            f"--output {output} lies in a tree of the project; take a folder such as build/shards/1"
        )


def _request(options: argparse.Namespace) -> Request:
    from scripts.compile.job import Request
    from scripts.compile.selection import Selection, shard

    if options.watch and (options.check or options.merge):
        raise MisuseError("--watch goes on for ever; leave --check and --merge out")
    for name, value in (("--jobs", options.jobs), ("--max-removals", options.max_removals)):
        if not value >= 0:
            raise MisuseError(f"{name} {value:g}: give a number from 0")
    if options.shard and options.merge:
        raise MisuseError("--merge brings all shards together; leave --shard out")
    if not options.patience > 0:
        raise MisuseError(f"--patience {options.patience:g}: give a number of seconds")
    return Request(
        selection=Selection(options.target, options.label, shard(options.shard) if options.shard else None),
        compare_only=options.check,
        wait=not options.no_wait,
        processes=options.jobs,
        profile=options.profile,
        removal_limit=None if options.accept_removals else options.max_removals,
        patience=options.patience,
        date=_date(options.date),
        shards=tuple(folder.absolute() for folder in options.merge),
    )


def _once(options: argparse.Namespace, project: Project, workspace: Workspace, request: Request) -> int:
    from scripts.compile.errors import ToldError
    from scripts.compile.job import run as compile_once
    from scripts.compile.terminal import Terminal

    try:
        with Terminal(sys.stderr) as progress:
            outcome = compile_once(project, workspace, request, progress)
    except ToldError as error:
        print(error, file=sys.stderr)
        return 1
    from scripts.compile.summary import difference, faults, summary

    for text in (outcome.warnings, *outcome.report.said, *faults(outcome)):
        if text:
            print(text, file=sys.stderr)
    if options.profile:
        _show_profile(outcome, project)
    if not options.check:
        print(summary(outcome))
        return 3 if outcome.checked.faults else 0
    wrong = difference(outcome)
    print("\n".join(wrong) or "compiled/ is what it should be")
    return 1 if wrong else 0


def _again(options: argparse.Namespace, project: Project, workspace: Workspace, request: Request) -> None:
    from components.common.errors import InferstackError

    try:
        _once(options, project, workspace, request)
    except InferstackError as error:  # the next edit may put it right
        print(f"inferstack: {error}", file=sys.stderr)


def _restart() -> None:
    print("the code was edited: starting anew", file=sys.stderr, flush=True)
    os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - this very command


def _show_profile(outcome: Outcome, project: Project) -> None:
    from scripts.compile.summary import hottest, slowest

    if outcome.profile is None:
        return
    print("slowest targets:", *slowest(outcome.report.seconds), sep="\n")
    print("\nfunctions, with what they call:", *hottest(outcome.profile, project.root), sep="\n")
    print(f"\nall of it: {sys.executable} -m pstats {outcome.profile}\n")


def _date(text: str | None) -> datetime.date:
    if text is None:
        return datetime.datetime.now(datetime.UTC).date()
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise MisuseError(f"--date {text}: no such day; write YYYY-MM-DD") from None


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """A polite end cleans up."""

    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
