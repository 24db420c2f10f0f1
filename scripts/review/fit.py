"""The seam to the memory verdicts of the check: from the compiled files of one stack to ok, margin or no."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache

from scripts.check.declared import Declared
from scripts.check.deployment import deployment
from scripts.check.fit import fit
from scripts.check.fit_gguf import fit_gguf
from scripts.check.fleet import ClusterView
from scripts.check.model import Obj
from scripts.check.plans import gguf_plan, vllm_plan
from scripts.check.text import TextError, document
from scripts.review.sides import Side

_WANTED = ("/inferenceservice-", "/clusterservingruntime-", "/servingruntime-")


def verdict_of(declared: Declared, side: Side, target: str) -> tuple[str, str] | None:
    """The verdict on a stack's model and its arithmetic; None where what decides it is not known."""
    if declared.facts is None or declared.environment is None:
        return None
    view = ClusterView(declared, _objects(declared.cluster, side, target))
    for service in view.of("InferenceService"):
        one = deployment(service, view)
        if one is None:
            continue
        if (plan := vllm_plan(one)) is not None:
            found = fit(plan)
            return found.verdict, found.arithmetic
        if (small := gguf_plan(one)) is not None:
            other = fit_gguf(small)
            return other.verdict, other.arithmetic
    return None


def _objects(cluster: str, side: Side, target: str) -> Iterator[Obj]:
    yield from _of(side, f"{cluster}.cluster")
    yield from _of(side, target)


@lru_cache(maxsize=256)
def _of(side: Side, target: str) -> tuple[Obj, ...]:
    """The services and runtimes that a target compiles to."""
    files = side.compiled(target)
    found: list[Obj] = []
    for path in files:
        if any(kind in path for kind in _WANTED):
            with suppress(TextError, IndexError):
                cluster = target.rpartition(".")[0]
                found.append(Obj(path, cluster, target, path.split("/")[3], document(files[path])))
    return tuple(found)
