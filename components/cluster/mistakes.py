"""Mistakes that only show when a cluster is seen as a whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from components.argocd import mistakes as argocd
from components.cluster import platform
from components.cluster.params import ClusterParams, Fleet
from components.common.errors import Mistake
from components.facts.compatibility import components
from components.facts.suggest import nearest
from components.inference_gateway.wiring import WIRINGS
from components.inference_gateway.wiring.protocol import needs
from components.litellm import mistakes as litellm
from components.stack.mistakes.gateway import service_name
from components.stack.params import Stack


def own(params: ClusterParams) -> Iterator[Mistake]:
    """What is wrong with a cluster's own facts."""
    cluster = params.cluster
    known = sorted(components())
    for name in sorted(set(cluster.versions) - set(known)):
        near = nearest(name, known)
        remedy = f"did you mean {near!r}?" if near else f"known: {', '.join(known)}"
        yield Mistake(("cluster", "versions", name), f"nothing knows a component {name!r}", remedy)
    for name, on in sorted(cluster.runtimes.items()):
        if on and name not in params.runtimes:
            near = nearest(name, params.runtimes)
            hint = f"did you mean {near!r}? " if near else ""
            remedy = f"{hint}include its class (runtimes.{name})"
            yield Mistake(("cluster", "runtimes", name), f"there is no runtime {name!r}", remedy)
    for name, pool in sorted(cluster.pools.items()):
        if pool.accelerator not in params.accelerators:
            path = ("cluster", "pools", name, "accelerator")
            remedy = f"include its class (accelerators.{pool.accelerator})"
            yield Mistake(path, f"there is no accelerator {pool.accelerator!r}", remedy)
    yield from _shared_gateways(params)


def _shared_gateways(params: ClusterParams) -> Iterator[Mistake]:
    """Their wiring is installed, and the Services of their proxies have names that fit."""
    cluster = params.cluster
    for name, shared in sorted(cluster.shared_gateways.items()):
        path = ("cluster", "sharedGateways", name, "wiring")
        wiring = WIRINGS[shared.wiring]
        for component in needs(wiring, pool=False):
            if not cluster.has(component):
                wrong = (
                    f"wiring {shared.wiring} needs {component}, which cluster {cluster.name} does not declare"
                )
                yield Mistake(path, wrong, f"set cluster.versions.{component}, or remove the shared gateway")
        service = wiring.service(platform.shared_gateway(Fleet(params, (), {}), name))
        yield from service_name(service, path[:-1], "the shared gateway")


def between(params: ClusterParams, stacks: tuple[Stack, ...]) -> Iterator[Mistake]:
    """What is wrong between the stacks of a cluster."""
    yield from _objects(stacks)
    yield from argocd.mistakes(params, stacks)
    yield from litellm.mistakes(params, stacks)


def _objects(stacks: tuple[Stack, ...]) -> Iterator[Mistake]:
    """Two stacks of one namespace must not make the same InferenceService."""
    owners: dict[tuple[str, str], list[str]] = defaultdict(list)
    for stack in stacks:
        owners[stack.namespace, stack.names.service].append(stack.name)
    for (namespace, service), who in sorted(owners.items()):
        if len(who) > 1:
            yield Mistake(
                ("cluster", "namespace"),
                f"stacks {', '.join(who)} would all make InferenceService {namespace}/{service}",
                "give each its own serving.name or serving.namespace",
            )
