"""The stacks of a change as boxes: external gateway → LiteLLM → gateway → Endpoint Picker → pods, with what changed
marked. Where the boxes stand is for :mod:`scripts.review.drawing`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from components.stack.params import Stack
from scripts.check.declared import Declared
from scripts.review.change import ClusterPicture, Node, ObjectChange, StackPicture
from scripts.review.restarts import restarts
from scripts.review.view import View

MAX_STACKS, MAX_CLUSTERS = 16, 24
"""So many stacks of a cluster, and clusters, are drawn."""

Mark = Literal["", "added", "removed", "changed"]
_PICKER_KINDS = (
    "InferencePool",
    "EnvoyExtensionPolicy",
    "DestinationRule",
    "InferenceObjective",
    "HealthCheckPolicy",
)
_POD_KINDS = (
    "InferenceService",
    "PersistentVolumeClaim",
    "ServiceAccount",
    "ExternalSecret",
    "PodDisruptionBudget",
)


def pictures(view: View) -> Iterator[ClusterPicture]:
    """The clusters that something changes in, each with the stacks that something changes in."""
    by_target: dict[str, list[ObjectChange]] = {}
    for one in view.change.synced:
        by_target.setdefault(one.target, []).append(one)
    for cluster in view.clusters[:MAX_CLUSTERS]:
        declared = view.after.get(cluster) or view.before.get(cluster)
        if declared is not None and declared.facts is not None:
            yield _cluster(view, cluster, declared, by_target)


def _cluster(
    view: View, cluster: str, declared: Declared, by_target: dict[str, list[ObjectChange]]
) -> ClusterPicture:
    own = by_target.get(f"{cluster}.cluster", [])
    drawn: list[StackPicture] = []
    hidden = 0
    renamed = set(view.twins.values())
    for target, stack in sorted({**view.stacks_before, **view.stacks_after}.items()):
        if stack.cluster.name != cluster or (target in renamed and target not in view.stacks_after):
            continue
        objects = by_target.get(target, [])
        touched = objects or target in restarts(view)
        if not touched or len(drawn) == MAX_STACKS:
            hidden += 1
            continue
        drawn.append(_stack(view, target, stack, objects))
    return ClusterPicture(
        cluster=cluster,
        environment=declared.environment.name if declared.environment else "",
        region=(declared.facts.region or "") if declared.facts else "",
        external=external(declared),
        litellm=litellm(declared, _mark_of(own, ("litellm",))),
        stacks=tuple(drawn),
        versions=_versions(declared),
        hidden=hidden,
    )


def fleet(declared: Declared, limit: int = 10_000) -> ClusterPicture | None:
    """One cluster as it stands, without a comparison."""
    if declared.facts is None:
        return None
    stacks = [
        stack_picture(f"{declared.cluster}.{name}", stack, "", "", "")
        for name, stack in declared.stacks.items()
    ]
    return ClusterPicture(
        declared.cluster,
        declared.environment.name if declared.environment else "",
        declared.facts.region or "",
        external(declared),
        litellm(declared, ""),
        tuple(stacks[:limit]),
        _versions(declared),
        max(len(stacks) - limit, 0),
    )


def _versions(declared: Declared) -> dict[str, str]:
    facts = declared.facts
    return {"kubernetes": facts.kubernetes, **facts.versions} if facts else {}


def external(declared: Declared) -> Node:
    """The gateway that the outside reaches."""
    facts = declared.facts
    host = (facts.litellm.hostname or "no hostname here") if facts else ""
    return Node("external", facts.external_gateway if facts else "", host)


def litellm(declared: Declared, mark: Mark) -> Node:
    """The proxy."""
    facts = declared.facts
    if facts is None:
        return Node("litellm", "", "")
    detail = f"{facts.litellm.replicas} pods" if facts.litellm.deploy else "of another release"
    return Node("litellm", facts.litellm_service, detail, mark)


def _stack(view: View, target: str, stack: Stack, objects: list[ObjectChange]) -> StackPicture:
    if target not in view.stacks_after:
        return stack_picture(target, stack, "removed", "removed", "removed")
    if target not in view.stacks_before and target not in view.twins:
        return stack_picture(target, stack, "added", "added", "added")
    picker = _mark(any(one.id.name.endswith("-epp") or one.id.kind in _PICKER_KINDS for one in objects))
    gateway = _mark(
        any(
            not one.id.name.endswith("-epp") and one.id.kind not in (*_PICKER_KINDS, *_POD_KINDS)
            for one in objects
        )
    )
    pods = _mark(target in restarts(view) or any(one.id.kind in _POD_KINDS for one in objects))
    return stack_picture(target, stack, gateway, picker, pods)


def _mark(changed: bool) -> Mark:
    return "changed" if changed else ""


def _mark_of(objects: list[ObjectChange], components: tuple[str, ...]) -> Mark:
    return _mark(any(f"/{component}/" in one.file for one in objects for component in components))


def stack_picture(target: str, stack: Stack, gateway: Mark, picker: Mark, pods: Mark) -> StackPicture:
    """One stack as boxes."""
    low, high = stack.serving.min_replicas, stack.max_replicas
    count = f"{low}" if low == high else f"{low} to {high}"
    plural = "" if high == 1 else "s"
    size = f"{stack.gpus_per_pod} x {stack.serving.pool}" if stack.gpus_per_pod else stack.serving.pool
    way = stack.gateway.wiring if stack.gateway.enabled else "straight to the pods"
    through = Node("gateway", stack.names.gateway, way, gateway, stack.gateway.enabled)
    epp = (
        Node("epp", stack.names.epp, f"{stack.gateway.epp.replicas} replicas", picker)
        if stack.has_pool
        else None
    )
    return StackPicture(
        target,
        stack.model.name,
        through,
        epp,
        Node("pods", f"{count} pod{plural}", f"{size} · {stack.serving.runtime}", pods),
    )
