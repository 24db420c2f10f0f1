"""Reading the bundled JSON Schemas of `components.contracts`: all that holds at one place of an object."""

from __future__ import annotations

from typing import Any

from components.contracts.documents import Json, resolve

Node = Any  # a JSON Schema: a dict, True or False


def facts(document: Json, node: Node) -> list[Json]:
    """The nodes that hold without condition wherever `node` does: itself, what it refers to, and its allOf."""
    target = resolve(document, node)
    if not isinstance(target, dict):
        return []
    return [target, *(fact for part in target.get("allOf", ()) for fact in facts(document, part))]


def together(nodes: list[Node]) -> Node:
    """One node that stands for all of `nodes`."""
    return nodes[0] if len(nodes) == 1 else {"allOf": nodes}


def properties(document: Json, node: Node) -> dict[str, Node]:
    """The fields of an object by name, each with all that holds for it."""
    found: dict[str, list[Node]] = {}
    for fact in facts(document, node):
        for name, child in fact.get("properties", {}).items():
            found.setdefault(name, []).append(child)
    # `x: true` names a field and says nothing about it.
    return {
        name: together([child for child in nodes if child is not True] or [True])
        for name, nodes in found.items()
    }


def required(document: Json, node: Node) -> set[str]:
    """The fields that an object must have."""
    return {name for fact in facts(document, node) for name in fact.get("required", ())}


def values(document: Json, node: Node) -> list[Any] | None:
    """The only values that are allowed, or None when they are not listed."""
    listed = [
        [fact["const"]] if "const" in fact else fact["enum"]
        for fact in facts(document, node)
        if "const" in fact or "enum" in fact
    ]
    return [value for value in listed[0] if all(value in others for others in listed)] if listed else None


def types(document: Json, node: Node) -> set[str] | None:
    """The JSON types that are allowed, or None for any."""
    named = [_set(fact["type"]) for fact in facts(document, node) if "type" in fact]
    return set.intersection(*named) if named else None


def first(document: Json, node: Node, key: str) -> Any:
    """The value of a keyword in the first fact that has it, or None."""
    return next((fact[key] for fact in facts(document, node) if key in fact), None)


def least(document: Json, node: Node, key: str) -> int | None:
    """The smallest value of a keyword such as maxLength, or None."""
    return min((fact[key] for fact in facts(document, node) if key in fact), default=None)


def most(document: Json, node: Node, key: str) -> int | None:
    """The greatest value of a keyword such as minLength, or None."""
    return max((fact[key] for fact in facts(document, node) if key in fact), default=None)


def child(document: Json, node: Node, key: str | int) -> Node:
    """What holds for the field or the item `key`."""
    if isinstance(key, int):
        return together([fact["items"] for fact in facts(document, node) if "items" in fact] or [True])
    named = properties(document, node)
    return named[key] if key in named else first(document, node, "additionalProperties")


def below(document: Json, node: Node, path: list[str | int]) -> Node:
    """What holds at `path` below `node`."""
    for key in path:
        node = child(document, node, key)
    return node


def _set(value: str | list[str]) -> set[str]:
    return {value} if isinstance(value, str) else set(value)
