"""How requests get from a gateway to pods: the indexes that rules about gateways share. Made once a
cluster."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from scripts.check.edges.gateways import POLICIES, backend_refs, parents, reference, target_refs
from scripts.check.edges.pools import pickers, pool_namespace
from scripts.check.made import controller
from scripts.check.model import Obj
from scripts.check.pods import Pod

if TYPE_CHECKING:
    from scripts.check.fleet import ClusterView

Named = tuple[str, str, str]
"""(kind, namespace, name)."""


def named(obj: Obj) -> Named:
    """The identity of an object without its group."""
    return obj.kind, obj.namespace, obj.name


class Wires:
    """Who is wired to whom in one cluster."""

    def __init__(self, view: ClusterView) -> None:
        """``view`` of the cluster."""
        self._view = view

    def gateways(self, route: Obj) -> list[Obj]:
        """The compiled Gateways that a route names."""
        found = (self._view.compiled(one.kind, one.namespace, one.name) for one in parents(route, self._view))
        return [gateway for gateway in found if gateway is not None and gateway.kind == "Gateway"]

    def controllers(self, route: Obj) -> set[str]:
        """Who runs the Gateways of a route (see :func:`scripts.check.made.controller`)."""
        return {controller(self._view, gateway) for gateway in self.gateways(route)}

    def policies(self, obj: Obj, *kinds: str) -> list[Obj]:
        """The policies about an object, of some kinds."""
        return [one for one in self._policies.get(named(obj), ()) if not kinds or one.kind in kinds]

    def pool_of_picker_service(self, namespace: str, name: str) -> Obj | None:
        """The pool whose Endpoint Picker a Service is."""
        return self._pools_by_picker.get((namespace, name))

    def picker_of(self, pool: Obj) -> list[Pod]:
        """The Endpoint Picker pods whose flags name a pool."""
        return self._pickers.get((pool.namespace, pool.name), [])

    def processor_pools(self, route: Obj) -> list[Obj]:
        """The pools whose Endpoint Picker a route asks through an EnvoyExtensionPolicy."""
        found = []
        for policy in self.policies(route, "EnvoyExtensionPolicy"):
            for ref in policy.each("spec.extProc[].backendRefs[]"):
                edge = reference(policy, ref, ())
                pool = self.pool_of_picker_service(edge.namespace, edge.name)
                if pool is not None:
                    found.append(pool)
        return found

    def backend_pools(self, route: Obj) -> list[Obj]:
        """The pools that a route names as backend."""
        edges = (
            reference(route, ref, ()) for ref in backend_refs(route) if ref.text("kind") == "InferencePool"
        )
        found = (self._view.compiled(one.kind, one.namespace, one.name) for one in edges)
        return [pool for pool in found if pool is not None]

    def pools(self, route: Obj) -> list[Obj]:
        """The pools that a route uses, in either way."""
        return [*self.backend_pools(route), *self.processor_pools(route)]

    def routes_of_pool(self, pool: Obj) -> list[Obj]:
        """The routes that use a pool."""
        return self._routes_by_pool.get((pool.namespace, pool.name), [])

    def routes_of_gateway(self, gateway: Obj) -> list[Obj]:
        """The routes that name a Gateway."""
        return self._routes_by_gateway.get(named(gateway), [])

    @cached_property
    def _routes_by_gateway(self) -> dict[Named, list[Obj]]:
        found: dict[Named, list[Obj]] = {}
        for route in self.routes:
            for gateway in self.gateways(route):
                found.setdefault(named(gateway), []).append(route)
        return found

    def gateways_with(self, parameters: Obj) -> list[Obj]:
        """The Gateways that an EnvoyProxy or its like configures."""
        return self._gateways_by_parameters.get(named(parameters), [])

    @cached_property
    def _gateways_by_parameters(self) -> dict[Named, list[Obj]]:
        found: dict[Named, list[Obj]] = {}
        for gateway in self._view.of("Gateway"):
            ref = gateway.node("spec.infrastructure.parametersRef")
            found.setdefault((ref.text("kind"), gateway.namespace, ref.text("name")), []).append(gateway)
        return found

    def certificates(self, namespace: str, secret: str) -> list[Obj]:
        """The Certificates that write a Secret."""
        return self._certificates.get((namespace, secret), [])

    @cached_property
    def _certificates(self) -> dict[tuple[str, str], list[Obj]]:
        found: dict[tuple[str, str], list[Obj]] = {}
        for one in self._view.of("Certificate"):
            found.setdefault((one.namespace, one.text("spec.secretName")), []).append(one)
        return found

    @cached_property
    def routes(self) -> tuple[Obj, ...]:
        """Every route of the cluster."""
        return tuple(self._view.of("HTTPRoute", "AIGatewayRoute", "GRPCRoute"))

    @cached_property
    def _policies(self) -> dict[Named, list[Obj]]:
        found: dict[Named, list[Obj]] = {}
        for policy in self._view.of(*POLICIES):
            for ref in target_refs(policy):
                target = (ref.text("kind"), policy.namespace, ref.text("name"))
                found.setdefault(target, []).append(policy)
        return found

    @cached_property
    def _pools_by_picker(self) -> dict[tuple[str, str], Obj]:
        pools = self._view.of("InferencePool")
        return {(pool.namespace, pool.text("spec.endpointPickerRef.name")): pool for pool in pools}

    @cached_property
    def _pickers(self) -> dict[tuple[str, str], list[Pod]]:
        found: dict[tuple[str, str], list[Pod]] = {}
        for deployment in self._view.of("Deployment", "StatefulSet"):
            for pod in pickers(deployment, self._view):
                key = (pool_namespace(pod), pod.main.flag("--pool-name") or "")
                found.setdefault(key, []).append(pod)
        return found

    @cached_property
    def _routes_by_pool(self) -> dict[tuple[str, str], list[Obj]]:
        found: dict[tuple[str, str], list[Obj]] = {}
        for route in self.routes:
            for pool in self.pools(route):
                found.setdefault((pool.namespace, pool.name), []).append(route)
        return found
