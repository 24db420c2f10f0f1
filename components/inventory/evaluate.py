"""Resolves references and merges layers exactly as reclass-rs does, and remembers which line did what.

A port of `Value::interpolate` and `Token::resolve` of reclass-rs 0.10 (`src/types/value.rs`,
`src/refs/mod.rs`); a property test holds it against reclass-rs itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from components.inventory.compose import compose
from components.inventory.merge import MappingBuilder, kind, merge, merge_all
from components.inventory.node import MappingNode, Node, ScalarNode
from components.inventory.problem import did_you_mean, quoted
from components.inventory.reference import SYNTAX_REMEDY, Part, Ref, ReferenceSyntaxError, parse
from components.inventory.text import NotText, as_text
from components.inventory.value import (
    Broken,
    Definition,
    Definitions,
    Failure,
    Layers,
    Literal,
    Mapping,
    Reference,
    Resolved,
    Sequence,
    Text,
    Value,
)

#: Of reclass-rs (`RESOLVE_MAX_DEPTH`).
MAX_REFERENCE_DEPTH: Final = 64
#: Values that the references of one target may expand to. A stack has some hundreds.
MAX_VALUES: Final = 100_000
#: A text counts as one value for each so many characters.
CHARACTERS_PER_VALUE: Final = 100
#: Dangling references of one target for which the nearest key is looked up, which takes long.
MAX_HINTS: Final = 50


@dataclass(slots=True)
class _State:
    """The references on the way to the value being resolved: a second meeting is a loop."""

    seen: set[str] = field(default_factory=set)
    depth: int = 0

    def copy(self) -> _State:
        return _State(set(self.seen), self.depth)


class Evaluator:
    """Resolves values against the merged, unresolved parameters of one target."""

    def __init__(self, root: Mapping) -> None:
        self.root = root
        self._spent = 0
        self._missing = 0

    def evaluate(self) -> Mapping:
        """All parameters, resolved. What cannot be resolved is a `Failure` in its place. Raises Broken."""
        try:
            return self._mapping(self.root, _State())
        except RecursionError:
            raise Broken("reference-depth", "references lead too deep", "flatten them", None) from None

    def resolved(self, value: Value) -> Resolved:
        """A value of the target, resolved. Raises Broken."""
        return self._interpolate(value, _State())

    def text_of(self, text: Text) -> str:
        """What a text with references reads as: a class name. Raises Broken."""
        value = self._text(text, _State())
        try:
            return as_text(value)
        except NotText as error:
            raise _no_text(error, text.made_by[-1], 0, value) from None

    def _interpolate(self, value: Value, state: _State) -> Resolved:
        if isinstance(value, Literal):
            self._spend_literal(value)
            return value
        self._spend(1, value.made_by)
        if isinstance(value, Text):
            return self._text(value, state)
        if isinstance(value, Mapping):
            return self._mapping(value, state)
        if isinstance(value, Sequence):
            items = tuple(self._interpolate(item, state.copy()) for item in value.items)
            return replace(value, items=items)
        if isinstance(value, Layers):
            return self._layers(value, state)
        return value

    def _spend_literal(self, value: Literal) -> None:
        characters = len(value.data) if isinstance(value.data, str) else 0
        self._spend(1 + characters // CHARACTERS_PER_VALUE, value.made_by)

    def _spend(self, count: int, at: Definitions) -> None:
        """Counts what the references expand to, so that a few lines cannot fill the memory."""
        self._spent += count
        if self._spent > MAX_VALUES:
            message = "references expand to more data than any stack has"
            remedy = "do not reference a value again from within what it references"
            too_much = Broken("reference-size", message, remedy, at[-1] if at else None)
            too_much.ends = True
            raise too_much

    def _mapping(self, mapping: Mapping, state: _State) -> Mapping:
        items: dict[str, Value] = {}
        for key, value in mapping.items.items():
            if type(value) is Literal:  # most values are: nothing to resolve, and no state to keep
                self._spend_literal(value)
                items[key] = value
                continue
            try:
                items[key] = self._interpolate(value, state.copy())
            except Broken as error:
                if error.ends:
                    raise
                items[key] = Failure(error, value.made_by)
        return Mapping(items, mapping.constants, mapping.overrides, mapping.made_by, mapping.below)

    def _layers(self, layers: Layers, state: _State) -> Resolved:
        merged: Resolved | None = None
        for index, layer in enumerate(layers.items):
            resolved: Resolved
            try:
                resolved = self._interpolate(layer, state.copy())
            except Broken as error:
                if error.ends or index == len(layers.items) - 1:
                    raise
                resolved = Failure(error, layer.made_by, layer.below)
            merged = merge(merged, resolved)
        return self._interpolate(merged, state) if merged is not None else Literal(None, ())

    def _text(self, text: Text, state: _State) -> Resolved:
        at = text.made_by[-1]
        parts = _parse(text.text, at)
        only = parts[0]
        if len(parts) == 1 and isinstance(only, Ref):
            before, path, found = self._resolve(only, state, at)
            if path is None:
                return replace(found, made_by=(replace(at, via=before),), below=text.below)
            seen = self._derived(self._interpolate(found, state), at, before, path)
            return replace(seen, below=text.below)
        via: list[Reference] = []
        words = [self._word(part, state, at, via) for part in parts]
        made_by = (replace(at, via=tuple(via)),)
        return Literal("".join(words), made_by, text.below)

    def _word(self, part: str | Ref, state: _State, at: Definition, via: list[Reference]) -> str:
        """The text of one part; the references that it took are added to `via`."""
        if isinstance(part, str):
            return part
        before, path, found = self._resolve(part, state.copy(), at)
        via.extend(before)
        if path is not None:
            via.append(Reference(path, found))
        try:
            word = as_text(found)
        except NotText as error:
            raise _no_text(error, at, part.start, found) from None
        self._spend(len(word) // CHARACTERS_PER_VALUE, (at,))
        return word

    def _resolve(
        self, ref: Ref, state: _State, at: Definition
    ) -> tuple[tuple[Reference, ...], tuple[str, ...] | None, Resolved]:
        """The references inside the path, the path (None when the default was used), the value found."""
        state.depth += 1
        if state.depth > MAX_REFERENCE_DEPTH:
            message = f"more than {MAX_REFERENCE_DEPTH} references lead from here to the value"
            raise Broken("reference-depth", message, "reference the value itself", at, ref.start)
        before: list[Reference] = []
        words = [self._word(part, state, at, before) for part in ref.parts]
        name, has_default, default = "".join(words).partition("::")
        if name in state.seen:
            loop = ", ".join(f"`{path}`" for path in sorted(state.seen))
            message = f"the reference ends in itself, by {loop}"
            raise Broken("reference-loop", message, "set one of them to a value", at, ref.start)
        state.seen.add(name)
        path = tuple(name.split(":"))
        try:
            found = self._lookup(path, state, at, ref)
        except _Missing as missing:
            if has_default:
                return tuple(before), None, _default(default, at, ref)
            self._missing += 1
            raise missing.broken(name, at, ref, with_hint=self._missing <= MAX_HINTS) from None
        if isinstance(found, (Text, Layers)):
            found = self._interpolate(found, state)
        return tuple(before), path, found

    def _lookup(self, path: tuple[str, ...], state: _State, at: Definition, ref: Ref) -> Value:
        value: Value = self.root
        for index, key in enumerate(path):
            value = self._surface(value, state)
            if not isinstance(value, Mapping):
                name, before = ":".join(path), ":".join(path[:index])
                message = f"reference {_written(name)} leads through {quoted(before)}, which is {kind(value)}"
                remedy = "only keys of mappings can be referenced"
                raise Broken("reference-type", message, remedy, at, ref.start)
            if key not in value.items:
                raise _Missing(key, value, path[:index])
            value = value.items[key]
        return value

    def _surface(self, value: Value, state: _State) -> Resolved:
        """The value with its own references resolved and its layers merged, what is below left as it is."""
        if isinstance(value, Text):
            return self._interpolate(value, state)
        if isinstance(value, Layers):
            layers = value.items
            return merge_all(
                self._interpolate(it, state.copy()) if isinstance(it, Text) else it for it in layers
            )
        return value

    def _derived(
        self, value: Value, at: Definition, before: tuple[Reference, ...], path: tuple[str, ...]
    ) -> Resolved:
        """A resolved value as seen from `at` through a reference to `path`: its parts come from there too."""
        self._spend(1, (at,))
        here = (replace(at, via=(*before, Reference(path, value))),)
        if isinstance(value, Mapping):
            below = {key: self._derived(item, at, before, (*path, key)) for key, item in value.items.items()}
            return Mapping(below, value.constants, value.overrides, here)
        if isinstance(value, Sequence):
            numbered = enumerate(value.items)
            items = tuple(self._derived(item, at, before, (*path, str(i))) for i, item in numbered)
            return Sequence(items, here)
        if isinstance(value, Failure):
            return Failure(value.error, here)
        return Literal(value.data if isinstance(value, Literal) else None, here)


class _Missing(Exception):
    """A key that a reference asks for does not exist in `mapping`, which stands at the path `parent`."""

    def __init__(self, key: str, mapping: Mapping, parent: tuple[str, ...]) -> None:
        super().__init__(key)
        self.key = key
        self.mapping = mapping
        self.parent = parent

    def broken(self, name: str, at: Definition, ref: Ref, *, with_hint: bool) -> Broken:
        inside = f" in `{':'.join(self.parent)}`" if self.parent else ""
        message = f"reference {_written(name)}: no key {quoted(self.key)}{inside}"
        if self.key != self.key.strip():
            remedy = "remove the blanks: they are part of the key"
        else:
            known = tuple(self.mapping.items) if with_hint else ()
            remedy = did_you_mean(self.key, known, "set it in a class of the target, or correct the name")
        return Broken("reference-dangling", message, remedy, at, ref.start)


def _written(path: str) -> str:
    return quoted("${" + path + "}")


def _parse(text: str, at: Definition) -> tuple[Part, ...]:
    try:
        return parse(text)
    except ReferenceSyntaxError as error:
        raise Broken("reference-syntax", str(error), SYNTAX_REMEDY, at, error.offset) from None


def _no_text(error: NotText, at: Definition, offset: int, value: Value) -> Broken:
    message = f"{kind(value)} cannot stand inside a text"
    broken = Broken("reference-type", message, "reference one of its values", at, offset)
    broken.ends = error.ends
    return broken


def _default(text: str, at: Definition, ref: Ref) -> Resolved:
    """The value of `${path::text}`: YAML, in which references are not resolved again."""
    node, problems = compose(text, at.file)
    if problems:
        message = f"the default {quoted(text)} of a reference: {problems[0].message}"
        raise Broken("reference-syntax", message, problems[0].remedy, at, ref.start)
    return _plain(node, (at,)) if node is not None else Literal(None, (at,))


def _plain(node: Node, made_by: tuple[Definition, ...]) -> Resolved:
    if isinstance(node, ScalarNode):
        return Literal(node.value, made_by)
    if isinstance(node, MappingNode):
        builder = MappingBuilder()
        for key, entry in node.entries.items():
            below = _plain(entry.node, made_by)
            builder.insert(key, below, constant=entry.operator == "=", override=entry.operator == "~")
        return builder.build(made_by)
    return Sequence(tuple(_plain(item, made_by) for item in node.items), made_by)


def failures(value: Value) -> Iterator[Broken]:
    """Every error that is left in a resolved value."""
    if isinstance(value, Failure):
        yield value.error
    elif isinstance(value, Mapping):
        for item in value.items.values():
            yield from failures(item)
    elif isinstance(value, Sequence):
        for item in value.items:
            yield from failures(item)
