"""Many variants of one cluster, compiled as cheaply as each component allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from components.cluster.params import Fleet
from components.common.manifest import Manifest, key
from components.compile import trial
from components.stack.params import Stack
from scripts.explain import mixin, papers
from scripts.explain.compare import counterparts
from scripts.explain.effect import Objects

MONITORING = "monitoring"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant of a cluster."""

    make: Callable[[], Fleet]
    """Makes it, or raises what is wrong with it."""
    within: Callable[[], AbstractContextManager[object]] = nullcontext
    """What holds while it is compiled: a derived value that is another."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    fleet: Fleet
    mixin: mixin.Parameters | None
    """The mixin's argument, where it is needed; None where nothing is monitored."""
    within: Callable[[], AbstractContextManager[object]]


class Variants:
    """Compiles variants of one cluster's own target."""

    def __init__(self, target: str) -> None:
        """``target``: ``<cluster>.cluster``."""
        self.target = target
        self._mixin_kinds: dict[mixin.Parameters, mixin.Kinds] = {}
        self._alerts: dict[mixin.Parameters, str] = {}
        self._stack_kinds: dict[Stack, mixin.Kinds] = {}

    def component(self, fleet: Fleet, component: str) -> Objects:
        """All objects of one component. Raises what the builders run into."""
        params = mixin.parameters(fleet) if _needs_mixin(component, "") else None
        self._learn(component, "", [params])
        return self._built(fleet, component, "", params)

    def _built(self, fleet: Fleet, component: str, file: str, params: mixin.Parameters | None) -> Objects:
        if _needs_kinds(component, file):
            fleet = self._with_kinds(fleet, params)
        if component in papers.FOLDERS:
            return papers.compiled(fleet, component, file, self._alerts)
        return trial.cluster_manifests(self.target, fleet, component)

    def read(self, fleet: Fleet, component: str) -> None:
        """Read what the builders of a component read."""
        if component == MONITORING:
            mixin.parameters(fleet)
        else:
            self.component(fleet, component)

    def compiled(
        self, base: Objects, file: str, variants: Iterable[Variant], like: Fleet | None = None
    ) -> list[Objects | None]:
        """The object that stands for ``file`` of ``base`` in each variant; None where a variant cannot be compiled.

        ``base`` holds all objects of the component; ``like`` is what it was compiled from, where most variants differ
        from it in little.
        """
        component = file.partition("/")[0]
        needs = component == MONITORING or _needs_mixin(component, file)
        found = [_attempt(partial(_prepared, one, needs=needs)) for one in variants]
        params = [one.mixin for one in found if one and one.mixin is not None]
        own = mixin.parameters(like) if needs and like is not None else None
        if component == MONITORING:
            made = mixin.objects(params, mixin.wanted(base.values(), base[file]), own)
            return [self._monitor(file, one, made) if one else None for one in found]
        self._learn(component, file, params, own)
        return [_attempt(partial(self._object, base, file, one, component)) if one else None for one in found]

    def many(self, base: Fleet, fleets: Iterable[Fleet], component: str) -> list[Objects]:
        """All objects of one component in each variant in which it may see a difference to ``base``; variants that
        cannot be compiled are left out."""
        variants = list(fleets)
        if component == MONITORING:
            arguments = {mixin.parameters(base)}
            distinct = []
            for fleet in variants:
                params = _attempt(partial(mixin.parameters, fleet))
                if params not in arguments:
                    arguments.add(params)
                    distinct.append(fleet)
            variants = distinct
        found = (_attempt(partial(self.component, fleet, component)) for fleet in variants)
        return [objects for objects in found if objects is not None]

    def _object(self, base: Objects, file: str, one: _Prepared, component: str) -> Objects:
        with one.within():
            return only(base, self._built(one.fleet, component, file, one.mixin), file)

    def _monitor(
        self, file: str, one: _Prepared, made: Mapping[mixin.Parameters, Manifest | None]
    ) -> Objects | None:
        if one.mixin is not None and one.mixin not in made:
            return None
        manifest = made[one.mixin] if one.mixin is not None else None
        if manifest is None:
            return {}
        with one.within():
            placed = trial.cluster_manifests(self.target, one.fleet, MONITORING, [manifest])
        return dict.fromkeys([file], next(iter(placed.values())))

    def _with_kinds(self, fleet: Fleet, params: mixin.Parameters | None) -> Fleet:
        """The fleet with what is compiled of it."""
        kinds = {one.name: self._kinds_of_stack(one) for one in fleet.stacks}
        kinds |= {part: trial.cluster_kinds(fleet, part) for part in trial.CLUSTER_COMPONENTS[:2]}
        kinds[MONITORING] = self._mixin_kinds[params] if params is not None else frozenset()
        return replace(fleet, kinds=kinds)

    def _learn(
        self,
        component: str,
        file: str,
        params: Iterable[mixin.Parameters | None],
        like: mixin.Parameters | None = None,
    ) -> None:
        """What a component needs of what the mixin makes of each argument, in one evaluation."""
        known = [one for one in params if one is not None]
        if _needs_kinds(component, file):
            self._mixin_kinds |= mixin.kinds((one for one in known if one not in self._mixin_kinds), like)
        if papers.needs_alerts(component):
            self._alerts |= mixin.alerts((one for one in known if one not in self._alerts), like)

    def know(self, stack: Stack, manifests: Iterable[Manifest]) -> None:
        """What a stack is compiled to, where it is known."""
        self._stack_kinds[stack] = frozenset(key(manifest)[:2] for manifest in manifests)

    def forget(self, stacks: Iterable[Stack]) -> None:
        """Drop what is known of some stacks."""
        for stack in stacks:
            self._stack_kinds.pop(stack, None)

    def _kinds_of_stack(self, stack: Stack) -> mixin.Kinds:
        if stack not in self._stack_kinds:
            self._stack_kinds[stack] = trial.stack_kinds(stack)
        return self._stack_kinds[stack]


def _needs_kinds(component: str, file: str) -> bool:
    """Whether a component, or a file of it, is made from what everything else is compiled to."""
    return component == trial.ARGOCD or papers.needs_kinds(component, file)


def _needs_mixin(component: str, file: str) -> bool:
    return _needs_kinds(component, file) or papers.needs_alerts(component)


def _prepared(one: Variant, *, needs: bool) -> _Prepared:
    with one.within():
        fleet = one.make()
        params = mixin.parameters(fleet) if needs else None
    return _Prepared(fleet, params, one.within)


def _attempt(make: Callable[[], T]) -> T | None:
    """What it makes; None where a builder cannot work with it, which says nothing."""
    try:
        return make()
    except Exception:
        return None


def only(base: Objects, objects: Objects, file: str) -> Objects:
    """The object that stands for one file, under its name; nothing where it is gone."""
    found = counterparts(base, objects)
    return {file: found[file]} if file in found else {}
