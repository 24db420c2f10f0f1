"""Find what Kapitan would crash on, pass over in silence, or explain without naming the file.

Reads .kapitan and every file of the inventory, follows the classes of every target, and reports all mistakes
at once. `make compile` runs it before Kapitan.
"""

from __future__ import annotations

import argparse
import sys

from components.inventory.guard import guard
from components.inventory.problem import render_problems, sort_problems
from components.inventory.settings import guard_settings
from scripts.project import Project


def arguments(parser: argparse.ArgumentParser) -> None:
    """The verb has no arguments of its own."""


def run(options: argparse.Namespace, project: Project) -> int:
    """Report problems; only errors fail."""
    problems = sort_problems([*guard_settings(project.root), *guard(project.inventory)])
    if problems:
        print(render_problems(problems), file=sys.stderr)
    return 1 if any(problem.level == "error" for problem in problems) else 0
