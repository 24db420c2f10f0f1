"""Mistakes in a cluster's LiteLLM: secrets that nobody brings, names that stand for two things."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from components.cluster.params import ClusterParams
from components.common.cluster import Cluster
from components.common.errors import Mistake
from components.facts.suggest import nearest
from components.litellm.build import MASTER_KEY_PURPOSE, SALT_KEY_PURPOSE
from components.stack.params import Stack


def mistakes(params: ClusterParams, stacks: tuple[Stack, ...]) -> Iterator[Mistake]:
    """What is wrong with ``cluster.litellm``, or between the stacks' entries."""
    yield from _secrets(params.cluster)
    yield from _models(stacks)
    yield from _fallbacks(stacks)
    yield from _adapters(stacks)
    yield from _aliases(params.cluster, stacks)


def _secrets(cluster: Cluster) -> Iterator[Mistake]:
    """Every Secret that the proxy reads comes from the store or from another release."""
    proxy = cluster.litellm
    if not proxy.deploy:
        return
    for key, name, purpose in (
        ("masterKeySecret", proxy.master_key_secret, MASTER_KEY_PURPOSE),
        ("saltKeySecret", proxy.salt_key_secret, SALT_KEY_PURPOSE),
        ("redisSecret", proxy.redis_secret, None),
        ("databaseSecret", proxy.database_secret, None),
    ):
        place = f"{cluster.infrastructure_namespace}/{name}"
        if name is None or cluster.provided.get("Secret", {}).get(place):
            continue
        if purpose is None or not (cluster.secret_store and purpose in cluster.secrets):
            store = f"set cluster.secretStore and cluster.secrets.{purpose}, or " if purpose else ""
            yield Mistake(
                ("cluster", "litellm", key),
                f"the LiteLLM proxy reads Secret {place}, which nothing brings",
                f"{store}declare cluster.provided.Secret: {{{place}: true}}",
            )


def _public(stacks: tuple[Stack, ...]) -> dict[str, list[Stack]]:
    """The stacks behind each public name, both sorted."""
    owners: dict[str, list[Stack]] = defaultdict(list)
    for stack in sorted(stacks, key=lambda stack: (stack.public_name, stack.name)):
        if stack.params.litellm.enabled:
            owners[stack.public_name].append(stack)
    return dict(owners)


def _models(stacks: tuple[Stack, ...]) -> Iterator[Mistake]:
    """A public name stands for one model; several stacks that serve it share the load."""
    for name, owners in _public(stacks).items():
        if len({stack.model.name for stack in owners}) > 1:
            which = ", ".join(stack.name for stack in owners)
            wrong = f"the public name {name!r} stands for different models in stacks {which}"
            yield Mistake(("cluster", "litellm"), wrong, "give one of them another litellm.modelName")


def _fallbacks(stacks: tuple[Stack, ...]) -> Iterator[Mistake]:
    """A fallback leads to another model of the cluster."""
    known = _public(stacks)
    for stack in stacks:
        for fallback in stack.params.litellm.fallbacks:
            if fallback == stack.public_name:
                wrong = f"stack {stack.name} falls back to itself"
                yield _at(stack, fallback, wrong, "remove the fallback")
            elif fallback not in known:
                wrong = f"stack {stack.name} falls back to {fallback!r}, which no stack of the cluster serves"
                yield _at(stack, fallback, wrong, _known(fallback, known))


def _at(stack: Stack, fallback: str, message: str, remedy: str) -> Mistake:
    target = f"{stack.cluster.name}.{stack.name}"
    return Mistake(("litellm", "fallbacks", fallback), message, remedy, target)


def _known(name: str, known: Collection[str]) -> str:
    near = nearest(name, known)
    return f"{f'did you mean {near!r}? ' if near else ''}known: {', '.join(known)}"


def _adapters(stacks: tuple[Stack, ...]) -> Iterator[Mistake]:
    """The name of an adapter is a public name: it stands for one adapter, and for no model."""
    public = _public(stacks)
    meanings: dict[str, set[str]] = defaultdict(set)
    for stack in stacks:
        if stack.params.litellm.enabled:
            for name, adapter in stack.model.adapters.items():
                meanings[name].add(adapter.uri)
    for name, uris in sorted(meanings.items()):
        if name in public:
            wrong = f"the adapter {name!r} has the public name of a model"
            yield Mistake(("cluster", "litellm"), wrong, "rename one of them")
        if len(uris) > 1:
            wrong = f"the adapter name {name!r} stands for {' and '.join(sorted(uris))}"
            yield Mistake(("cluster", "litellm"), wrong, "give one of the adapters another name")


def _aliases(cluster: Cluster, stacks: tuple[Stack, ...]) -> Iterator[Mistake]:
    """An alias leads to a model, and hides none."""
    known = _public(stacks)
    served = {name for stack in stacks for name in (stack.public_name, *stack.model.adapters)}
    for alias, name in sorted(cluster.litellm.model_group_aliases.items()):
        path = ("cluster", "litellm", "modelGroupAliases", alias)
        if name not in known:
            yield Mistake(
                path, f"the alias {alias!r} leads to {name!r}, which no stack serves", _known(name, known)
            )
        if alias in served:
            yield Mistake(path, f"the alias {alias!r} is the public name of a model", "choose another alias")
