"""What differs between two objects: maps by key, list items by what tells them apart, texts that hold YAML, JSON
or arguments by what is in them. Order and formatting are no difference.

``apply(old, changes(old, new))`` is ``new`` but for order and formatting.
"""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

import yaml

from scripts.review.change import MISSING, FieldChange, Path, Step

_KEYS = (
    "name",
    "key",
    "type",
    "model_name",
    "modelName",
    "pluginRef",
    "alert",
    "record",
    "id",
    "targetLabel",
)
"""Keys that tell the maps of a list apart, most telling first."""
_COMPOSITES = (
    ("kind", "name"), ("name", "namespace"), ("group", "kind", "name"), ("group", "kind"), ("apiGroups", "resources"),
    ("apiGroup", "kind", "name"), ("kind",), ("port",), ("containerPort",), ("number",), ("port", "path"), ("expr",),
)  # fmt: skip
_FLAG = re.compile(r"-{1,2}[A-Za-z]")
_ARGUMENTS = "args"
_ORDERED = ("command",)
"""Lists that are one value: each word has its place."""
_SEQUENCE = "initContainers"
"""A list of which the first item is done first."""
_CHOICES = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")
"""LiteLLM's lists of models of which the first is asked first."""
_REFERENCE = "$("
"""In the environment of a container: the value of a variable that stands before."""
_TEXT = Step("text")


def changes(old: Any, new: Any) -> tuple[FieldChange, ...]:
    """Every field that differs, in the order of the old object, then of the new one."""
    return tuple(_changes(old, new, ()))


def _changes(old: Any, new: Any, path: Path) -> Iterator[FieldChange]:
    if _same(old, new) or _alike(old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys((*old, *new)):
            yield from _entry(old.get(key, MISSING), new.get(key, MISSING), (*path, Step("key", str(key))))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(old, new, path)
    elif isinstance(old, str) and isinstance(new, str):
        inner_old, inner_new = embedded(old), embedded(new)
        if inner_old is not None and type(inner_old) is type(inner_new):
            yield from _changes(inner_old, inner_new, (*path, _TEXT))
        else:
            yield FieldChange(path, old, new)
    else:
        yield FieldChange(path, old, new)


def _entry(old: Any, new: Any, path: Path) -> Iterator[FieldChange]:
    if old is MISSING or new is MISSING:
        yield FieldChange(path, old, new)
    else:
        yield from _changes(old, new, path)


def _same(old: Any, new: Any) -> bool:
    """Equality that tells ``1`` from ``true``; maps and lists are left to those who look inside."""
    if isinstance(old, (dict, list)) or isinstance(new, (dict, list)):
        return old is new
    return type(old) is type(new) and bool(old == new)


def _alike(old: Any, new: Any) -> bool:
    """Whether two maps or lists are the same to the letter, so that nobody need look inside: ``1`` is not ``true``."""
    return bool(old == new) and repr(old) == repr(new)


@lru_cache(maxsize=512)
def _parsed(text: str) -> str | None:
    """The JSON of the map or list that a text holds; None for other texts."""
    start = text.lstrip()[:1]
    try:
        if start and start in "{[":
            with suppress(ValueError):
                return json.dumps(json.loads(text), allow_nan=False)
        if "\n" not in text or not (":" in text or start in "-["):
            return None
        value = yaml.load(text, Loader=yaml.CSafeLoader)
        return json.dumps(value, allow_nan=False) if isinstance(value, (dict, list)) else None
    except (ValueError, yaml.YAMLError, TypeError, RecursionError):
        return None


def embedded(text: str) -> Any:
    """The map or list in a text that holds YAML or JSON, else None."""
    found = _parsed(text)
    return None if found is None else json.loads(found)


Identity = Callable[[Any], Step | None]


def _lists(old: list[Any], new: list[Any], path: Path) -> Iterator[FieldChange]:
    last = path[-1].name if path else ""
    if last in _ORDERED or _is_moved(old, new, path):
        if old != new:
            yield FieldChange(path, old, new)
        return
    before_flags, after_flags = (flags(old), flags(new)) if last == _ARGUMENTS else (None, None)
    if before_flags is not None and after_flags is not None:
        yield from _keyed(_flag_steps(before_flags), _flag_steps(after_flags), path)
        return
    for identity in _identities(old, new):
        before_items, after_items = _by(identity, old), _by(identity, new)
        if before_items is not None and after_items is not None:
            yield from _keyed(before_items, after_items, path)
            return
    yield from _unkeyed(old, new, path)


def _is_moved(old: list[Any], new: list[Any], path: Path) -> bool:
    """Whether the order of a list where it matters is not the one that its changed items leave."""
    last = path[-1].name if path else ""
    is_choice = any(step.name in _CHOICES for step in path) and all(isinstance(one, str) for one in new)
    is_env = last == "env" and _REFERENCE in json.dumps([old, new])
    if not (last == _SEQUENCE or is_choice or is_env):
        return False
    for identity in _identities(old, new):
        before, after = _by(identity, old), _by(identity, new)
        if before is not None and after is not None:
            stay = [step for step in before if step in after]
            return [*stay, *(step for step in after if step not in before)] != list(after)
    return False


def _flag_steps(arguments: dict[str, list[str]]) -> dict[Step, Any]:
    return {Step("flag", name): values for name, values in arguments.items()}


def _keyed(old: dict[Step, Any], new: dict[Step, Any], path: Path) -> Iterator[FieldChange]:
    for step in dict.fromkeys((*old, *new)):
        before, after = old.get(step, MISSING), new.get(step, MISSING)
        if step.kind == "flag" and before != after:
            yield FieldChange((*path, step), before, after)
        elif step.kind != "flag":
            yield from _entry(before, after, (*path, step))


def _identities(old: list[Any], new: list[Any]) -> Iterator[Identity]:
    items = [*old, *new]
    if all(isinstance(item, dict) for item in items):
        for keys in (*((key,) for key in _KEYS), *_COMPOSITES):
            yield _identity(keys)
        yield _only_key
    elif all(isinstance(item, (str, int, float, bool)) for item in items):
        yield lambda item: Step("word", value=json.dumps(item))


def _identity(keys: tuple[str, ...]) -> Identity:
    def step(item: Any) -> Step | None:
        if any(key not in item for key in keys):
            return None
        return Step("item", ",".join(keys), json.dumps([item[key] for key in keys], sort_keys=True))

    return step


def _only_key(item: Any) -> Step | None:
    """Maps of one entry, such as LiteLLM's fallbacks, by its key."""
    return Step("item", value=json.dumps(next(iter(item)))) if len(item) == 1 else None


def _by(identity: Identity, items: list[Any]) -> dict[Step, Any] | None:
    """The items by their steps; None where they are not told apart."""
    found: dict[Step, Any] = {}
    for item in items:
        step = identity(item)
        if step is None or step in found:
            return None
        found[step] = item
    return found


def _unkeyed(old: list[Any], new: list[Any], path: Path) -> Iterator[FieldChange]:
    """Items that nothing tells apart: equal ones are the same; the rest in place, or one by one."""
    if any(isinstance(item, (dict, list)) for item in (*old, *new)):
        if len(old) == len(new):
            for index, (before, after) in enumerate(zip(old, new, strict=True)):
                yield from _changes(before, after, (*path, Step("index", str(index))))
            return
        before_all, after_all = Counter(map(_json, old)), Counter(map(_json, new))
        for text in (before_all - after_all).elements():
            yield FieldChange((*path, Step("whole", value=text)), json.loads(text), MISSING)
        for text in (after_all - before_all).elements():
            yield FieldChange((*path, Step("whole", value=text)), MISSING, json.loads(text))
    elif old != new:
        yield FieldChange(path, old, new)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def flags(words: Iterable[Any]) -> dict[str, list[str]] | None:
    """Arguments by flag, with their values; positional ones under an empty name. None where a flag comes twice, or
    a word is no text."""
    found: dict[str, list[str]] = {}
    name = ""
    for word in words:
        if not isinstance(word, str):
            return None
        if _FLAG.match(word):
            name, equals, value = word.partition("=")
            if name in found:
                return None
            found[name] = [f"={value}"] if equals else []
            name = "" if equals else name
        else:
            found.setdefault(name, []).append(word)
    return found


def apply(old: Any, found: Iterable[FieldChange]) -> Any:
    """``old`` with the changes made. Raises LookupError where a change does not fit."""
    holder = {"": copy.deepcopy(old)}
    for change in found:
        _apply(holder, (Step("key", ""), *change.path), change)
    return holder[""]


def _apply(holder: Any, path: Path, change: FieldChange) -> None:
    step, *rest = path
    if not rest:
        _set(holder, step, change.new)
        return
    if rest[0].kind == "text":
        inner = {"": embedded(_get(holder, step))}
        _apply(inner, (Step("key", ""), *rest[1:]), change)
        _set(holder, step, json.dumps(inner[""]))
    elif rest[0].kind == "flag":
        arguments = flags(_get(holder, step)) or {}
        if change.new is MISSING:
            del arguments[rest[0].name]
        else:
            arguments[rest[0].name] = change.new
        _set(holder, step, list(_words(arguments)))
    else:
        _apply(_get(holder, step), tuple(rest), change)


def _words(arguments: dict[str, list[str]]) -> Iterator[str]:
    for name in sorted(arguments):
        values = arguments[name]
        if values and values[0].startswith("=") and name:
            yield f"{name}{values[0]}"
            yield from values[1:]
        else:
            yield from (*([name] if name else []), *values)


def _get(holder: Any, step: Step) -> Any:
    if step.kind == "key":
        return holder[step.name]
    return holder[_position(holder, step)]


def _set(holder: Any, step: Step, value: Any) -> None:
    if step.kind == "key":
        if value is MISSING:
            del holder[step.name]
        else:
            holder[step.name] = value
        return
    position = _position(holder, step, absent=value is not MISSING)
    if value is MISSING:
        del holder[position]
    elif position < len(holder):
        holder[position] = value
    else:
        holder.append(value)


def _position(items: list[Any], step: Step, *, absent: bool = False) -> int:
    """Where in a list a step leads; its end for an item that is to be added."""
    if step.kind == "index":
        return int(step.name)
    if step.kind == "whole" and absent:
        return len(items)
    for index, item in enumerate(items):
        if _matches(item, step):
            return index
    if absent:
        return len(items)
    raise LookupError(f"no item {shown((step,))}")


def _matches(item: Any, step: Step) -> bool:
    if step.kind == "item":
        return (_identity(tuple(step.name.split(","))) if step.name else _only_key)(item) == step
    return _json(item) == step.value


def _plain(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def shown(path: Path) -> str:
    """A path for people: ``spec.ports[name=http].port``, ``spec.predictor.model.args[--max-model-len]``."""
    text = ""
    for step in path:
        match step.kind:
            case "key":
                text += step.name if not text or text.endswith("|") else f".{step.name}"
            case "item" if not step.name:
                text += f"[{json.loads(step.value)}]"
            case "item":
                pairs = zip(step.name.split(","), json.loads(step.value), strict=True)
                text += "[" + ",".join(f"{key}={_plain(value)}" for key, value in pairs) + "]"
            case "word":
                text += f"[{json.loads(step.value)}]"
            case "flag":
                text += f"[{step.name or 'words'}]"
            case "whole":
                text += f"[{step.value if len(step.value) <= 40 else step.value[:39] + '…'}]"
            case "index":
                text += f"[{step.name}]"
            case "text":
                text += "|"
    return text
