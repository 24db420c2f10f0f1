"""``inferstack new target``: one target file, a model on a cluster."""

from __future__ import annotations

import argparse
from typing import Any, get_args

from components.inference_gateway.params import WiringName
from components.inventory.inventory import Inventory
from scripts.project import MisuseError, Project
from scripts.scaffold.facts import cluster_parameters
from scripts.scaffold.plan import Plan, known_class, known_name, rendered, slug, without_nothing


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the scaffold."""
    parser.add_argument("name", metavar="CLUSTER/STACK", help="where it goes: eu-h100/llama-8b")
    parser.add_argument("--model", required=True, help="a class in inventory/classes/models")
    parser.add_argument("--runtime", help="a runtime of the cluster; its only one if absent")
    parser.add_argument("--pool", help="an accelerator pool of the cluster; its only one if absent")
    parser.add_argument("--tensor-parallel-size", type=int, help="GPUs that share one copy of the model")
    parser.add_argument("--min-replicas", type=int)
    parser.add_argument("--max-replicas", type=int)
    parser.add_argument(
        "--max-model-len", type=int, help="context in tokens that is served, if not the model's own"
    )
    parser.add_argument("--wiring", choices=get_args(WiringName), help="if not the cluster's own")


def plan(options: argparse.Namespace, project: Project) -> Plan:
    """The target file. Raises MisuseError for what the cluster does not have."""
    cluster, slash, stack = options.name.partition("/")
    if not slash:
        raise MisuseError(f"{options.name!r} names no stack; write <cluster>/<stack>")
    inventory = Inventory(project.inventory)
    facts = cluster_parameters(inventory, cluster)["cluster"]
    classes = [f"clusters.{cluster}", "stacks.stack", known_class(inventory, "models", options.model)]
    if options.wiring:
        classes.append(known_class(inventory, "gateways", options.wiring))
    serving = without_nothing(_serving(options, facts))
    title = f"{options.model} on {cluster}, pool {serving['pool']}"
    path = f"inventory/targets/{cluster}/{slug(stack, 'the stack')}.yml"
    return Plan(
        files={path: rendered(project, "target.yml.j2", title=title, classes=classes, serving=serving)},
        next_steps=("compile it: make compile", "look at what it changes: git status; git diff"),
    )


def _serving(options: argparse.Namespace, cluster: dict[str, Any]) -> dict[str, Any]:
    runtimes = [name for name, on in cluster.get("runtimes", {}).items() if on]
    return {
        "runtime": _only(options.runtime, runtimes, "runtime"),
        "pool": _only(options.pool, list(cluster.get("pools", {})), "pool"),
        "tensorParallelSize": options.tensor_parallel_size,
        "minReplicas": options.min_replicas,
        "maxReplicas": options.max_replicas,
        "maxModelLen": options.max_model_len,
    }


def _only(asked: str | None, names: list[str], what: str) -> str:
    """What was asked for, if the cluster has it; else the only one."""
    if asked is not None:
        return known_name(names, f"{what} of the cluster", asked)
    if len(names) != 1:
        raise MisuseError(
            f"which {what}? give --{what}: {', '.join(sorted(names)) or 'the cluster has none'}"
        )
    return names[0]
