"""The checks around a compile: the guard before it, ``inferstack check`` on the new tree before it is published.

The check sees a project of its own: the clusters that are compiled, whole, as they will be, and the inventory that
they are made from. A cluster that is compiled in part, as in a shard, is not checked. What compares clusters with each
other compares those that are compiled; `inferstack check` compares all.
"""

from __future__ import annotations

import contextlib
import datetime
import shutil
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scripts.compile.errors import ToldError
from scripts.compile.inputs import Inputs, cluster_of
from scripts.compile.plan import known_closures
from scripts.compile.publish import Candidate, link
from scripts.compile.state import State
from scripts.compile.terminal import counted
from scripts.compile.view import write_view
from scripts.project import MARKER, Project
from scripts.schemas.place import STORE

FAULTS: Final = 5
"""Faults of the check that are told one by one."""

if TYPE_CHECKING:
    from components.inventory.chain import Chain


class GuardError(ToldError):
    """The inventory cannot be compiled. The message is the list of what is wrong, whole."""


class CheckError(ToldError):
    """The new tree cannot work. The message is what the check says, whole."""


@dataclass(frozen=True)
class Guarded:
    """An inventory without errors."""

    closures: Mapping[str, list[str]]
    """The inventory files of every target in merge order."""
    warnings: str = ""
    """What is doubtful, for people; may be empty."""
    view: Path | None = None
    """The inventory that was looked at, where it was only what is to be compiled."""


def is_guarded(inputs: Inputs, state: State) -> bool:
    """Whether the guard has passed these very files."""
    return inputs.is_sound and (state.shared, state.inventory) == (inputs.shared, inputs.digests)


def guard(
    project: Project, inputs: Inputs, state: State, targets: Iterable[str], folder: Path, *, everything: bool
) -> Guarded:
    """Everything that Kapitan would crash on, or pass over in silence. Raises GuardError.

    When the guard has passed the same files before and no target was deselected, it looks only at what was edited
    since and at the ``targets`` that it is part of, in a view below ``folder``; with a fault in that, at everything,
    for the same words as always.
    """
    work = list(targets)
    closures = known_closures(state, inputs)
    if is_guarded(inputs, state) and (not work or closures.keys() >= inputs.layout.targets.keys()):
        return Guarded(closures)
    same_files = state.inventory.keys() == inputs.digests.keys()  # what is missing is seen in the whole alone
    if everything and state.shared == inputs.shared and inputs.is_sound and same_files:
        found = _guard_edited(project, inputs, state, inputs.needed_by(work), folder)
        if found:
            return found
    return guard_all(project)


def guard_all(project: Project) -> Guarded:
    """The guard's word on the whole inventory and the settings. Raises GuardError."""
    from components.inventory.chain import Chains
    from components.inventory.guard import guard as guard_inventory
    from components.inventory.inventory import Inventory
    from components.inventory.problem import render_problems, sort_problems
    from components.inventory.settings import guard_settings
    from scripts.guard import clusters_without_target

    inventory = Inventory(project.inventory)
    problems = sort_problems(
        [*guard_settings(project.root), *guard_inventory(inventory), *clusters_without_target(inventory)]
    )
    if any(problem.level == "error" for problem in problems):
        raise GuardError(render_problems(problems))
    chains = Chains(inventory)
    closures = {target: _files(chains.chain(target)) for target in inventory.layout.targets}
    return Guarded(closures, render_problems(problems))


def _guard_edited(
    project: Project, inputs: Inputs, state: State, targets: set[str], folder: Path
) -> Guarded | None:
    """None where that cannot tell, or there is a fault."""
    from components.inventory.chain import Chains
    from components.inventory.guard import guard as guard_inventory
    from components.inventory.inventory import Inventory
    from components.inventory.problem import render_problems

    chains = Chains(Inventory(project.inventory))
    found = {target: chains.chain(target) for target in targets}
    closures = known_closures(state, inputs) | {target: _files(chain) for target, chain in found.items()}
    edited = {path for path, value in inputs.digests.items() if state.inventory.get(path) != value}
    if any(chain.problems for chain in found.values()) or not edited.issubset(
        path for target in targets for path in closures[target]
    ):
        return None
    if not targets:
        return Guarded(closures)
    view = write_view(inputs, closures, targets, folder)
    problems = guard_inventory(view)
    if any(problem.level == "error" for problem in problems):
        shutil.rmtree(view)
        return None
    return Guarded(closures, render_problems(problems), view)


def _files(chain: Chain) -> list[str]:
    return [unit.shown for unit in chain.units]


@dataclass(frozen=True)
class Checked:
    """What the check found in a tree that may be published."""

    objects: int = 0
    clusters: int = 0
    warnings: int = 0
    faults: tuple[str, ...] = ()
    """Rules that failed themselves."""


def lay_out(
    candidate: Candidate, inputs: Inputs, closures: Mapping[str, Iterable[str]], compiled: Path
) -> Path:
    """Complete a project around the clusters that are checked; returns its root."""
    tree, project = candidate.tree, candidate.compiled.parent
    for path in tree.linked if tree.unit != "" else ():
        if path.partition("/")[0] in candidate.clusters and not path.startswith(f"{tree.unit}/"):
            link(compiled / path, candidate.compiled / path)
    targets = [target for target in inputs.layout.targets if cluster_of(target) in candidate.clusters]
    write_view(inputs, closures, targets, project)
    root = inputs.inventory.parent
    shutil.copyfile(root / MARKER, project / MARKER)
    if (root / STORE).is_dir():
        (project / STORE).parent.mkdir(exist_ok=True)
        (project / STORE).symlink_to((root / STORE).resolve(), target_is_directory=True)
    return project


def check_tree(project: Path, clusters: frozenset[str], date: datetime.date, processes: int) -> Checked:
    """Check what :func:`lay_out` has laid out. Raises CheckError when it cannot work."""
    from scripts.check.engine import check
    from scripts.check.output.text import write

    report = check(project, date, processes)
    if report.count("error"):
        told = [*told_faults(report.faults), write(report).rstrip(), "compiled/ is as it was"]
        raise CheckError("\n".join(told))
    return Checked(report.objects, len(clusters), report.count("warning"), report.faults)


def told_faults(found: Sequence[str]) -> list[str]:
    """Rules that failed themselves, for people. One that fails for one cluster fails for many."""
    lines = [f"inferstack: a fault of the check, not of your input: {fault}" for fault in found[:FAULTS]]
    if len(found) > FAULTS:
        lines.append(f"inferstack: and {counted(len(found) - FAULTS, 'more fault')}: see `inferstack check`")
    return lines


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
        from components.contracts import compile_contracts
        from components.facts.tables import names, table
        from scripts.check.engine import check  # noqa: F401
        from scripts.check.rule import rules

        rules()
        deque(compile_contracts(), 0)
        for name in names():
            table(name)
