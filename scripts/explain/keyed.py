"""Fields of a compiled object by paths that survive insertions: list items by what tells them apart, not by index.

``spec.containers[name=epp].args[--v]`` is the item whose ``name`` is ``epp`` and its argument that starts with
``--v``. Text that holds YAML (a configuration in a ConfigMap) is entered: ``data.epp.yaml|plugins[type=queue-scorer]``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

Path = tuple[str, ...]
_IDENTITIES = ("name", "key", "type", "model_name", "pluginRef", "alert", "record", "kind", "targetLabel")
"""Keys that tell the maps of a list apart, most telling first."""
EMBEDDED = "|"
"""Step into a text that holds YAML."""


def fields(value: Any) -> dict[Path, Any]:
    """Every scalar, empty list and empty map of an object, by keyed path."""
    return dict(_fields(value, ()))


def _fields(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _fields(item, (*path, str(key)))
    elif isinstance(value, list) and value:
        for step, item in zip(steps(value), value, strict=True):
            yield from _fields(item, (*path, step))
    elif isinstance(value, str) and (inner := embedded(value)) is not None:
        yield from _fields(inner, (*path, EMBEDDED))
    else:
        yield path, value


def embedded(text: str) -> Any:
    """The map or list in a text of several lines that holds YAML or JSON, else None."""
    if "\n" not in text:
        return None
    try:
        value = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return None
    return value if isinstance(value, dict | list) else None


def steps(items: list[Any]) -> list[str]:
    """A step for each item of a list: ``[name=x]``, ``[--flag]``, or its index where nothing tells it apart."""
    for identity in _IDENTITIES:
        found = [item.get(identity) for item in items if isinstance(item, dict)]
        if len(found) == len(items) and all(found) and len(set(map(str, found))) == len(items):
            return [f"[{identity}={one}]" for one in found]
    if all(isinstance(item, str) for item in items):
        words = [_flag(item) for item in items]
        if len(set(words)) == len(words):
            return [f"[{word}]" for word in words]
    return [f"[{index}]" for index in range(len(items))]


def _flag(argument: str) -> str:
    return argument.partition("=")[0] if argument.startswith("--") else argument


def shown(path: Path) -> str:
    """A path for people: steps joined by dots, list steps attached."""
    text = ""
    for step in path:
        separator = (
            "" if not text or step.startswith("[") or step == EMBEDDED or text.endswith(EMBEDDED) else "."
        )
        text += f"{separator}{step}"
    return text
