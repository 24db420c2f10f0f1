"""The parameters of targets, rendered by reclass-rs itself, configured as Kapitan 0.36 configures it.

Of Kapitan: `inventory/backends/reclass_rs` and `get_reclass_config`, for the settings `inventory-backend:
reclass-rs` and `compose-target-name: true`. Kapitan is not imported.

>>> render("inventory", ["lab.llama"])["lab.llama"]["stack"]["replicas"]
2
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import reclass_rs
import yaml

from components.inventory.chain import Chains
from components.inventory.guard import guard
from components.inventory.inventory import Inventory
from components.inventory.origin import unknown_target
from components.inventory.problem import Problem, sort_problems
from components.inventory.settings import RECLASS_CONFIG

#: Parameters by target name. A key of a mapping is text wherever the guard is content.
Rendered = dict[str, dict[str, Any]]

_NODE: Final = re.compile(r"(?:Error rendering node|Error while rendering) (\S+?): (.*)", re.DOTALL)


class RenderError(ValueError):
    """The inventory does not render. `problems` says why, with the files."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sort_problems(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def render(inventory: Inventory | Path | str, targets: Iterable[str] | None = None) -> Rendered:
    """The parameters of all targets, or of some, by target name, sorted.

    All are rendered on all processors; some, one after the other, without a look at the other targets.
    Raises RenderError, and UnknownTarget for a name that no target has.
    """
    inventory = Inventory.of(inventory)
    known = inventory.layout.targets
    names = sorted(known) if targets is None else sorted(set(targets))
    for name in names:
        if name not in known:
            raise unknown_target(name, known)
    _refuse_what_ends_reclass(inventory, names)
    try:
        reclass = reclass_rs.Reclass.from_config(_config(inventory.root))
        if targets is None:
            nodes = reclass.inventory().nodes
            return {name: nodes[name].parameters for name in names}
        return {name: reclass.nodeinfo(name).parameters for name in names}
    except ValueError as error:
        raise RenderError(_explained(inventory, str(error))) from None
    except BaseException as error:
        # A panic of Rust derives from BaseException alone, so that nobody takes it for an ordinary error.
        if type(error).__name__ != "PanicException":
            raise
        raise RenderError(_explained(inventory, str(error))) from None


def _config(root: Path) -> reclass_rs.Config:
    settings = {
        "storage_type": "yaml_fs",
        "inventory_base_uri": str(root),
        "nodes_uri": "targets",
        "classes_uri": "classes",
        "compose_node_name": True,
        "allow_none_override": True,
        "ignore_class_notfound": False,
        **_config_file(root / RECLASS_CONFIG),
    }
    return reclass_rs.Config.from_dict(str(root), settings, False)


def _config_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        settings = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        settings = None
    if isinstance(settings, dict):
        return settings
    shown = f"{path.parent.name}/{path.name}"
    raise RenderError([Problem(shown, 0, 0, "not a mapping", "remove the file", "settings-reclass")])


def _refuse_what_ends_reclass(inventory: Inventory, names: Iterable[str]) -> None:
    """Raises RenderError for class loops and broken files, on which reclass-rs ends the process or panics."""
    chains = Chains(inventory)
    problems: set[Problem] = set(inventory.layout.problems)
    for name in names:
        chain = chains.chain(name)
        problems.update(chain.problems)
        for unit in chain.units:
            problems.update(inventory.source(unit).problems)
    if problems:
        raise RenderError(problems)


def _explained(inventory: Inventory, message: str) -> list[Problem]:
    """What the guard finds, because reclass-rs names no file; else its message, at the target's file."""
    found = [problem for problem in guard(inventory) if problem.level == "error"]
    if found:
        return found
    match = _NODE.search(message)
    unit = inventory.layout.targets.get(match.group(1)) if match else None
    shown = unit.shown if unit else f"{inventory.root.name}/targets"
    text = (match.group(2) if match else message).splitlines()[0]
    return [Problem(shown, 0, 0, f"reclass-rs: {text}", "see the message of reclass-rs", "reclass")]
