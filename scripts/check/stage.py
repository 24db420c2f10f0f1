"""The inventory: what the guard finds in its files, and what the compiler would find in its parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from components.cluster import mistakes as cluster_mistakes
from components.common.errors import Mistake, MistakesError
from components.inventory.chain import Chains
from components.inventory.guard import guard
from components.inventory.inventory import Inventory
from components.inventory.problem import Problem, sort_problems
from components.inventory.rendered import RenderError, render
from components.inventory.settings import guard_settings
from components.stack.load import load_stack
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
    problems = sort_problems([*guard_settings(inventory.root.parent), *guard(inventory)])
    broken = {problem.file for problem in problems if problem.level == "error"}
    chains = Chains(inventory)
    whole = set()
    for name in inventory.layout.targets:
        chain = chains.chain(name)
        if not chain.problems and broken.isdisjoint(unit.shown for unit in chain.units):
            whole.add(name)
    return problems, frozenset(whole)


def rendered(inventory: Inventory, targets: Iterable[str]) -> tuple[Rendered, list[Problem]]:
    """The parameters of targets, and why some do not render."""
    names = sorted(targets)
    try:
        return render(inventory, names), []
    except RenderError as error:
        if len(names) < 2:
            return {}, list(error.problems)
    found: dict[str, Mapping[str, object]] = {}
    problems: list[Problem] = []
    for name in names:
        one, wrong = rendered(inventory, [name])
        found.update(one)
        problems.extend(wrong)
    return found, problems


def combinations(cluster: Declared, parameters: Rendered) -> Iterator[tuple[str, Mistake]]:
    """What the compiler would refuse in a cluster although it parses."""
    stacks = []
    for name in cluster.stacks:
        target = f"{cluster.cluster}.{name}"
        try:
            stacks.append(load_stack(target, parameters[target]))
        except MistakesError as error:
            parsed = cluster.mistakes.get(target, [])
            yield from ((target, one) for one in error.mistakes if one not in parsed)
    if cluster.params is None:
        return
    target = f"{cluster.cluster}.cluster"
    if cluster.params.cluster.name != cluster.cluster:
        wrong = f"cluster.name is {cluster.params.cluster.name!r}, but the target lies in {cluster.cluster}/"
        yield target, Mistake(("cluster", "name"), wrong, "include the right cluster class")
    found = list(cluster_mistakes.own(cluster.params))
    if len(stacks) == len(cluster.stacks):
        found.extend(cluster_mistakes.between(cluster.params, tuple(stacks)))
    for mistake in found:
        yield mistake.target or target, mistake
