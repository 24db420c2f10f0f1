"""What is not on the map, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from components.common.errors import Mistake
from components.compile.report import position
from components.inventory.origin import Origins
from components.stack.mistakes import references
from scripts.check.declared import Declared
from scripts.review import show


def missing(origins: Origins, clusters: Iterable[Declared], broken: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each mistake: its place, and what is left out because of it. ``broken``: why targets do not
    render."""
    for cluster in clusters:
        found: dict[str, list[str]] = {}
        for target, wrong in broken.items():
            if target.rpartition(".")[0] == cluster.cluster:
                found.setdefault(wrong, []).append(target)
        for target, mistake in _mistakes(cluster):
            wrong = f"{position(origins, target, mistake)}: {mistake.message}; {mistake.remedy}"
            found.setdefault(wrong, []).append(target)
        for wrong, targets in found.items():
            yield f"{wrong}. {_left_out(cluster, targets)}."


def _mistakes(cluster: Declared) -> Iterator[tuple[str, Mistake]]:
    for target, mistakes in cluster.mistakes.items():
        yield from ((target, one) for one in mistakes)
    for name, params in cluster.unresolved.items():
        yield from ((f"{cluster.cluster}.{name}", one) for one in references(params))


def _left_out(cluster: Declared, targets: list[str]) -> str:
    if cluster.facts is None:
        return f"The whole cluster {cluster.cluster} is left out, and no figure here counts it"
    lost = [target for target in targets if cluster.own(target) is None]
    if not lost:
        verb = "is" if len(targets) == 1 else "are"
        return f"{show.targets(targets)} {verb} shown without that value, and figures that follow from it may be wrong"
    verb, them = ("is", "it") if len(lost) == 1 else ("are", "them")
    return f"{show.targets(lost)} {verb} left out, and no figure here counts {them}"
