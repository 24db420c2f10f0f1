"""A stack from a target's rendered parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.common.errors import Mistake, MistakesError
from components.common.load import attempt
from components.stack import mistakes
from components.stack.params import Stack, StackParams


def load_stack(
    target: str, parameters: Mapping[str, Any], cluster_target: Mapping[str, Any] | None = None
) -> Stack:
    """The stack ``target`` (``<cluster>.<stack>``). Raises MistakesError with everything that is wrong.

    ``cluster_target``: the parameters of the cluster's own target. They tell what is a default of the cluster and
    what the stack sets; without them nothing is said of settings without effect that may be either.
    """
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
    if cluster_target is not None and not unresolved:
        own, defaults = (one.get("gateway") or {} for one in (parameters, cluster_target))
        found.extend(mistakes.unread_gateway(stack, own, defaults))
    if found:
        raise MistakesError(target, found)
    return stack
