"""A stack from a target's rendered parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.common.errors import Mistake, MistakesError
from components.common.load import attempt
from components.stack import mistakes
from components.stack.params import Stack, StackParams


def load_stack(target: str, parameters: Mapping[str, Any]) -> Stack:
    """The stack ``target`` (``<cluster>.<stack>``). Raises MistakesError with everything that is wrong."""
    params, found = attempt(parameters, StackParams)
    if params is None:
        raise MistakesError(target, found)
    cluster, _, name = target.rpartition(".")
    if params.cluster.name != cluster:
        wrong = f"cluster.name is {params.cluster.name!r}, but the target lies in targets/{cluster}/"
        found.append(
            Mistake(("cluster", "name"), wrong, "move the target, or include the right cluster class")
        )
    unresolved = list(mistakes.references(params))
    stack = Stack(name, params)
    found.extend(unresolved or mistakes.combinations(stack))
    if found:
        raise MistakesError(target, found)
    return stack
