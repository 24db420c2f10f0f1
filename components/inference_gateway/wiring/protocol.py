"""What a way of wiring an Endpoint Picker into a gateway answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from components.common.cluster import Cluster
from components.common.manifest import Manifest
from components.stack.params import Stack

FailureMode = Literal["FailOpen", "FailClose"]
Tls = Literal["off", "self-signed", "cert-manager"]
_POOL_NEEDS = ("envoyAiGateway", "inferenceExtension", "llmdRouter")


@dataclass(frozen=True, slots=True)
class InternalGateway:
    """One internal Gateway: a stack's own, or one that several stacks share."""

    name: str
    namespace: str
    class_name: str
    route_namespaces: tuple[str, ...]
    """Namespaces whose routes may attach, sorted."""
    longest_request_seconds: int
    cluster: Cluster

    @property
    def shared_across_namespaces(self) -> bool:
        """Whether routes of other namespaces attach."""
        return self.route_namespaces != (self.namespace,)


class Wiring(Protocol):
    """One way of wiring. A new way is one module that answers this, and one class file."""

    CLASS_NAME: str
    """The GatewayClass that the implementation brings."""
    POOL_BACKEND: bool
    """Whether routes name the InferencePool (else a Service that holds the same pods)."""
    SINGLE_PICK: bool
    """Whether the gateway understands one picked address only."""
    FAILURE_MODE: FailureMode
    """What really happens while the EPP is away, and the default of ``gateway.pool.failureMode``."""
    ROUTE_TIMEOUTS: bool
    """Whether HTTPRoute timeouts are supported."""
    STREAM_IDLE: bool
    """Whether ``gateway.streamIdle`` bounds a stream's silence."""
    NEEDS: tuple[str, ...]
    """Components that the cluster must declare in ``versions``."""

    def tls(self, stack: Stack) -> Tls:
        """TLS between gateway and EPP."""

    def service(self, gateway: InternalGateway) -> str:
        """The Service that the implementation makes for a Gateway."""

    def pool_annotations(self, stack: Stack) -> dict[str, str]:
        """Annotations of the InferencePool."""

    def gateway(self, gateway: InternalGateway) -> Iterator[Manifest]:
        """The Gateway and what belongs to it alone."""

    def policies(self, stack: Stack) -> Iterator[Manifest]:
        """What wires the EPP into the stack's route."""


def needs(wiring: Wiring, *, pool: bool) -> list[str]:
    """What the cluster must declare in ``versions``: of a Gateway without a pool behind it, only what runs it."""
    return [component for component in wiring.NEEDS if pool or component not in _POOL_NEEDS]


def listener(gateway: InternalGateway) -> dict[str, Any]:
    """The HTTP listener, with every default of the API server written out."""
    namespaces: dict[str, Any] = {"from": "Same"}
    if gateway.shared_across_namespaces:
        expression = {
            "key": "kubernetes.io/metadata.name",
            "operator": "In",
            "values": list(gateway.route_namespaces),
        }
        namespaces = {"from": "Selector", "selector": {"matchExpressions": [expression]}}
    return {"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": namespaces}}


def alias_service(gateway: InternalGateway, target: str) -> Manifest:
    """A name in the gateway's namespace for a Service that the implementation made under another name."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": gateway.name, "namespace": gateway.namespace},
        "spec": {
            "type": "ExternalName",
            "externalName": target,
            "ports": [{"name": "http", "port": 80, "targetPort": 80, "protocol": "TCP"}],
        },
    }


def target_reference(stack: Stack) -> dict[str, str]:
    """The stack's route, as a policy names it."""
    return {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": stack.names.route}
