"""Edges of InferencePools, their objectives, and the Endpoint Picker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scripts.check.edges.gateways import reference
from scripts.check.graph import Edge
from scripts.check.model import Obj
from scripts.check.node import Node
from scripts.check.pods import Container, Pod

if TYPE_CHECKING:
    from scripts.check.fleet import ClusterView

POOL_GROUP = "inference.networking.k8s.io"


def endpoint_picker(pool: Obj, view: ClusterView) -> Iterator[Edge]:
    """InferencePool → Service of the Endpoint Picker and its port."""
    ref = pool.node("spec.endpointPickerRef")
    if ref.has("name"):
        edge = reference(pool, ref, ("gateway", "epp"))
        yield Edge(
            pool, ref.field, edge.kind, edge.namespace, edge.name, edge.group, port=ref.number("port.number")
        )


def pool_of_objective(obj: Obj, view: ClusterView) -> Iterator[Edge]:
    """InferenceObjective and InferenceModelRewrite → their pool."""
    ref = obj.node("spec.poolRef")
    if ref.has("name"):
        group = ref.text("group", POOL_GROUP)
        yield Edge(obj, ref.field, ref.text("kind", "InferencePool"), obj.namespace, ref.text("name"), group)


def picker_pool(deployment: Obj, view: ClusterView) -> Iterator[Edge]:
    """Endpoint Picker → the pool that its flags name."""
    for pod in pickers(deployment, view):
        name = pod.main.flag("--pool-name")
        if name:
            field = argument(pod.main, "--pool-name")
            group = pod.main.flag("--pool-group") or POOL_GROUP
            yield Edge(deployment, field, "InferencePool", pool_namespace(pod), name, group)


def pickers(deployment: Obj, view: ClusterView) -> list[Pod]:
    """The Endpoint Picker pods of a Deployment; none for another one."""
    return [pod for pod in view.pods_of(deployment) if pod.role == "epp"]


def pool_namespace(pod: Pod) -> str:
    """The namespace that an Endpoint Picker looks for its pool in: flag, variable, its own (router v0.10
    options.go)."""
    return pod.main.flag("--pool-namespace") or pod.main.env.get("NAMESPACE") or pod.namespace


def argument(container: Container, flag: str) -> str:
    """The field of a flag: ``spec.template.spec.containers[0].args[3]``."""
    for index, word in enumerate(container.node.strings("args")):
        if word == flag or word.startswith(f"{flag}="):
            return f"{container.node.at('args')}[{index}]"
    return container.node.at("args")


def mounted(pod: Pod, path: str) -> tuple[Node, str] | None:
    """(volume, file below it) that a path in the main container leads to; None when nothing is mounted
    there."""
    best: tuple[Node, str] | None = None
    longest = -1
    for mount in pod.main.node.each("volumeMounts[]"):
        at = mount.text("mountPath").rstrip("/")
        inside = path == at or path.startswith(f"{at}/")
        if inside and len(at) > longest:
            volume = next(
                (one for one in pod.spec.each("volumes[]") if one.text("name") == mount.text("name")), None
            )
            if volume is not None:
                below = path.removeprefix(at).strip("/")
                sub = mount.text("subPath")
                best, longest = (volume, "/".join(filter(None, (sub, below)))), len(at)
    return best


def configuration(pod: Pod, view: ClusterView) -> list[str]:
    """The texts of an Endpoint Picker's configuration: of its flag, or of the ConfigMap that it is mounted
    from."""
    text = pod.main.flag("--config-text")
    path = pod.main.flag("--config-file")
    if text or not path:
        return [text] if text else []
    found = mounted(pod, path)
    if found is None:
        return []
    volume, file = found
    name = volume.text("configMap.name")
    config = view.compiled("ConfigMap", pod.namespace, name)
    return [config.texts("data")[file]] if config and file in config.texts("data") else []
