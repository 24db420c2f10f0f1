"""All mistakes of a fleet, one line each, with the place in the inventory that causes them."""

from __future__ import annotations

from pathlib import Path

from components.cluster.params import Parameters
from components.common.errors import Mistake, MistakesError
from components.compile.targets import compile_target
from components.inventory.origin import CannotResolve, Origins


def fleet_report(parameters: Parameters, inventory: Path) -> str:
    """Every mistake of every target, sorted by place; the same mistake of several targets is one line."""
    return "\n".join(fleet_mistakes(parameters, inventory))


def fleet_mistakes(parameters: Parameters, inventory: Path) -> list[str]:
    """One line a mistake: ``file:line:column: what is wrong; what to do [targets]``. A file that Kapitan takes for
    a target and whose name is none (a dot, a capital) is one mistake, whatever it holds."""
    origins = Origins(inventory)
    layout = origins.inventory.layout
    named = {target: parameters[target] for target in sorted(parameters) if target in layout.targets}
    lines: dict[str, list[str]] = {}
    for target in named:
        for mistake in target_mistakes(target, named):
            place_of = position(origins, mistake.target or target, mistake)
            lines.setdefault(f"{place_of}: {mistake.message}; {mistake.remedy}", []).append(target)
    files = [str(problem) for problem in layout.problems]
    return files + [f"{line} [{_targets(who)}]" for line, who in sorted(lines.items())]


def target_mistakes(target: str, parameters: Parameters) -> list[Mistake]:
    """What is wrong with one target."""
    try:
        compile_target(target, parameters)
    except MistakesError as error:
        return error.mistakes if error.target == target else []
    return []


def _targets(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def position(origins: Origins, target: str, mistake: Mistake) -> str:
    """``file:line:column`` of the inventory value, of its nearest parent that is set, or of the target's file."""
    for end in range(len(mistake.path), 0, -1):
        try:
            found = origins.trace(target, tuple(mistake.path[:end]))
        except CannotResolve:
            break
        if found:
            last = found[-1]
            return f"{last.file}:{last.line}:{last.column}"
    return f"{inventory_file(origins, target)}:1:1"


def inventory_file(origins: Origins, target: str) -> str:
    """The target's own file."""
    return str(origins.target_file(target))
