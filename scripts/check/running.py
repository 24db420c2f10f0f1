"""Running rules over views, and making findings of what they hit."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from scripts.check.cause import Causes
from scripts.check.declared import Declared
from scripts.check.fleet import ClusterView, StackView
from scripts.check.model import Finding, Hit, Obj
from scripts.check.rule import ALL, Rule

LONGEST = 2000
"""Characters of a message: a list of many names is shown, a file that somebody pasted into a field is not."""


@dataclass
class Seconds:
    """CPU seconds by what they were spent on: ``read``, ``inventory``, and each rule by id."""

    spent: dict[str, float] = field(default_factory=dict)

    def add(self, what: str, since: float) -> float:
        """Books the time since ``since`` (of :func:`time.process_time`); returns the time now."""
        now = time.process_time()
        self.spent[what] = self.spent.get(what, 0.0) + now - since
        return now

    def merge(self, other: Seconds) -> None:
        """Adds what another process spent."""
        for what, seconds in other.spent.items():
            self.spent[what] = self.spent.get(what, 0.0) + seconds


def cluster_hits(rule: Rule, view: ClusterView) -> Iterator[Hit]:
    """What a rule of scope ``object``, ``stack`` or ``cluster`` finds in one cluster; nothing for another
    scope."""
    match rule.scope:
        case "object":
            for obj in view.objects if ALL in rule.kinds else view.of(*rule.kinds):
                yield from rule.check(obj, view)
        case "stack":
            for stack in view.stacks.values():
                yield from rule.check(StackView(view, stack))
        case "cluster":
            yield from rule.check(view)


def guarded(hits: Iterable[Hit]) -> Iterator[Hit | Exception]:
    """The hits of a rule, and the exception that ended it: one faulty rule must not hide what the others
    find."""
    iterator = iter(hits)
    while True:
        try:
            yield next(iterator)
        except StopIteration:
            return
        except Exception as error:
            yield error
            return


def is_note(rule: Rule, hit: Hit, environment: str) -> bool:
    """Whether a hit is told as a note."""
    return (hit.level or rule.level_in(environment)) == "note"


def finding(
    rule: Rule, hit: Hit, environment: str, declared: Declared | None, causes: Causes | None
) -> Finding:
    """A hit as it is told; without ``causes`` its line in the inventory is not looked up."""
    place, chain = causes.of(rule, hit, declared) if causes else (hit.place, hit.chain)
    obj = hit.at if isinstance(hit.at, Obj) else None
    target = obj.target if obj else str(hit.at)
    return Finding(
        rule=rule.id,
        level=hit.level or rule.level_in(environment),
        message=_short(printable(hit.message)),
        why=rule.why,
        fix=printable(hit.fix or rule.fix),
        cluster=target.rpartition(".")[0],
        target=target,
        object=printable(obj.ref) if obj else "",
        field=printable(hit.field),
        file=obj.path if obj else hit.file,
        cause=place,
        chain=chain,
    )


def _short(text: str) -> str:
    """A message that can be read: a value of a million letters is not shown in full."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"


def printable(text: str) -> str:
    """Text that no terminal and no annotation takes for more than text: one line, control characters escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
