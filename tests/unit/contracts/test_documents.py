"""The contract files: that each is whole, closed and documented in the way that the loader expects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from components.contracts import documents
from components.contracts.documents import Json
from components.contracts.keywords import KEYWORDS
from components.contracts.registry import compiled

KINDS = [(group, kind) for group, kinds in documents.kinds().items() for kind in kinds]
HEADER = {"apiVersions", "scope", "name", "required", "properties", "allOf", "$defs"}
CONDITIONS = {"if", "then", "else", "not", "anyOf", "oneOf", "allOf", "contains"}
# What JSON Schema knows of what the files use, and what is ours.
VOCABULARY = CONDITIONS | {
    "$ref", "$schema", "$defs", "type", "properties", "additionalProperties", "required", "items", "enum", "const",
    "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties",
    "maxProperties", "propertyNames", "message", *KEYWORDS,
}  # fmt: skip


def nodes(node: Any, condition: bool = False) -> Iterator[tuple[Json, bool]]:
    """Every schema node below `node`, and whether it only adds a condition."""
    if not isinstance(node, dict):
        return
    yield node, condition
    for key in ("properties", "$defs"):
        for child in node.get(key, {}).values():
            yield from nodes(child, condition)
    for key in ("items", "additionalProperties", "propertyNames", *sorted(CONDITIONS)):
        children = node.get(key, ())
        for child in children if isinstance(children, list) else [children]:
            yield from nodes(child, condition or key in CONDITIONS)


def schema(group: str, kind: str) -> Json:
    contract = documents.contract(group, kind)
    assert contract is not None
    return contract.schema


@pytest.mark.parametrize(("group", "kind"), KINDS)
def test_the_header_is_complete(group: str, kind: str) -> None:
    source = documents.read_yaml(documents.ROOT / group / f"{kind}.yaml")
    assert set(source) <= HEADER
    assert source["scope"] in ("Namespaced", "Cluster")
    assert source["apiVersions"]
    assert all(api.startswith(f"{group}/v") for api in source["apiVersions"])
    assert source["required"]


@pytest.mark.parametrize(("group", "kind"), KINDS)
def test_every_object_is_closed(group: str, kind: str) -> None:
    for node, condition in nodes(schema(group, kind)):
        if "properties" in node and not condition:
            assert "additionalProperties" in node, node


@pytest.mark.parametrize(("group", "kind"), KINDS)
def test_only_known_keywords_are_used(group: str, kind: str) -> None:
    # A misspelt keyword would be ignored, and what it says with it.
    document = schema(group, kind)
    shared = [value["$defs"] for name, value in document["$defs"].items() if name.endswith(".yaml")]
    for part in [{key: value for key, value in document.items() if key != "$defs"}, *shared]:
        for node, _ in nodes({"$defs": part} if part in shared else part):
            assert set(node) <= VOCABULARY, set(node) - VOCABULARY


@pytest.mark.parametrize(("group", "kind"), KINDS)
def test_every_required_field_is_a_field(group: str, kind: str) -> None:
    for node, condition in nodes(schema(group, kind)):
        if not condition and "properties" in node:
            assert set(node.get("required", ())) <= set(node["properties"]), node


@pytest.mark.parametrize(("group", "kind"), KINDS)
def test_every_pattern_is_anchored_at_its_start(group: str, kind: str) -> None:
    for node, _ in nodes(schema(group, kind)):
        assert node.get("pattern", "^").startswith("^"), node


@pytest.mark.parametrize(("group", "kind"), KINDS)
def test_a_contract_compiles(group: str, kind: str) -> None:
    assert not compiled(schema(group, kind)).validator.is_valid({})


def test_unknown_kinds_have_no_contract() -> None:
    assert documents.contract("gateway.networking.k8s.io", "TCPRoute") is None
    assert documents.contract("../contracts", "shared") is None


def test_a_node_with_properties_is_closed_but_for_conditions() -> None:
    node = {"properties": {"a": {"items": {"properties": {}}}}, "then": {"properties": {"a": False}}}
    assert documents.closed(node) == {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "a": {
                "type": "array",
                "items": {"type": "object", "additionalProperties": False, "properties": {}},
            }
        },
        "then": {"properties": {"a": False}},
    }


def test_an_opened_node_refers_to_open_documents() -> None:
    opened = documents.opened(
        {"properties": {"a": {"$ref": "pod.yaml#/$defs/Volume"}}, "allOf": [{"$ref": "#/$defs/x"}]}
    )
    assert opened == {
        "type": "object",
        "properties": {"a": {"$ref": "open-pod.yaml#/$defs/Volume"}},
        "allOf": [{"$ref": "#/$defs/x"}],
    }


def test_a_bundle_holds_what_it_refers_to() -> None:
    bundle = documents.bundled({"$ref": "pod.yaml#/$defs/Volume"})
    validator = jsonschema_rs.Draft202012Validator(bundle)
    assert validator.is_valid({"name": "a", "emptyDir": {}})
    assert not validator.is_valid({"name": "a", "emptyDir": {"a": 1}})
    opened = jsonschema_rs.Draft202012Validator(documents.bundled({"$ref": "open-pod.yaml#/$defs/Volume"}))
    assert opened.is_valid({"name": "a", "emptyDir": {"a": 1}})
    assert opened.is_valid({"name": "a", "nfs": {"server": "a", "path": "/"}})
    assert not opened.is_valid({"name": "a", "nfs": {}, "emptyDir": {}})
