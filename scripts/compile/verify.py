"""The checks around a compile: the guard before it, ``inferstack check`` on the new tree before it is published.

The check sees a project of its own: the clusters that change, whole, as they will be, and the inventory that they
are made from. What compares clusters with each other compares those; `inferstack check` compares all.
"""

from __future__ import annotations

import contextlib
import datetime
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.compile.changes import Tree
from scripts.compile.errors import ToldError
from scripts.compile.inputs import Inputs, cluster_of
from scripts.compile.publish import link
from scripts.compile.view import write_view
from scripts.project import MARKER, Project

if TYPE_CHECKING:
    from components.inventory.chain import Chains


class GuardError(ToldError):
    """The inventory cannot be compiled. The message is the list of what is wrong, whole."""


class CheckError(ToldError):
    """The new tree cannot work. The message is what the check says, whole."""


@dataclass(frozen=True)
class Guarded:
    """An inventory without errors."""

    chains: Chains
    warnings: str
    """What is doubtful, for people; may be empty."""


def check_inventory(project: Project) -> Guarded:
    """Everything that Kapitan would crash on, or pass over in silence. Raises GuardError."""
    from components.inventory.chain import Chains
    from components.inventory.guard import guard
    from components.inventory.inventory import Inventory
    from components.inventory.problem import render_problems, sort_problems
    from components.inventory.settings import guard_settings

    inventory = Inventory(project.inventory)
    problems = sort_problems([*guard_settings(project.root), *guard(inventory)])
    if any(problem.level == "error" for problem in problems):
        raise GuardError(render_problems(problems))
    return Guarded(Chains(inventory), render_problems(problems))


@dataclass(frozen=True)
class Checked:
    """What the check found in a tree that may be published."""

    objects: int = 0
    clusters: int = 0
    warnings: int = 0
    faults: tuple[str, ...] = ()
    """Rules that failed themselves."""


def lay_out(
    tree: Tree, inputs: Inputs, closures: Mapping[str, Iterable[str]], compiled: Path, project: Path
) -> frozenset[str]:
    """Complete the project in the folder ``project``, whose ``compiled/`` holds the unit of the tree already;
    returns its clusters."""
    unit = tree.unit or ""
    clusters = {change.path.partition("/")[0] for change in tree.changes}
    clusters &= {path.partition("/")[0] for path in tree.paths()}
    if "/" in unit:
        cluster = f"{unit.partition('/')[0]}/"
        for path in tree.linked:
            if path.startswith(cluster) and not path.startswith(f"{unit}/"):
                link(compiled / path, project / "compiled" / path)
    targets = [target for target in inputs.layout.targets if cluster_of(target) in clusters]
    write_view(inputs, closures, targets, project)
    shutil.copyfile(inputs.inventory.parent / MARKER, project / MARKER)
    return frozenset(clusters)


def check_tree(project: Path, clusters: frozenset[str], date: datetime.date, processes: int) -> Checked:
    """Check what :func:`lay_out` has laid out. Raises CheckError when it cannot work."""
    from scripts.check.engine import check
    from scripts.check.output.text import write

    report = check(project, date, processes)
    if report.count("error"):
        raise CheckError(write(report).rstrip("\n"))
    return Checked(report.objects, len(clusters), report.count("warning"), report.faults)


@contextmanager
def warmed_up() -> Iterator[None]:
    """Load what the check needs while something else is waited for."""
    loading = threading.Thread(target=_load, daemon=True)
    loading.start()
    try:
        yield
    finally:
        loading.join()


def _load() -> None:
    with contextlib.suppress(Exception):  # what fails here fails again in the check, and is told there
        from scripts.check.engine import check  # noqa: F401
        from scripts.check.rule import rules

        rules()
