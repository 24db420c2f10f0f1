"""The fleet as the inventory declares it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from components.inventory.origin import CannotResolve, Origins
from scripts.check import ledger as pools
from scripts.check.declared import Declared, clusters_of, declared
from scripts.map.missing import missing
from scripts.project import MisuseError, Project
from scripts.review.change import ClusterPicture, LedgerRow, Level
from scripts.review.picture import fleet as picture

MAX_DRAWN = 60
"""Stacks of one cluster that are drawn; the table holds all."""


@dataclass(frozen=True, slots=True)
class StackLine:
    """One stack in words."""

    target: str
    model: str
    public_name: str
    """In LiteLLM; empty where it is not listed there."""
    adapters: tuple[str, ...]
    """LoRA adapters that LiteLLM lists beside it."""
    aliases: tuple[str, ...]
    """Names that LiteLLM takes for one of these."""
    gateway: str
    wiring: str
    runtime: str
    pool: str
    replicas: str
    gpus: int
    """At the smallest number of replicas."""
    gpus_at_most: int
    """At the largest number of replicas."""
    fallbacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FleetMap:
    """Everything that a map shows."""

    pictures: tuple[ClusterPicture, ...]
    ledger: tuple[LedgerRow, ...]
    stacks: tuple[StackLine, ...]
    notes: tuple[str, ...] = ()


def fleet(project: Project) -> FleetMap:
    """The whole fleet. What cannot be shown is named in the notes. Raises MisuseError without a target."""
    origins = Origins(project.inventory)
    targets = sorted(origins.inventory.layout.targets)
    if not targets:
        raise MisuseError(f"{project.shown(project.inventory)}/targets holds no target")
    rendered, broken = {}, {}
    for target in targets:
        try:
            value = origins.value(target)
        except CannotResolve as error:
            broken[target] = str(error.problems[0])
            continue
        if isinstance(value, dict):
            rendered[target] = value
    clusters = [declared(name, rendered) for name in clusters_of(targets)]
    drawn = [one for cluster in clusters if (one := picture(cluster, MAX_DRAWN)) is not None]
    return FleetMap(
        pictures=tuple(drawn),
        ledger=tuple(row for cluster in clusters for row in _ledger(cluster)),
        stacks=tuple(line for cluster in clusters for line in _lines(cluster)),
        notes=tuple(missing(origins, clusters, broken)),
    )


def _ledger(cluster: Declared) -> Iterator[LedgerRow]:
    for row in pools.rows(cluster):
        facts = cluster.facts
        price = facts.pools[row.pool].price_per_gpu_hour if facts else None
        cost = round(price * row.minimum, 2) if price is not None else None
        level = Level(row.capacity, row.minimum, row.maximum, row.peak, cost)
        currency = facts.currency if facts else ""
        yield LedgerRow(cluster.cluster, row.pool, row.unit, row.accelerator, currency, level, level)


def _lines(cluster: Declared) -> Iterator[StackLine]:
    for name, stack in cluster.stacks.items():
        entry = stack.params.litellm
        adapters = sorted(stack.model.adapters) if entry.enabled else []
        listed = {stack.public_name, *adapters} if entry.enabled else set()
        aliases = stack.cluster.litellm.model_group_aliases
        yield StackLine(
            target=f"{cluster.cluster}.{name}",
            model=stack.model.name,
            public_name=stack.public_name if entry.enabled else "",
            adapters=tuple(adapters),
            aliases=tuple(sorted(alias for alias, name in aliases.items() if name in listed)),
            gateway=stack.names.gateway if stack.gateway.enabled else "none",
            wiring=stack.gateway.wiring if stack.gateway.enabled else "",
            runtime=f"{stack.serving.runtime} {stack.runtime.version}",
            pool=stack.serving.pool,
            replicas=span(stack.serving.min_replicas, stack.max_replicas),
            gpus=stack.gpu_demand.minimum,
            gpus_at_most=stack.gpu_demand.maximum,
            fallbacks=tuple(sorted(entry.fallbacks, key=lambda other: entry.fallbacks[other])),
        )


def span(low: int, high: int) -> str:
    """``2``, ``0 to 2``."""
    return str(low) if low == high else f"{low} to {high}"
