"""What a cluster of the inventory already has."""

from __future__ import annotations

from typing import Any

from components.cluster.params import TARGET
from components.inventory.inventory import Inventory
from components.inventory.origin import CannotResolve, Origins
from components.inventory.problem import render_problems
from scripts.project import MisuseError
from scripts.scaffold.plan import known_name


def cluster_parameters(inventory: Inventory, cluster: str) -> dict[str, Any]:
    """The rendered parameters of a cluster's own target. Raises MisuseError when there are none."""
    owned = [name.partition(".") for name in inventory.layout.targets]
    known_name([name for name, _, target in owned if target == TARGET], "cluster", cluster)
    try:
        found: Any = Origins(inventory).value(f"{cluster}.{TARGET}")
    except CannotResolve as error:
        told = render_problems(error.problems)
        raise MisuseError(f"the inventory of {cluster} has mistakes; correct them first\n{told}") from None
    return dict(found)
