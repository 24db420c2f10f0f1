"""A cluster and its stacks from the rendered parameters of all its targets."""

from __future__ import annotations

from components.cluster import mistakes
from components.cluster.params import ClusterParams, Fleet, Parameters
from components.common.errors import Mistake, MistakesError
from components.common.load import load
from components.stack.load import load_stack


def load_fleet(target: str, parameters: Parameters) -> Fleet:
    """The cluster ``target`` belongs to. Raises MistakesError with everything that is wrong in the cluster target or
    between its stacks. A stack that cannot be loaded is left to its own report; without all stacks nothing is said
    about what lies between them."""
    params = load(target, parameters[target], ClusterParams)
    cluster = target.rpartition(".")[0]
    if params.cluster.name != cluster:
        wrong = f"cluster.name is {params.cluster.name!r}, but the target lies in targets/{cluster}/"
        raise MistakesError(target, [Mistake(("cluster", "name"), wrong, "include the right cluster class")])
    found = list(mistakes.own(params))
    members = sorted(name for name in parameters if name.startswith(f"{cluster}.") and name != target)
    stacks, broken = [], []
    for name in members:
        try:
            stacks.append(load_stack(name, parameters[name], parameters[target]))
        except MistakesError as error:
            broken.append(error)
    if not broken:
        found.extend(mistakes.between(params, tuple(stacks)))
    if found:
        raise MistakesError(target, found)
    if broken:
        raise broken[0]
    return Fleet(params, tuple(stacks), {})
