"""Waivers are few, owned, and end."""

from __future__ import annotations

from collections.abc import Iterator

from components.facts.suggest import did_you_mean
from scripts.check.model import Hit, Level
from scripts.check.rule import rule, rules
from scripts.check.waivers import LONGEST_DAYS, WARN_DAYS, WaiverUse

_SOURCE = "inference-stacks.md 19; design 4.19"


def _hit(use: WaiverUse, message: str, level: Level | None = None) -> Hit:
    return Hit(use.targets[0], f"waivers.{use.rule}", message, cause=("waivers", use.rule), level=level)


@rule(
    "waiver-not-over",
    scope="waiver",
    why="What was set aside until that day counts again.",
    fix="Correct what it set aside and remove it, or agree on a new date.",
    source=_SOURCE,
)
def not_over(use: WaiverUse) -> Iterator[Hit]:
    """A waiver's last day has not passed; its end is announced a fortnight before."""
    if use.days_left < 0:
        yield _hit(use, f"the waiver of {use.waiver.owner} for {use.rule} ended on {use.waiver.until}")
    elif use.days_left < WARN_DAYS:
        days = "today" if not use.days_left else f"in {use.days_left} days"
        yield _hit(use, f"the waiver of {use.waiver.owner} for {use.rule} ends {days}", "warning")


@rule(
    "waiver-ends-in-time",
    scope="waiver",
    level="warning",
    why="Nobody looks at it again: the rule is switched off, and not waived.",
    fix="Agree on a day within a year; then it is judged anew.",
    source=_SOURCE,
)
def ends_in_time(use: WaiverUse) -> Iterator[Hit]:
    """A waiver ends within a year."""
    if use.days_left > LONGEST_DAYS:
        message = f"the waiver of {use.waiver.owner} for {use.rule} ends on {use.waiver.until}"
        yield _hit(use, f"{message}, in {use.days_left:,} days")


@rule(
    "waiver-needed",
    scope="waiver",
    level="warning",
    why="It hides the next finding of its rule, which nobody has agreed to.",
    fix="Remove the waiver.",
    source=_SOURCE,
)
def needed(use: WaiverUse) -> Iterator[Hit]:
    """A waiver sets something aside."""
    if use.known and not use.hits:
        yield _hit(use, f"the waiver of {use.waiver.owner} for {use.rule} sets nothing aside")


@rule(
    "waiver-of-a-rule",
    scope="waiver",
    why="It sets nothing aside, whatever its author meant.",
    fix="Correct the rule's id: `inferstack rules` lists them.",
    source=_SOURCE,
)
def of_a_rule(use: WaiverUse) -> Iterator[Hit]:
    """A waiver names a rule that exists and can be waived."""
    if use.known:
        return
    if use.rule in rules():
        yield _hit(use, f"rule {use.rule} cannot be waived: the compiler or the check needs it")
        return
    known = [rule.id for rule in rules().values() if rule.waivable]
    yield _hit(use, f"there is no rule {use.rule}{did_you_mean(use.rule, known)}")
