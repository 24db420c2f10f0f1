"""What there is to do: which targets must be compiled and why, which are as they should be, what is left over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from scripts.compile.inputs import Inputs, cluster_of
from scripts.compile.outputs import Folder, Outputs, home_of
from scripts.compile.state import State, TargetRecord

Reason = Literal["new", "stale", "edited", "missing"]
Selected = Callable[[str], bool]


@dataclass(frozen=True)
class Plan:
    """The work of one run."""

    reasons: Mapping[str, Reason]
    """Targets to compile, sorted. ``new``: nothing is known of it. ``stale``: its inputs changed. ``edited``,
    ``missing``: its files are not those that were compiled."""
    kept: frozenset[str]
    """Selected targets that are as they should be."""
    gone: frozenset[str]
    """Folders of selected targets that the inventory does not have any more."""
    strays: tuple[str, ...]
    """Files below ``compiled/`` that no target wrote, in no folder that is compiled or gone."""

    @property
    def is_empty(self) -> bool:
        """Whether ``compiled/`` is as it should be."""
        return not (self.reasons or self.gone or self.strays)


def plan(
    inputs: Inputs,
    outputs: Outputs,
    state: State,
    selected: Selected,
    stale: frozenset[str],
    *,
    everything: bool,
) -> Plan:
    """Compare inputs and outputs with what the last run left. ``everything``: no target was deselected."""
    reasons: dict[str, Reason] = {}
    strays: list[str] = list(outputs.strays) if everything else []
    kept: set[str] = set()
    for target in sorted(filter(selected, inputs.layout.targets)):
        reason = _reason(target, outputs, state.targets.get(target), is_stale=target in stale)
        if reason:
            reasons[target] = reason
        else:
            kept.add(target)
            strays += _surplus(target, outputs, state.targets[target])
    gone = {name for name in outputs.folders if name not in inputs.layout.targets and selected(name)}
    return Plan(reasons, frozenset(kept), frozenset(gone), tuple(sorted(strays)))


def stale_targets(inputs: Inputs, state: State, selected: Selected) -> frozenset[str]:
    """The targets of the run whose inputs are not those that they were compiled from: known before ``compiled/`` has
    been looked at."""
    closures = known_closures(state, inputs)
    return frozenset(
        target
        for target in filter(selected, inputs.layout.targets)
        if _is_stale(target, inputs, state.targets.get(target), closures)
    )


def in_part(
    inputs: Inputs, outputs: Outputs, state: State, selected: Selected, clusters: Iterable[str]
) -> frozenset[str]:
    """The clusters of which a target that the run is not about is not as it should be. What lies there cannot be
    judged before that is compiled too."""
    others = {
        target
        for target in inputs.layout.targets
        if cluster_of(target) in set(clusters) and not selected(target)
    }
    stale = stale_targets(inputs, state, others.__contains__)
    return frozenset(
        cluster_of(target)
        for target in others
        if target in stale
        or state.targets[target].files.keys() != outputs.folders.get(target, Folder()).signatures.keys()
    )


def known_closures(state: State, inputs: Inputs) -> dict[str, list[str]]:
    """The closures of the targets that there still are, as recorded: right for as long as the key is."""
    return {name: record.closure for name, record in state.targets.items() if name in inputs.layout.targets}


def _is_stale(
    target: str, inputs: Inputs, record: TargetRecord | None, closures: Mapping[str, list[str]]
) -> bool:
    if record is None or any(name not in closures for name in inputs.needed_by([target])):
        return True
    return inputs.key(target, closures) != record.key


def _reason(target: str, outputs: Outputs, record: TargetRecord | None, *, is_stale: bool) -> Reason | None:
    if record is None:
        return "new"
    if is_stale:
        return "stale"
    folder = outputs.folders.get(target)
    found = folder.digests if folder else {}
    if any(path not in found for path in record.files):
        return "missing"
    if any(found[path] != value for path, value in record.files.items()):
        return "edited"
    return None


def _surplus(target: str, outputs: Outputs, record: TargetRecord) -> list[str]:
    """Files in the folder of a kept target that it did not write."""
    folder = outputs.folders.get(target)
    return [
        f"{home_of(target)}/{path}" for path in (folder.digests if folder else ()) if path not in record.files
    ]
