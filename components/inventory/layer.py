"""What one file adds to the parameters of a target, and the stack of all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from components.inventory.merge import MappingBuilder
from components.inventory.node import Entry, KeyPath, MappingNode, Node, ScalarNode, SequenceNode
from components.inventory.reference import has_reference
from components.inventory.scalar import Scalar
from components.inventory.source import SourceFile
from components.inventory.value import Definition, Definitions, Layer, Literal, Mapping, Sequence, Text

_EMPTY: Final = Mapping({}, frozenset(), frozenset(), ())


def layer_of(source: SourceFile) -> Mapping:
    """The `parameters` of a file as a value; empty when it has none."""
    node = source.parameters
    if node is None:
        return _EMPTY
    at = Definition(source.name, node.line, node.column, (), "", node)
    return _mapping(node, source.name, (), (at,))


def target_facts(name: str, file: str) -> Mapping:
    """What reclass-rs adds to a target by itself: `_reclass_`, with its name in four forms."""
    parts = name.split(".")
    names = {"full": name, "parts": parts, "path": "/".join(parts), "short": parts[-1]}
    node = _as_node({"_reclass_": {"environment": "base", "name": names}})
    if not isinstance(node, MappingNode):
        return _EMPTY
    return _mapping(node, file, (), ())


def stack(layers: Iterable[Mapping]) -> Mapping:
    """The layers of a target over each other, unresolved. Raises Broken when a constant is set again."""
    builder = MappingBuilder()
    made_by: list[Definition] = []
    for layer in layers:
        builder.insert_all(layer)
        made_by.extend(layer.made_by)
    return builder.build(tuple(made_by))


def _mapping(node: MappingNode, file: str, key: KeyPath, made_by: Definitions) -> Mapping:
    items: dict[str, Layer] = {}
    for name, entry in node.entries.items():
        below = entry.node
        # A scalar is shown where its value stands, a mapping or list at its key.
        place: Entry | ScalarNode = below if isinstance(below, ScalarNode) else entry
        at = Definition(file, place.line, place.column, (*key, name), entry.operator, below)
        items[name] = _layer(below, at)
    constants = frozenset(name for name, entry in node.entries.items() if entry.operator == "=")
    overrides = frozenset(name for name, entry in node.entries.items() if entry.operator == "~")
    return Mapping(items, constants, overrides, made_by)


def _layer(node: Node, at: Definition) -> Layer:
    if isinstance(node, MappingNode):
        return _mapping(node, at.file, at.key, (at,))
    if isinstance(node, SequenceNode):
        return Sequence(tuple(_item(item, index, at) for index, item in enumerate(node.items)), (at,))
    if isinstance(node.value, str) and has_reference(node.value):
        return Text(node.value, (at,))
    return Literal(node.value, (at,))


def _item(node: Node, index: int, of: Definition) -> Layer:
    return _layer(node, Definition(of.file, node.line, node.column, (*of.key, index), "", node))


def _as_node(value: object) -> Node:
    """Plain data as if it stood at the top of a file."""
    if isinstance(value, dict):
        entries = {key: Entry(key, "", key, False, 1, 1, _as_node(below)) for key, below in value.items()}
        return MappingNode(entries, False, 1, 1, 1)
    if isinstance(value, list):
        return SequenceNode(tuple(_as_node(item) for item in value), False, 1, 1, 1)
    text: Scalar = str(value)
    return ScalarNode(text, str(value), False, False, 1, 1, 1)
