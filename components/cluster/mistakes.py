"""Mistakes that only show when a cluster is seen as a whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from components.argocd import mistakes as argocd
from components.cluster.params import ClusterParams
from components.common.errors import Mistake
from components.facts.suggest import nearest
from components.inference_gateway.wiring import WIRINGS
from components.litellm import mistakes as litellm
from components.stack.params import Stack


def mistakes(params: ClusterParams, stacks: tuple[Stack, ...]) -> Iterator[Mistake]:
    """What is wrong with a cluster target, or between its stacks."""
    cluster = params.cluster
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
    for name, shared in sorted(cluster.shared_gateways.items()):
        if shared.wiring not in WIRINGS:
            path = ("cluster", "sharedGateways", name, "wiring")
            yield Mistake(path, f"there is no wiring {shared.wiring!r}", f"choose one of {', '.join(WIRINGS)}")
    yield from _public_names(params, stacks)
    yield from _objects(stacks)
    yield from argocd.mistakes(params, stacks)
    yield from litellm.mistakes(params, stacks)


def _public_names(params: ClusterParams, stacks: tuple[Stack, ...]) -> Iterator[Mistake]:
    """LiteLLM names: one stack each, and every fallback and alias leads to one."""
    users: dict[str, list[Stack]] = defaultdict(list)
    for stack in stacks:
        if stack.params.litellm.enabled:
            users[stack.public_name].append(stack)
    for name, owners in sorted(users.items()):
        bases = {stack.model.name for stack in owners}
        if len(bases) > 1:
            which = ", ".join(stack.name for stack in owners)
            yield Mistake(
                ("cluster", "litellm"),
                f"the public name {name!r} stands for different models in stacks {which}",
                "give one of them another litellm.modelName",
            )
    known = sorted(users)
    for stack in stacks:
        for fallback in stack.params.litellm.fallbacks:
            if fallback == stack.public_name:
                yield Mistake(("cluster", "litellm"), f"stack {stack.name} falls back to itself", "remove the fallback")
            elif fallback not in users:
                near = nearest(fallback, known)
                hint = f"did you mean {near!r}? " if near else ""
                yield Mistake(
                    ("cluster", "litellm"),
                    f"stack {stack.name} falls back to {fallback!r}, which no stack of the cluster serves",
                    f"{hint}known: {', '.join(known)}",
                )
    for alias, name in sorted(params.cluster.litellm.model_group_aliases.items()):
        if name not in users:
            path = ("cluster", "litellm", "modelGroupAliases", alias)
            yield Mistake(path, f"alias {alias!r} leads to {name!r}, which no stack serves", f"known: {', '.join(known)}")


def _objects(stacks: tuple[Stack, ...]) -> Iterator[Mistake]:
    """Two stacks of one namespace must not make the same InferenceService, nor one called like the other's parts."""
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
