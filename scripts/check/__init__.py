"""Prove that everything that is compiled can work, before it is merged.

Reads the inventory and compiled/, knows no builder, and says everything that is wrong at once: files and
parameters, schemas, references, names, GPUs, memory, versions, policy. Each finding names the line of the
inventory that leads to it, what happens, and what to do. `inferstack rules` lists and explains the rules.

Exit codes: 0 nothing but notes and warnings, 1 errors (with --strict: warnings too), 2 misuse.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.project import MisuseError, Project

if TYPE_CHECKING:
    from scripts.check.engine import Report

FORMATS = ("text", "json", "sarif", "junit", "github")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's own arguments."""
    parser.add_argument(
        "--format", choices=FORMATS, default="text", help="how findings are told (default: text)"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of standard output")
    parser.add_argument(
        "--date", metavar="YYYY-MM-DD", help="the day that waivers are held against (default: today)"
    )
    parser.add_argument(
        "--crds", type=Path, metavar="DIR", help="CRDs to hold objects against, before our contracts"
    )
    parser.add_argument(
        "--ledger", action="store_true", help="print what every GPU pool has, and what its stacks take"
    )
    parser.add_argument(
        "--memory", action="store_true", help="print whether each model fits, and how that was worked out"
    )
    parser.add_argument("--strict", action="store_true", help="warnings fail too")
    parser.add_argument("--notes", action="store_true", help="tell notes too: what works and could be better")
    parser.add_argument(
        "--jobs", type=int, default=0, metavar="N", help="processes (default: one a processor)"
    )
    parser.add_argument("--stats", action="store_true", help="print what took how long to standard error")


def run(options: argparse.Namespace, project: Project) -> int:
    """Check the project; 1 when something fails it."""
    from scripts.check.engine import check

    date = _date(options.date)
    if options.jobs < 0:
        raise MisuseError(f"--jobs {options.jobs}: give a number of processes, or 0")
    if (options.ledger or options.memory) and options.format not in ("text", "json"):
        raise MisuseError(f"--format {options.format} has no place for tables; ask for text or json")
    if options.crds and not options.crds.is_dir():
        raise MisuseError(f"--crds {options.crds}: no such folder")
    report = check(
        project.root,
        date,
        options.jobs,
        debug=getattr(options, "debug", False),
        notes=options.notes or options.format != "text",
        memory=options.memory or options.format == "json",
        crds=options.crds,
    )
    text = "".join(_tables(report, options)) + writer(options.format)(report, options.notes)
    if options.output:
        _write(options.output, text)
    else:
        sys.stdout.write(text)
    if options.stats:
        from scripts.check.stats import stats

        sys.stderr.write(stats(report))
    for fault in report.faults:
        print(f"inferstack: a fault of the check, not of your input: {fault}", file=sys.stderr)
    if report.faults:
        return 3
    return 1 if report.count("error") or (options.strict and report.count("warning")) else 0


def _tables(report: Report, options: argparse.Namespace) -> Iterator[str]:
    """What goes before the findings in text; JSON holds it in any case."""
    from scripts.check import ledger, verdicts

    if options.format == "text" and options.ledger:
        yield f"{ledger.text(report.ledger)}\n"
    if options.format == "text" and options.memory:
        yield f"{verdicts.text(report.memory)}\n"


def writer(name: str) -> Callable[[Report, bool], str]:
    """The writer of a format: of a report, with notes or without."""
    found: Callable[[Report, bool], str] = import_module(f"scripts.check.output.{name}").write
    return found


def _date(text: str | None) -> datetime.date:
    if text is None:
        return datetime.datetime.now(datetime.UTC).date()
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise MisuseError(f"--date {text}: no such day; write YYYY-MM-DD") from None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MisuseError(f"--output {path}: {error.strerror or error}") from None
