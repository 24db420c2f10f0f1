"""Random settings of inventory keys, each of a value that its own type lets through.

What a parameter model takes must end in manifests or in a mistake with words, whatever it is.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from components.common.params import Params
from tests.support.schema_subset import samples

Schema = dict[str, Any]
ENTRY = "*"
"""Stands for any name of a map in a path."""

_TEXTS = (
    *(
        "a",
        "",
        "0",
        "true",
        "null",
        "-1",
        "1e400",
        "a b",
        "a\nb: c",
        "straße",
        "{{ x }}",
        "${x}",
        "%s",
        '"',
        "(",
        "[",
    ),
    *("x" * 300, "2026-02-31", "*/5 * * * *", "https://[::1", "a/b:c@d", "hf://", "v1.2.3"),
)
_NUMBERS = (0, 1, 2, 3, 7, 8, 16, 61, 100, 4096, 65535, 99999, 10**9, 2**31, 2**63, 2**64 - 1)
_SHARES = (0.001, 0.1, 1 / 3, 0.9, 1.0, 1.5, 80.0, 1e-7, 1e9, 1e22, 1e300, 5e-324, 0, 1, 2**63)
_ANYTHING: Sequence[Any] = (
    True,
    1,
    1.5,
    "x",
    "",
    [],
    ["a"],
    {},
    {"a": 1},
    {1: 2},
    float("inf"),
    float("nan"),
    {"a": [{"b": None}]},
)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a parameter model."""

    path: tuple[str, ...]
    schema: Schema
    names: Schema
    """What the names of a map look like, where the key is one of them."""


@cache
def _document(model: type[Params]) -> Schema:
    return model.model_json_schema()


@cache
def keys(model: type[Params]) -> tuple[Key, ...]:
    """Every key of a model; ``*`` in a path is a name that the inventory chooses."""
    document = _document(model)

    def below(path: tuple[str, ...], schema: Schema) -> Iterator[Key]:
        target = _resolved(document, schema)
        for name, child in target.get("properties", {}).items():
            yield Key((*path, name), child, {})
            yield from below((*path, name), child)
        for names, child in _entries(target):
            yield Key((*path, ENTRY), child, names)
            yield from below((*path, ENTRY), child)

    return tuple(below((), document))


def _resolved(document: Schema, schema: Schema) -> Schema:
    real = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    only: Schema = real[0] if len(real) == 1 else schema
    found: Schema = document["$defs"][only["$ref"].rpartition("/")[2]] if "$ref" in only else only
    return found


def _entries(target: Schema) -> Iterator[tuple[Schema, Schema]]:
    names = target.get("propertyNames", {})
    for pattern, value in target.get("patternProperties", {}).items():
        yield {"type": "string", "pattern": pattern, **names}, value
    rest = target.get("additionalProperties")
    if isinstance(rest, dict):
        yield {"type": "string", **names}, rest


def set_some(parameters: dict[str, Any], model: type[Params], rng: random.Random) -> list[str]:
    """Give one to three keys of a target's parameters other values. Returns their paths."""
    chosen = rng.sample(keys(model), rng.choice((1, 1, 2, 3)))
    maker = _Maker(_document(model), rng)
    return [".".join(maker.set(parameters, key)) for key in chosen]


@dataclass(frozen=True, slots=True)
class _Maker:
    document: Schema
    rng: random.Random

    def set(self, parameters: dict[str, Any], key: Key) -> Iterator[str]:
        """Set a key, and the names on the way to it."""
        here = parameters
        for part in key.path[:-1]:
            name = part if part != ENTRY else self.rng.choice(sorted(here) or ["x"])
            if not isinstance(here.get(name), dict):
                here[name] = {}
            here = here[name]
            yield name
        last = key.path[-1]
        if last == ENTRY:
            last = self.rng.choice(sorted(here)) if here and self.rng.random() < 0.4 else self.text(key.names)
        here[last] = self.value(key.schema)
        yield last

    def value(self, schema: Schema) -> Any:
        target = _resolved(self.document, schema)
        if "anyOf" in target:
            return self.value(self.rng.choice(target["anyOf"]))
        if "enum" in target:
            return self.rng.choice(target["enum"])
        if "const" in target:
            return target["const"]
        match target.get("type"):
            case "object":
                return self.mapping(target)
            case "array":
                return [self.value(target["items"]) for _ in range(self.rng.randint(0, 3))]
            case "string":
                return self.text(target)
            case "integer":
                return self.number(target, _NUMBERS)
            case "number":
                return self.number(target, _SHARES)
            case "boolean":
                return self.rng.random() < 0.5
            case _:
                return self.rng.choice(_ANYTHING)

    def mapping(self, target: Schema) -> dict[str, Any]:
        if target.get("additionalProperties") is True:
            return {"a": self.rng.choice(_ANYTHING)}
        required = target.get("required", ())
        made = {
            name: self.value(child)
            for name, child in target.get("properties", {}).items()
            if name in required or self.rng.random() < 0.3
        }
        for names, child in _entries(target):
            made |= {self.text(names): self.value(child) for _ in range(self.rng.randint(0, 2))}
        return made

    def text(self, target: Schema) -> str:
        low, high = target.get("minLength", 0), target.get("maxLength")
        if "pattern" in target:
            return self.rng.choice(samples((target["pattern"],), low, high))
        return self.rng.choice([one for one in _TEXTS if low <= len(one) <= (high or 1000)])

    def number(self, target: Schema, pool: Sequence[float]) -> float:
        infinity = float("inf")
        return self.rng.choice(
            [
                one
                for one in pool
                if target.get("minimum", -infinity) <= one <= target.get("maximum", infinity)
                and target.get("exclusiveMinimum", -infinity) < one < target.get("exclusiveMaximum", infinity)
            ]
        )
