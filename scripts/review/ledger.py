"""The ledger of a change: what every pool holds before and after it, at the peak of the rollout, and what it costs;
and how the models fit into the memory of their GPUs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from components.stack.params import Stack
from scripts.check import ledger as pools
from scripts.check.declared import Declared
from scripts.review.change import LedgerRow, Level, MemoryVerdict
from scripts.review.fate import left
from scripts.review.fit import verdict_of
from scripts.review.restarts import Restart, restarts
from scripts.review.view import View

MAX_SHAPES = 60
"""Different deployments of models whose memory is worked out."""


def ledger(view: View) -> Iterator[LedgerRow]:
    """The pools of the clusters that the change is in."""
    for cluster in view.clusters:
        before = _rows(view.before.get(cluster))
        stay = {name: stack for name, stack in left(view).items() if stack.cluster.name == cluster}
        after = _with(_rows(view.after.get(cluster)), view.after.get(cluster), stay)
        for pool in sorted(before.keys() | after.keys()):
            one = after.get(pool) or before[pool]
            sizes = [size for _, size in asked(view).get((cluster, pool), ())]
            yield LedgerRow(
                cluster,
                pool,
                one.unit,
                one.accelerator,
                _currency(view, cluster),
                _level(before.get(pool), view.before.get(cluster)),
                _level(after.get(pool), view.after.get(cluster), sizes),
                sum(sizes),
            )


def _rows(declared: Declared | None) -> dict[str, pools.Row]:
    return {row.pool: row for row in pools.rows(declared)} if declared else {}


def _with(
    found: dict[str, pools.Row], declared: Declared | None, stay: Mapping[str, Stack]
) -> dict[str, pools.Row]:
    """The rows of a cluster where stacks that nobody compiles any more run on and keep their GPUs."""
    if declared is None or not stay:
        return found
    more = _rows(replace(declared, stacks=stay))
    return {
        pool: replace(row, entries=(*row.entries, *(replace(entry, surge=0) for entry in more[pool].entries)))
        for pool, row in found.items()
    }


def _level(row: pools.Row | None, declared: Declared | None, rollouts: Sequence[int] = ()) -> Level | None:
    """``rollouts``: what each one takes on top. They share what is free, and one alone may ask for more than that."""
    if row is None or declared is None or declared.facts is None:
        return None
    price = declared.facts.pools[row.pool].price_per_gpu_hour
    cost = round(price * row.minimum, 2) if price is not None else None
    together = row.maximum + sum(rollouts)
    shared = together if row.capacity is None else min(together, row.capacity)
    peak = max(row.peak, row.maximum + max(rollouts, default=0), shared)
    return Level(row.capacity, row.minimum, row.maximum, peak, cost)


@lru_cache(maxsize=8)
def asked(view: View) -> dict[tuple[str, str], list[tuple[str, int]]]:
    """What the rollouts of this change ask for on top of what runs, all at the same time: targets and GPUs (in a CPU
    pool pods) by cluster and pool."""
    found: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for target, restart in sorted(restarts(view).items()):
        stack = view.stacks_after.get(target)
        if stack is not None and (size := surge(view, stack, restart) * max(stack.gpus_per_pod, 1)):
            found.setdefault((stack.cluster.name, stack.serving.pool), []).append((target, size))
    return found


def surge(view: View, stack: Stack, restart: Restart) -> int:
    """Pods of a rollout beside those that run and those that the level after it tells: none of a new stack. One with
    another name starts all of its pods while the old ones are there."""
    if restart.kind == "new":
        return 0
    if restart.kind != "renamed":
        return stack.max_surge
    was = view.twins.get(restart.target, restart.target)
    before = view.stacks_before.get(was)
    beside = was not in left(view) and before is not None and before.serving.pool == stack.serving.pool
    return stack.serving.min_replicas if beside else 0


def _currency(view: View, cluster: str) -> str:
    declared = view.after.get(cluster) or view.before.get(cluster)
    return declared.facts.currency if declared and declared.facts else ""


def memory(view: View) -> Iterator[MemoryVerdict]:
    """Models of stacks that pods change in whose verdict differs. Stacks that are alike share the arithmetic."""
    seen: dict[tuple[str, str], tuple[tuple[str, str] | None, tuple[str, str] | None]] = {}
    for target in sorted(target for target in restarts(view) if target in view.stacks_after):
        was = view.twins.get(target, target)
        shape = (_shape(view.stacks_before.get(was)), _shape(view.stacks_after[target]))
        if shape not in seen:
            if len(seen) == MAX_SHAPES:
                continue
            cluster = target.rpartition(".")[0]
            before = _verdict(view.before, cluster, view, was, head=False)
            seen[shape] = before, _verdict(view.after, cluster, view, target, head=True)
        old, new = seen[shape]
        if new is not None and (old is None or old[0] != new[0]):
            yield MemoryVerdict(target, old[0] if old else "", new[0], new[1])


def _shape(stack: Stack | None) -> str:
    """What decides how a stack's model fits; that of overrides too."""
    if stack is None:
        return ""
    serving = stack.serving.model_dump_json(
        exclude={"name", "namespace", "storage", "rollout", "autoscaling"}
    )
    parts = (stack.model, stack.runtime, stack.accelerator)
    overrides = json.dumps(stack.params.overrides, sort_keys=True)
    return "|".join([serving, overrides, stack.pool.accelerator, *(part.model_dump_json() for part in parts)])


def _verdict(
    clusters: Mapping[str, Declared], cluster: str, view: View, target: str, *, head: bool
) -> tuple[str, str] | None:
    declared = clusters.get(cluster)
    if declared is None:
        return None
    return verdict_of(declared, view.pair.head if head else view.pair.base, target)
