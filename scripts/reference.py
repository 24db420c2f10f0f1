"""The parameter reference: every inventory key with type, default and meaning, from the parameter models."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import ModuleType
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import NoDefault
from pydantic_core.core_schema import WithDefaultSchema

from components.argocd import params as argocd_module
from components.common import model as model_module
from components.common import params as params_module
from components.common.forms import Form, form
from components.stack.params import StackParams
from scripts.field_source import Described
from scripts.fragments import FOLDERS, Schema, plain_text

NAMED_IN = (params_module, model_module, argocd_module)
"""Modules whose public aliases of ``str`` are types with a name."""


@dataclass(frozen=True, slots=True)
class NamedType:
    """A kind of text that many keys share."""

    name: str
    form: Form
    meaning: str


@dataclass(frozen=True, slots=True)
class Row:
    """One key."""

    key: str
    type: str
    default: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Section:
    """A root key with everything below it."""

    key: str
    meaning: str
    homes: tuple[str, ...]
    """Folders whose files may set it."""
    rows: tuple[Row, ...]


def named_types() -> list[NamedType]:
    """The named kinds of text, by name."""
    found = {}
    for module in NAMED_IN:
        for name, meaning in _documented(module):
            schema = TypeAdapter(vars(module)[name]).json_schema()
            if schema.get("type") == "string" and "pattern" in schema:
                found[name] = NamedType(name, _form(schema["pattern"]), plain_text(meaning))
    return [found[name] for name in sorted(found)]


def _form(pattern: str) -> Form:
    found = form(pattern)
    if found is None:
        raise LookupError(f"no words say what matches {pattern}: use components.common.forms.text")
    return found


def _documented(module: ModuleType) -> Iterator[tuple[str, str]]:
    """Public module-level names with the docstring that follows their assignment."""
    body = ast.parse(inspect.getsource(module)).body
    for assignment, text in pairwise(body):
        match assignment, text:
            case (
                ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(meaning))),
            ) if not name.startswith("_"):
                yield name, meaning


def sections() -> list[Section]:
    """The whole reference, in the order of the model."""
    schema = StackParams.model_json_schema(schema_generator=_WithFactories)
    names = {one.form.pattern: one.name for one in named_types()}
    walk = _Walk(schema["$defs"], names)
    return [
        Section(
            key=key,
            meaning=walk.meaning(value),
            homes=tuple(folder for folder, keys in FOLDERS.items() if key in keys),
            rows=tuple(walk.below(key, value)),
        )
        for key, value in schema["properties"].items()
    ]


class _WithFactories(Described):
    """Pydantic leaves out defaults that a factory makes."""

    def get_default_value(self, schema: WithDefaultSchema) -> Any:
        factory: Any = schema.get("default_factory")
        return factory() if factory is not None else schema.get("default", NoDefault)


@dataclass(frozen=True, slots=True)
class _Walk:
    definitions: Mapping[str, Schema]
    names: Mapping[str, str]

    def below(self, key: str, schema: Schema) -> Iterator[Row]:
        """The keys below ``key``."""
        target = self._resolved(schema)
        required = target.get("required", ())
        for name, value in target.get("properties", {}).items():
            yield from self._rows(f"{key}.{name}", value, name in required)
        entry = _entry(target)
        if entry is not None and self._is_object(entry):
            yield from self.below(f"{key}.<name>", entry)

    def meaning(self, schema: Schema) -> str:
        """The key's own description, else that of its model."""
        return plain_text(schema.get("description") or self._resolved(schema).get("description", ""))

    def _rows(self, key: str, schema: Schema, required: bool) -> Iterator[Row]:
        default = "**required**" if required else _default(schema)
        yield Row(key, self._type(schema), "" if self._is_model(schema) else default, self.meaning(schema))
        yield from self.below(key, schema)

    def _resolved(self, schema: Schema) -> Schema:
        """The schema that says what the value is: past null and references."""
        real = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
        only = real[0] if len(real) == 1 else schema
        return self.definitions[only["$ref"].rpartition("/")[2]] if "$ref" in only else only

    def _is_object(self, schema: Schema) -> bool:
        return self._resolved(schema).get("type") == "object"

    def _is_model(self, schema: Schema) -> bool:
        return "properties" in self._resolved(schema)

    def _type(self, schema: Schema) -> str:
        target = self._resolved(schema)
        if "anyOf" in target:
            return " or ".join(self._type(one) for one in target["anyOf"])
        if "enum" in target:
            return " or ".join(f"`{value}`" for value in target["enum"])
        if "const" in target:
            return f"`{target['const']}`"
        match target.get("type"):
            case "object":
                entry = _entry(target)
                return "mapping" if entry is None else f"map of {self._type(entry)}"
            case "array":
                return f"list of {self._type(target['items'])}"
            case "string":
                return self._text(target)
            case "integer" | "number" as kind:
                return " ".join([kind, *_bounds(target)])
            case "boolean":
                return "`true` or `false`"
            case _:
                return "anything"

    def _text(self, target: Schema) -> str:
        pattern = target.get("pattern", "")
        if pattern in self.names:
            return f"[{self.names[pattern]}](#types)"
        return f"text: {_form(pattern)}" if pattern else "text"


def _entry(target: Schema) -> Schema | None:
    """The schema of a map's entries; None where the keys are fixed or anything goes."""
    patterns: dict[str, Schema] = target.get("patternProperties", {})
    if patterns:
        return next(iter(patterns.values()))
    rest: Any = target.get("additionalProperties")
    return rest if isinstance(rest, dict) else None


def _bounds(target: Schema) -> Iterator[str]:
    for keyword, sign in (
        ("minimum", "≥"),
        ("exclusiveMinimum", ">"),
        ("maximum", "≤"),
        ("exclusiveMaximum", "<"),
    ):
        if keyword in target:
            yield f"{sign} {target[keyword]:,}"


def _default(schema: Schema) -> str:
    value = schema.get("default")
    if value is None:
        return "unset" if "default" in schema else ""
    if value in ({}, []):
        return "empty"
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return re.sub(r"(?<!\\)\|", r"\\|", text)
