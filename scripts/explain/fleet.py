"""What the fields of a cluster's own target come from: first which stacks take part in one, then their parameters.

A cluster has dozens of stacks, and most fields have to do with none or one. So a field is studied in the smallest
fleet in which it is what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

from components.cluster.load import load_fleet
from components.cluster.params import Fleet
from components.compile import trial
from components.stack.params import Stack
from scripts.explain import derived as derived_values
from scripts.explain.alternatives import (
    Alternative,
    Leaf,
    Maps,
    Rename,
    alternatives,
    changed,
    leaves,
    maps_of,
    name_leaf,
    value_at,
)
from scripts.explain.compare import Difference, counterpart
from scripts.explain.declared import KeyPath
from scripts.explain.derived import Derived, Plain
from scripts.explain.effect import A, C, Effect, Objects
from scripts.explain.keyed import Path
from scripts.explain.reading import read_by
from scripts.explain.variants import Variant, Variants

DETAILED = 3
"""Stacks whose parameters are studied where many take part in one field."""
Own = dict[str, Any]


@dataclass(frozen=True)
class Members:
    """The stacks that take part in a field, by their targets' names."""

    core: tuple[str, ...]
    """The smallest fleet in which the field is what it is."""
    alike: tuple[str, ...]
    """Stacks that do the same as the only one of the core, so that the field needs none of them alone."""
    needed: bool = True
    """Whether the field needs a stack at all."""


@dataclass(frozen=True)
class FleetEffect:
    """What a parameter of one target changes."""

    target: str
    effect: Effect[Leaf, Alternative]


class FleetStudy:
    """One cluster under study."""

    def __init__(self, target: str, parameters: Mapping[str, Mapping[str, Any]]) -> None:
        """``parameters``: rendered, of all targets of the cluster. Raises MistakesError when it cannot be compiled."""
        self.target = target
        self.cluster = target.rpartition(".")[0]
        self.fleet = load_fleet(target, parameters)
        self.own = trial.own_parameters(parameters[target])
        self.stacks = {f"{self.cluster}.{one.name}": one for one in self.fleet.stacks}
        self.stack_own = {name: trial.own_parameters(parameters[name]) for name in self.stacks}
        self.variants = Variants(target)
        self._base: dict[str, Objects] = {}
        self._around: dict[str, Objects] = {}
        self._cores: dict[tuple[str, tuple[str, ...]], Objects] = {}
        self._reads: dict[str, frozenset[KeyPath]] = {}
        self._maps: dict[str, Maps] = {}

    def base(self, component: str) -> Objects:
        """What a component is compiled to."""
        if component not in self._base:
            self._base[component] = self.variants.component(self.fleet, component)
        return self._base[component]

    def around(self, file: str) -> Objects:
        """The objects of a file's component, as far as a question about that file needs them: that one whole, and
        where the others are."""
        component = file.partition("/")[0]
        if component in self._base:
            return self._base[component]
        if file not in self._around:
            self._around[file] = self.variants.around(self.fleet, file)
        return self._around[file]

    @cached_property
    def objects(self) -> Objects:
        """Everything that the cluster's own target is compiled to, by file."""
        return {file: one for part in trial.CLUSTER_COMPONENTS for file, one in self.base(part).items()}

    def members(self, file: str, path: Path) -> Members:
        """The stacks that take part in a field."""
        names = list(self.stacks)
        if not names or self._same(file, path, [[]])[0]:
            return Members(tuple(names[:1]), tuple(names[1:]), needed=False)
        if (own := self._named_in(file)) and self._needs_only(file, path, own):
            return Members((own,), ())
        needed = self._needed(file, path, names)
        if needed:
            core = needed if self._same(file, path, [needed])[0] else self._smallest(file, path, names)
            return Members(tuple(core), ())
        alone = self._same(file, path, [[name] for name in names], names[:1])
        alike = [name for name, same in zip(names, alone, strict=True) if same]
        core = alike[:1] or self._smallest(file, path, names)
        return Members(tuple(core), tuple(alike[1:]))

    def _named_in(self, file: str) -> str | None:
        """The stack after which a file is named: most fields of such an object have to do with it alone."""
        words = f"-{file.rpartition('/')[2].rpartition('.')[0]}-"
        found = [name for name, one in self.stacks.items() if f"-{one.name}-" in words]
        return max(found, key=len, default=None)

    def _needs_only(self, file: str, path: Path, name: str) -> bool:
        """Whether a field needs one stack, and with it no other."""
        alone, without = self._same(file, path, [[name], [one for one in self.stacks if one != name]])
        return alone and not without

    def _needed(self, file: str, path: Path, names: list[str]) -> list[str]:
        """The stacks without each of which alone the field is another. A group that is not missed holds none."""
        groups = [names]
        found: set[str] = set()
        while groups:
            fewer = [[one for one in self.stacks if one not in group] for group in groups]
            missed = [
                group for group, same in zip(groups, self._same(file, path, fewer), strict=True) if not same
            ]
            found |= {group[0] for group in missed if len(group) == 1}
            halves = [
                (group[: len(group) // 2], group[len(group) // 2 :]) for group in missed if len(group) > 1
            ]
            groups = [half for both in halves for half in both]
        return [name for name in names if name in found]

    def _smallest(self, file: str, path: Path, names: list[str]) -> list[str]:
        """Leave out one stack after the other as long as the field stays."""
        kept = names
        for name in names:
            fewer = [one for one in kept if one != name]
            if self._same(file, path, [fewer])[0]:
                kept = fewer
        return kept

    def _same(
        self, file: str, path: Path, fleets: Sequence[list[str]], like: Sequence[str] = ()
    ) -> list[bool]:
        """Whether a field is the same in each of some smaller fleets; most are ``like`` one of them."""
        base = self.around(file)
        makes = [Variant(partial(self._smaller, names)) for names in fleets]
        found = self.variants.differing(base, file, path, makes, self._smaller(like) if like else None)
        return [
            these is not None and _effect(None, file, dict.fromkeys(these, True)).on(file, path) is None
            for these in found
        ]

    def path_in(self, file: str, path: Path, members: Members) -> Path:
        """Where a field stands in the object of the smallest fleet, which has fewer items in its lists."""
        small = self._core(file, members)
        return counterpart(self.around(file)[file], small[file], path) or path

    def _core(self, file: str, members: Members) -> Objects:
        """The objects of a file's component in the smallest fleet, as ``around`` has them."""
        if (file, members.core) not in self._cores:
            self._cores[file, members.core] = self.variants.around(self._core_fleet(members), file)
        return self._cores[file, members.core]

    def _core_fleet(self, members: Members) -> Fleet:
        """The smallest fleet, of stacks without anything that was computed before."""
        return self._fleet(self.own, {name: self._fresh(name) for name in members.core})

    def effects_on(self, file: str, path: Path, members: Members) -> list[FleetEffect]:
        """What each parameter of the cluster and of some of its members changes in one field of the smallest fleet;
        those without effect are left out."""
        stacks = {name: self._fresh(name) for name in members.core}
        base = self._core(file, members)
        causes = self._causes(file, stacks)
        tries = [(index, other) for index, cause in enumerate(causes) for other in self.alternatives(*cause)]
        makes = [self._changed(*causes[index], other, stacks) for index, other in tries]
        seen: dict[int, dict[Difference, Alternative]] = {}
        found = self.variants.differing(base, file, path, makes, self._fleet(self.own, stacks))
        for (index, other), these in zip(tries, found, strict=True):
            for one in these or ():
                seen.setdefault(index, {}).setdefault(one, other)
        effects = [
            FleetEffect(causes[index][0], _effect(causes[index][1], file, changed_))
            for index, changed_ in seen.items()
        ]
        return [one for one in effects if one.effect.on(file, path) is not None]

    def derived_effects_on(self, file: str, path: Path, members: Members) -> list[Effect[Derived, Plain]]:
        """What each derived value of the only member changes in one field; nothing where there are several."""
        if len(members.core) != 1:
            return []
        name = members.core[0]
        base = self._core(file, members)
        used = derived_values.used_by(lambda: self.variants.read_for(self._core_fleet(members), file))
        tries = [
            (one, other)
            for one, value in derived_values.values(self.stacks[name]).items()
            if one in used
            for other in one.different(value)
        ]
        makes = [
            Variant(
                partial(self._core_fleet, members),
                partial(derived_values.replaced, *one),
            )
            for one in tries
        ]
        seen: dict[Derived, dict[Difference, Plain]] = {}
        found = self.variants.differing(base, file, path, makes, self._core_fleet(members))
        for (one, other), these in zip(tries, found, strict=True):
            for difference in these or ():
                seen.setdefault(one, {}).setdefault(difference, other)
        return [_effect(one, file, found) for one, found in seen.items()]

    def unpatched(self, file: str) -> Callable[[], Objects]:
        """Compiles what is around a file as its builders return it, without overrides."""
        fleet = self._fleet({**self.own, "overrides": {}}, self.stacks)
        return lambda: self.variants.around(fleet, file)

    def _causes(self, file: str, stacks: Mapping[str, Stack]) -> list[tuple[str, Leaf]]:
        """What can change, with the target that has it: first of the cluster, then of some stacks alone."""
        whole = self._fleet(self.own, stacks)
        reads = read_by(lambda: self.variants.read_for(whole, file))
        of_stacks = {name: reads.of(one.params, leaves(one.params)) for name, one in stacks.items()}
        read = {leaf.path for found in of_stacks.values() for leaf in found}
        every = list(leaves(whole.params))
        read |= {leaf.path for leaf in reads.of(whole.params, every)}
        causes = [(self.target, leaf) for leaf in every if leaf.path in read]
        paths = {leaf.path for _, leaf in causes}
        for name in list(stacks)[:DETAILED]:
            own = (
                leaf for leaf in of_stacks[name] if leaf.path not in paths or not self._is_shared(name, leaf)
            )
            causes += [(name, leaf) for leaf in (name_leaf(stacks[name].name), *own)]
        return causes

    def alternatives(self, target: str, leaf: Leaf) -> list[Alternative]:
        """What a leaf of one of the cluster's targets could be instead."""
        return alternatives(leaf, self.maps_in(target))

    def reads(self, component: str) -> frozenset[KeyPath]:
        """Paths of the fields of parameter models that a component reads, of the cluster or of any of its stacks."""
        if component not in self._reads:
            stacks = {name: self._fresh(name) for name in self.stacks}
            whole = self._fleet(self.own, stacks)
            reads = read_by(lambda: self.variants.read(whole, component))
            models = [whole.params, *(one.params for one in stacks.values())]
            self._reads[component] = frozenset(path for model in models for path in reads.paths(model))
        return self._reads[component]

    def fleet_with(self, own: Own | None, stacks: Mapping[str, Stack]) -> Fleet:
        """The cluster with other parameters of its own, and with other ones of some stacks in their places."""
        members = (stacks.get(name, one) for name, one in self.stacks.items())
        return replace(self.fleet if own is None else self._fleet(own, {}), stacks=tuple(members))

    def maps_in(self, target: str) -> Maps:
        """The maps of one of the cluster's targets that names may lead into."""
        if target not in self._maps:
            self._maps[target] = maps_of(
                self.fleet.params if target == self.target else self.stacks[target].params
            )
        return self._maps[target]

    @cached_property
    def every_leaf(self) -> list[Leaf]:
        """Everything that can change in the cluster's own target."""
        return list(leaves(self.fleet.params))

    def _is_shared(self, name: str, leaf: Leaf) -> bool:
        """Whether a stack has a parameter from where the cluster's own target has it."""
        return bool(value_at(self.stack_own[name], leaf.path) == value_at(self.own, leaf.path))

    def _changed(self, target: str, leaf: Leaf, other: Alternative, stacks: Mapping[str, Stack]) -> Variant:
        """The cluster with one thing changed: in its own target and in every stack that has it from the same line,
        or in one stack."""

        def make() -> Fleet:
            if target != self.target:
                return self._fleet(self.own, {**stacks, target: self._stack(target, leaf, other)})
            touched = {name: self._stack(name, leaf, other) for name in stacks if self._is_shared(name, leaf)}
            return self._fleet(
                changed(self.own, leaf, other, self.maps_in(self.target)), {**stacks, **touched}
            )

        return Variant(make, changes=leaf.declared or None)

    def _stack(self, name: str, leaf: Leaf, other: Alternative) -> Stack:
        own = changed(self.stack_own[name], leaf, other, self.maps_in(name))
        if leaf.kind == "name" and isinstance(other, Rename):
            return trial.stack(f"{self.cluster}.{other.name}", own)
        return trial.stack(name, own)

    def _fresh(self, name: str) -> Stack:
        """A stack without anything that was computed before."""
        one = self.stacks[name]
        return Stack(one.name, one.params)

    def _smaller(self, names: Iterable[str]) -> Fleet:
        return self._fleet(self.own, {name: self.stacks[name] for name in names})

    def _fleet(self, own: Own, stacks: Mapping[str, Stack]) -> Fleet:
        return trial.fleet(own, stacks.values())


def _effect(cause: C, file: str, found: Mapping[Difference, A]) -> Effect[C, A]:
    return Effect(cause, {(file, one): other for one, other in found.items()}, ())
