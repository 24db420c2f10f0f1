"""A fast look at a target that tells when its references and merges cannot fail.

`Evaluator` is exact and costs milliseconds a target; this costs a tenth. It answers "clean" only where it is
certain: every reference leads by plain keys to a value that some file sets, nothing on the way was removed or
replaced, no reference meets itself, and no two files disagree about what a key is. The rest is evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from components.inventory.chain import Chain
from components.inventory.evaluate import CHARACTERS_PER_VALUE
from components.inventory.inventory import Inventory
from components.inventory.layout import Unit
from components.inventory.node import KeyPath, MappingNode, Node, ScalarNode, SequenceNode
from components.inventory.reference import Ref, ReferenceSyntaxError, has_reference, parse, references

#: Values that the references of a clean target expand to at most.
MAX_EXPANSION: Final = 10_000
#: References that lead from one to the next in a clean target; reclass-rs takes 64.
MAX_DEPTH: Final = 16

#: The paths that reclass-rs adds to every target.
_BUILT_IN: Final = frozenset(
    tuple(path.split(":"))
    for path in (
        "_reclass_",
        "_reclass_:environment",
        "_reclass_:name",
        *(f"_reclass_:name:{form}" for form in ("full", "parts", "path", "short")),
    )
)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the screen needs to know of a file, gathered once."""

    parameters: MappingNode | None
    kinds: dict[KeyPath, str]
    weights: dict[KeyPath, int]
    references: tuple[tuple[KeyPath, tuple[Ref, ...]], ...]
    is_plain: bool


class Screen:
    """The screen of one inventory. What it learns of a file, or of two together, serves every target."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self._facts: dict[str, _Facts] = {}
        self._fits: dict[tuple[str, str], bool] = {}

    def is_clean(self, chain: Chain) -> bool:
        """Whether every reference and merge of a target is certain to succeed."""
        units = chain.units
        facts = [self._facts_of(unit) for unit in units]
        if not all(fact.is_plain for fact in facts):
            return False
        pairs = ((lower, upper) for index, upper in enumerate(units) for lower in units[:index])
        if not all(self._fit(lower, upper) for lower, upper in pairs):
            return False
        return _Resolution(facts).all_resolve()

    def _facts_of(self, unit: Unit) -> _Facts:
        if unit.shown not in self._facts:
            self._facts[unit.shown] = _facts(self.inventory.source(unit).parameters)
        return self._facts[unit.shown]

    def _fit(self, lower: Unit, upper: Unit) -> bool:
        """Whether two files agree on the kind of every key that both set."""
        pair = (lower.shown, upper.shown)
        if pair not in self._fits:
            below, above = self._facts_of(lower).kinds, self._facts_of(upper).kinds
            shared = below.keys() & above.keys()
            self._fits[pair] = all(_kinds_fit(below[path], above[path]) for path in shared)
        return self._fits[pair]


def _kinds_fit(lower: str, upper: str) -> bool:
    return "reference" not in (lower, upper) and (lower == upper or "null" in (lower, upper))


def _facts(parameters: MappingNode | None) -> _Facts:
    kinds: dict[KeyPath, str] = {}
    weights: dict[KeyPath, int] = {}
    found: list[tuple[KeyPath, tuple[Ref, ...]]] = []
    is_plain = True
    pending: list[tuple[KeyPath, Node]] = [((), parameters)] if parameters is not None else []
    while pending:
        path, node = pending.pop()
        kinds[path] = _kind(node)
        weights[path] = 1 + len(node.text) // CHARACTERS_PER_VALUE if isinstance(node, ScalarNode) else 1
        if isinstance(node, MappingNode):
            is_plain = is_plain and not any(entry.operator for entry in node.entries.values())
            pending.extend(((*path, key), entry.node) for key, entry in node.entries.items())
        elif isinstance(node, SequenceNode):
            pending.extend(((*path, index), item) for index, item in enumerate(node.items))
        elif has_reference(node.text):
            try:
                found.append((path, references(parse(node.text))))
            except ReferenceSyntaxError:
                is_plain = False
    return _Facts(parameters, kinds, weights, tuple(found), is_plain)


def _kind(node: Node) -> str:
    """The kind of a node, as far as merging is concerned."""
    if isinstance(node, MappingNode):
        return "mapping"
    if isinstance(node, SequenceNode):
        return "list"
    if node.value is None:
        return "null"
    return "reference" if node.text.startswith("${") and node.text.endswith("}") else "scalar"


class _Expansion(NamedTuple):
    """What a reference leads to: how many values, by how many further references."""

    size: int
    depth: int


class _Resolution:
    """The references of one target."""

    def __init__(self, facts: list[_Facts]) -> None:
        self._facts = facts
        self._known: dict[KeyPath, _Expansion] = {}
        self._open: set[KeyPath] = set()

    def all_resolve(self) -> bool:
        """Whether each reference of each file leads to a value, and all together to not too many."""
        total = 0
        for fact in self._facts:
            for _, refs in fact.references:
                expansion = self._of(refs)
                if expansion is None:
                    return False
                total += expansion.size
        return total <= MAX_EXPANSION

    def _of(self, refs: tuple[Ref, ...]) -> _Expansion | None:
        """What references lead to together; None when that is not certain, or too much."""
        size = depth = 0
        for ref in refs:
            name = ref.static_path
            expansion = self._at(tuple(name.split(":"))) if name is not None else None
            if expansion is None:
                return None
            size += expansion.size
            depth = max(depth, expansion.depth)
        return _Expansion(size, depth) if size <= MAX_EXPANSION and depth <= MAX_DEPTH else None

    def _at(self, path: tuple[str, ...]) -> _Expansion | None:
        if path in _BUILT_IN:
            return _Expansion(10, 1)
        if path in self._known:
            return self._known[path]
        if path in self._open or len(self._open) > MAX_DEPTH or not self._is_set(path):
            return None
        self._open.add(path)
        below = [self._of(refs) for refs in self._references_below(path)]
        self._open.discard(path)
        certain = [expansion for expansion in below if expansion is not None]
        if len(certain) < len(below):
            return None
        size = self._weight(path) + sum(expansion.size for expansion in certain)
        depth = 1 + max((expansion.depth for expansion in certain), default=0)
        self._known[path] = _Expansion(size, depth)
        return self._known[path]

    def _references_below(self, path: tuple[str, ...]) -> Iterator[tuple[Ref, ...]]:
        for fact in self._facts:
            for key, refs in fact.references:
                if key[: len(path)] == path:
                    yield refs

    def _weight(self, path: tuple[str, ...]) -> int:
        depth = len(path)
        return sum(
            weight for fact in self._facts for key, weight in fact.weights.items() if key[:depth] == path
        )

    def _is_set(self, path: tuple[str, ...]) -> bool:
        """Whether the last file that knows the way to a path sets it, through mappings only."""
        for fact in reversed(self._facts):
            node: Node | None = fact.parameters
            for key in path:
                if not isinstance(node, MappingNode):
                    return False
                entry = node.entries.get(key)
                node = entry.node if entry else None
                if node is None:
                    break
            if node is not None:
                return not isinstance(node, ScalarNode) or node.value is not None
        return False
