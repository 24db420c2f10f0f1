"""What the next run has to know of this one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from scripts.compile.changes import Tree
from scripts.compile.content import Signature, same_content
from scripts.compile.inputs import Inputs
from scripts.compile.outputs import Folder, Outputs, home_of
from scripts.compile.plan import Plan
from scripts.compile.state import State, TargetRecord


@dataclass(frozen=True)
class Times:
    """What the clock of the file system showed, in ns."""

    surveyed: int
    """Before the files of ``compiled/`` were identified."""
    compiled: int
    """Before those that Kapitan wrote were."""
    published: int
    """After the new tree had taken the old one's place, and that was deleted."""


def without_work(state: State, inputs: Inputs, outputs: Outputs, work: Plan, surveyed: int) -> State:
    """The state when nothing was compiled: what had to be read again is vouched for from now on."""
    return State(
        inputs.shared,
        inputs.digests,
        {**_remaining(state, inputs), **_kept(state, outputs, work.kept, surveyed)},
    )


def with_work(
    state: State,
    inputs: Inputs,
    closures: Mapping[str, list[str]],
    work: Plan,
    before: Outputs,
    tree: Tree,
    after: Outputs,
    times: Times,
) -> State:
    """The state after a compile. ``after`` holds the signatures of the tree's unit as it is now."""
    targets = {**_remaining(state, inputs), **_kept(state, before, work.kept, times.surveyed)}
    renewed = [target for target in targets if target in after.folders and target in work.kept]
    for target in work.reasons:
        record = TargetRecord(
            inputs.key(target, closures), closures[target], tree.made[target].digests, {}, 0
        )
        targets[target] = _vouched(target, record, before, tree, after, times)
    for target in renewed:
        targets[target] = _vouched(target, targets[target], before, tree, after, times)
    return State(inputs.shared, inputs.digests, targets)


def _remaining(state: State, inputs: Inputs) -> dict[str, TargetRecord]:
    return {name: record for name, record in state.targets.items() if name in inputs.layout.targets}


def _kept(state: State, outputs: Outputs, kept: Iterable[str], taken: int) -> dict[str, TargetRecord]:
    found: dict[str, TargetRecord] = {}
    for target in kept:
        record, folder = state.targets[target], outputs.folders.get(target)
        if folder and folder.was_read:
            signatures = {path: folder.signatures[path] for path in record.files}
            record = replace(record, signatures=signatures, taken=taken)
        found[target] = record
    return found


def _vouched(
    target: str, record: TargetRecord, before: Outputs, tree: Tree, after: Outputs, times: Times
) -> TargetRecord:
    """The record with the signatures under which its digests hold, as far as nothing can have come between."""
    now = after.folders.get(target)
    old = before.folders.get(target, Folder()).signatures
    if now is None:  # outside the unit: untouched
        return replace(record, signatures={path: old[path] for path in record.files}, taken=times.surveyed)
    home = home_of(target)
    signatures: dict[str, Signature] = {}
    for path in record.files:
        moved = f"{home}/{path}" in tree.taken
        was = tree.made[target].signatures[path] if moved else old[path]
        is_now = now.signatures.get(path)
        if is_now and same_content(times.compiled if moved else times.surveyed, was, is_now):
            signatures[path] = is_now
    return replace(record, signatures=signatures, taken=times.published)
