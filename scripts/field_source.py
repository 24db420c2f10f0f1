"""What stands in the source of a parameter model beside its fields: the lines that declare them, and their docstrings.

The models do not hold the docstrings: pydantic reads them when it builds the models, a sixth of every start.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import ModelSchema


@dataclass(frozen=True, slots=True)
class FieldSource:
    """Where a field is declared, and what is said of it."""

    file: Path
    line: int
    """From 1."""
    docstring: str
    """Empty where there is none."""


def field_source(owner: type[BaseModel], field: str) -> FieldSource:
    """The declaration of a field, in its model or the nearest base that has it. Raises LookupError."""
    for base in owner.__mro__:
        if issubclass(base, BaseModel) and base is not BaseModel:
            found = _fields(source_file(base)).get((base.__qualname__, field))
            if found is not None:
                return found
    raise LookupError(f"{owner.__qualname__}.{field}")


def source_file(thing: type) -> Path:
    """The file that defines a class."""
    return Path(inspect.getfile(sys.modules[thing.__module__]))


@cache
def syntax(file: Path) -> ast.Module:
    """The syntax tree of a source file."""
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def _fields(file: Path) -> dict[tuple[str, str], FieldSource]:
    """Annotated names by class and name."""
    return {
        (one.name, name): FieldSource(file, line, docstring)
        for one in syntax(file).body
        if isinstance(one, ast.ClassDef)
        for name, line, docstring in _declared(one)
    }


def _declared(one: ast.ClassDef) -> Iterator[tuple[str, int, str]]:
    """Name, line and docstring of each annotated name of a class."""
    for statement, text in zip_longest(one.body, one.body[1:]):
        match statement, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(told))):
                yield name, statement.lineno, inspect.cleandoc(told)
            case ast.AnnAssign(target=ast.Name(id=name)), _:
                yield name, statement.lineno, ""


class Described(GenerateJsonSchema):
    """JSON Schema of models in which each property has its field's docstring as description."""

    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        """The schema of one model."""
        described: dict[str, Any] = super().model_schema(schema)
        model = schema["cls"]
        for name, field in model.model_fields.items():
            told = field_source(model, name).docstring
            if told:
                described["properties"][field.alias or name].setdefault("description", told)
        return described
