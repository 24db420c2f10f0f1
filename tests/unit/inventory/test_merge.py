from __future__ import annotations

import pytest

from components.inventory.merge import MappingBuilder, merge, merge_all
from components.inventory.node import ScalarNode
from components.inventory.value import (
    Broken,
    Definition,
    Failure,
    Literal,
    Mapping,
    Sequence,
    data,
    definitions,
)


def at(line: int) -> tuple[Definition, ...]:
    return (Definition("f.yml", line, 1, ("k",), "", ScalarNode(None, "", True, False, line, 1, line)),)


def literal(value: str | int | None, line: int = 1) -> Literal:
    return Literal(value, at(line))


def mapping(line: int = 1, *, constant: str = "", override: str = "", **items: int) -> Mapping:
    builder = MappingBuilder()
    for key, value in items.items():
        builder.insert(key, literal(value, line), key == constant, key == override)
    return builder.build(at(line))


def test_null_replaces_and_is_replaced() -> None:
    assert data(merge_all([mapping(a=1), literal(None), Sequence((literal(1),), at(3))])) == [1]


def test_lists_are_appended() -> None:
    both = merge(Sequence((literal(1),), at(1)), Sequence((literal(1), literal(2)), at(2)))
    assert data(both) == [1, 1, 2]
    assert [one.line for one in definitions(both)] == [1, 2]


def test_history_is_kept_in_order() -> None:
    merged = merge_all([literal("a", 1), literal("b", 2), literal(None, 3), literal("c", 4)])
    assert [(one.line, one.active) for one in definitions(merged)] == [
        (1, False),
        (2, False),
        (3, False),
        (4, True),
    ]


def test_a_failure_gives_way_to_a_scalar_only() -> None:
    failure = Failure(Broken("rule", "message", "remedy", None), at(1))
    assert data(merge(failure, literal("x"))) == "x"
    with pytest.raises(Broken, match="message"):
        merge(failure, mapping())
    with pytest.raises(Broken, match="message"):
        merge(mapping(), failure)


def test_a_constant_may_be_removed_with_its_parent() -> None:
    assert data(merge(mapping(constant="a", a=1), literal(None))) is None
    with pytest.raises(Broken, match="constant"):
        merge(mapping(constant="a", a=1), mapping(2, a=2))


def test_nothing_merges_to_null() -> None:
    assert data(merge_all([])) is None
