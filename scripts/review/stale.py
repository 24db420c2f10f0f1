"""Whether the compiled files of the head are what its inventory compiles to."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.review.attribution import CLUSTER, Workshop

FEW = 60
"""Up to so many edited targets, most are compiled again; of more, a sample."""


def stale(workshop: Workshop) -> Iterator[str]:
    """A note about targets that were not compiled again after an edit."""
    if not workshop.pair.runs_head:
        return
    wrong = [target for target in _sample(workshop) if _differs(workshop, target)]
    if wrong:
        names = ", ".join(name.replace(".", "/", 1) for name in wrong[:3])
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        yield (
            f"compiled/ is not what the inventory compiles to ({names}{more}): run `make compile`, "
            "or this review misses what the edits do"
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


def _differs(workshop: Workshop, target: str) -> bool:
    wanted = workshop.texts(target, workshop.parameters(target))
    return wanted is not None and wanted != dict(workshop.pair.head.compiled(target))
