"""Compiles in memory with one edit taken back, or made alone, to see which compiled fields follow it.

An edit is taken back in one stack for all that differ in the same way, so that one line that changes a thousand
stacks costs one compile.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from scripts.review.causes import Moved, TargetEdits
from scripts.review.change import MISSING, Cause, ObjectChange
from scripts.review.objects import compare
from scripts.review.recompile import Compile, compile_objects
from scripts.review.semantic import shown
from scripts.review.sides import Pair, Parameters, Side

CLUSTER = "cluster"
STACK_COST, CLUSTER_COST = 1, 20
BUDGET = 600
"""Compiles in memory of one review, a stack's counting 1 and a cluster's 20, or 2 for each of its stacks; some three
seconds."""
MANY = 8
"""From so many stacks of a cluster on that come or go they are taken back at once, and told apart by their names."""

Key = tuple[str, str]
"""An object's kind and status with a field's path, without names: the same in every stack."""
Effects = Mapping[Cause, frozenset[Key]]


@dataclass
class Workshop:
    """Compiles in memory, as long as the budget lasts."""

    pair: Pair
    edits: Mapping[str, TargetEdits]
    compile: Compile = compile_objects
    left: int = BUDGET
    _effects: dict[Any, Effects | None] = field(default_factory=dict)

    def parameters(self, target: str, side: Side | None = None) -> dict[str, Parameters]:
        """What a target compiles from, at the head or a given side: its own parameters; for a cluster's, those of all
        its stacks."""
        side = side or self.pair.head
        cluster, _, own = target.rpartition(".")
        names = [target] if own != CLUSTER else self._members(cluster, side)
        return {name: found for name in names if (found := side.parameters(name)) is not None}

    def _members(self, cluster: str, side: Side) -> list[str]:
        return sorted(name for name in side.targets if name.rpartition(".")[0] == cluster)

    def texts(self, target: str, parameters: Mapping[str, Parameters]) -> dict[str, str] | None:
        """What a target compiles to; None where it does not, or where the budget is spent."""
        of_cluster = target.endswith(f".{CLUSTER}")
        cost = max(CLUSTER_COST, 2 * len(parameters)) if of_cluster else STACK_COST
        if self.left < cost or not self.pair.runs_head:
            return None
        self.left -= cost
        return self.compile(target, parameters)

    def candidates(self, target: str) -> tuple[Cause, ...]:
        """The edits that may matter in a target: its own; for a cluster's, those of all its stacks."""
        cluster, _, own = target.rpartition(".")
        if own != CLUSTER:
            edit = self.edits.get(target)
            return edit.causes if edit else ()
        return tuple(
            dict.fromkeys(cause for one in self._by_cluster.get(cluster, ()) for cause in one.causes)
        )

    @cached_property
    def _by_cluster(self) -> dict[str, list[TargetEdits]]:
        """What differs in a cluster; a stack that moved away differs in the one that it left, too."""
        found: dict[str, list[TargetEdits]] = {}
        for edit in self.edits.values():
            for cluster in sorted({name.rpartition(".")[0] for name in (edit.target, edit.was) if name}):
                found.setdefault(cluster, []).append(edit)
        return found

    def without(
        self, target: str, parameters: Mapping[str, Parameters], cause: Cause
    ) -> dict[str, Parameters]:
        """The parameters of the head with one edit taken back."""
        here = target.rpartition(".")[0]
        reverted = dict(parameters)
        for edit in self._by_cluster.get(here, ()):
            if edit.whole == cause and edit.target != target:
                reverted.pop(edit.target, None)
                before = self.pair.base.parameters(edit.was) if edit.was.rpartition(".")[0] == here else None
                if before is not None:
                    reverted[edit.was] = before
            elif cause in edit.values and edit.target in reverted:
                reverted[edit.target] = taken_back(reverted[edit.target], edit.values[cause])
        return reverted

    def with_(self, target: str, parameters: Mapping[str, Parameters], cause: Cause) -> dict[str, Parameters]:
        """The parameters of the base with one edit made."""
        here = target.rpartition(".")[0]
        made = dict(parameters)
        for edit in self._by_cluster.get(here, ()):
            if edit.whole == cause and edit.target != target:
                made.pop(edit.was, None)
                after = self.pair.head.parameters(edit.target)
                if edit.target.rpartition(".")[0] == here and after is not None:
                    made[edit.target] = after
            elif cause in edit.values and edit.was in made:
                forward = (Moved(move.key, move.new, move.old) for move in edit.values[cause])
                made[edit.was] = taken_back(made[edit.was], forward)
        return made

    def effects(
        self, target: str, causes: tuple[Cause, ...], code: Cause | None, changed: frozenset[Key]
    ) -> Effects | None:
        """The fields that each edit changes in a target; None where nothing can be compiled. Targets with the same
        edits and ``changed`` fields share the answer."""
        shape = causes, code, changed
        if shape not in self._effects:
            self._effects[shape] = self._measure(target, causes, changed)
        return self._effects[shape]

    def _measure(self, target: str, causes: tuple[Cause, ...], changed: frozenset[Key]) -> Effects | None:
        parameters = self.parameters(target)
        whole = self.texts(target, parameters)
        if whole is None:
            return None
        found: dict[Cause, frozenset[Key]] = self._at_once(target, parameters, whole)
        for cause in causes:
            texts = (
                self.texts(target, self.without(target, parameters, cause)) if cause not in found else None
            )
            if texts is not None:
                found[cause] = frozenset(keys(differing(texts, whole)))
        return found | self._alone(target, [cause for cause in causes if cause not in found], changed)

    def _at_once(
        self, target: str, parameters: dict[str, Parameters], whole: Mapping[str, str]
    ) -> dict[Cause, frozenset[Key]]:
        """The fields that many stacks of a cluster change that come or go: those that name one are its own."""
        stacks = {
            name.rpartition(".")[2]: edit.whole
            for edit in self._by_cluster.get(target.rpartition(".")[0], ())
            if edit.whole is not None and edit.target != target
            for name in (edit.was, edit.target)
            if name
        }
        if len(stacks) < MANY:
            return {}
        for cause in stacks.values():
            parameters = self.without(target, parameters, cause)
        texts = self.texts(target, parameters)
        if texts is None:
            return {}
        found: dict[Cause, set[Key]] = {cause: set() for cause in stacks.values()}
        word = _word(tuple(stacks))
        for key in keys(differing(texts, whole)):
            named = {stacks[name] for name in word.findall(" ".join(key))}
            for cause in named or found:
                found[cause].add(key)
        return {cause: frozenset(these) for cause, these in found.items()}

    def _alone(
        self, target: str, causes: Sequence[Cause], changed: frozenset[Key]
    ) -> dict[Cause, frozenset[Key]]:
        """The ``changed`` fields that edits change which the others cannot do without: each made at the base, and
        nothing else."""
        parameters = self.parameters(target, self.pair.base) if causes else {}
        whole = self.texts(target, parameters) if target in parameters else None
        found: dict[Cause, frozenset[Key]] = {}
        if whole is None:
            return found
        for cause in causes:
            texts = self.texts(target, self.with_(target, parameters, cause))
            if texts is not None:
                effects = list(keys(differing(whole, texts)))
                same = frozenset(key for key in effects if key in changed or _is_field(key, changed))
                if same or not effects:
                    found[cause] = same
        unknown = {cause for cause in causes if cause not in found}
        return {cause: same for cause, same in found.items() if not self._beside(cause) & unknown}

    def _beside(self, cause: Cause) -> set[Cause]:
        """The edits of the targets that an edit changes: together they may do what none of them does."""
        return {one for edit in self.edits.values() if cause in edit.values for one in edit.values}


def _is_field(key: Key, changed: frozenset[Key]) -> bool:
    """Whether a field lies in, or holds, one that changed: an object that comes or goes has none."""
    object_, path = key
    return bool(path) and touches(frozenset(one for one in changed if one[1]), (object_, path))


def taken_back(parameters: Parameters, moves: Iterable[Moved]) -> Parameters:
    """A copy of the parameters with some values as they were."""
    reverted = copy.deepcopy(parameters)
    for move in moves:
        here: Any = reverted
        for key in move.key[:-1]:
            if not isinstance(here.get(key), dict):
                here[key] = {}
            here = here[key]
        if move.old is MISSING:
            here.pop(move.key[-1], None)
        else:
            here[move.key[-1]] = copy.deepcopy(move.old)
    return reverted


def differing(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[ObjectChange, ...]:
    """The objects that differ between two compiles of a target."""
    paths = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    return compare(
        {path: text for path, text in old.items() if path in paths},
        {path: text for path, text in new.items() if path in paths},
    )


def keys(objects: Iterable[ObjectChange]) -> Iterable[Key]:
    """What identifies changed fields across stacks."""
    for one in objects:
        if one.status != "changed":
            yield object_key(one), ""
        for change in one.fields:
            yield object_key(one), plain(one, shown(change.path))


def object_key(one: ObjectChange) -> str:
    """An object without the name of its stack."""
    return f"{one.id.kind} {plain(one, one.id.name)}"


def plain(one: ObjectChange, text: str) -> str:
    """A text without the names of the object's stack and cluster, where they stand as words."""
    names = (one.id.cluster, *((one.stack,) if one.stack != CLUSTER else ()))
    return _word(names).sub("*", text)


@lru_cache(maxsize=4096)
def _word(names: tuple[str, ...]) -> re.Pattern[str]:
    longest = sorted(map(re.escape, names), key=len, reverse=True)
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(longest)})(?![A-Za-z0-9])")


def touches(changed: frozenset[Key], key: Key) -> bool:
    """Whether a field is among those that changed, or above or below one."""
    if key in changed:
        return True
    object_, path = key
    return any(
        one == object_ and (not other or not path or other.startswith(path) or path.startswith(other))
        for one, other in changed
    )
