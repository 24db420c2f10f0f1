"""A stack from a target's rendered parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.common.errors import Mistake, MistakesError
from components.common.load import load
from components.stack import mistakes
from components.stack.params import Stack, StackParams


def load_stack(target: str, parameters: Mapping[str, Any]) -> Stack:
    """The stack ``target`` (``<cluster>.<stack>``). Raises MistakesError with everything that is wrong."""
    params = load(target, parameters, StackParams)
    cluster, _, name = target.rpartition(".")
    found = list(mistakes.references(params))
    if params.cluster.name != cluster:
        wrong = f"cluster.name is {params.cluster.name!r}, but the target lies in targets/{cluster}/"
        found.append(Mistake(("cluster", "name"), wrong, "move the target, or include the right cluster class"))
    if not found:
        stack = Stack(name, params)
        found.extend(mistakes.combinations(stack))
        if not found:
            return stack
    raise MistakesError(target, found)
