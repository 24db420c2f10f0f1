"""Which models get new pods, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Literal

from scripts.review.change import ObjectChange
from scripts.review.semantic import shown
from scripts.review.view import View

_NOT_PODS = (
    "spec.predictor.minReplicas",
    "spec.predictor.maxReplicas",
    "spec.predictor.autoScaling",
    "spec.predictor.scale",
    "spec.predictor.deploymentStrategy",
    "metadata.annotations.argocd.argoproj.io/",
    "metadata.annotations.serving.kserve.io/autoscalerClass",
)
"""Fields of an InferenceService that KServe does not copy into the pod template (KServe v0.20 predictor.go)."""


_TELLING = ("storageUri", "runtime", "args", "env")
"""Fields that say most about a change; the others mostly follow from them."""


@dataclass(frozen=True, slots=True)
class Restart:
    """One stack whose pods are replaced, or made."""

    target: str
    kind: Literal["own", "runtime", "new", "renamed"]
    because: str


@lru_cache(maxsize=8)
def restarts(view: View) -> dict[str, Restart]:
    """Stacks at the head that get new pods, by target."""
    found = {one.target: one for one in _by_runtime(view)}
    found.update((one.target, one) for one in _by_service(view))
    return found


def _by_service(view: View) -> Iterator[Restart]:
    for one in view.of("InferenceService"):
        if one.status == "added":
            yield Restart(one.target, "new", "it is new")
        elif one.status == "renamed":
            was = one.old_id.name if one.old_id else ""
            yield Restart(one.target, "renamed", f"InferenceService {was} becomes {one.id.name}")
        elif one.status == "changed" and (fields := pod_fields(one)):
            more = f" and {_more(len(fields) - 1)} change" if len(fields) > 1 else " changes"
            yield Restart(one.target, "own", f"{fields[0]}{more}")


def pod_fields(one: ObjectChange) -> list[str]:
    """Changed fields of an InferenceService that are part of its pods, without the common beginning."""
    paths = [shown(tuple(takewhile(lambda step: step.kind != "whole", change.path))) for change in one.fields]
    own = {
        path.removeprefix("spec.predictor.").removeprefix("model."): None
        for path in paths
        if not path.startswith(_NOT_PODS)
    }
    return sorted(own, key=lambda path: not path.startswith(_TELLING))


def _by_runtime(view: View) -> Iterator[Restart]:
    """KServe renders the Deployments of a runtime's services anew when the runtime changes (KServe v0.20
    inferenceservice controller, which watches both kinds of runtimes)."""
    changed: dict[tuple[str, str], ObjectChange] = {}
    for one in view.of("ClusterServingRuntime", "ServingRuntime"):
        if one.status in ("changed", "renamed") and any(
            shown(change.path).startswith("spec") for change in one.fields
        ):
            changed[one.id.cluster, one.id.name] = one
    if not changed:
        return
    for target, stack in view.stacks_after.items():
        hit = changed.get((stack.cluster.name, stack.runtime_object))
        if hit is not None and (not hit.id.namespace or hit.id.namespace == stack.namespace):
            yield Restart(target, "runtime", f"{hit.id.kind} {hit.id.name} changes")


def _more(count: int) -> str:
    return "another field" if count == 1 else f"{count} more fields"
