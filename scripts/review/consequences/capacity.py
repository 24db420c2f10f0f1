"""GPUs, memory and money."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.review import restarts as rollouts
from scripts.review.change import Consequence, LedgerRow, Level, Severity
from scripts.review.consequences.words import are, counted, place, several
from scripts.review.ledger import asked
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
    for row in view.change.ledger:
        who = asked(view).get((row.cluster, row.pool), [])
        free = max(row.after.free, 0) if row.after and row.after.free is not None else None
        if len(who) > 1 and free is not None and row.rollout > free:
            stacks = tuple(target for target, _ in who)
            sentence = (
                f"{len(who)} rollouts in pool {row.pool} of {row.cluster} ask for {row.rollout} {row.unit} at once, "
                f"and {free} {are(free)} free: {several(place(one) for one in stacks)} wait for each other."
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
    """What the change costs a month, by currency; and what of it nobody knows."""
    change: dict[str, list[tuple[LedgerRow, float]]] = {}
    unknown: dict[str, list[LedgerRow]] = {}
    for row in view.change.ledger:
        if row.cluster in view.clusters_gone:  # with everything in it: nobody deletes it
            continue
        was = _currency(view, row)
        hourly = _hourly(row)
        if was != row.currency and (_is_priced(row.before) or _is_priced(row.after)):
            sentence = (
                f"Prices of pool {row.pool} of {row.cluster} are in {row.currency} instead of {was}: what the change "
                "costs there is not told."
            )
            yield Consequence("cost", "routine", sentence, (row.cluster,))
        elif hourly is None:
            unknown.setdefault(row.currency, []).append(row)
        elif hourly:
            change.setdefault(row.currency, []).append((row, hourly))
    for currency, found in sorted(change.items()):
        hourly = sum(one for _, one in found)
        if not hourly:
            continue
        rest = unknown.get(currency, [])
        besides = f" The price of {several(map(_taken, rest))} is not known." if rest else ""
        sentence = (
            f"It {'costs' if hourly > 0 else 'saves'} {abs(hourly) * HOURS_A_MONTH:,.0f} {currency} a month "
            f"({abs(hourly):,.2f} an hour) at the smallest number of replicas.{besides}"
        )
        clusters = tuple(sorted({row.cluster for row in (*(row for row, _ in found), *rest)}))
        yield Consequence("cost", "routine", sentence, clusters)


def _hourly(row: LedgerRow) -> float | None:
    """What a pool costs more than before; None where pods come or go whose price is not known. A price that comes or
    goes alone changes no bill."""
    if any(level and level.minimum and level.price is None for level in (row.before, row.after)):
        return None if _more(row) else 0
    old, new = ((level.price or 0) if level else 0 for level in (row.before, row.after))
    return new - old


def _more(row: LedgerRow) -> int:
    """What the stacks of a pool take more than before."""
    return (row.after.minimum if row.after else 0) - (row.before.minimum if row.before else 0)


def _taken(row: LedgerRow) -> str:
    """``2 GPUs more in pool l4 of eu``."""
    number = _more(row)
    count = counted(abs(number), row.unit.removesuffix("s"))
    return f"{count} {'more' if number > 0 else 'fewer'} in pool {row.pool} of {row.cluster}"


def _is_priced(level: Level | None) -> bool:
    return level is not None and bool(level.price)


def _currency(view: View, row: LedgerRow) -> str:
    """The currency of a cluster before the change."""
    declared = view.before.get(row.cluster)
    return declared.facts.currency if declared and declared.facts else row.currency
