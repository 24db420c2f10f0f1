"""What the inventory says outright about a stack's Endpoint Picker, found again in what is compiled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.facts import parse
from components.facts.versions import parse_tag
from components.stack.params import Stack
from scripts.check.deployment import quantity
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, KeyPath
from scripts.check.picker_config import Picker, pickers
from scripts.check.rule import rule

_EPP: KeyPath = ("gateway", "epp")


@rule(
    "picker-image-declared",
    scope="cluster",
    why="Flags and plugins are checked against one version of the Endpoint Picker, and another one runs.",
    fix="Correct cluster.versions.llmdRouter, gateway.epp.imageRepository or imageDigest; remove the override.",
    source="gateway.md 16 and 18",
    cause=("cluster", "versions", "llmdRouter"),
)
def image_declared(view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker's image is of the declared repository, version and digest."""
    for one, stack in _own(view):
        name, _, digest = one.pod.main.image.partition("@")
        head, separator, tag = name.rpartition(":")
        repository, version = (head, tag) if separator and "/" not in tag else (name, "")
        epp = stack.gateway.epp
        said = []
        if repository != epp.image_repository:
            said.append(f"the repository is {repository}, declared is {epp.image_repository}")
        if (version or not digest) and parse_tag(version) != parse(one.version):
            said.append(f"the tag is {version or 'missing'}, cluster.versions.llmdRouter says {one.version}")
        if digest != (epp.image_digest or ""):
            said.append(f"the digest is {digest or 'missing'}, declared is {epp.image_digest or 'none'}")
        if said:
            yield Hit(one.pod.owner, one.pod.main.node.at("image"), "; ".join(said))


@rule(
    "picker-flags-declared",
    scope="cluster",
    why="The Endpoint Picker starts otherwise than the inventory says.",
    fix="Set the flag in gateway.epp.flags; remove the override.",
    source="inference-stacks.md 3 idea 10",
    cause=(*_EPP, "flags"),
)
def flags_declared(view: ClusterView) -> Iterator[Hit]:
    """Every flag that the inventory sets for an Endpoint Picker is on its command line, with its value."""
    for one, stack in _own(view):
        epp = stack.gateway.epp
        for name, value in sorted({"v": epp.verbosity, **epp.flags}.items()):
            wanted = str(value).lower() if isinstance(value, bool) else str(value)
            found = one.arguments.find(name)
            given = (found.values[-1] if found.values else "true") if found else None
            if given != wanted:
                said = f"--{name} is {'not given' if given is None else given}, stack {stack.name} declares {wanted}"
                cause = (*_EPP, "flags", name) if name in epp.flags else (*_EPP, "verbosity")
                yield Hit(one.pod.owner, one.pod.main.node.at("args"), said, cause=cause)


@rule(
    "picker-resources-declared",
    scope="cluster",
    level="warning",
    why="The Endpoint Picker gets less or takes more than the inventory says.",
    fix="Set gateway.epp.resources; remove the override.",
    source="gateway.md 26 and 3.7 (sizing)",
    cause=(*_EPP, "resources"),
)
def resources_declared(view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker asks for what the inventory says."""
    for one, stack in _own(view):
        wanted = stack.gateway.epp.resources
        expected = {
            ("requests", "cpu"): wanted.cpu,
            ("requests", "memory"): wanted.memory,
            ("limits", "memory"): wanted.memory_limit,
        }
        for (part, key), value in expected.items():
            compiled = one.pod.main.node.map(f"resources.{part}").get(key)
            if quantity(compiled) != quantity(value):
                field = one.pod.main.node.at(f"resources.{part}.{key}")
                said = f"{key} is {compiled or 'not set'}, stack {stack.name} declares {value}"
                yield Hit(one.pod.owner, field, said)


@rule(
    "picker-scorers-declared",
    scope="cluster",
    why="The Endpoint Picker weighs pods otherwise than the inventory says.",
    fix="Set gateway.epp.scorers; remove the override.",
    source="inference-stacks.md 3 idea 9",
    cause=(*_EPP, "scorers"),
)
def scorers_declared(view: ClusterView) -> Iterator[Hit]:
    """Scorers have the weights that the inventory says, and those with weight 0 are out."""
    for one, stack in _own(view):
        if not one.known or "schedulingProfiles" in stack.gateway.epp.config:
            continue
        weights = {
            one.by_name[name].type: ref.raw("weight")
            for ref in one.root.each("schedulingProfiles[].plugins[]")
            if (name := ref.text("pluginRef")) in one.by_name
        }
        for scorer, wanted in sorted(stack.gateway.epp.scorers.items()):
            given = weights.get(scorer)
            if (given or 0) != wanted:
                said = f"{scorer} has {'no weight' if given is None else f'weight {given}'}, declared is {wanted:g}"
                cause = (*_EPP, "scorers", scorer)
                yield Hit(one.at, one.root.at("schedulingProfiles"), said, cause=cause)


@rule(
    "picker-config-declared",
    scope="cluster",
    why="The Endpoint Picker is configured otherwise than the inventory says.",
    fix="Set gateway.epp.config; remove the override.",
    source="inference-stacks.md 3 idea 9",
    cause=(*_EPP, "config"),
)
def config_declared(view: ClusterView) -> Iterator[Hit]:
    """What the inventory says about an Endpoint Picker's configuration is in it."""
    for one, stack in _own(view):
        if one.known:
            for path, wanted, given in _differences(stack.gateway.epp.config, one.root.map(""), ()):
                has = "missing" if given is None else repr(given)[:60]
                said = f"{'.'.join(path)} is {has}, the inventory says {repr(wanted)[:60]}"
                yield Hit(one.at, one.root.at(".".join(path)), said, cause=(*_EPP, "config", *path))


def _differences(
    wanted: Mapping[str, Any], given: Any, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """(path, declared, compiled) of values that differ; maps are merged, everything else replaces."""
    for key, value in sorted(wanted.items()):
        compiled = given.get(key) if isinstance(given, dict) else None
        if isinstance(value, dict):
            yield from _differences(value, compiled, (*path, key))
        elif compiled != value:
            yield (*path, key), value, compiled


def _own(view: ClusterView) -> Iterator[tuple[Picker, Stack]]:
    """The Endpoint Pickers that stacks declare."""
    for one in pickers(view):
        stack = view.stack_of(one.pod.owner)
        if stack:
            yield one, stack
