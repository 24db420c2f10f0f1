"""Compile synthetic fleets made from the committed mix, beside what others do with the same objects.

Prints, from one run on one machine, wall and CPU seconds and peak memory of every command, its ratio to the floor, and
how each grows. Read the ratios, not the seconds. helm and kubectl: see scripts/benchmark/tools.py.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from scripts.benchmark.measure import CommandFailedError, Cost
from scripts.benchmark.suite import PEERS, ROWS, Result, make, results
from scripts.check import stats
from scripts.project import MisuseError, Project

SIZES = (100, 1000, 3000)
PEERS_UP_TO = 1000
PAGE = Path("docs") / "bench.md"
MEMORY = Path("/dev/shm")
BYTES_A_STACK = 1 << 20
"""Five trees of some 22 files a stack."""
_CHECK = "inferstack check"
_FLOOR = "floor: libyaml dump of the same objects"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, help="numbers of stacks (100 1000 3000)")
    parser.add_argument("--seed", type=int, default=0, help="which fleet of that size")
    parser.add_argument(
        "--row", action="append", default=[], metavar="TEXT", help="only rows whose name holds it"
    )
    parser.add_argument(
        "--peers",
        type=int,
        default=PEERS_UP_TO,
        metavar="STACKS",
        help=f"the largest fleet that the others render too (default: {PEERS_UP_TO})",
    )
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="where the fleets lie (default: in memory, if it has room)"
    )
    parser.add_argument("--write", action="store_true", help=f"write the table to {PAGE} too")


def run(options: argparse.Namespace, project: Project) -> int:
    """Measure and print a table. Raises MisuseError for a row or folder that does not exist."""
    wanted = frozenset(name for name in ROWS if any(text in name for text in options.row or [""]))
    if not wanted:
        raise MisuseError(f"no row holds {' or '.join(options.row)}; there are: {'; '.join(ROWS)}")
    if options.folder and not options.folder.is_dir():
        raise MisuseError(f"--folder {options.folder}: no such folder")
    found: list[Result] = []
    base = options.folder or _memory(max(options.sizes))
    for size in sorted(options.sizes):
        with tempfile.TemporaryDirectory(prefix="inferstack-bench-", dir=base) as folder:
            try:
                rows = wanted if size <= options.peers else wanted - PEERS
                found.extend(results(make(project, Path(folder), size, options.seed), rows))
            except CommandFailedError as error:
                print("\n".join(_lines(found)))
                raise MisuseError(f"a measured command failed: {error}") from None
    table = "\n".join([*_lines(found), *_shares(found)])
    print(table)
    if options.write:
        (project.root / PAGE).write_text(_page(table, in_memory=base == MEMORY), encoding="utf-8")
    return 0


def _memory(size: int) -> Path | None:
    """A file system in memory that holds a fleet and what every row makes of it; None where there is none. On a disk,
    a row pays for the files that the rows before it removed."""
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < size * BYTES_A_STACK:
        return None
    return MEMORY


def _lines(found: list[Result]) -> list[str]:
    head = (
        f"| {'command':45} | {'stacks':>6} | {'CPU s':>8} | {'wall s':>8} | {'peak MiB':>8} | {'x floor':>8} "
        f"| {'CPU ms a further stack':>22} |"
    )
    lines = [head, "|" + "|".join("-" * len(cell) for cell in head.strip("|").split("|")) + "|"]
    for name in dict.fromkeys(result.name for result in found):
        previous: Result | None = None
        for result in (one for one in found if one.name == name):
            lines.append(_line(result, previous, found))
            previous = result
    return lines


def _line(result: Result, previous: Result | None, found: list[Result]) -> str:
    if result.cost is None:
        return f"| {result.name:45} | {result.size:6} | {result.reason:>8} | {'':8} | {'':8} | {'':8} | {'':22} |"
    cost = result.cost
    base = next((one.cost for one in found if one.name == _FLOOR and one.size == result.size), None)
    ratio = f"{cost.cpu / base.cpu:.1f}" if base else ""
    slope = ""
    if previous and previous.cost and result.size > previous.size:
        slope = f"{(cost.cpu - previous.cost.cpu) / (result.size - previous.size) * 1000:.1f}"
    return (
        f"| {result.name:45} | {result.size:6} | {cost.cpu:8.2f} | {cost.wall:8.2f} | {cost.peak_mib:8.0f} "
        f"| {ratio:>8} | {slope:>22} |"
    )


def _shares(found: list[Result]) -> Iterator[str]:
    """What the check spends its time on, at each size; nothing where it was not measured."""
    checks = [(one.size, one.cost) for one in found if one.name == _CHECK and one.cost]
    if not any(cost.printed for _, cost in checks):
        return
    heads = [f"{size} stacks" for size, _ in checks]
    cells = [f"{'CPU s of the check':20}", *(f"{head:>15}" for head in heads)]
    yield from ("", f"| {' | '.join(cells)} |", f"|{'|'.join('-' * (len(cell) + 2) for cell in cells)}|")
    parts = [_parts(cost) for _, cost in checks]
    for what in parts[0]:
        shares = [
            f"{part.get(what, 0.0):6.2f} ({part.get(what, 0.0) / cost.cpu:6.1%})"
            for part, (_, cost) in zip(parts, checks, strict=True)
        ]
        yield f"| {what:20} | {' | '.join(shares)} |"


def _parts(cost: Cost) -> dict[str, float]:
    booked = stats.read(cost.printed)
    return {**booked, "start, telling": cost.cpu - sum(booked.values())}


def _page(table: str, *, in_memory: bool) -> str:
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    machine = f"{platform.machine()}, {_cores()} cores, Python {platform.python_version()}"
    place = "in memory" if in_memory else "on disk"
    return f"""# What it costs

Written by `make bench BENCH_ARGS=--write` on {today}: {machine}, Kapitan {version("kapitan")}.
One run with all rows in it, on a shared machine: read the ratios. CPU is user and system time of all processes;
*x floor* compares with dumping the same objects with libyaml. The fleets are made from the committed inventory's
mix (`scripts/benchmark/fleet.py`), the charts from what it compiles to (`scripts/benchmark/charts.py`), and lie
{place}.

{table}

The shares of the check: *inventory* is the guard, the merge of the classes and the parameters; *graph* the rules that
follow references; *start, telling* what is left: imports, processes, the order of telling.
"""


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    sys.exit("run it as: inferstack bench")
