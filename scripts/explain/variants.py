"""Many variants of one cluster, compiled as cheaply as each component allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from components.argocd.applications import applications
from components.argocd.project import project
from components.cluster.params import Fleet
from components.common.manifest import Manifest, key
from components.compile import trial
from components.monitoring.mixin import Alert
from components.stack.params import Stack
from scripts.explain import mixin, papers
from scripts.explain.compare import Difference, counterparts, difference
from scripts.explain.declared import KeyPath
from scripts.explain.effect import Objects
from scripts.explain.keyed import Path
from scripts.explain.known import MIXIN, STACKS, Known

MONITORING = "monitoring"
APPLICATION, PROJECT = f"{trial.ARGOCD}/application-", f"{trial.ARGOCD}/appproject-"
T = TypeVar("T")
Differences = list[Difference]


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant of a cluster."""

    make: Callable[[], Fleet]
    """Makes it, or raises what is wrong with it."""
    within: Callable[[], AbstractContextManager[object]] = nullcontext
    """What holds while it is compiled: a derived value that is another."""
    changes: KeyPath | None = None
    """The only field of the parameter models in which it differs; None where it may be any."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    fleet: Fleet
    mixin: mixin.Parameters | None
    """The mixin's argument, where it is needed; None where nothing is monitored."""
    within: Callable[[], AbstractContextManager[object]]
    changes: KeyPath | None


class _Kinds(Mapping[str, mixin.Kinds]):
    """(group, kind) of what is compiled, by component and stack, each made when it is asked for."""

    def __init__(self, make: Mapping[str, Callable[[], mixin.Kinds]]) -> None:
        self._make = make
        self._made: dict[str, mixin.Kinds] = {}

    def __getitem__(self, name: str) -> mixin.Kinds:
        if name not in self._made:
            self._made[name] = self._make[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._make)

    def __len__(self) -> int:
        return len(self._make)


class Variants:
    """Compiles variants of one cluster's own target."""

    def __init__(self, target: str) -> None:
        """``target``: ``<cluster>.cluster``."""
        self.target = target
        self._mixin_kinds: dict[mixin.Parameters, mixin.Kinds] = {}
        self._alerts: dict[mixin.Parameters, tuple[Alert, ...]] = {}
        self._stack_kinds: dict[Stack, mixin.Kinds] = {}

    def component(self, fleet: Fleet, component: str) -> Objects:
        """All objects of one component. Raises what the builders run into."""
        params = mixin.parameters(fleet) if _needs_mixin(component, "") else None
        self._learn(component, "", [params])
        if _needs_kinds(component, ""):
            fleet = replace(fleet, kinds=self._kinds(fleet, params))
        return self._built(fleet, component, "", params)

    def around(self, fleet: Fleet, file: str) -> Objects:
        """The objects of the component that a file is of, as far as a question about that file needs them: what is
        costly to make of the others may be left out, but not where they are. Raises what the builders run into."""
        component = file.partition("/")[0]
        if component == MONITORING:
            params = mixin.parameters(fleet)
            made = mixin.around(params, file) if params is not None else None
            if made is not None:
                return trial.cluster_manifests(self.target, fleet, component, made.manifests())
        elif papers.needs_alerts(component):
            params = mixin.parameters(fleet)
            self._learn(component, file, [params])
            return papers.around(fleet, component, file, partial(self._alerts_of, params))
        elif component == trial.ARGOCD:
            return self._of_argocd(fleet, file)
        return self.component(fleet, component)

    def _of_argocd(self, fleet: Fleet, file: str) -> Objects:
        params = mixin.parameters(fleet)
        self._learn(trial.ARGOCD, file, [params])
        return self._built(replace(fleet, kinds=self._kinds(fleet, params)), trial.ARGOCD, file, params)

    def _built(self, fleet: Fleet, component: str, file: str, params: mixin.Parameters | None) -> Objects:
        """A file of a component, or all of it; of a fleet that knows its kinds, where they matter."""
        if component in papers.FOLDERS:
            return papers.compiled(fleet, component, file, partial(self._alerts_of, params))
        return trial.cluster_manifests(self.target, fleet, component, _alike(fleet, file))

    def _alerts_of(self, params: mixin.Parameters | None) -> tuple[Alert, ...]:
        """The alerts of a fleet whose mixin was learned; none where nothing is monitored. Raises KeyError where the
        mixin refused it."""
        return self._alerts[params] if params is not None else ()

    def read(self, fleet: Fleet, component: str) -> None:
        """Read what the builders of a component read."""
        if component == MONITORING:
            mixin.parameters(fleet)
        else:
            self.component(fleet, component)

    def read_for(self, fleet: Fleet, file: str) -> None:
        """Read what the builders of one file read."""
        if file.partition("/")[0] == MONITORING:
            mixin.parameters(fleet)
        else:
            self.around(fleet, file)

    def differing(
        self, base: Objects, file: str, path: Path, variants: Iterable[Variant], like: Fleet | None = None
    ) -> list[Differences | None]:
        """What of the object in ``file`` of ``base`` is not so in each variant, as far as ``path`` has to do with it;
        None where a variant cannot be compiled.

        ``base`` holds all objects of the component; ``like`` is what it was compiled from, where most variants differ
        from it in little.
        """
        component = file.partition("/")[0]
        needs = component == MONITORING or _needs_mixin(component, file)
        known = Known(self.target, like, self._own_kinds) if like is not None else None
        found = [_attempt(partial(_prepared, one, known, needs=needs)) for one in variants]
        own = known.params if needs and known is not None else None
        if component == MONITORING:
            differing = self._monitored(base, file, path, [one for one in found if one], own)
        else:
            self._learn(component, file, [own, *(one.mixin for one in found if one)], own)
            differing = partial(self._differing, base, file, path, known)
        return [_attempt(partial(differing, one)) if one else None for one in found]

    def _differing(
        self, base: Objects, file: str, path: Path, known: Known | None, one: _Prepared
    ) -> Differences:
        component, fleet = file.partition("/")[0], one.fleet
        with one.within():
            if _needs_kinds(component, file):
                fleet = replace(fleet, kinds=self._kinds(fleet, one.mixin, known, one.changes))
                is_known = known is not None and file.startswith(PROJECT) and fleet.kinds == known.kinds
                if known and is_known and not known.reads(component, one.changes):
                    return []
            objects = self._built(fleet, component, file, one.mixin)
        return _differences(base[file], only(base, objects, file).get(file), path)

    def _monitored(
        self,
        base: Objects,
        file: str,
        path: Path,
        variants: Sequence[_Prepared],
        like: mixin.Parameters | None,
    ) -> Callable[[_Prepared], Differences]:
        """The same of what the mixin makes. It computes nothing that is not looked at, so it is asked for the field
        alone; for the whole object where the field is not found so, or where an override changes the object."""
        own = base[file]
        which = mixin.wanted(base.values(), own)
        every = {one.mixin for one in variants if one.mixin is not None}
        told: dict[mixin.Parameters, Differences] = {}
        is_patched = any(which.name in one.fleet.params.overrides.get(which.kind, {}) for one in variants)
        if path and not is_patched and path[0] in mixin.HEAD:
            made = mixin.heads(every, which, like)
            own = {key: own[key] for key in mixin.HEAD}
        elif path and not is_patched:
            way, value = mixin.steps_to(own, path)
            parts = mixin.parts(every, which, way, like)
            told = {
                params: _differences(value, one.found[0], path, path[: len(way)])
                for params, one in parts.items()
                if one.found
            }
            made = {params: one.object for params, one in parts.items()}
        else:
            made = mixin.objects(every, which, like)

        def differing(one: _Prepared) -> Differences:
            if one.mixin in told:
                return told[one.mixin]
            manifest = made[one.mixin] if one.mixin is not None else None
            if manifest is None:
                return _differences(own, None, path)
            with one.within():
                placed = trial.cluster_manifests(self.target, one.fleet, MONITORING, [manifest])
            return _differences(own, next(iter(placed.values())), path)

        return differing

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

    def _kinds(
        self,
        fleet: Fleet,
        params: mixin.Parameters | None,
        known: Known | None = None,
        changes: KeyPath | None = None,
    ) -> trial.Kinds:
        """(group, kind) of what a fleet is compiled to, by component and stack; what a change cannot reach is taken
        from what is ``known``."""
        monitoring = self._mixin_kinds[params] if params is not None else frozenset()
        found: dict[str, Callable[[], mixin.Kinds]] = {MONITORING: lambda: monitoring}

        def kinds(part: str, name: str, make: Callable[[], mixin.Kinds]) -> Callable[[], mixin.Kinds]:
            is_same = known is not None and name in known.kinds and not known.reads(part, changes)
            return partial(known.kinds.__getitem__, name) if known and is_same else make

        for stack in fleet.stacks:
            found[stack.name] = kinds(STACKS, stack.name, partial(self._kinds_of_stack, stack))
        for part in trial.CLUSTER_COMPONENTS[:2]:
            found[part] = kinds(part, part, partial(trial.cluster_kinds, fleet, part))
        return _Kinds(found)

    def _own_kinds(self, fleet: Fleet) -> trial.Kinds:
        """The same of a fleet whose mixin was learned."""
        return self._kinds(fleet, mixin.parameters(fleet))

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


def _alike(fleet: Fleet, file: str) -> Iterable[Manifest] | None:
    """The objects of Argo CD among which that of a file is; None for all, and for a file of another component."""
    if file.startswith(APPLICATION):
        return applications(fleet)
    return [project(fleet)] if file.startswith(PROJECT) else None


def _needs_kinds(component: str, file: str) -> bool:
    """Whether a component, or a file of it, is made from what everything else is compiled to."""
    return component == trial.ARGOCD or papers.needs_kinds(component, file)


def _needs_mixin(component: str, file: str) -> bool:
    return _needs_kinds(component, file) or papers.needs_alerts(component)


def _prepared(one: Variant, known: Known | None, *, needs: bool) -> _Prepared:
    with one.within():
        fleet = one.make()
        if known is not None and needs and not known.reads(MIXIN, one.changes):
            params = known.params
        else:
            params = mixin.parameters(fleet) if needs else None
    return _Prepared(fleet, params, one.within, one.changes)


def _attempt(make: Callable[[], T]) -> T | None:
    """What it makes; None where a builder cannot work with it, which says nothing."""
    try:
        return make()
    except Exception:
        return None


def _differences(own: Any, other: Any, path: Path, at: Path = ()) -> Differences:
    """What of a value, which stands at ``at``, is not so in another, as far as the field ``path`` has to do with it;
    all of it where there is none."""
    if other is None and own is not None:
        return [Difference(at, "presence")]
    along = path[len(at) :]
    return [Difference((*at, *one.path), one.kind) for one in difference(own, other, along)]


def only(base: Objects, objects: Objects, file: str) -> Objects:
    """The object that stands for one file, under its name; nothing where it is gone."""
    found = counterparts(base, objects)
    return {file: found[file]} if file in found else {}
