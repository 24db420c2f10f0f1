"""GPUs, memory and money."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.review import restarts as rollouts
from scripts.review.change import Consequence, LedgerRow, Severity
from scripts.review.consequences.words import are, place, several
from scripts.review.ledger import surge
from scripts.review.view import View

HOURS_A_MONTH = 730
"""365.25 x 24 / 12."""


def over_budget(view: View) -> Iterator[Consequence]:
    """Pools that cannot hold what is asked of them, where the change makes that so or worse."""
    for row in view.change.ledger:
        after, before = row.after, row.before
        if after is None or after.capacity is None:
            continue
        where = f"Pool {row.pool} of {row.cluster} has {after.capacity} {row.unit}"
        if after.minimum > after.capacity and _worse(row, "minimum"):
            short = after.minimum - after.capacity
            asked = f"the smallest number of replicas takes {after.minimum}"
            sentence = f"{where}, and {asked}: {short} {are(short)} missing, pods stay Pending."
            yield Consequence("over-budget", "dangerous", sentence, (row.cluster,))
        elif after.maximum > after.capacity and _worse(row, "maximum"):
            asked = f"the largest number of replicas takes {after.maximum}"
            sentence = f"{where}, and {asked}: autoscaling ends at what is free."
            yield Consequence("over-budget", "look", sentence, (row.cluster,))
        elif after.peak > after.capacity and _worse(row, "peak"):
            until = "the old pods stop" if _renames(view, row) else "a model scales down"
            sentence = f"{where}, and a rollout at full scale takes {after.peak}: it waits until {until}."
            yield Consequence("over-budget", "look", sentence, (row.cluster,))
        if before is not None and before.capacity is not None and after.capacity < before.capacity:
            sizes = f"from {before.capacity} to {after.capacity} {row.unit}"
            sentence = f"Pool {row.pool} of {row.cluster} shrinks {sizes}."
            yield Consequence("pool-shrinks", "look", sentence, (row.cluster,))


def _renames(view: View, row: LedgerRow) -> bool:
    """Whether pods of the pool get another name, so that all of the new ones start beside all of the old ones."""
    names = [target for target, restart in rollouts.restarts(view).items() if restart.kind == "renamed"]
    stacks = [stack for target in names if (stack := view.stacks_after.get(target)) is not None]
    return any((stack.cluster.name, stack.serving.pool) == (row.cluster, row.pool) for stack in stacks)


def _worse(row: LedgerRow, which: str) -> bool:
    """Whether less is left than before."""
    if row.before is None or row.before.capacity is None or row.after is None or row.after.capacity is None:
        return True
    left_before = row.before.capacity - int(getattr(row.before, which))
    left_after = row.after.capacity - int(getattr(row.after, which))
    return left_after < left_before


def contention(view: View) -> Iterator[Consequence]:
    """Rollouts that need the same free GPUs at the same time."""
    asked: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for target, restart in sorted(rollouts.restarts(view).items()):
        stack = view.stacks_after.get(target)
        if stack is None or not stack.serving.min_replicas:
            continue
        size = surge(view, stack, restart) * stack.gpus_per_pod
        if size:
            asked.setdefault((stack.cluster.name, stack.serving.pool), []).append((target, size))
    for row in view.change.ledger:
        who = asked.get((row.cluster, row.pool), [])
        free = max(row.after.free, 0) if row.after and row.after.free is not None else None
        need = sum(size for _, size in who)
        if len(who) > 1 and free is not None and need > free:
            stacks = tuple(target for target, _ in who)
            sentence = (
                f"{len(who)} rollouts in pool {row.pool} of {row.cluster} ask for {need} {row.unit} at once, and "
                f"{free} {are(free)} free: {several(place(one) for one in stacks)} wait for each other."
            )
            yield Consequence("contention", "look", sentence, (row.cluster,), stacks)


def memory(view: View) -> Iterator[Consequence]:
    """Models that fit worse than before."""
    grave: dict[str, tuple[Severity, str]] = {
        "no": ("dangerous", "does not fit into the memory of its pods"),
        "margin": ("look", "fits into the memory of its pods only within the error of the estimate"),
    }
    for one in view.change.memory:
        if one.after in grave:
            severity, what = grave[one.after]
            was = f" (before: {one.before})" if one.before else ""
            sentence = f"{place(one.target)} {what}{was}: {one.arithmetic}."
            yield Consequence("memory", severity, sentence, (one.target.rpartition(".")[0],), (one.target,))


def cost(view: View) -> Iterator[Consequence]:
    """What the change costs a month, by currency."""
    change: dict[str, float] = {}
    clusters: dict[str, list[str]] = {}
    for row in view.change.ledger:
        old = row.before.price if row.before else None
        new = row.after.price if row.after else None
        is_priced_anew = row.before and row.after and (old is None or new is None)
        stays = row.cluster in view.clusters_gone  # with everything in it: nobody deletes it
        if (old or new) and old != new and not is_priced_anew and not stays:
            change[row.currency] = change.get(row.currency, 0) + (new or 0) - (old or 0)
            clusters.setdefault(row.currency, []).append(row.cluster)
    for currency, hourly in sorted(change.items()):
        if not hourly:
            continue
        size = abs(hourly)
        sentence = (
            f"It {'costs' if hourly > 0 else 'saves'} {size * HOURS_A_MONTH:,.0f} {currency} a month "
            f"({size:,.2f} an hour) at the smallest number of replicas."
        )
        yield Consequence("cost", "routine", sentence, tuple(sorted(set(clusters[currency]))))
