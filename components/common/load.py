"""From a target's rendered parameters to its model, with every mistake as one sentence and its key path."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from components.common.errors import Mistake, MistakesError
from components.common.forms import form
from components.common.params import Params, inventory_key, without_nulls
from components.facts.suggest import nearest

PLUMBING = ("kapitan", "_reclass_")
"""Root keys that belong to Kapitan."""
P = TypeVar("P", bound=Params)


def load(target: str, parameters: Mapping[str, Any], model: type[P]) -> P:
    """The parsed parameters. Raises MistakesError with all that is wrong in them."""
    params, mistakes = attempt(parameters, model)
    if mistakes or params is None:
        raise MistakesError(target, mistakes)
    return params


def attempt(parameters: Mapping[str, Any], model: type[P]) -> tuple[P | None, list[Mistake]]:
    """The parameters without what is wrong in them, where that is enough to go on checking, and the mistakes."""
    own = own_parameters(parameters)
    try:
        return model.model_validate(own), []
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True)
    mistakes = _mistakes(model, details)
    for mistake in mistakes:
        _remove(own, mistake.path)
    try:
        return model.model_validate(own), mistakes
    except ValidationError:
        return None, mistakes


def own_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A target's rendered parameters as its model reads them: without Kapitan's, and without nulls but those that
    remove a field in a patch."""
    own = {key: value for key, value in without_nulls(parameters).items() if key not in PLUMBING}
    if isinstance(overrides := parameters.get("overrides"), Mapping):
        own["overrides"] = _patches(overrides)
    _keep_patch(own, parameters, ("gateway", "epp", "config"))
    return own


def _keep_patch(own: dict[str, Any], parameters: Mapping[str, Any], path: tuple[str, ...]) -> None:
    """Put a patch back as it was written: a ``null`` in it removes a field of what it is merged over."""
    written: Any = parameters
    for key in path:
        written = written.get(key) if isinstance(written, Mapping) else None
    if isinstance(written, Mapping):
        for key in path[:-1]:
            own = own[key]
        own[path[-1]] = dict(written)


def _patches(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Overrides by kind and name. Only there ``null`` removes an override; in a patch it removes a field."""
    return {
        kind: {name: patch for name, patch in patches.items() if patch is not None}
        if isinstance(patches, Mapping)
        else patches
        for kind, patches in overrides.items()
        if patches is not None
    }


def _remove(value: Any, path: tuple[str | int, ...]) -> None:
    *parents, last = path
    for part in parents:
        if not isinstance(value, dict) or part not in value:
            return
        value = value[part]
    if isinstance(value, dict):
        value.pop(last, None)


def _mistakes(model: type[BaseModel], details: Iterable[ErrorDetails]) -> list[Mistake]:
    """One mistake a value and one a key: pydantic reports a value that fits no member of a union once for each."""
    found: dict[tuple[tuple[str | int, ...], bool], list[ErrorDetails]] = {}
    for one in details:
        found.setdefault((_inventory_path(model, one["loc"])[0], _is_of_key(one)), []).append(one)
    return [
        _mistake(model, errors[0]) if len(errors) == 1 else _of_no_member(path, errors)
        for (path, _), errors in found.items()
    ]


_TYPES = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "a text",
    "list_type": "a list of texts",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
"""What to write, by pydantic's name for the error of a value that is something else."""


def _of_no_member(path: tuple[str | int, ...], errors: list[ErrorDetails]) -> Mistake:
    """The mistake of a value that fits no member of a union: what is wrong inside, or what it may be."""
    what = _subject(path, errors[0])
    for error in errors:
        if error["type"] == "value_error":
            return _of_a_rule(path, what, error)
    *some, last = dict.fromkeys(_member(error) for error in errors)
    return Mistake(path, what, f"use {', '.join(some)} or {last}" if some else f"use {last}")


def _of_type(path: tuple[str | int, ...], what: str, error: ErrorDetails) -> Mistake:
    """The mistake of a value of another type."""
    value, kind = error["input"], error["type"]
    if kind == "string_type" and isinstance(value, int | float):
        return Mistake(path, f"{what}, not a text", f'write it in quotes: "{_short(value)}"')
    if kind in ("int_type", "float_type", "bool_type") and isinstance(value, str):
        wrong = f"{_dotted(path)} is the text {_short(value)}"
        return Mistake(path, wrong, "remove the quotes, or write what is meant")
    return Mistake(path, what, f"use {_TYPES[kind]}")


def _of_a_rule(path: tuple[str | int, ...], what: str, error: ErrorDetails) -> Mistake:
    """The mistake that a model's own rule found; the rule may say after a semicolon what to do."""
    wrong, _, remedy = str(error["ctx"]["error"]).partition("; ")
    return Mistake(path, f"{what}: {wrong}", remedy or "correct the value")


def _member(error: ErrorDetails) -> str:
    """The member of a union that a value is not; an item's error is told of its list."""
    words = _TYPES["list_type" if isinstance(error["loc"][-1], int) else error["type"]]
    return "a number" if words.endswith("number") else words


def _mistake(model: type[BaseModel], error: ErrorDetails) -> Mistake:
    path, owner = _inventory_path(model, error["loc"])
    value, context = error.get("input"), error.get("ctx", {})
    what = _subject(path, error)
    match error["type"]:
        case "extra_forbidden":
            known = sorted(inventory_key(field) for field in owner.model_fields) if owner else []
            near = nearest(str(path[-1]), known)
            remedy = f"did you mean {near!r}?" if near else f"allowed here: {', '.join(known)}"
            return Mistake(path, f"unknown key {_dotted(path)}", remedy)
        case "missing":
            return Mistake(path, f"{_dotted(path)} is missing", "set it")
        case "literal_error":
            return Mistake(path, what, f"allowed: {context.get('expected')}")
        case "string_pattern_mismatch":
            pattern = context["pattern"]
            return Mistake(path, what, f"write {form(pattern) or f'what matches {pattern}'}")
        case "string_too_long" | "string_too_short":
            return Mistake(path, f"{what}: {_characters(len(str(value)))}", _bound(context, characters=True))
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            return Mistake(path, what, _bound(context))
        case "value_error":
            return _of_a_rule(path, what, error)
        case kind if kind in _TYPES:
            return _of_type(path, what, error)
        case _:
            message = error["msg"][:1].lower() + error["msg"][1:]
            return Mistake(path, f"{what}: {message}", "correct the value")


def _subject(path: tuple[str | int, ...], error: ErrorDetails) -> str:
    """What a message is about: the value of a key, or the key itself."""
    value = _short(error.get("input"))
    if _is_of_key(error):
        return f"{_dotted(path[:-1])} has the name {value}"
    return f"{_dotted(path)} is {value}"


def _is_of_key(error: ErrorDetails) -> bool:
    """Whether a mapping's key is wrong, not its value."""
    return error["loc"][-1:] == ("[key]",)


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in path)


_BOUNDS = {
    "gt": "more than",
    "ge": "at least",
    "lt": "less than",
    "le": "at most",
    "min_length": "at least",
    "max_length": "at most",
}


def _bound(context: Mapping[str, Any], *, characters: bool = False) -> str:
    """The remedy for a value that is too small or too large."""
    ((bound, words),) = ((context[key], words) for key, words in _BOUNDS.items() if key in context)
    return f"use {words} {_characters(bound) if characters else bound}"


def _characters(number: int) -> str:
    return f"{number} character{'' if number == 1 else 's'}"


def _short(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _inventory_path(
    model: type[BaseModel], location: tuple[str | int, ...]
) -> tuple[tuple[str | int, ...], type[BaseModel] | None]:
    """The key path of an error without pydantic's union tags, and the model that owns its last key."""
    path: list[str | int] = []
    current: Any = model
    owner: type[BaseModel] | None = model
    for part in location:
        if part == "[key]":
            continue
        current = _unwrap(current)
        if isinstance(current, type) and issubclass(current, BaseModel):
            owner = current
            path.append(part)
            fields = {inventory_key(name): field for name, field in current.model_fields.items()}
            current = fields[str(part)].annotation if str(part) in fields else None
        elif get_origin(current) in (dict, list):
            owner = None
            path.append(part)
            current = get_args(current)[-1]
        elif current is None and not path:
            path.append(part)
        # anything else is pydantic's name of a union member
    return tuple(path), owner


def _unwrap(annotation: Any) -> Any:
    """The interesting part of ``X | None`` and ``Annotated[X, …]``."""
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [one for one in get_args(annotation) if one is not type(None)]
        return _unwrap(rest[0]) if len(rest) == 1 else None
    if hasattr(annotation, "__metadata__"):
        return _unwrap(get_args(annotation)[0])
    if hasattr(annotation, "__value__"):
        return _unwrap(annotation.__value__)
    return annotation
