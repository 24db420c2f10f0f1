"""What a validator found, in words that a reader of YAML understands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind as Kind

from components.contracts.documents import Json, at, resolve

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_TOGETHER = (
    Kind.Not,
    Kind.AnyOf,
    Kind.OneOfNotValid,
    Kind.OneOfMultipleValid,
    Kind.Contains,
    Kind.MinProperties,
    Kind.MaxProperties,
)
_MAX_LISTED = 20
_MAX_SHOWN = 60


@dataclass(frozen=True, order=True)
class Violation:
    """One thing that the API server would refuse.

    `path` is that of the field (`spec.targetPorts[0].number`; empty for the object itself), `message` says
    in one sentence what is wrong there.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def violations(errors: Iterable[jsonschema_rs.ValidationError], document: Json) -> list[Violation]:
    """`errors` of the schema `document` as violations: each once, in the order of their paths."""
    return sorted({violation for error in errors for violation in _of(error, document)})


def path_text(keys: Iterable[str | int]) -> str:
    """A path as one would write it: `metadata.labels["app.kubernetes.io/name"]`, `spec.ports[0].name`."""
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
        elif key and all(char.isalnum() or char in "_-$" for char in key):
            text += f".{key}" if text else key
        else:
            text += f"[{json.dumps(key, ensure_ascii=False)}]"
    return text


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` with the nearest of `known`, else the list of them if they are few."""
    names = sorted(known)
    near = nearest(wrong, names)
    if near is not None:
        return f"; did you mean {near!r}?"
    return f"; known here: {', '.join(names)}" if 0 < len(names) <= _MAX_LISTED else ""


def nearest(wrong: str, names: list[str]) -> str | None:
    """The one of `names` that `wrong` was most likely meant to be, or None."""
    same = [name for name in names if name.casefold() == wrong.casefold()]
    return next(iter(same or get_close_matches(wrong, names, n=1)), None)


def _of(error: jsonschema_rs.ValidationError, document: Json) -> Iterator[Violation]:
    kind, keys = error.kind, list(error.instance_path)
    match kind:
        case Kind.AdditionalProperties():
            known = _node(document, error).get("properties", {})
            for name in kind.unexpected:
                yield Violation(path_text([*keys, name]), f"unknown field{suggestion(name, known)}")
        case Kind.PropertyNames():
            path = path_text([*keys, str(kind.error.instance)])
            yield Violation(path, _message(kind.error, document, "the key "))
        case Kind.Required():
            yield Violation(path_text([*keys, kind.property]), _said(document, error) or "is required")
        case _:
            yield Violation(path_text(keys), _message(error, document))


def _message(error: jsonschema_rs.ValidationError, document: Json, subject: str = "") -> str:
    said = None if isinstance(error.kind, Kind.Custom) else _said(document, error)
    if said is None:
        return subject + _plain(error)
    scalar = not isinstance(error.instance, dict | list) and error.instance is not None
    shows = scalar and said.startswith("must ")
    return f"{subject}{said}, not {_shown(error.instance)}" if shows else f"{subject}{said}"


def _said(document: Json, error: jsonschema_rs.ValidationError) -> str | None:
    """The `message` in the schema for `error`: that of the node that failed, or of the condition it is in."""
    for keys in _message_places(document, error):
        node = at(document, keys)
        if isinstance(node, Mapping) and "message" in node:
            return str(node["message"])
    return None


def _message_places(document: Json, error: jsonschema_rs.ValidationError) -> Iterator[list[Any]]:
    keys: list[Any] = list(error.schema_path)
    forbidden = isinstance(error.kind, Kind.FalseSchema)
    own = keys[:-2] if forbidden else keys[:-1]
    node = at(document, own)
    # The message of a mapping or list is about how its parts go together.
    whole = isinstance(node, Mapping) and ("properties" in node or "items" in node)
    if forbidden or not whole or isinstance(error.kind, _TOGETHER):
        yield own
    for index in reversed(range(len(keys))):
        if keys[index] in ("then", "else"):
            yield keys[: index + 1]


def _plain(error: jsonschema_rs.ValidationError) -> str:
    say = _PLAIN.get(type(error.kind))
    return say(error.kind, error.instance) if say else f"is not valid ({error.schema_path[-1]})"


def _type(kind: Any, value: Any) -> str:
    wanted = " or ".join(_TYPES.get(name, name) for name in kind.types)
    hint = "; leave the field out instead" if value is None else ""
    return f"must be {wanted}, not {_shown(value)}{hint}"


def _enum(kind: Any, value: Any) -> str:
    options = list(kind.options)
    near = nearest(value, [str(option) for option in options]) if isinstance(value, str) else None
    hint = f"; did you mean {near!r}?" if near else ""
    return f"must be one of {', '.join(_shown(option) for option in options)}, not {_shown(value)}{hint}"


def _min_length(kind: Any, value: Any) -> str:
    return "must not be empty" if kind.limit == 1 else f"must have at least {kind.limit} characters"


_PLAIN: Mapping[type, Callable[[Any, Any], str]] = {
    Kind.Type: _type,
    Kind.Enum: _enum,
    Kind.Constant: lambda kind, value: f"must be {_shown(kind.expected_value)}, not {_shown(value)}",
    Kind.Pattern: lambda kind, value: f"must match {kind.pattern}, not {_shown(value)}",
    Kind.Minimum: lambda kind, value: f"must be at least {kind.limit}, not {_shown(value)}",
    Kind.Maximum: lambda kind, value: f"must be at most {kind.limit}, not {_shown(value)}",
    Kind.MinLength: _min_length,
    Kind.MaxLength: lambda kind, value: f"must have at most {kind.limit} characters, not {len(value)}",
    Kind.MinItems: lambda kind, value: f"needs at least {kind.limit} {_plural('item', kind.limit)}",
    Kind.MaxItems: lambda kind, value: (
        f"takes at most {kind.limit} {_plural('item', kind.limit)}, not {len(value)}"
    ),
    Kind.MinProperties: lambda kind, value: f"needs at least {kind.limit} {_plural('field', kind.limit)}",
    Kind.MaxProperties: lambda kind, value: f"takes at most {kind.limit} {_plural('field', kind.limit)}",
    Kind.UniqueItems: lambda kind, value: "holds an item twice",
    Kind.FalseSchema: lambda kind, value: "is not allowed here",
    Kind.Custom: lambda kind, value: kind.message,
}


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def _node(document: Json, error: jsonschema_rs.ValidationError) -> Mapping[str, Any]:
    """The schema node whose keyword failed."""
    node = resolve(document, at(document, list(error.schema_path)[:-1]))
    return node if isinstance(node, Mapping) else {}
