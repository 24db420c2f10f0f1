"""What a line of the inventory chooses: the entries of maps that it names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components.inventory.node import MappingNode, Node, plain_data
from scripts.explain.answer import Choice
from scripts.explain.declared import KeyPath, Place
from scripts.explain.hits import Hit, Span
from scripts.explain.reach import leaves_on
from scripts.explain.workshop import Workshop


def choices(workshop: Workshop, span: Span, hits: Sequence[Hit]) -> Iterator[Choice]:
    """Each entry that stacks find by a name on the line, once for all that have it from the same lines."""
    if not _may_choose(workshop, span, hits):
        return
    groups: dict[tuple[str, str, tuple[Place, ...]], list[str]] = {}
    for target, keys in _by_stack(workshop, hits).items():
        study = workshop.study(target)
        for leaf in leaves_on(study.every_leaf, span, keys):
            for path in study.chosen(leaf):
                found = ".".join(leaf.path), ".".join(path), _places(workshop, target, path)
                groups.setdefault(found, []).append(target)
    for key, entry, places in sorted(groups, key=lambda one: one[:2]):
        yield Choice(key, entry, places, tuple(groups[key, entry, places]))


def _may_choose(workshop: Workshop, span: Span, hits: Sequence[Hit]) -> bool:
    """Whether something on the line may be a key that is written anywhere: cheaper than to look at every stack."""
    if span.is_container:
        return True
    text = plain_data(span.node)
    if not isinstance(text, str):
        return False
    if "${" in text:
        return True
    inventory = workshop.origins.inventory
    units = {unit for hit in hits for unit in workshop.origins.chain(hit.target).units}
    roots = (inventory.source(unit).root for unit in units)
    return any(root is not None and _has_key(root, text) for root in roots)


def _has_key(node: Node, key: str) -> bool:
    if not isinstance(node, MappingNode):
        return False
    return key in node.entries or any(_has_key(one.node, key) for one in node.entries.values())


def _by_stack(workshop: Workshop, hits: Sequence[Hit]) -> dict[str, list[KeyPath]]:
    found: dict[str, list[KeyPath]] = {}
    for hit in sorted(hits, key=lambda one: one.target):
        if hit.active and not workshop.is_cluster(hit.target):
            found.setdefault(hit.target, []).append(hit.key)
    return found


def _places(workshop: Workshop, target: str, entry: KeyPath) -> tuple[Place, ...]:
    return tuple(line.place for line in workshop.parameters.at(target, entry).lines if line.active)
