"""Whether the compiled files of the head are what its inventory compiles to, and whether it compiles at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from components.compile.report import position
from scripts.review.recompile import refusal
from scripts.review.sides import Parameters, Side
from scripts.review.workshop import CLUSTER, Workshop

FEW = 60
"""Up to so many edited targets, most are compiled again; of more, a sample."""
AFTER_CODE = 30
"""Stacks that are compiled again where code differs, from as many clusters as there are."""


@dataclass(frozen=True, slots=True)
class Stale:
    """What of the head its inventory does not compile to, as far as targets were compiled again."""

    notes: tuple[str, ...] = ()
    """About targets that were not compiled again after an edit, or that cannot be."""
    wanted: Mapping[str, str | None] = field(default_factory=dict)
    """What the inventory compiles to for each file that is another one; None where it has no such file."""


def stale(workshop: Workshop) -> Stale:
    """The compiled files of the head against its inventory."""
    if not workshop.pair.runs_head:
        return Stale()
    wrong, refused = _left_behind(workshop), list[str]()
    other: dict[str, str | None] = {}
    for target in dict.fromkeys((*_sample(workshop), *_after_code(workshop))):
        parameters, left = workshop.parameters(target), workshop.left
        wanted, found = workshop.texts(target, parameters), workshop.pair.head.compiled(target)
        if wanted is not None and wanted != dict(found):
            wrong.append(target)
            files = wanted.keys() | found.keys()
            other |= {file: wanted.get(file) for file in files if wanted.get(file) != found.get(file)}
        if wanted is None and workshop.left < left:
            refused += _refusal(workshop.pair.head, target, parameters)
    return Stale((*_refused_before(workshop), *_notes(workshop, refused, wrong)), other)


def _notes(workshop: Workshop, refused: Sequence[str], wrong: Sequence[str]) -> Iterator[str]:
    if refused:
        label = workshop.pair.head.label
        yield f"the inventory of {label} does not compile, so this review misses what the edits do: {_first(refused)}"
    if wrong:
        yield (
            f"compiled/ is not what the inventory compiles to ({_named(wrong)}): run `make compile`, "
            "or this review misses what the edits do"
        )


def _refused_before(workshop: Workshop) -> Iterator[str]:
    """A base that does not compile: what differs between it and the head is not known."""
    base = workshop.pair.base
    reached = sorted(target for target in workshop.edits if target in base.targets)
    refused: list[str] = []
    for target in reached[:FEW] if not workshop.pair.code else ():
        own = f"{target.rpartition('.')[0]}.{CLUSTER}"
        rendered = {name: found for name in (target, own) if (found := base.parameters(name)) is not None}
        if target in rendered and target != own:
            refused += _refusal(base, target, rendered)
    if refused:
        yield (
            f"the inventory of {base.label} does not compile, so the numbers before are those of the head where it "
            f"cannot be read: {_first(refused)}"
        )


def _first(refused: Sequence[str]) -> str:
    """The first of some lines, and how many others there are."""
    others = len(set(refused)) - 1
    return f"{refused[0]} (and {others} more)" if others else refused[0]


def _after_code(workshop: Workshop) -> list[str]:
    """Where components, templates or settings differ: some targets, of all clusters first one, then a second."""
    if not workshop.pair.code:
        return []
    by_cluster: dict[str, list[str]] = {}
    for target in sorted(workshop.pair.head.targets):
        by_cluster.setdefault(target.rpartition(".")[0], []).append(target)
    ranked = sorted((rank, target) for targets in by_cluster.values() for rank, target in enumerate(targets))
    stacks = [target for _, target in ranked if not target.endswith(f".{CLUSTER}")]
    own = [target for _, target in ranked if target.endswith(f".{CLUSTER}")]
    return [*stacks[:AFTER_CODE], *own[:1]]


def _named(targets: Sequence[str]) -> str:
    more = f" and {len(targets) - 3} more" if len(targets) > 3 else ""
    return ", ".join(name.replace(".", "/", 1) for name in targets[:3]) + more


def _left_behind(workshop: Workshop) -> list[str]:
    """Targets that an edit takes away, and whose compiled files are still there."""
    head = workshop.pair.head
    return sorted(
        target for target in workshop.edits if target not in head.targets and any(head.compiled(target))
    )


def _sample(workshop: Workshop) -> list[str]:
    """Targets at the head that an edit reaches: one for each set of edits before a second one."""
    seen: dict[object, int] = {}
    ranked: list[tuple[int, str]] = []
    clusters: set[str] = set()
    for target, edit in sorted(workshop.edits.items()):
        clusters.add(target.rpartition(".")[0])
        if target in workshop.pair.head.targets and not target.endswith(f".{CLUSTER}"):
            rank = seen.get(edit.causes, 0)
            seen[edit.causes] = rank + 1
            ranked.append((rank, target))
    own = [f"{cluster}.{CLUSTER}" for cluster in sorted(clusters)]
    stacks, most = (40, 6) if len(workshop.edits) <= FEW else (8, 1)
    return [
        *(target for _, target in sorted(ranked)[:stacks]),
        *[name for name in own if name in workshop.pair.head.targets][:most],
    ]


def _refusal(side: Side, target: str, parameters: Mapping[str, Parameters]) -> Iterator[str]:
    """What is wrong with a target that does not compile, with the places in the inventory."""
    for one in refusal(target, parameters):
        place = position(side.origins, one.target or target, one)
        yield f"{place}: {one.message}; {one.remedy}"
