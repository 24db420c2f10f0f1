"""What a fragment finds in a file, as sentences with a place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft7Validator, ValidationError

from components.common.forms import HINT, form
from components.facts.suggest import nearest
from components.inventory.node import Mark, plain_data
from components.inventory.problem import Problem, quoted
from components.inventory.source import SourceFile
from scripts.fragments import ELSEWHERE, FOLDERS, OPERATOR, OPERATORS, home

TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
    "string": "text",
}
RULE = "fragment"


def problems_of(source: SourceFile, validator: Draft7Validator) -> Iterator[Problem]:
    """Every mistake in a file that can be read."""
    if source.root is None:
        return
    for error in validator.iter_errors(plain_data(source.root)):
        for cause in _causes(error):
            yield from _problems(source, cause)


def _causes(error: ValidationError) -> Iterator[ValidationError]:
    """The errors behind a failed choice: those of what the model says, not of null and reference."""
    first = [cause for cause in error.context or () if cause.schema_path[0] == 0]
    if error.validator == "anyOf" and _choices(error) == 1 and first:
        for cause in first:
            yield from _causes(cause)
    else:
        yield error


def _choices(error: ValidationError) -> int:
    """How many forms a value may take beside null and a reference."""
    choices: Any = error.validator_value
    return sum(one != ELSEWHERE for one in choices)


def _problems(source: SourceFile, error: ValidationError) -> Iterator[Problem]:
    path = tuple(_key(step) for step in error.absolute_path)
    schema: Any = error.schema
    if error.validator == "additionalProperties":
        for key in _unknown(error.instance, schema):
            mark = source.key_position((*path, _key(key)))
            if path == ("parameters",) and _homes(key):
                yield _problem(source, mark, f"{quoted(key)} is not set here", f"it belongs in {_homes(key)}")
            else:
                yield _problem(source, mark, f"unknown key {quoted(key)}", _allowed(key, schema))
    else:
        value = quoted(error.instance)
        name = quoted(".".join(map(str, path)).removeprefix("parameters."))
        yield _problem(source, source.position(path), f"{name} is {value}", _remedy(error))


def _problem(source: SourceFile, mark: Mark | None, message: str, remedy: str) -> Problem:
    line, column = (mark.line, mark.column) if mark else (0, 0)
    return Problem(source.name, line, column, message, remedy, RULE)


def _key(step: str | int) -> str | int:
    """A step of a path without the operator of its key."""
    return step.lstrip(OPERATORS) if isinstance(step, str) else step


def _unknown(mapping: Any, schema: Any) -> Iterator[str]:
    """The keys of a mapping that are neither properties nor match a pattern."""
    known = schema.get("properties", {})
    patterns = [re.compile(pattern) for pattern in schema.get("patternProperties", {})]
    for key in mapping:
        if key not in known and not any(pattern.search(key) for pattern in patterns):
            yield key


def _homes(key: str) -> str:
    """The folders whose files set a root key; empty for one that nobody knows."""
    homes = [folder for folder, keys in FOLDERS.items() if key.lstrip(OPERATORS) in keys]
    return " or ".join(home(folder) for folder in homes)


def _allowed(key: str, schema: Any) -> str:
    known = schema.get("properties", {})
    if not known:
        return f"a name here is {' or '.join(map(_words, schema['patternProperties']))}"
    near = nearest(key.lstrip(OPERATORS), sorted(known))
    return f"did you mean `{near}`?" if near else f"allowed here: {', '.join(sorted(known))}"


def _words(pattern: str) -> str:
    """What a name in a map must look like."""
    return str(form(f"^{pattern.removeprefix(OPERATOR)}") or f"what matches {pattern}")


def _remedy(error: ValidationError) -> str:
    wanted: Any = error.validator_value
    match error.validator:
        case "type":
            return f"it must be {TYPES[wanted]}"
        case "enum":
            return f"allowed: {', '.join(map(str, wanted))}"
        case "pattern":
            hint: Any = error.schema
            return f"write {hint.get(HINT) or f'what matches {wanted}'}"
        case "minimum":
            return f"it must be at least {wanted}"
        case "exclusiveMinimum":
            return f"it must be more than {wanted}"
        case "maximum" | "exclusiveMaximum":
            return f"it must be {'at most' if error.validator == 'maximum' else 'less than'} {wanted}"
        case "minLength" | "maxLength":
            bound = "at least" if error.validator == "minLength" else "at most"
            return f"it must have {bound} {wanted} characters"
        case "anyOf":
            types = [TYPES[one["type"]] for one in wanted if one.get("type") in TYPES]
            return f"it must be {', '.join(types[:-1])} or {types[-1]}" if len(types) > 1 else error.message
        case _:
            return error.message
