"""What stacks of a cluster stand on: namespaces, cluster-wide runtimes, shared gateways."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.params import Fleet
from components.common import names
from components.common.manifest import Manifest
from components.common.place import KEEP, SYNC_OPTIONS
from components.inference_gateway.wiring import WIRINGS
from components.inference_gateway.wiring.protocol import InternalGateway
from components.serving_runtimes.build import cluster_runtime
from components.stack.params import Stack


def build(fleet: Fleet) -> Iterator[Manifest]:
    """Namespaces, ClusterServingRuntimes and shared Gateways."""
    cluster = fleet.cluster
    yield from (namespace(fleet, name) for name in own_namespaces(fleet))
    for name, on in sorted(cluster.runtimes.items()):
        if on and not fleet.params.runtimes[name].namespaced:
            own = names.cluster_runtime(cluster.runtime_prefix, name)
            yield cluster_runtime(own, fleet.params.runtimes[name])
    for name in sorted(cluster.shared_gateways):
        yield from WIRINGS[cluster.shared_gateways[name].wiring].gateway(shared_gateway(fleet, name))


def namespaces(fleet: Fleet) -> list[str]:
    """Every namespace that something is compiled into, but that of the infrastructure release."""
    cluster = fleet.cluster
    used = {cluster.namespace, *(stack.namespace for stack in fleet.stacks)}
    used |= {gateway.namespace for gateway in cluster.shared_gateways.values() if gateway.namespace}
    return sorted(used)


def own_namespaces(fleet: Fleet) -> list[str]:
    """The namespaces that are made here: none that another release owns or brings (``cluster.provided``)."""
    provided = fleet.cluster.provided.get("Namespace", {})
    return [name for name in namespaces(fleet) if fleet.cluster.namespaces.create and not provided.get(name)]


def namespace(fleet: Fleet, name: str) -> Manifest:
    """A namespace. Argo CD never deletes it: everything in it would go too."""
    level = fleet.cluster.namespaces.pod_security
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/metadata.name": name,
                "pod-security.kubernetes.io/enforce": level,
                "pod-security.kubernetes.io/warn": "restricted",
            },
            "annotations": {SYNC_OPTIONS: KEEP},
        },
    }


def shared_gateway(fleet: Fleet, name: str) -> InternalGateway:
    """A Gateway that several stacks share, open to the namespaces of those stacks."""
    cluster = fleet.cluster
    shared = cluster.shared_gateways[name]
    own = shared.namespace or cluster.namespace
    users = members(fleet, name)
    return InternalGateway(
        name=names.gateway(name),
        namespace=own,
        class_name=shared.class_name or WIRINGS[shared.wiring].CLASS_NAME,
        route_namespaces=tuple(sorted({stack.namespace for stack in users} or {own})),
        longest_request_seconds=max([stack.serving.request_timeout_seconds for stack in users], default=600),
        cluster=cluster,
    )


def members(fleet: Fleet, name: str) -> list[Stack]:
    """Stacks that use a shared gateway."""
    return [stack for stack in fleet.stacks if stack.gateway.enabled and stack.gateway.shared == name]
