"""Stops a compile that would remove much: Argo CD deletes from the clusters what is not compiled any more."""

from __future__ import annotations

from collections import Counter
from typing import Final

from components.common.errors import InferstackError
from scripts.compile.changes import Tree, is_object
from scripts.compile.outputs import Outputs
from scripts.compile.terminal import shown

LIMIT_PERCENT: Final = 20.0


class RemovalsError(InferstackError):
    """More would be removed than anybody has agreed to."""


def guard_removals(tree: Tree, outputs: Outputs, limit: float) -> None:
    """Raises RemovalsError when a whole cluster, or more than ``limit`` percent of all objects, would go."""
    removed = Counter(
        _cluster(change.path)
        for change in tree.changes
        if change.kind == "removed" and is_object(change.path)
    )
    if not removed:
        return
    before = Counter(_cluster(path) for path in outputs.paths() if is_object(path))
    after = Counter(_cluster(path) for path in tree.paths() if is_object(path))
    lost = sorted(cluster for cluster in removed if not after[cluster])
    share = 100 * removed.total() / before.total()
    if not lost and share <= limit:
        return
    lines = [f"this would remove {removed.total()} of {before.total()} objects ({share:.0f} %):"]
    for cluster, count in sorted(removed.items()):
        whole = ", all that there is of this cluster" if cluster in lost else f" of {before[cluster]}"
        lines.append(f"  compiled/{shown(cluster)}: {count}{whole}")
    lines.append("compiled/ is as it was; if that is what you want, run again with --accept-removals")
    raise RemovalsError("\n".join(lines))


def _cluster(path: str) -> str:
    return path.partition("/")[0]
