"""Everything in an inventory that must stop before Kapitan runs, all at once.

Kapitan with reclass-rs ends without a word on a loop of classes, names no file for a dangling reference,
ignores `clases:`, reads `on` as text where every other reader sees true, and reports one mistake at a time.
`guard` reads each file once, follows the classes of every target, and checks each reference where it stands.

>>> print(render_problems(guard("inventory")))
inventory/classes/models/llama.yml:4:3: unknown class `runtimes.vlm`. did you mean `runtimes.vllm`?
1 error
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from components.inventory.chain import Chain, Chains
from components.inventory.inventory import Inventory
from components.inventory.layout import Unit
from components.inventory.lint import lint
from components.inventory.origin import CannotResolve, Origins
from components.inventory.problem import Problem, sort_problems
from components.inventory.screen import Screen


def guard(inventory: Inventory | Path | str) -> list[Problem]:
    """All problems of an inventory, errors first; unused classes and doubtful values are warnings.

    Never raises.
    """
    inventory = Inventory.of(inventory)
    chains = Chains(inventory)
    layout = inventory.layout
    files = [problem for unit in _units(inventory) for problem in _file_problems(inventory, unit)]
    broken = {problem.file for problem in files if problem.level == "error"}
    all_chains = [chains.chain(name) for name in layout.targets]
    whole = [chain for chain in all_chains if not chain.problems and broken.isdisjoint(_files(chain))]
    problems = [
        *layout.problems,
        *files,
        *_chain_problems(all_chains),
        *_reference_problems(inventory, chains, whole),
    ]
    if not any(problem.level == "error" for problem in problems):
        problems.extend(_unused_classes(inventory, all_chains))
    if not layout.targets and not layout.problems:
        place = f"{inventory.root.name}/targets"
        problems.append(
            Problem(place, 0, 0, "no target", f"add {place}/<cluster>/<stack>.yml", "layout-missing")
        )
    return sort_problems(problems)


def _units(inventory: Inventory) -> Iterator[Unit]:
    yield from inventory.layout.classes.values()
    yield from inventory.layout.targets.values()


def _files(chain: Chain) -> set[str]:
    return {unit.shown for unit in chain.units}


def _file_problems(inventory: Inventory, unit: Unit) -> Iterator[Problem]:
    source = inventory.source(unit)
    yield from source.problems
    yield from lint(source)


def _chain_problems(chains: Iterable[Chain]) -> list[Problem]:
    """The problems of all chains, each include once, with the first way that led to it."""
    first: dict[Problem, Problem] = {}
    for chain in chains:
        for problem in chain.problems:
            first.setdefault(replace(problem, chain=()), problem)
    return list(first.values())


def _reference_problems(inventory: Inventory, chains: Chains, whole: Iterable[Chain]) -> list[Problem]:
    """References and merges that fail, each once, with the targets in which they do."""
    screen = Screen(inventory)
    origins = Origins(inventory, chains)
    found: dict[Problem, list[Problem]] = {}
    targets: dict[Problem, list[str]] = {}
    for chain in whole:
        if screen.is_clean(chain):
            continue
        for problem in _unresolved(origins, chain):
            same = replace(problem, chain=())
            found.setdefault(same, []).append(problem)
            targets.setdefault(same, []).append(chain.target.name)
    return [_in_targets(problems[0], targets[same]) for same, problems in found.items()]


def _unresolved(origins: Origins, chain: Chain) -> set[Problem]:
    try:
        origins.parameters(chain.target.name)
    except CannotResolve as error:
        return set(error.problems)
    return set()


def _in_targets(problem: Problem, targets: list[str]) -> Problem:
    more = f" and {len(targets) - 1} more" if len(targets) > 1 else ""
    return replace(problem, message=f"{problem.message}, in target {targets[0]}{more}")


def _unused_classes(inventory: Inventory, chains: Iterable[Chain]) -> Iterator[Problem]:
    used = {use.unit.shown for chain in chains for use in chain.classes}
    for name, unit in inventory.layout.classes.items():
        if unit.shown not in used:
            message, remedy = f"class `{name}` is in no target", "include it or remove the file"
            yield Problem(unit.shown, 0, 0, message, remedy, "class-unused", level="warning")
