"""What this project promises about its inventory beyond what reclass and Kapitan ask for: a class states what its file
is called after, a target tells Kapitan what to compile, and a cluster with stacks has a target of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from components.cluster.params import TARGET
from components.inference_gateway.params import WiringName
from components.inventory.inventory import Inventory
from components.inventory.layout import Unit
from components.inventory.node import MappingNode, Node, ScalarNode
from components.inventory.problem import Problem
from scripts.check.declared import Rendered

_NAMED = {"environments": ("environment", "name"), "clusters": ("cluster", "name")}
"""Folder of classes, and the key that holds the file's own name."""
_WIRING = ("gateway", "wiring")
_WIRINGS = frozenset(get_args(WiringName))
"""Classes of gateways that are called after a wiring say that wiring; others may be for anything."""
_IDENTITIES = (("model", "name"), *_NAMED.values(), _WIRING)
"""What a file can be only one of."""
_KEYED = {"accelerators": "accelerators", "runtimes": "runtimes"}
"""Folder of classes, and the mapping in which the file makes an entry of its own name."""
_COMPILE = [
    {
        "input_paths": ["components/compile"],
        "input_type": "kadet",
        "output_path": ".",
        "output_type": "plain",
    }
]
"""``kapitan.compile`` of every target (kapitan.md 1)."""


def names(inventory: Inventory) -> Iterator[Problem]:
    """Classes that state another name than that of their file."""
    for name, unit in inventory.layout.classes.items():
        folder, _, own = name.partition(".")
        root = inventory.source(unit).parameters
        if folder in _NAMED or (folder == "gateways" and own in _WIRINGS):
            yield from _named(unit, root, _NAMED.get(folder, _WIRING), own)
        elif folder in _KEYED and isinstance(root, MappingNode):
            entry = root.entries.get(_KEYED[folder])
            known = list(entry.node.entries) if entry and isinstance(entry.node, MappingNode) else []
            if own not in known:
                said = f"{_KEYED[folder]} has {', '.join(known) or 'nothing'}, and the file is called {own}"
                yield _problem(unit.shown, root.line, root.column, said)


def contradictions(inventory: Inventory) -> Iterator[Problem]:
    """Files that include, side by side, two classes that are two different models, environments, clusters or
    wirings: what comes of it is the last one with leftovers of the first."""
    for unit in (*inventory.layout.targets.values(), *inventory.layout.classes.values()):
        first: dict[tuple[str, ...], tuple[str, str]] = {}
        for entry in inventory.source(unit).classes:
            included = inventory.layout.classes.get(str(entry.value))
            for keys in _IDENTITIES if included else ():
                node = _identity(inventory.source(included).parameters, keys) if included else None
                if not isinstance(node, ScalarNode):
                    continue
                name, value = first.setdefault(keys, (str(entry.value), str(node.value)))
                if value != str(node.value):
                    said = f"{name} says {'.'.join(keys)}: {value}, and {entry.value} says {node.value}"
                    hint = "include one of them, or let one class include the other"
                    yield Problem(unit.shown, entry.line, entry.column, said, hint, "class-name")


def _identity(root: Node | None, keys: tuple[str, ...]) -> Node | None:
    """The key that says what a class is; none for a class that only changes a part of a model."""
    is_part = keys[0] == "model" and _at(root, ("model", "maxContext")) is None
    return None if is_part else _at(root, keys)


def _at(root: Node | None, keys: tuple[str, ...]) -> Node | None:
    node = root
    for key in keys:
        entry = node.entries.get(key) if isinstance(node, MappingNode) else None
        node = entry.node if entry else None
    return node


def _named(unit: Unit, root: MappingNode | None, keys: tuple[str, ...], own: str) -> Iterator[Problem]:
    node = _at(root, keys)
    if isinstance(node, ScalarNode) and str(node.value) != own:
        said = f"{'.'.join(keys)} is {node.value}, and the file is called {own}"
        yield _problem(unit.shown, node.line, node.column, said)
    elif node is None and keys == _WIRING:
        said = f"it does not say {'.'.join(keys)}: {own}"
        yield _problem(unit.shown, root.line if root else 0, root.column if root else 0, said)


def _problem(file: str, line: int, column: int, message: str) -> Problem:
    return Problem(file, line, column, message, "give both the same name", "class-name")


def clusters(inventory: Inventory) -> Iterator[Problem]:
    """Clusters that have stacks and no target of their own."""
    for cluster in sorted({target.partition(".")[0] for target in inventory.layout.targets}):
        if f"{cluster}.{TARGET}" not in inventory.layout.targets:
            file = f"{inventory.root.name}/targets/{cluster}/{TARGET}.yml"
            hint = f"write it, with the classes clusters.{cluster} and stacks.{TARGET}"
            yield Problem(file, 0, 0, "the cluster has no target of its own", hint, "cluster-target")


def plumbing(inventory: Inventory, rendered: Rendered) -> Iterator[Problem]:
    """Targets that Kapitan compiles otherwise, or not at all."""
    for target, parameters in rendered.items():
        kapitan = parameters.get("kapitan")
        section = kapitan if isinstance(kapitan, dict) else {}
        told = section.get("vars")
        if section.get("compile") != _COMPILE or not isinstance(told, dict) or told.get("target") != target:
            said = "kapitan.compile is not what compiles this project's components"
            file = inventory.layout.targets[target].shown
            yield Problem(file, 0, 0, said, "include stacks.stack, or stacks.cluster", "target-plumbing")
