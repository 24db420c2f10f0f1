"""JSON Schemas for one inventory file at a time, made from the parameter models.

A class file holds part of what a target needs, so a *fragment* asks for nothing (``required`` is gone). Else
it is as strict as the model: unknown keys and wrong types are errors. Every value may also be ``null``, which
removes what another class set, or a string with a ``${reference}``; every key may carry the operators of
reclass, ``~`` (override) and ``=`` (constant).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from components.common.params import inventory_key
from components.stack.params import StackParams
from scripts.field_source import Described

Schema = dict[str, Any]

PLUMBING = "kapitan"
"""The root key that belongs to Kapitan; its models are Kapitan's own."""

FOLDERS: Mapping[str, tuple[str, ...]] = {
    "accelerators": ("accelerators",),
    "clusters": ("cluster", "accelerators", "runtimes", "gateway"),
    "environments": ("environment",),
    "gateways": ("gateway",),
    "models": ("model",),
    "runtimes": ("runtimes",),
    "stacks": (PLUMBING,),
    "targets": ("model", "serving", "gateway", "litellm", "monitoring", "overrides", "waivers"),
}
"""Root keys that files of a folder may set: ``inventory/targets``, else ``inventory/classes/<folder>``."""

REFERENCE = r"\$\{.+\}"
OPERATORS = "~="
OPERATOR = f"^[{OPERATORS}]?"
ELSEWHERE = {"$ref": "#/$defs/elsewhere"}
ELSEWHERE_DEFINITION = {
    "description": "null removes the key; a string with a ${reference} takes the value from elsewhere",
    "anyOf": [{"type": "null"}, {"type": "string", "pattern": REFERENCE}],
}
NOISE = ("title", "required", "default")


@cache
def _models() -> tuple[Mapping[str, Schema], Mapping[str, Schema]]:
    """The root keys as the models have them, and the models below them as fragments."""
    whole = StackParams.model_json_schema(schema_generator=Described)
    return whole["properties"], {name: _loosened(name, one) for name, one in whole["$defs"].items()}


def fragment(folder: str) -> Schema:
    """The schema of the files in one folder of :data:`FOLDERS`. Raises KeyError for an unknown folder."""
    root_keys, definitions = _models()
    own = {key: value for key, value in root_keys.items() if key in FOLDERS[folder]}
    parameters = _object(own, "#/properties/parameters", _descriptions(StackParams))
    if PLUMBING in FOLDERS[folder]:
        parameters["properties"][PLUMBING] = {"type": "object", "description": "Kapitan's own settings"}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": home(folder),
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "classes": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Classes to include; a later one wins, and this file wins over them.",
            },
            "parameters": parameters,
        },
        "$defs": {**_reachable(parameters, definitions), "elsewhere": ELSEWHERE_DEFINITION},
    }


def home(folder: str) -> str:
    """Where the files of a folder lie."""
    return "inventory/targets" if folder == "targets" else f"inventory/classes/{folder}"


def _descriptions(model: type[BaseModel]) -> Mapping[str, str]:
    """What a root key is, where the key itself says nothing: the first line of its model."""
    found = {}
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation.__doc__:
            found[inventory_key(name)] = annotation.__doc__.splitlines()[0]
    return found


def _object(properties: Mapping[str, Schema], pointer: str, descriptions: Mapping[str, str]) -> Schema:
    """A closed object whose keys may carry an operator; ``pointer`` leads to it."""
    described = {
        key: {"description": descriptions[key], **value} if key in descriptions else value
        for key, value in properties.items()
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: _value(value) for key, value in described.items()},
        "patternProperties": {
            f"^[{OPERATORS}]{re.escape(key)}$": {"$ref": f"{pointer}/properties/{key}"} for key in properties
        },
    }


def _loosened(name: str, schema: Schema) -> Schema:
    """A model below the root, as a fragment."""
    loose = _object(schema["properties"], f"#/$defs/{name}", {})
    return {"description": plain_text(schema["description"]), **loose}


def _value(schema: Schema) -> Schema:
    """A value: what the model says, or null, or a reference."""
    notes = {"description": plain_text(schema["description"])} if "description" in schema else {}
    if schema.get("default") is not None and "$ref" not in schema:
        notes["default"] = schema["default"]
    bare = {key: value for key, value in schema.items() if key != "description"}
    choices = [_plain(one) for one in bare.pop("anyOf", [bare]) if one.get("type") != "null"]
    return {**notes, "anyOf": [*choices, ELSEWHERE]}


def _plain(schema: Schema) -> Schema:
    """A schema without required keys, whose items are loose."""
    own = {key: value for key, value in schema.items() if key not in NOISE}
    if own.get("type") == "object":
        return _map(own)
    if own.get("type") == "array":
        return {**own, "items": _value(own["items"])} if "items" in own else own
    return own


def _map(own: Schema) -> Schema:
    """A map keyed by name: keys may carry an operator, and those of another form are errors."""
    patterns = own.pop("patternProperties", {})
    names = own.pop("propertyNames", None)
    if patterns:
        own["patternProperties"] = {_with_operator(key): _value(value) for key, value in patterns.items()}
        own["additionalProperties"] = False
    elif isinstance(own.get("additionalProperties"), dict):
        own["additionalProperties"] = _value(own["additionalProperties"])
    if names:
        own["propertyNames"] = {key: value for key, value in names.items() if key == "maxLength"}
    return own


def _with_operator(pattern: str) -> str:
    return OPERATOR + pattern.removeprefix("^")


def plain_text(description: str) -> str:
    """reStructuredText as editors show it: one line, single backquotes."""
    return " ".join(re.sub(r":\w+:`[.~]?([^`]+)`|``([^`]+)``", r"`\1\2`", description).split())


def _reachable(schema: Any, definitions: Mapping[str, Schema]) -> dict[str, Schema]:
    """The definitions that ``schema`` needs, sorted by name."""
    needed: set[str] = set()
    pending = [schema]
    while pending:
        for name in set(_names(pending.pop())) & definitions.keys() - needed:
            needed.add(name)
            pending.append(definitions[name])
    return {name: definitions[name] for name in sorted(needed)}


def _names(schema: Any) -> Iterable[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref":
                yield value.removeprefix("#/$defs/").partition("/")[0]
            else:
                yield from _names(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _names(item)
