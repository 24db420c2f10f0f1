"""Compile synthetic fleets made from the committed mix, and print what it costs and how it grows.

Figures of one run on one machine: read the ratios, not the seconds.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmark.fleet import write_fleet
from scripts.benchmark.measure import Cost, measure
from scripts.project import Project

SIZES = (10, 100, 1000)


@dataclass(frozen=True, slots=True)
class Row:
    """One measured fleet."""

    size: int
    files: int
    cost: Cost


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, help="numbers of stacks (10 100 1000)")
    parser.add_argument("--seed", type=int, default=0, help="which fleet of that size")


def run(options: argparse.Namespace, project: Project) -> int:
    """Measure and print a table."""
    rows = list(_rows(project, sorted(options.sizes), options.seed))
    print(f"\nstock kapitan compile, {platform.machine()}, Python {platform.python_version()}, one run:")
    print(f"{'stacks':>7} {'files':>7} {'CPU s':>8} {'wall s':>8} {'peak MiB':>9} {'CPU ms per further stack':>25}")
    for previous, row in zip([None, *rows], rows, strict=False):
        print(
            f"{row.size:7} {row.files:7} {row.cost.cpu:8.2f} {row.cost.wall:8.2f} {row.cost.peak_mib:9.0f}"
            f" {_slope(previous, row):>25}"
        )
    return 0


def _slope(previous: Row | None, row: Row) -> str:
    """CPU milliseconds of each stack more than in the previous row: constant when the cost is linear."""
    if previous is None:
        return ""
    return f"{(row.cost.cpu - previous.cost.cpu) / (row.size - previous.size) * 1000:.1f}"


def _rows(project: Project, sizes: list[int], seed: int) -> Iterator[Row]:
    kapitan = Path(sys.executable).with_name("kapitan")
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="inferstack-bench-") as folder:
            root = Path(folder)
            for name in ("components", "templates", ".kapitan"):
                (root / name).symlink_to(project.root / name)
            write_fleet(project.inventory, root / "inventory", size, seed)
            print(f"compiling {size} stacks …", file=sys.stderr, flush=True)
            cost = measure([str(kapitan), "compile", "--quiet"], root)
            files = sum(1 for path in (root / "compiled").rglob("*") if path.is_file())
            yield Row(size, files, cost)
