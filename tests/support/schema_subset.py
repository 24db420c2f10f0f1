"""Whether a contract allows no more than a CRD, by walking both side by side.

Compared: fields, types, required fields, listed values, ranges, lengths, patterns (by samples), and list keys. What
holds between fields (anyOf, if, CEL) is left to generated objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import jsonschema_rs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.contracts.crds import strict
from components.contracts.documents import Json
from tests.support import schema_views as views
from tests.support.schema_views import Node

_INT32 = (-(2**31), 2**31 - 1)
_INT64 = (-(2**63), 2**63 - 1)


def excesses(document: Json, node: Node, crd: Json, path: str) -> Iterator[str]:
    """What `node` of the contract `document` allows and the OpenAPI schema `crd` does not, as `path: reason`."""
    if views.facts(document, node) == [] or _anything(crd):
        return
    yield from _types(document, node, crd, path)
    listed = views.values(document, node)
    if listed is not None:
        yield from (f"{path}: {value!r} is no value there" for value in _refused(crd, listed))
        return
    if "enum" in crd:
        yield f"{path}: must list its values"
    yield from _numbers(document, node, crd, path)
    yield from _texts(document, node, crd, path)
    yield from _lists(document, node, crd, path)
    yield from _objects(document, node, crd, path)


def _anything(crd: Json) -> bool:
    return bool(crd.get("x-kubernetes-preserve-unknown-fields")) and "properties" not in crd


def _types(document: Json, node: Node, crd: Json, path: str) -> Iterator[str]:
    allowed = {"integer", "string"} if crd.get("x-kubernetes-int-or-string") else {crd.get("type")}
    allowed |= {"integer"} if "number" in allowed else set()
    wanted = views.types(document, node)
    if wanted is None and views.values(document, node) is None:
        yield f"{path}: has no type"
    elif wanted and not wanted <= allowed:
        yield f"{path}: types {sorted(wanted)} are not within {allowed}"


def _numbers(document: Json, node: Node, crd: Json, path: str) -> Iterator[str]:
    if "integer" not in (views.types(document, node) or ()):
        return
    default = _INT32 if crd.get("format") == "int32" else _INT64
    low, high = (
        max(crd.get("minimum", default[0]), default[0]),
        min(crd.get("maximum", default[1]), default[1]),
    )
    minimum, maximum = views.most(document, node, "minimum"), views.least(document, node, "maximum")
    if minimum is None or minimum < low:
        yield f"{path}: minimum {minimum} is below {low}"
    if high < _INT64[1] and (maximum is None or maximum > high):
        yield f"{path}: maximum {maximum} is above {high}"


def _texts(document: Json, node: Node, crd: Json, path: str) -> Iterator[str]:
    if "string" not in (views.types(document, node) or ()):
        return
    yield from _at_most(document, node, crd, "maxLength", path)
    patterns = [fact["pattern"] for fact in views.facts(document, node) if "pattern" in fact]
    limits = (views.most(document, node, "minLength") or 0, views.least(document, node, "maxLength"))
    wanted = {branch["pattern"] for branch in (crd, *crd.get("allOf", ())) if "pattern" in branch}
    if (
        (wanted - set(patterns) or crd.get("minLength"))
        and not patterns
        and limits[0] < crd.get("minLength", 0)
    ):
        yield f"{path}: needs a pattern or a minLength"
    elif wanted and not patterns:
        yield f"{path}: needs a pattern within {sorted(wanted)}"
    elif patterns:
        bad = _refused(crd, samples(tuple(patterns), *limits))
        yield from (f"{path}: {text!r} is no value there" for text in bad[:3])


def _lists(document: Json, node: Node, crd: Json, path: str) -> Iterator[str]:
    if crd.get("type") != "array":
        return
    yield from _at_most(document, node, crd, "maxItems", path)
    yield from _at_least(document, node, crd, "minItems", path)
    keys = set(crd.get("x-kubernetes-list-map-keys", ()))
    unique = [set(fact["uniqueBy"]) for fact in views.facts(document, node) if "uniqueBy" in fact]
    if keys and not any(by <= keys for by in unique):
        yield f"{path}: needs uniqueBy {sorted(keys)}"
    if crd.get("x-kubernetes-list-type") == "set" and not views.first(document, node, "uniqueItems"):
        yield f"{path}: needs uniqueItems"
    yield from excesses(document, views.child(document, node, 0), crd["items"], f"{path}[]")


def _objects(document: Json, node: Node, crd: Json, path: str) -> Iterator[str]:
    if crd.get("type") != "object":
        return
    yield from _at_most(document, node, crd, "maxProperties", path)
    yield from _at_least(document, node, crd, "minProperties", path)
    named, fields = views.properties(document, node), crd.get("properties", {})
    defaults = {name for name, field in fields.items() if "default" in field}
    missing = set(crd.get("required", ())) - views.required(document, node) - defaults
    yield from (f"{path}: must require {name}" for name in sorted(missing))
    closed = views.first(document, node, "additionalProperties")
    if closed is None and not _anything(crd):
        yield f"{path}: is open"
    values = crd.get("additionalProperties")
    for name, node_of in named.items():
        field = fields.get(name, values if isinstance(values, dict) else None)
        if node_of is not False:
            yield from _field(document, node_of, field, crd, f"{path}.{name}")
    if isinstance(closed, dict):
        yield from _field(document, closed, values if isinstance(values, dict) else None, crd, f"{path}.*")


def _field(document: Json, node: Node, field: Json | None, parent: Json, path: str) -> Iterator[str]:
    if field is not None:
        yield from excesses(document, node, field, path)
    elif (
        not parent.get("x-kubernetes-preserve-unknown-fields")
        and parent.get("additionalProperties") is not True
    ):
        yield f"{path}: is no field there"


def _at_most(document: Json, node: Node, crd: Json, key: str, path: str) -> Iterator[str]:
    limit = views.least(document, node, key)
    if key in crd and (limit is None or limit > crd[key]):
        yield f"{path}: {key} {limit} is above {crd[key]}"


def _at_least(document: Json, node: Node, crd: Json, key: str, path: str) -> Iterator[str]:
    limit = views.most(document, node, key) or 0
    if limit < crd.get(key, 0):
        yield f"{path}: {key} {limit} is below {crd[key]}"


def _refused(crd: Json, values: Iterable[Any]) -> list[Any]:
    options = jsonschema_rs.RegexOptions()
    validator = jsonschema_rs.Draft202012Validator(
        strict(crd), validate_formats=True, pattern_options=options
    )
    return [value for value in values if not validator.is_valid(value)]


@cache
def samples(patterns: tuple[str, ...], shortest: int, longest: int | None) -> tuple[str, ...]:
    """Many texts that match all `patterns` and the lengths (in characters): the same ones in every run."""
    found: dict[str, None] = {}
    texts = st.from_regex(patterns[-1], fullmatch=True).filter(matching(patterns, shortest, longest))

    @settings(
        max_examples=80,
        database=None,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(texts)
    def collect(text: str) -> None:
        found[text] = None

    collect()
    return tuple(found)


@cache
def matching(patterns: tuple[str, ...], shortest: int, longest: int | None) -> Callable[[str], bool]:
    """Whether a text matches all `patterns` and the lengths."""
    schema = {"minLength": shortest, "allOf": [{}, *({"pattern": pattern} for pattern in patterns)]}
    limited = {**schema, "maxLength": longest} if longest is not None else schema
    return jsonschema_rs.Draft202012Validator(limited, pattern_options=jsonschema_rs.RegexOptions()).is_valid
