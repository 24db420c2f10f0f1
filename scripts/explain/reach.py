"""What changes when a line of the inventory does: first in the stacks, then in the clusters' own targets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.compile import trial
from scripts.explain.alternatives import Alternative, Leaf, Set, changed
from scripts.explain.answer import How
from scripts.explain.declared import KeyPath
from scripts.explain.effect import Objects, differences
from scripts.explain.fleet import FleetStudy
from scripts.explain.hits import Hit, Span
from scripts.explain.keyed import Path
from scripts.explain.study import StackStudy
from scripts.explain.variants import MONITORING
from scripts.explain.workshop import Workshop

Seen = tuple[str, Path, How]
FEW = 2
"""Other values that are tried where each needs the whole mixin."""


@dataclass(frozen=True, slots=True)
class Touch:
    """A field that changes with the line, in one target."""

    target: str
    file: str
    """Below the target's folder."""
    object: tuple[str, str]
    """Its kind and name."""
    path: Path
    how: How


def touches(workshop: Workshop, span: Span, hits: Sequence[Hit]) -> Iterator[Touch]:
    """Every field of every target that follows a line."""
    active = [hit for hit in hits if hit.active]
    for target in sorted({hit.target for hit in active if not workshop.is_cluster(hit.target)}):
        yield from _of_stack(workshop, target, span, [hit for hit in active if hit.target == target])
    for cluster in sorted({hit.target.partition(".")[0] for hit in active}):
        own = f"{cluster}.cluster"
        if own in workshop.origins.inventory.layout.targets:
            yield from _of_cluster(workshop.fleet(own), span, [hit for hit in active if _is_in(hit, cluster)])


def _is_in(hit: Hit, cluster: str) -> bool:
    return hit.target.partition(".")[0] == cluster


def _of_stack(workshop: Workshop, target: str, span: Span, hits: Sequence[Hit]) -> Iterator[Touch]:
    study = workshop.study(target)
    seen: set[Seen] = set()
    for leaf in _leaves(study.every_leaf, span, [hit.key for hit in hits]):
        for file, one in study.effect(leaf, None).differences:
            seen.add((file, one.path, one.kind))
    yield from _touches(target, study.objects, seen)
    for hit in hits:
        if hit.removed is not None:
            yield from _kept_out(study, target, hit)


def _kept_out(study: StackStudy, target: str, hit: Hit) -> Iterator[Touch]:
    """What would be there if the line did not take something out of the parameters."""
    leaf = Leaf(hit.key, "value", None, None, False, None, "", hit.key)
    try:
        objects = study.compiled(leaf, Set(hit.removed), None)
    except Exception:
        return
    found = differences(objects, study.objects)
    yield from _touches(
        target, objects, {(file, one.path, "absence") for file, one in found if one.kind == "presence"}
    )


def _of_cluster(study: FleetStudy, span: Span, hits: Sequence[Hit]) -> Iterator[Touch]:
    """The cluster's own target, with the line changed in all targets that it takes part in at once."""
    seen: set[Seen] = set()
    by_leaf = _by_leaf(study, span, hits)
    for component in trial.CLUSTER_COMPONENTS:
        reads = study.reads(component) if by_leaf else frozenset()
        for those in by_leaf:
            if any(leaf.declared in reads or leaf.kind == "name" for leaf in those.values()):
                seen |= _differ(study, component, those)
    yield from _touches(
        study.target, {file: study.base(file.partition("/")[0])[file] for file, *_ in seen}, seen
    )


def _by_leaf(study: FleetStudy, span: Span, hits: Sequence[Hit]) -> list[dict[str, Leaf]]:
    """What changes together: one thing, in each target that has it from the line."""
    found: dict[tuple[KeyPath, str], dict[str, Leaf]] = {}
    for target in sorted({hit.target for hit in hits}):
        keys = [hit.key for hit in hits if hit.target == target]
        for leaf in _leaves(study.every_leaf(target), span, keys):
            found.setdefault((leaf.path, leaf.kind), {})[target] = leaf
    return list(found.values())


def _differ(study: FleetStudy, component: str, those: Mapping[str, Leaf]) -> set[Seen]:
    target, leaf = next(iter(those.items()))
    others = study.alternatives(target, leaf)
    fleets = [_attempt(study, those, other) for other in others[: FEW if component == MONITORING else None]]
    variants = study.variants.many(study.fleet, [fleet for fleet in fleets if fleet is not None], component)
    base = study.base(component) if variants else {}
    return {(file, one.path, one.kind) for objects in variants for file, one in differences(base, objects)}


def _attempt(study: FleetStudy, those: Mapping[str, Leaf], other: Alternative) -> Any:
    try:
        changes = {
            name: changed(study.own_of(name), leaf, other, study.maps_in(name))
            for name, leaf in those.items()
        }
        return study.fleet_with(changes)
    except Exception:
        return None


def _leaves(every: Iterable[Leaf], span: Span, keys: Sequence[KeyPath]) -> list[Leaf]:
    """What a line decides in a target: the values at some keys, and the keys of entries that stand on it."""
    opened = tuple(map(str, span.key))

    def is_meant(leaf: Leaf) -> bool:
        is_here = leaf.kind == "value" or (leaf.kind == "key" and leaf.path[: len(opened)] == opened)
        return is_here and any(key[: len(leaf.path)] == leaf.path for key in keys)

    return [leaf for leaf in every if is_meant(leaf)]


def _touches(target: str, objects: Objects, seen: Iterable[Seen]) -> Iterator[Touch]:
    for file, path, how in sorted(seen):
        manifest = objects[file]
        yield Touch(target, file, (manifest["kind"], manifest["metadata"]["name"]), path, how)
