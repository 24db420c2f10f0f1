"""Fixtures of check rules: a small fleet that really compiles, changed in what the fixture names.

A base (``tests/checks/_bases/<name>.yaml``) is compiled once a run, so it never goes stale. How to write a
fixture: docs/writing-rules.md.
"""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from components.cluster import build as cluster_build
from components.cluster.load import load_fleet
from components.common import emit
from components.common.manifest import key
from components.common.place import Built, merge_patch, place
from components.stack import build as stack_build
from components.stack.load import load_stack
from scripts.check.declared import Declared, clusters_of, declared
from scripts.check.fleet import ClusterView, FleetView
from scripts.check.model import Hit, Obj
from scripts.check.rule import rules
from scripts.check.run import cluster_hits, fleet_hits
from tests.support import stacks

ROOT = Path(__file__).parents[1] / "checks"
KEYS = frozenset(("about", "base", "inventory", "declared", "objects", "expect"))
UNSYNCED = ("docs", "runbooks")
_STEP = re.compile(r'\["([^"]*)"\]|\[(\d+)\]|\.?([^.\[\]]+)')

Parameters = dict[str, Any]


@dataclass(frozen=True)
class Fixture:
    """One file ``tests/checks/<rule>/{success,failure}.<case>.yaml``."""

    path: Path
    text: Mapping[str, Any]

    @property
    def rule(self) -> str:
        """The rule that it is about."""
        return self.path.parent.name

    @property
    def fails(self) -> bool:
        """Whether the rule must find something."""
        return self.path.name.startswith("failure.")

    @property
    def id(self) -> str:
        """For pytest."""
        return f"{self.rule}/{self.path.stem}"


def fixtures() -> list[Fixture]:
    """All fixtures, sorted. Raises ValueError for one with an unknown key."""
    found = [Fixture(path, _yaml(path)) for path in sorted(ROOT.glob("[!_]*/*.yaml"))]
    for one in found:
        if wrong := set(one.text) - KEYS:
            raise ValueError(f"{one.id}: unknown keys {sorted(wrong)}; allowed: {sorted(KEYS)}")
    return found


def hits(fixture: Fixture) -> list[Hit]:
    """What the fixture's own rule finds in it."""
    return hits_of(fixture.rule, views(fixture.text))


def hits_of(rule_id: str, fleet: Mapping[str, ClusterView]) -> list[Hit]:
    """What one rule finds in a fleet."""
    rule = rules()[rule_id]
    in_clusters = [hit for view in fleet.values() for hit in cluster_hits(rule, view)]
    whole = FleetView({name: view.declared for name, view in fleet.items()})
    return in_clusters + [hit for _, hit in fleet_hits([rule], whole)]


def views(text: Mapping[str, Any]) -> dict[str, ClusterView]:
    """The fleet of a fixture, cluster by cluster."""
    base, before = text.get("base", "vllm"), text.get("inventory") or {}
    rendered = _patched(_inventory(base), before)
    objects = list(_compile(rendered) if before else _compiled(base))
    for change in text.get("objects") or ():
        objects = list(_changed(objects, change))
    seen = _patched(rendered, text.get("declared") or {})
    return {name: _view(declared(name, seen), objects) for name in clusters_of(seen)}


def _view(known: Declared, objects: list[Obj]) -> ClusterView:
    if known.mistakes:
        raise ValueError(f"`declared` does not parse: {known.mistakes}")
    return ClusterView(known, [obj for obj in objects if obj.cluster == known.cluster])


@cache
def _inventory(base: str) -> dict[str, Parameters]:
    """The parameters of a base's targets, as if rendered."""
    text = _yaml(ROOT / "_bases" / f"{base}.yaml")
    shared: Parameters = text.get("shared") or {}
    if "wiring" in text:
        wired = stacks.wired(text["wiring"])
        shared = merge_patch({"cluster": wired["cluster"], "gateway": wired["gateway"]}, shared)
    cluster = stacks.cluster_params(**merge_patch(shared, text.get("cluster") or {}))
    name = cluster["cluster"]["name"]
    own = {f"{name}.cluster": cluster}
    for stack, patch in text["stacks"].items():
        own[f"{name}.{stack}"] = stacks.stack_params(**merge_patch(shared, patch or {}))
    return own


@cache
def _compiled(base: str) -> tuple[Obj, ...]:
    return tuple(_compile(_inventory(base)))


def _compile(rendered: Mapping[str, Parameters]) -> Iterator[Obj]:
    """The objects of all targets, with the paths that the compiler would write them to."""
    for target in sorted(rendered):
        cluster, _, name = target.rpartition(".")
        for file, manifest in _manifests(target, rendered).items():
            component = file.partition("/")[0]
            yield Obj(f"compiled/{cluster}/{name}/{file}", cluster, target, component, manifest)


def _manifests(target: str, rendered: Mapping[str, Parameters]) -> dict[str, Any]:
    if not target.endswith(".cluster"):
        stack = load_stack(target, rendered[target])
        return place(stack_build.owner(target, stack), stack_build.built(stack))
    fleet = load_fleet(target, rendered)
    own = [replace(part, manifests=tuple(part.manifests)) for part in cluster_build.built(fleet)]
    kinds = {stack.name: _kinds(stack_build.built(stack)) for stack in fleet.stacks}
    kinds |= {part.component: _kinds([part]) for part in own}
    fleet = replace(fleet, kinds=kinds)
    return place(cluster_build.owner(target, fleet), [*own, *cluster_build.applications(fleet)])


def _kinds(parts: Iterable[Built]) -> frozenset[tuple[str, str]]:
    return frozenset(key(manifest)[:2] for part in parts for manifest in part.manifests)


def _patched(rendered: Mapping[str, Parameters], patches: Mapping[str, Any]) -> dict[str, Parameters]:
    """Merge patches by target; ``*`` is every target."""
    for target in patches:
        if target != "*" and target not in rendered:
            raise ValueError(f"there is no target {target}; there are {sorted(rendered)}")
    everywhere = patches.get("*", {})
    return {
        target: merge_patch(merge_patch(parameters, everywhere), patches.get(target, {}))
        for target, parameters in rendered.items()
    }


def _changed(objects: list[Obj], change: Mapping[str, Any]) -> Iterator[Obj]:
    """The objects after one change: ``add``, ``remove``, ``copy``, ``patch``, ``set`` or ``edit``."""
    if "add" in change:
        yield from objects
        yield _added(change)
        return
    verb = next((word for word in ("remove", "copy", "patch", "set", "edit") if word in change), None)
    if verb is None:
        raise ValueError(f"unknown change {dict(change)}")
    if not any(obj.ref == change[verb] for obj in objects):
        raise ValueError(f"there is no {change[verb]}; there are {sorted(obj.ref for obj in objects)}")
    for obj in objects:
        if obj.ref != change[verb]:
            yield obj
        elif verb == "copy":
            yield obj
            yield replace(obj, doc=merge_patch(obj.doc, change["with"]))
        elif verb != "remove":
            yield replace(obj, doc=_edited(obj.doc, verb, change))


def _added(change: Mapping[str, Any]) -> Obj:
    target = change.get("target", f"{stacks.CLUSTER}.cluster")
    cluster, _, name = target.rpartition(".")
    kind = str(change["add"].get("kind")).lower()
    path = f"compiled/{cluster}/{name}/added/{kind}-{change['add']['metadata']['name']}.yaml"
    return Obj(path, cluster, target, change.get("component", "added"), change["add"])


def _edited(doc: dict[str, Any], verb: str, change: Mapping[str, Any]) -> dict[str, Any]:
    if verb == "patch":
        patched: dict[str, Any] = merge_patch(doc, change["with"])
        return patched
    edited = copy.deepcopy(doc)
    *way, last = _path(change["field"])
    parent: Any = edited
    for step in way:
        parent = parent[step]
    if verb == "set":
        if "to" in change:
            parent[last] = change["to"]
        else:
            del parent[last]
        return edited
    if change["from"] not in parent[last]:
        raise ValueError(
            f"{change['edit']} {change['field']} does not hold {change['from']!r}: {parent[last]!r}"
        )
    parent[last] = parent[last].replace(change["from"], change["to"])
    return edited


def _path(text: str) -> list[str | int]:
    return [int(number) if number else quoted or plain for quoted, number, plain in _STEP.findall(text)]


def _yaml(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def main(words: list[str]) -> None:
    """Shows what a base compiles: all references, or the YAML of those that are named."""
    for obj in _compiled(words[0]):
        if not words[1:]:
            sys.stdout.write(f"{obj.target:24} {obj.ref}\n")
        elif obj.ref in words[1:]:
            sys.stdout.write(emit.document(obj.doc))


if __name__ == "__main__":
    main(sys.argv[1:])
