"""A cluster and its stacks from the rendered parameters of all its targets."""

from __future__ import annotations

from components.cluster import mistakes
from components.cluster.params import ClusterParams, Fleet, Parameters
from components.common.errors import Mistake, MistakesError
from components.common.load import load
from components.stack.load import load_stack


def load_fleet(target: str, parameters: Parameters) -> Fleet:
    """The cluster ``target`` belongs to. Raises MistakesError with everything that is wrong in the cluster target or
    between its stacks, or in the first stack that cannot be loaded (its own compile reports it too)."""
    params = load(target, parameters[target], ClusterParams)
    cluster = target.rpartition(".")[0]
    if params.cluster.name != cluster:
        wrong = f"cluster.name is {params.cluster.name!r}, but the target lies in targets/{cluster}/"
        raise MistakesError(target, [Mistake(("cluster", "name"), wrong, "include the right cluster class")])
    members = sorted(name for name in parameters if name.startswith(f"{cluster}.") and name != target)
    stacks = tuple(load_stack(name, parameters[name]) for name in members)
    found = list(mistakes.mistakes(params, stacks))
    if found:
        raise MistakesError(target, found)
    return Fleet(params, stacks, {})
