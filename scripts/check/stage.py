"""The inventory: what the guard finds in its files, and what the compiler would find in its parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from components.cluster import mistakes as cluster_mistakes
from components.common.errors import Mistake
from components.inventory.chain import Chains
from components.inventory.guard import guard
from components.inventory.inventory import Inventory
from components.inventory.origin import CannotResolve, Origins
from components.inventory.problem import Problem, sort_problems
from components.inventory.rendered import RenderError, render
from components.inventory.settings import guard_settings
from components.stack import mistakes as stack_mistakes
from scripts.check import conventions
from scripts.check.declared import Declared, Rendered
from scripts.check.read import Flaw


@dataclass(frozen=True)
class InventoryView:
    """What rules of scope ``inventory`` see."""

    problems: tuple[Problem, ...] = ()
    """What is wrong with the files, found by the guard."""
    parameters: tuple[tuple[str, Mistake], ...] = ()
    """(target, mistake) of parameters that do not parse."""
    combinations: tuple[tuple[str, Mistake], ...] = ()
    """(target, mistake) of parameters that parse and cannot work together."""
    strays: tuple[Flaw, ...] = ()
    """What lies in ``compiled/`` outside every cluster."""


def guarded(inventory: Inventory) -> tuple[list[Problem], frozenset[str]]:
    """The guard's problems, and the targets that none of the errors touches."""
    problems = [*guard_settings(inventory.root.parent), *guard(inventory)]
    broken = {problem.file for problem in problems if problem.level == "error"}
    chains = Chains(inventory)
    whole = set()
    for name in inventory.layout.targets:
        chain = chains.chain(name)
        if not chain.problems and broken.isdisjoint(unit.shown for unit in chain.units):
            whole.add(name)
    told = [
        *conventions.names(inventory),
        *conventions.contradictions(inventory),
        *conventions.clusters(inventory),
    ]
    return sort_problems([*problems, *told]), frozenset(whole)


def rendered(
    inventory: Inventory, targets: Iterable[str], origins: Origins | None = None
) -> tuple[Rendered, list[Problem]]:
    """The parameters of targets, and why some do not render; ``origins`` are those of the inventory.

    Merged by our own evaluator, which reads each class once and is held against reclass-rs by a property test;
    reclass-rs, at five times the cost, has the word on what that cannot resolve.
    """
    origins = origins or Origins(inventory)
    found: dict[str, Mapping[str, object]] = {}
    problems: list[Problem] = []
    for name in sorted(targets):
        try:
            found[name] = cast(dict[str, object], origins.value(name))
        except CannotResolve:
            one, wrong = _by_reclass(inventory, name)
            found.update(one)
            problems.extend(wrong)
    return found, problems


def _by_reclass(inventory: Inventory, target: str) -> tuple[Rendered, list[Problem]]:
    try:
        return render(inventory, [target]), []
    except RenderError as error:
        return {}, list(error.problems)


def combinations(cluster: Declared) -> Iterator[tuple[str, Mistake]]:
    """What the compiler would refuse in a cluster although it parses."""
    found: list[tuple[str, Mistake]] = []
    for name, stack in cluster.stacks.items():
        target = f"{cluster.cluster}.{name}"
        if stack.cluster.name != cluster.cluster:
            found.append((target, _elsewhere(stack.cluster.name, cluster.cluster)))
        found.extend((target, one) for one in stack_mistakes.combinations(stack))
    for name, params in cluster.unresolved.items():
        found.extend((f"{cluster.cluster}.{name}", one) for one in stack_mistakes.references(params))
    yield from found
    if cluster.params is not None:
        for mistake in _of_cluster(cluster, sound=not (found or cluster.mistakes or cluster.unread)):
            yield mistake.target or f"{cluster.cluster}.cluster", mistake


def _of_cluster(cluster: Declared, *, sound: bool) -> Iterator[Mistake]:
    """Mistakes of the cluster's own target; those between its stacks only when each is ``sound``."""
    params = cluster.params
    if params is None:
        return
    if params.cluster.name != cluster.cluster:
        yield _elsewhere(params.cluster.name, cluster.cluster)
    yield from cluster_mistakes.own(params)
    if sound:
        yield from cluster_mistakes.between(params, tuple(cluster.stacks.values()))


def _elsewhere(name: str, folder: str) -> Mistake:
    wrong = f"cluster.name is {name!r}, but the target lies in targets/{folder}/"
    return Mistake(("cluster", "name"), wrong, "move the target, or include the right cluster class")
