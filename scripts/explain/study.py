"""What the fields of one stack come from, found by changing one parameter after the other and compiling again.

A parameter that changes a field when it changes is one that the field comes from. The same is asked of the derived
values, so that a number can be shown with its formula. Compiling in memory takes a fraction of a millisecond, and
parameters that no builder of a component reads are not tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any

from components.compile import trial
from components.stack.load import load_stack
from components.stack.params import Stack, StackParams
from scripts.explain import derived as derived_values
from scripts.explain.alternatives import (
    Alternative,
    Leaf,
    Maps,
    Remove,
    Rename,
    Set,
    alternatives,
    changed,
    leaves,
    maps_of,
    name_leaf,
)
from scripts.explain.compare import counterparts
from scripts.explain.declared import KeyPath, UnknownKey, declared, model_of
from scripts.explain.derived import Derived, Plain
from scripts.explain.effect import Effect, Objects, decides, measure
from scripts.explain.keyed import Path
from scripts.explain.reading import read_by

LeafEffect = Effect[Leaf, Alternative]
DerivedEffect = Effect[Derived, Plain]


class StackStudy:
    """One stack under study."""

    def __init__(self, target: str, parameters: Mapping[str, Any], known: Stack | None = None) -> None:
        """``parameters`` as rendered; ``known``: the stack that they make. Raises MistakesError when it cannot be
        compiled."""
        self.target = target
        self.stack = known or load_stack(target, parameters)
        self.own = trial.own_parameters(parameters)
        self._base: dict[str, Objects] = {}
        self._leaves: dict[str, list[Leaf]] = {}
        self._effects: dict[str, list[LeafEffect]] = {}
        self._derived: dict[str, list[DerivedEffect]] = {}

    @cached_property
    def objects(self) -> Objects:
        """Everything that the stack is compiled to, by file."""
        return trial.stack_manifests(self.target, self.fresh())

    def base(self, component: str) -> Objects:
        """What one component is compiled to."""
        if component not in self._base:
            self._base[component] = trial.stack_manifests(self.target, self.fresh(), component)
        return self._base[component]

    def leaves(self, component: str) -> list[Leaf]:
        """What can change in a component: the target's name and the parameters that its builders read."""
        if component not in self._leaves:
            stack = self.fresh()
            reads = read_by(lambda: trial.stack_manifests(self.target, stack, component))
            self._leaves[component] = [self.name, *reads.of(stack.params, leaves(stack.params))]
        return self._leaves[component]

    @property
    def name(self) -> Leaf:
        """The target's name."""
        return name_leaf(self.stack.name)

    @cached_property
    def every_leaf(self) -> list[Leaf]:
        """Everything that can change."""
        return [self.name, *leaves(self.stack.params)]

    @cached_property
    def maps(self) -> Maps:
        """The maps that names may lead into."""
        return maps_of(self.stack.params)

    def alternatives(self, leaf: Leaf) -> list[Alternative]:
        """What a leaf could be instead."""
        return alternatives(leaf, self.maps)

    def variant(self, leaf: Leaf, other: Alternative) -> tuple[str, Stack]:
        """The stack with one thing changed, and its target's name."""
        target = self.target
        if leaf.kind == "name" and isinstance(other, Rename):
            target = f"{target.rpartition('.')[0]}.{other.name}"
        return target, trial.stack(target, changed(self.own, leaf, other, self.maps))

    def compiled(self, leaf: Leaf, other: Alternative, component: str | None) -> Objects:
        """A component, or everything, with one thing changed. Raises what the builders run into."""
        target, stack = self.variant(leaf, other)
        return trial.stack_manifests(target, stack, component)

    def effects(self, component: str) -> list[LeafEffect]:
        """What each parameter changes in a component."""
        if component not in self._effects:
            self._effects[component] = [self.effect(leaf, component) for leaf in self.leaves(component)]
        return self._effects[component]

    def effect(self, leaf: Leaf, component: str | None) -> LeafEffect:
        """What one parameter changes in a component, or in all of the stack."""
        base = self.objects if component is None else self.base(component)
        return measure(
            leaf,
            self.alternatives(leaf),
            base,
            lambda other: self.compiled(leaf, other, component),
        )

    def effects_on(self, file: str, path: Path) -> list[LeafEffect]:
        """What each parameter changes in one object, as far as one field needs it. Those without effect are left
        out."""
        component = file.partition("/")[0]
        if component in self._effects:
            found = self._effects[component]
        else:
            found = [self._effect_on(leaf, component, file, path) for leaf in self.leaves(component)]
        return [effect for effect in found if effect.on(file, path) is not None]

    def _effect_on(self, leaf: Leaf, component: str, file: str, path: Path) -> LeafEffect:
        base = self.base(component)

        def compiled(other: Alternative) -> Objects:
            return _only(base, self.compiled(leaf, other, component), file)

        others = self.alternatives(leaf)
        return measure(leaf, others, {file: base[file]}, compiled, decides(file, path))

    def derived_effects(self, component: str) -> list[DerivedEffect]:
        """What each derived value changes in a component."""
        if component not in self._derived:
            base = self.base(component)
            fresh = self.fresh()
            used = derived_values.used_by(lambda: trial.stack_manifests(self.target, fresh, component))
            self._derived[component] = [
                measure(one, one.different(value), base, partial(self._with, component, one))
                for one, value in derived_values.values(self.stack).items()
                if one in used
            ]
        return self._derived[component]

    def _with(self, component: str, one: Derived, value: Plain) -> Objects:
        with derived_values.replaced(one, value):
            return trial.stack_manifests(self.target, self.fresh(), component)

    def depends(self, one: Derived, leaf: Leaf, frozen: Mapping[Derived, Plain] | None = None) -> bool:
        """Whether a derived value follows a parameter, other than through the values in ``frozen``."""
        own = one.of(self.stack)
        for other in self.alternatives(leaf):
            try:
                _, stack = self.variant(leaf, other)
                with derived_values.all_replaced(frozen or {}):
                    value = one.of(stack)
            except Exception:  # noqa: S112 - such a stack has no such value
                continue
            if value != own or type(value) is not type(own):
                return True
        return False

    def feeds(self, one: Derived, other: Derived) -> bool:
        """Whether a derived value decides another one."""
        own = other.of(self.stack)
        for value in one.different(derived_values.values(self.stack)[one]):
            try:
                with derived_values.replaced(one, value):
                    found = other.of(self.fresh())
            except Exception:  # noqa: S112 - such a stack has no such value
                continue
            if found != own:
                return True
        return False

    def choosers(self, path: KeyPath) -> list[Leaf]:
        """Parameters that choose the entries of maps which a path leads through: ``serving.pool`` for
        ``cluster.pools.h100.nodes``. They hold the entry's key, and with a name of nothing, nothing is found."""
        keys = {path[index] for index in range(len(path) - 1) if self._is_model_entry(path[: index + 1])}
        found = [leaf for leaf in self.references if leaf.value in keys and leaf.path != path]
        for leaf in list(found):
            found += [one for one in self.choosers(leaf.path) if one not in found]
        return found

    def _is_model_entry(self, path: KeyPath) -> bool:
        try:
            known = declared(StackParams, path)
        except UnknownKey:
            return False
        return known.is_entry and model_of(known.annotation) is not None

    @cached_property
    def references(self) -> list[Leaf]:
        """Parameters that must name an entry of a map of models."""
        keys = set(self.maps.entries)
        texts = [leaf for leaf in self.every_leaf if leaf.kind == "value" and isinstance(leaf.value, str)]
        return [leaf for leaf in texts if leaf.value in keys and self._is_reference(leaf)]

    def chosen(self, leaf: Leaf) -> list[KeyPath]:
        """The entries of maps that a parameter chooses: ``cluster.pools.h100`` for ``serving.pool``."""
        if leaf.kind != "value" or not isinstance(leaf.value, str) or not self._is_reference(leaf):
            return []
        maps = self.maps.entries.get(leaf.value, ())
        return [
            (*path, leaf.value)
            for path in maps
            if self._leads_nowhere(leaf, tuple(one for one in maps if one != path))
        ]

    def _is_reference(self, leaf: Leaf) -> bool:
        """Whether a parameter that names nothing cannot be compiled for just that."""
        return Set(f"{leaf.value}-x") in self.alternatives(leaf) and self._leads_nowhere(leaf, ())

    def _leads_nowhere(self, leaf: Leaf, maps: tuple[KeyPath, ...]) -> bool:
        """Whether a name that only some maps have an entry for cannot be compiled for just that."""
        nowhere = f"{leaf.value}-nowhere"
        try:
            own = changed(self.own, leaf, Set(nowhere), Maps({leaf.value: maps}, {}, {}))
            trial.stack_manifests(self.target, trial.stack(self.target, own))
        except KeyError as error:
            return nowhere in error.args
        except Exception:
            return False
        return False

    def unpatched(self, component: str) -> Callable[[], Objects]:
        """Compiles a component as its builders return it, without overrides."""
        stack = trial.stack(self.target, {**self.own, "overrides": {}})
        return lambda: trial.stack_manifests(self.target, stack, component)

    def fresh(self) -> Stack:
        """The stack without anything that was computed before."""
        return Stack(self.stack.name, self.stack.params)


def _only(base: Objects, objects: Objects, file: str) -> Objects:
    """The object that stands for one file, under its name."""
    found = counterparts(base, objects)
    return {file: found[file]} if file in found else {}


__all__ = ["DerivedEffect", "LeafEffect", "Remove", "StackStudy"]
