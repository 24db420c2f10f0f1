"""What changes when a line of the inventory does: in the stacks of a cluster, then in the cluster's own target."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from components.cluster.params import TARGET
from components.compile import trial
from components.stack.params import Stack
from scripts.aside import Aside
from scripts.explain.alternatives import Alternative, Leaf, Rename, Set, changed
from scripts.explain.answer import How
from scripts.explain.compare import counterparts
from scripts.explain.declared import KeyPath
from scripts.explain.effect import Objects, differences
from scripts.explain.fleet import FleetStudy, Own
from scripts.explain.hits import Hit, Span
from scripts.explain.keyed import Path
from scripts.explain.placeholders import General, generalised
from scripts.explain.telling import Seen, Telling
from scripts.explain.variants import MONITORING
from scripts.explain.workshop import Workshop

FEW = 2
"""Other values that are tried where each needs the whole mixin."""
MANY = 4
"""From so many things that change on, it is cheaper to find out first what a component reads."""


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
    clusters = sorted({_cluster(hit) for hit in active})
    # Halves on one processor too: what is learned in a cluster saves questions in the next of the same half.
    other = Aside(partial(_in_clusters, workshop, span, active, clusters[1::2])) if clusters[1:] else None
    yield from _in_clusters(workshop, span, active, clusters[::2])
    if other is not None:
        yield from other.result()


def _in_clusters(
    workshop: Workshop, span: Span, active: Sequence[Hit], clusters: Iterable[str]
) -> list[Touch]:
    telling = Telling()
    return [
        touch
        for cluster in clusters
        for touch in _Trials(workshop, cluster, [hit for hit in active if _cluster(hit) == cluster]).touches(
            span, telling
        )
    ]


def _cluster(hit: Hit) -> str:
    return hit.target.partition(".")[0]


class _Trials:
    """One cluster in which a line takes part."""

    def __init__(self, workshop: Workshop, cluster: str, hits: Sequence[Hit]) -> None:
        self._hits = hits
        own = f"{cluster}.{TARGET}"
        is_there = own in workshop.origins.inventory.layout.targets
        self._fleet = workshop.fleet(own) if is_there else None
        names = sorted({hit.target for hit in hits} - {own})
        self._studies = {name: workshop.study(name) for name in names}
        self._general = {name: generalised(cluster, [one.stack]) for name, one in self._studies.items()}
        if self._fleet is not None:
            self._general[own] = generalised(cluster, self._fleet.fleet.stacks)
        self._variants: dict[tuple[str, str], Stack] = {}
        self._added: dict[str, dict[str, dict[str, Any]]] = {}
        self._looks = False

    def touches(self, span: Span, telling: Telling) -> Iterable[Touch]:
        """Every field of the cluster's targets that follows the line, each once."""
        return dict.fromkeys((*self._followed(span, telling), *self._kept_out()))

    def _followed(self, span: Span, telling: Telling) -> Iterator[Touch]:
        seen: dict[str, set[Seen]] = {}
        groups = self._by_leaf(span)
        self._looks = len(groups) >= MANY
        for those in groups:
            self._forget()
            for target, leaf in those.items():
                if target in self._studies:
                    seen.setdefault(target, set()).update(self._of_stack(target, leaf, telling))
            if self._fleet is not None:
                seen.setdefault(self._fleet.target, set()).update(
                    self._of_cluster(self._fleet, those, telling)
                )
        for target, found in seen.items():
            yield from _touches(target, self._objects(target, found), found)

    def _by_leaf(self, span: Span) -> list[dict[str, Leaf]]:
        """What changes together: one thing, in each target that has it from the line."""
        found: dict[tuple[KeyPath, str], dict[str, Leaf]] = {}
        for target in sorted({hit.target for hit in self._hits}):
            keys = [hit.key for hit in self._hits if hit.target == target]
            for leaf in leaves_on(self._every_leaf(target), span, keys):
                found.setdefault((leaf.path, leaf.kind), {})[target] = leaf
        return list(found.values())

    def _every_leaf(self, target: str) -> list[Leaf]:
        if target in self._studies:
            return self._studies[target].every_leaf
        return self._fleet.every_leaf if self._fleet is not None else []

    def _objects(self, target: str, found: Iterable[Seen]) -> Objects:
        added = self._added.get(target, {})
        if target in self._studies or self._fleet is None:
            return {**added, **self._studies[target].objects}
        bases = [self._fleet.base(component) for component in {file.partition("/")[0] for file, *_ in found}]
        return {**added, **{file: one for base in bases for file, one in base.items()}}

    def _seen(
        self, target: str, base: Objects, objects: Objects, by: tuple[Leaf, Alternative]
    ) -> Iterator[Seen]:
        """What another value changes, takes away and adds."""
        for file, one in differences(base, objects):
            yield file, one.path, one.kind
        for file, path in _added(base, objects, *by):
            self._added.setdefault(target, {})[file] = objects[file]
            yield file, path, "absence"

    def _of_stack(self, target: str, leaf: Leaf, telling: Telling) -> Collection[Seen]:
        study = self._studies[target]
        others = study.alternatives(leaf)

        def answer(number: int) -> Collection[Seen]:
            try:
                stack = self._variant(target, leaf, others[number])
                objects = trial.stack_manifests(target, stack)
            except Exception:
                return ()
            if self._fleet is not None:
                self._fleet.variants.know(stack, objects.values())
            return set(self._seen(target, study.objects, objects, (leaf, others[number])))

        return telling.ask(("stack", *_key(leaf, others)), len(others), answer, self._without_names(target))

    def _variant(self, target: str, leaf: Leaf, other: Alternative) -> Stack:
        """A stack with one thing changed, made once for its own target and the cluster's."""
        key = (target, repr(other))
        if key not in self._variants:
            self._variants[key] = self._studies[target].variant(leaf, other)[1]
        return self._variants[key]

    def _forget(self) -> None:
        """Variants that nobody asks for any more."""
        if self._fleet is not None:
            self._fleet.variants.forget(self._variants.values())
        self._variants.clear()

    def _of_cluster(self, study: FleetStudy, those: Mapping[str, Leaf], telling: Telling) -> Collection[Seen]:
        """The cluster's own target, with one thing changed in all targets that have it from the line at once."""
        target, leaf = next(iter(those.items()))
        others = study.alternatives(target, leaf)
        silent: set[str] = set()

        def answer(number: int) -> Iterable[Seen]:
            try:
                fleet = study.fleet_with(*self._changed(study, those, others[number]))
            except Exception:
                return
            for component in trial.CLUSTER_COMPONENTS:
                if component == MONITORING and number >= FEW:
                    continue
                if (self._looks or component in silent) and leaf.declared not in study.reads(component):
                    continue
                silent.add(component)
                for objects in study.variants.many(study.fleet, [fleet], component):
                    for seen in self._seen(
                        study.target, study.base(component), objects, (leaf, others[number])
                    ):
                        silent.discard(component)
                        yield seen

        general = self._without_names(study.target)
        return telling.ask(
            ("cluster", *_key(leaf, others)), len(others), lambda one: set(answer(one)), general
        )

    def _changed(
        self, study: FleetStudy, those: Mapping[str, Leaf], other: Alternative
    ) -> tuple[Own | None, dict[str, Stack]]:
        """The cluster's own parameters and its stacks, as far as one thing changes them."""
        stacks = {
            name: self._variant(name, leaf, other) for name, leaf in those.items() if name in self._studies
        }
        if study.target not in those:
            return None, stacks
        return changed(study.own, those[study.target], other, study.maps_in(study.target)), stacks

    def _kept_out(self) -> Iterator[Touch]:
        """What would be there if the line did not take something out of the parameters."""
        stacks: dict[str, Stack] = {}
        own: Own | None = None
        for hit in self._hits:
            if hit.removed is None:
                continue
            leaf = Leaf(hit.key, "value", None, None, False, None, "", hit.key)
            try:
                if hit.target in self._studies:
                    stacks[hit.target] = self._studies[hit.target].variant(leaf, Set(hit.removed))[1]
                elif self._fleet is not None:
                    maps = self._fleet.maps_in(hit.target)
                    own = changed(self._fleet.own, leaf, Set(hit.removed), maps)
            except Exception:  # noqa: S112 - there would be nothing that can be compiled
                continue
        for name, stack in stacks.items():
            compiled = partial(trial.stack_manifests, name, stack)
            yield from _gone(name, compiled, self._studies[name].objects)
        if self._fleet is not None and (stacks or own is not None):
            whole = self._fleet.fleet_with(own, stacks)
            for component in trial.CLUSTER_COMPONENTS:
                make = partial(self._fleet.variants.component, whole, component)
                yield from _gone(self._fleet.target, make, self._fleet.base(component))

    def _without_names(self, target: str) -> Any:
        general: General = self._general[target]

        def without(seen: Seen) -> Seen:
            file, path, how = seen
            return general(file), tuple(map(general, path)), how

        return without


def _key(leaf: Leaf, others: Sequence[Alternative]) -> tuple[Any, ...]:
    return leaf.path, leaf.kind, repr(leaf.value), repr(others)


def _added(
    base: Objects, objects: Objects, leaf: Leaf, other: Alternative
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What another value would add: whole objects, and fields too where the line says nothing, no or none."""
    if isinstance(other, Rename):
        return
    if leaf.value is None or leaf.value in (False, "", [], {}):
        yield from ((file, one.path) for file, one in differences(objects, base) if one.kind == "presence")
    elif objects.keys() - base.keys():
        yield from ((file, ()) for file in objects.keys() - counterparts(objects, base).keys())


def _gone(target: str, make: Callable[[], Objects], base: Objects) -> Iterator[Touch]:
    """What other objects have and those of a target have not; nothing where the others cannot be made."""
    try:
        objects = make()
    except Exception:
        return
    gone = ((file, one.path) for file, one in differences(objects, base) if one.kind == "presence")
    yield from _touches(target, objects, ((file, path, "absence") for file, path in gone))


def leaves_on(every: Iterable[Leaf], span: Span, keys: Sequence[KeyPath]) -> list[Leaf]:
    """What a line decides in a target: the values at some keys, and the keys of entries that stand on it."""
    opened = tuple(map(str, span.key))

    def narrowed(leaf: Leaf) -> Leaf:
        """Only the item of a list that stands on the line."""
        if not isinstance(leaf.value, list) or len(opened) <= len(leaf.path):
            return leaf
        index = opened[len(leaf.path)]
        is_item = opened[: len(leaf.path)] == leaf.path and index.isdigit() and int(index) < len(leaf.value)
        return replace(leaf, item=int(index)) if is_item else leaf

    def is_meant(leaf: Leaf) -> bool:
        is_here = leaf.kind == "value" or (leaf.kind == "key" and leaf.path[: len(opened)] == opened)
        return is_here and any(key[: len(leaf.path)] == leaf.path for key in keys)

    return [narrowed(leaf) for leaf in every if is_meant(leaf)]


def _touches(target: str, objects: Objects, seen: Iterable[Seen]) -> Iterator[Touch]:
    for file, path, how in sorted(seen):
        manifest = objects[file]
        yield Touch(target, file, (manifest["kind"], manifest["metadata"]["name"]), path, how)
