"""Find what Kapitan would crash on, pass over in silence, or explain without naming the file.

Reads .kapitan and every file of the inventory, follows the classes of every target, and reports all mistakes
at once. `make compile` runs it before Kapitan.
"""

from __future__ import annotations

import argparse
import sys

from components.cluster.params import TARGET
from components.inventory.guard import guard
from components.inventory.inventory import Inventory
from components.inventory.problem import Problem, render_problems, sort_problems
from components.inventory.settings import guard_settings
from scripts.project import Project


def arguments(parser: argparse.ArgumentParser) -> None:
    """The verb has no arguments of its own."""


def run(options: argparse.Namespace, project: Project) -> int:
    """Report problems; only errors fail."""
    inventory = Inventory(project.inventory)
    problems = sort_problems(
        [*guard_settings(project.root), *guard(inventory), *clusters_without_target(inventory)]
    )
    if problems:
        print(render_problems(problems), file=sys.stderr)
    return 1 if any(problem.level == "error" for problem in problems) else 0


def clusters_without_target(inventory: Inventory) -> list[Problem]:
    """Clusters with stacks and without a target of their own: nothing would sync, route to or watch those stacks."""
    names = [name.partition(".")[::2] for name in inventory.layout.targets]
    complete = {cluster for cluster, name in names if name == TARGET}
    folder = f"{inventory.root.name}/targets"
    return [
        Problem(
            f"{folder}/{cluster}",
            0,
            0,
            f"cluster `{cluster}` has stacks and no target of its own, so no Application, runtime or proxy entry",
            f"add {folder}/{cluster}/{TARGET}.yml with the classes clusters.{cluster} and stacks.cluster",
            "layout-cluster-target",
        )
        for cluster in sorted({cluster for cluster, _ in names} - complete)
    ]
