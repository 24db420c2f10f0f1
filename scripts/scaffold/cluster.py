"""``inferstack new cluster``: a class file and the cluster's own target, with another cluster's versions."""

from __future__ import annotations

import argparse
from typing import Any

from components.inventory.inventory import Inventory
from scripts.project import MisuseError, Project
from scripts.scaffold.facts import cluster_parameters
from scripts.scaffold.plan import Plan, known_class, rendered, slug, without_nothing

SHARED = ("kubernetes", "versions", "runtimes", "envoyGateway", "knative", "provided")
"""What clusters that were built alike have in common."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the scaffold."""
    parser.add_argument("name", help="the cluster's name, a slug: us-h100")
    parser.add_argument("--like", required=True, help="a cluster with the same versions and gateway")
    parser.add_argument(
        "--pool",
        required=True,
        action="append",
        metavar="NAME=ACCELERATOR:NODES",
        help="an accelerator pool: h100=h100-sxm:6; may be given again",
    )
    parser.add_argument("--environment", help="dev, staging or prod; that of --like if absent")
    parser.add_argument("--region")
    parser.add_argument("--destination", help="the cluster's name in Argo CD; its own name if absent")


def plan(options: argparse.Namespace, project: Project) -> Plan:
    """Both files. Raises MisuseError for classes that do not exist."""
    name = slug(options.name, "the cluster")
    inventory = Inventory(project.inventory)
    known_class(inventory, "clusters", options.like)
    like = cluster_parameters(inventory, options.like)["cluster"]
    pools = dict(_pool(text) for text in options.pool)
    cluster = without_nothing(
        {
            "name": name,
            "region": options.region,
            **{key: like.get(key) for key in SHARED},
            "pools": pools,
            "argocd": {"destination": options.destination or name},
        }
    )
    class_file = f"inventory/classes/clusters/{name}.yml"
    nodes = ", ".join(f"{pool['nodes']} nodes of {pool['accelerator']}" for pool in pools.values())
    title = f"{name}: {nodes}"
    classes = _classes(inventory, options, pools)
    return Plan(
        files={
            class_file: rendered(project, "cluster.yml.j2", title=title, classes=classes, cluster=cluster),
            f"inventory/targets/{name}/cluster.yml": rendered(project, "cluster-target.yml.j2", name=name),
        },
        next_steps=(
            f"check in {class_file} what is installed: the versions are those of {options.like}",
            f"put a model on it: inferstack new target {name}/<stack> --model <class>",
        ),
    )


def _pool(text: str) -> tuple[str, dict[str, Any]]:
    name, equals, rest = text.partition("=")
    accelerator, colon, nodes = rest.partition(":")
    if not (equals and colon and nodes.isdecimal()):
        raise MisuseError(f"--pool {text!r}: write NAME=ACCELERATOR:NODES, for example h100=h100-sxm:6")
    return slug(name, "the pool"), {"accelerator": accelerator, "nodes": int(nodes)}


def _classes(inventory: Inventory, options: argparse.Namespace, pools: dict[str, Any]) -> list[str]:
    """The classes of the other cluster with this one's environment and accelerators in their place."""
    source = inventory.source(inventory.layout.classes[f"clusters.{options.like}"])
    own = {
        "accelerators": [
            known_class(inventory, "accelerators", pool["accelerator"]) for pool in pools.values()
        ],
        "environments": (
            [known_class(inventory, "environments", options.environment)] if options.environment else None
        ),
    }
    classes: list[str] = []
    for node in source.classes:
        instead = own.get(node.text.partition(".")[0])
        classes.extend([node.text] if instead is None else instead)
    return list(dict.fromkeys(classes))
