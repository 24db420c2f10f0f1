"""Synthetic fleets of any size, made from the committed inventory's own mix.

Every committed cluster is copied until there are enough stacks. A copy of a cluster holds several copies of its
stacks, each set in a namespace of its own (as a team's would be), with pools that grow with it.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from components.common import emit

CLUSTER_TARGET = "cluster"
"""File name of a cluster's own target."""
COPIES = 8
"""Copies of a cluster's stacks in one copy of the cluster: with four to six stacks each, 30 to 50 stacks."""


@dataclass(frozen=True, slots=True)
class Mix:
    """The committed targets, by cluster."""

    stacks: dict[str, dict[str, dict[str, Any]]]
    """Target documents by cluster and stack."""
    own: dict[str, dict[str, Any]]
    """The clusters' own target documents."""


def read_mix(inventory: Path) -> Mix:
    """The targets of an inventory."""
    stacks: dict[str, dict[str, dict[str, Any]]] = {}
    own: dict[str, dict[str, Any]] = {}
    for path in sorted((inventory / "targets").glob("*/*.yml")):
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        if path.stem == CLUSTER_TARGET:
            own[path.parent.name] = document
        else:
            stacks.setdefault(path.parent.name, {})[path.stem] = document
    return Mix(stacks, own)


def write_fleet(inventory: Path, destination: Path, size: int, seed: int = 0) -> list[str]:
    """Write an inventory of ``size`` stacks below ``destination``; returns the names of its stack targets.

    The committed classes are copied. The same arguments give the same files.
    """
    mix = read_mix(inventory)
    classes = destination / "classes"
    shutil.copytree(inventory / "classes", classes, dirs_exist_ok=True)
    names: list[str] = []
    for cluster, source, copies in _clusters(mix, size, random.Random(seed)):
        members = list(_stacks(mix.stacks[source], copies))[: size - len(names)]
        present = {_copied(stack, copy) for copy, stack in members}
        facts = _cluster_class(cluster, source, copies, present, inventory)
        _write(classes / "clusters" / f"{cluster}.yml", facts)
        folder = destination / "targets" / cluster
        folder.mkdir(parents=True)
        _write(folder / f"{CLUSTER_TARGET}.yml", _renamed(mix.own[source], source, cluster))
        for copy, stack in members:
            document = _stack(mix.stacks[source][stack], source, cluster, copy, present)
            _write(folder / f"{_copied(stack, copy)}.yml", document)
            names.append(f"{cluster}.{_copied(stack, copy)}")
    return names


def _clusters(mix: Mix, size: int, chance: random.Random) -> Iterator[tuple[str, str, int]]:
    """(name, committed cluster, copies of its stacks) until there are ``size`` stacks."""
    left, index = size, 0
    while left > 0:
        order = sorted(mix.stacks)
        chance.shuffle(order)
        for source in order:
            have = len(mix.stacks[source])
            # Small fleets hold every committed cluster, so that the mix is the same at every size.
            copies = min(COPIES, max(1, left // (have * len(order))), -(-left // have))
            yield f"{source}-{index:03d}", source, copies
            left -= have * copies
            index += 1
            if left <= 0:
                return


def _stacks(stacks: dict[str, Any], copies: int) -> Iterator[tuple[int, str]]:
    for copy in range(copies):
        for stack in sorted(stacks):
            yield copy, stack


def _copied(name: str, copy: int) -> str:
    return name if copy == 0 else f"{name}-{copy:02d}"


def _cluster_class(
    cluster: str, source: str, copies: int, present: set[str], inventory: Path
) -> dict[str, Any]:
    committed = inventory / "classes" / "clusters" / f"{source}.yml"
    facts = yaml.load(committed.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["parameters"]["cluster"]
    pools = {name: {"nodes": pool["nodes"] * copies} for name, pool in facts["pools"].items()}
    provided = {
        kind: {_namespaced(name, copy): True for name in objects for copy in range(copies)}
        for kind, objects in facts.get("provided", {}).items()
    }
    aliases = facts.get("litellm", {}).get("modelGroupAliases", {})
    gone = {alias: None for alias, name in aliases.items() if name not in present}
    own = {"name": cluster, "pools": pools, "argocd": {"destination": cluster}}
    proxy: dict[str, Any] = {"modelGroupAliases": gone} if gone else {}
    if "hostname" in facts.get("litellm", {}):
        proxy["hostname"] = f"{cluster}.{facts['litellm']['hostname']}"
    own |= {"litellm": proxy} if proxy else {}
    return {
        "classes": [f"clusters.{source}"],
        "parameters": {"cluster": own | ({"provided": provided} if provided else {})},
    }


def _namespaced(name: str, copy: int) -> str:
    namespace, slash, rest = name.rpartition("/")
    return f"{_copied(namespace, copy)}{slash}{rest}" if slash else name


def _renamed(document: dict[str, Any], source: str, cluster: str) -> dict[str, Any]:
    classes = [f"clusters.{cluster}" if one == f"clusters.{source}" else one for one in document["classes"]]
    return {**document, "classes": classes}


def _stack(
    document: dict[str, Any], source: str, cluster: str, copy: int, present: set[str]
) -> dict[str, Any]:
    renamed = _renamed(document, source, cluster)
    parameters = {key: dict(value) for key, value in renamed.get("parameters", {}).items()}
    gateway = parameters.get("gateway", {})
    fallbacks = parameters.get("litellm", {}).get("fallbacks", {})
    if not fallbacks.keys() <= present:
        kept = {name: order for name, order in fallbacks.items() if name in present}
        parameters["litellm"] = {**parameters["litellm"], "fallbacks": kept}
    if copy:
        serving = parameters.setdefault("serving", {})
        serving["namespace"] = _copied(serving.get("namespace", "llm-platform"), copy)
        serving.pop("name", None)
        parameters["litellm"] = {**parameters.get("litellm", {}), "modelName": None}
        if "hostname" in gateway:
            gateway["hostname"] = f"copy-{copy:02d}.{gateway['hostname']}"
    if "hostname" in gateway:
        gateway["hostname"] = f"{cluster}.{gateway['hostname']}"
    return {**renamed, "parameters": parameters}


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(emit.dump(document), encoding="utf-8")
