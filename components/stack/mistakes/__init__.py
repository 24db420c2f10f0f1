"""Combinations of valid values that cannot work: every mistake of a stack at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from components.common.errors import Mistake
from components.stack.mistakes import gateway, knative, serving, unread, weights
from components.stack.mistakes.inherited import unread_gateway
from components.stack.mistakes.references import references
from components.stack.params import Stack

__all__ = ["combinations", "references", "unread_gateway"]

_CONCERNS: tuple[Callable[[Stack], Iterator[Mistake]], ...] = (
    serving.names,
    serving.parallelism,
    serving.device,
    serving.environment,
    serving.replicas,
    serving.scaling,
    weights.weights,
    weights.claim,
    weights.image,
    weights.context,
    weights.adapters,
    gateway.gateway,
    knative.knative,
    unread.unread,
)


def combinations(stack: Stack) -> Iterator[Mistake]:
    """Mistakes of a stack whose references resolve."""
    for concern in _CONCERNS:
        yield from concern(stack)
