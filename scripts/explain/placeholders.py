"""Texts without the names that differ from target to target."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from components.stack.params import Stack

General = Callable[[str], str]


def generalised(cluster: str, stacks: Iterable[Stack]) -> General:
    """Puts words in the place of the names of a cluster and of some of its stacks."""
    names = dict(_names(cluster, list(stacks)))
    longest = map(re.escape, sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(longest)})(?![A-Za-z0-9])")
    return lambda text: pattern.sub(lambda match: names[match[0]], text)


def _names(cluster: str, stacks: Iterable[Stack]) -> Iterator[tuple[str, str]]:
    """Names with their words; a later one wins."""
    yield cluster, "<cluster>"
    for stack in stacks:
        yield stack.namespace, "<namespace>"
    for stack in stacks:
        yield stack.names.service, "<service>"
        yield stack.name, "<stack>"
