"""Fields of a compiled object by paths that survive insertions: list items by what tells them apart, not by index.

``spec.containers[name=epp].args[--v]`` is the item whose ``name`` is ``epp`` and its argument that starts with
``--v``. Text that holds YAML (a configuration in a ConfigMap) is entered: ``data.epp.yaml|plugins[type=queue-scorer]``.
A JSON text (a dashboard) is one field.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import yaml

Path = tuple[str, ...]
"""Steps as they are shown: keys, ``[…]`` for list items, ``|`` into a text."""
Steps = tuple[str | int, ...]
"""The same with indices instead of keys of list items."""
IDENTITIES: tuple[tuple[str, ...], ...] = (
    *((key,) for key in ("name", "key", "type", "model_name", "pluginRef", "alert", "record", "targetLabel")),
    *(("kind",), ("namespace",), ("kind", "name"), ("group", "kind", "name"), ("name", "namespace")),
)
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
    """The map or list in a text of several lines that holds YAML, else None. Not to be changed: it is cached."""
    return _embedded(text) if "\n" in text and text[0] not in "{[" else None


@lru_cache(maxsize=64)
def _embedded(text: str) -> Any:
    try:
        value = yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError):
        return None
    return value if isinstance(value, dict | list) and value else None


def steps(items: Sequence[Any]) -> list[str]:
    """A step for each item of a list: ``[name=x]``, ``[--flag]``, or its index where nothing tells it apart."""
    told = identities(items)
    return [f"[{step}]" for step in told] if told else [f"[{index}]" for index in range(len(items))]


def identities(items: Sequence[Any]) -> list[str] | None:
    """What tells the items of a list apart, as text; None where nothing does."""
    if not items:
        return None
    if all(isinstance(item, str) for item in items):
        return _unique([flag(item) for item in items])
    if not all(isinstance(item, dict) for item in items):
        return None
    for identity in IDENTITIES:
        found = [told_by(identity, item) for item in items]
        if _unique(found):
            return found
    return _unique([next(iter(item)) for item in items]) if all(map(is_named_part, items)) else None


def told_by(identity: tuple[str, ...], item: dict[str, Any]) -> str:
    """``name=x``; ``kind=X,name=x`` for several keys, as far as the item has them; empty where it lacks the first."""
    found = [f"{key}={item[key]}" for key in identity if isinstance(item.get(key), str) and item[key]]
    return ",".join(found) if found and found[0].startswith(f"{identity[0]}=") else ""


def is_named_part(item: dict[Any, Any]) -> bool:
    """Whether an item is a name with what belongs to it: ``{llama-70b: [qwen3-32b]}``."""
    return len(item) == 1 and all(
        isinstance(key, str) and isinstance(one, dict | list) for key, one in item.items()
    )


def _unique(words: list[str]) -> list[str] | None:
    is_told = len(set(words)) == len(words) and all(word and "]" not in word for word in words)
    return words if is_told else None


def flag(argument: str) -> str:
    """The name of a command-line argument without its value: ``--v`` of ``--v=2``."""
    return argument.partition("=")[0] if argument.startswith("--") else argument


def keyed(value: Any, path: Steps) -> Path:
    """The keyed path of a path with indices."""
    found: list[str] = []
    for step in path:
        if isinstance(value, list) and isinstance(step, int):
            found.append(steps(value)[step])
        else:
            found.append(str(step))
        value = below(value, step)
    return tuple(found)


def at(value: Any, path: Steps) -> Any:
    """The value at a path with indices. Raises LookupError."""
    for step in path:
        value = below(value, step)
    return value


def below(value: Any, step: str | int) -> Any:
    """The value one step down. Raises LookupError."""
    if step == EMBEDDED and isinstance(value, str):
        inner = embedded(value)
        if inner is None:
            raise LookupError(step)
        return inner
    if isinstance(value, dict) and isinstance(step, str):
        return value[step]
    if isinstance(value, list) and isinstance(step, int):
        return value[step]
    raise LookupError(step)


def shown(path: Path | Steps) -> str:
    """A path for people: steps joined by dots, list steps attached."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
            continue
        attached = not text or step.startswith("[") or step == EMBEDDED or text.endswith(EMBEDDED)
        text += f"{'' if attached else '.'}{step}"
    return text
