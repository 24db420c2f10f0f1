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
    "GCPBackendPolicy",
)
_FIRST = {"removed": 0, "added": 1}
"""Which stacks are drawn first, by the mark of their pods, where there is no room for all."""


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
    proxy = [one for one in own if _component(one) == "litellm"]
    platform = [one for one in own if _component(one) == "platform"]
    routes = [one for one in proxy if one.id.kind == "HTTPRoute"]
    rest = [one for one in proxy if one not in routes]
    service = declared.facts.litellm_service if declared.facts else ""
    stacks = {
        target: stack
        for target, stack in sorted({**view.stacks_before, **view.stacks_after}.items())
        if stack.cluster.name == cluster
        and (target in view.stacks_after or target not in view.twins.values())
    }
    touched: list[StackPicture] = []
    for target, stack in stacks.items():
        objects = [*by_target.get(target, []), *_shared(stack, platform)]
        if objects or target in restarts(view):
            touched.append(_stack(view, target, stack, objects))
    touched.sort(key=lambda one: _FIRST.get(one.pods.mark, len(_FIRST)))
    drawn = tuple(touched[:MAX_STACKS])
    return ClusterPicture(
        cluster=cluster,
        environment=declared.environment.name if declared.environment else "",
        region=(declared.facts.region or "") if declared.facts else "",
        external=external(declared, "changed" if routes else ""),
        litellm=litellm(declared, _mark(rest, "Deployment", service)),
        stacks=drawn,
        versions=_versions(declared),
        hidden=len(stacks) - len(drawn),
    )


def _shared(stack: Stack, platform: list[ObjectChange]) -> list[ObjectChange]:
    """Changes of the gateway that a stack shares, among those of what its cluster stands on."""
    if not (stack.gateway.enabled and stack.gateway.shared):
        return []
    return [one for one in platform if one.id.name == stack.names.gateway]


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
        external(declared, ""),
        litellm(declared, ""),
        tuple(stacks[:limit]),
        _versions(declared),
        max(len(stacks) - limit, 0),
    )


def _versions(declared: Declared) -> dict[str, str]:
    facts = declared.facts
    if facts is None:
        return {}
    tag = facts.litellm.image.tag if facts.litellm.deploy else None
    proxy = {"litellm": tag.removeprefix("v")} if tag else {}
    return {"kubernetes": facts.kubernetes, **proxy, **facts.versions}


def external(declared: Declared, mark: Mark) -> Node:
    """The gateway that the outside reaches."""
    facts = declared.facts
    host = (facts.litellm.hostname or "no hostname here") if facts else ""
    return Node("external", facts.external_gateway if facts else "", host, mark)


def litellm(declared: Declared, mark: Mark) -> Node:
    """The proxy."""
    facts = declared.facts
    if facts is None:
        return Node("litellm", "", "")
    detail = f"{facts.litellm.replicas} pods" if facts.litellm.deploy else "of another release"
    return Node("litellm", facts.litellm_service, detail, mark)


def _stack(view: View, target: str, stack: Stack, objects: list[ObjectChange]) -> StackPicture:
    parts: dict[str, list[ObjectChange]] = {"gateway": [], "picker": [], "pods": []}
    for one in objects:
        parts[_part(stack, one)].append(one)
    names = stack.names
    restarting = target in restarts(view)
    return stack_picture(
        target,
        stack,
        _mark(parts["gateway"], "Gateway", names.gateway),
        _mark(parts["picker"], "InferencePool", names.pool),
        _mark(parts["pods"], "InferenceService", names.service) or ("changed" if restarting else ""),
    )


def _part(stack: Stack, one: ObjectChange) -> str:
    """The box that an object of a stack belongs to."""
    if _component(one) == "model-service":
        return "pods"
    return "picker" if one.id.kind in _PICKER_KINDS or stack.names.epp in one.id.name else "gateway"


def _component(one: ObjectChange) -> str:
    """What compiles an object: ``compiled/<cluster>/<stack>/<component>/<file>``."""
    return "".join(one.file.split("/")[3:4])


def _mark(objects: list[ObjectChange], kind: str, name: str) -> Mark:
    """What happens to a box of which some objects change: it comes or goes with the one that it is named after."""
    statuses = {one.status for one in objects if (one.id.kind, one.id.name) == (kind, name)}
    if statuses == {"added"}:
        return "added"
    if statuses == {"removed"}:
        return "removed"
    return "changed" if objects else ""


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
