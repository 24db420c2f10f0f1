"""What is known of the fleet that variants are held against: what no change of a variant is read for is the same in
it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

from components.cluster.params import Fleet
from components.compile import trial
from components.stack.params import Stack
from scripts.explain import mixin
from scripts.explain.declared import KeyPath
from scripts.explain.reading import read_by

STACKS, MIXIN = "stacks", "mixin"
"""Parts beside the components of a cluster: what its stacks are compiled to, and the mixin's argument."""


class Known:
    """One fleet, and what each part of it reads. A part is a component that is synced, ``STACKS`` or ``MIXIN``."""

    def __init__(self, target: str, fleet: Fleet, kinds: Callable[[Fleet], trial.Kinds]) -> None:
        """``target``: ``<cluster>.cluster``. ``kinds``: of everything that a fleet is compiled to."""
        self._target = target
        self._fleet = fleet
        self._kinds = kinds
        self._reads: dict[str, frozenset[KeyPath]] = {}

    @cached_property
    def params(self) -> mixin.Parameters | None:
        """The mixin's argument."""
        return mixin.parameters(self._fleet)

    @cached_property
    def kinds(self) -> trial.Kinds:
        """(group, kind) of what is compiled, by component and stack."""
        return self._kinds(self._fleet)

    def reads(self, part: str, path: KeyPath | None) -> bool:
        """Whether a part reads a field of the parameter models; of None, which may be any, it does."""
        if path is None:
            return True
        if part not in self._reads:
            # Values that a stack has computed before are not read again.
            stacks = tuple(Stack(one.name, one.params) for one in self._fleet.stacks)
            fresh = replace(self._fleet, stacks=stacks, kinds=self.kinds if part == trial.ARGOCD else {})
            reads = read_by(lambda: self._read(part, fresh))
            models = (fresh.params, *(one.params for one in stacks))
            self._reads[part] = frozenset(at for model in models for at in reads.paths(model))
        return path in self._reads[part]

    def _read(self, part: str, fleet: Fleet) -> object:
        if part == STACKS:
            return [trial.stack_kinds(one) for one in fleet.stacks]
        if part == MIXIN:
            return mixin.parameters(fleet)
        if part == trial.ARGOCD:
            return trial.cluster_manifests(self._target, fleet, part)
        return trial.cluster_kinds(fleet, part)
