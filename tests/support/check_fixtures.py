"""Fixtures of check rules: a base that really compiles, changed in what the fixture names.

How to write one: docs/writing-rules.md.
"""

from __future__ import annotations

import copy
import datetime
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from components.common import emit
from components.common.place import merge_patch
from components.inventory.inventory import Inventory
from components.inventory.problem import Problem
from scripts.check import stage, waivers
from scripts.check.declared import Declared, clusters_of, declared
from scripts.check.fleet import ClusterView, FleetView
from scripts.check.model import Finding, Hit, Obj
from scripts.check.read import read, strays
from scripts.check.rule import Rule, rules
from scripts.check.running import cluster_hits
from scripts.check.tree import TreeView
from tests.support import stacks
from tests.support.check_bases import ROOT, compile_all, compiled, inventory, patched, read_yaml

KEYS = frozenset(
    "about base inventory declared objects files links problems targets date findings expect".split()
)
_STEP = re.compile(r'\["([^"]*)"\]|\[(\d+)\]|\.?([^.\[\]]+)')
_SMALL_INVENTORY = {
    ".kapitan": (Path(__file__).parents[2] / ".kapitan").read_text(encoding="utf-8"),
    "inventory/classes/runtimes/vllm.yml": "parameters:\n  runtime: vllm\n",
    "inventory/targets/lab/llama.yml": "classes:\n  - runtimes.vllm\nparameters:\n  size: 1\n",
}

Text = Mapping[str, Any]


@dataclass(frozen=True)
class Fixture:
    """One file ``tests/checks/<rule>/{success,failure}.<case>.yaml``."""

    path: Path
    text: Text

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
    found = [Fixture(path, read_yaml(path) or {}) for path in sorted(ROOT.glob("[!_]*/*.yaml"))]
    for one in found:
        if wrong := set(one.text) - KEYS:
            raise ValueError(f"{one.id}: unknown keys {sorted(wrong)}; allowed: {sorted(KEYS)}")
    return found


def hits(rule: Rule, text: Text) -> list[Hit]:
    """What a rule finds in the fleet of a fixture."""
    match rule.scope:
        case "inventory":
            return list(rule.check(_inventory_view(text)))
        case "tree":
            return [hit for view in _tree_views(text) for hit in rule.check(view)]
        case "waiver":
            return [hit for use in _waiver_uses(text) for hit in rule.check(use)]
        case "fleet":
            return list(rule.check(FleetView({name: one.declared for name, one in views(text).items()})))
    return [hit for view in views(text).values() for hit in cluster_hits(rule, view)]


def views(text: Text) -> dict[str, ClusterView]:
    """The fleet of a fixture, cluster by cluster."""
    seen, objects = _fleet(text)
    return {name: _view(declared(name, seen), objects) for name in clusters_of(seen)}


def _fleet(text: Text) -> tuple[dict[str, Any], list[Obj]]:
    """What the check believes to be declared, and the compiled objects."""
    base, before = text.get("base", "vllm"), text.get("inventory") or {}
    rendered = patched(inventory(base), before)
    objects = list(compile_all(rendered) if before else compiled(base))
    for change in text.get("objects") or ():
        objects = list(_changed(objects, change))
    return patched(rendered, text.get("declared") or {}), objects


def _view(known: Declared, objects: list[Obj]) -> ClusterView:
    if known.mistakes:
        raise ValueError(f"`declared` does not parse: {known.mistakes}")
    return ClusterView(known, [obj for obj in objects if obj.cluster == known.cluster])


def _inventory_view(text: Text) -> stage.InventoryView:
    """With ``files`` the guard looks at a small inventory on disk, ``problems`` are what it would find; else
    the parameters of a base are parsed."""
    if "problems" in text:
        told = [Problem(one["file"], 0, 0, one["message"], "", one["rule"]) for one in text["problems"]]
        return stage.InventoryView(problems=tuple(told))
    if "files" in text or "links" in text:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            _write(root, {**_SMALL_INVENTORY, **(text.get("files") or {})}, text.get("links") or {})
            problems, _ = stage.guarded(Inventory(root / "inventory"))
            return stage.InventoryView(problems=tuple(problems), strays=tuple(strays(root)))
    rendered = patched(inventory(text.get("base", "vllm")), text.get("inventory") or {})
    known = [declared(name, rendered) for name in clusters_of(rendered)]
    return stage.InventoryView(
        parameters=tuple((to, one) for each in known for to, found in each.mistakes.items() for one in found),
        combinations=tuple(pair for each in known for pair in stage.combinations(each)),
    )


def _tree_views(text: Text) -> Iterator[TreeView]:
    """The base written to disk, with ``files`` over it (null: without this file) and ``links``."""
    seen, objects = _fleet(text)
    written = {obj.path: emit.document(obj.doc) for obj in objects}
    targets = {*seen, *(text.get("targets") or ())}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _write(root, {**written, **(text.get("files") or {})}, text.get("links") or {})
        for name in clusters_of(targets):
            own = frozenset(target for target in targets if target.rpartition(".")[0] == name)
            yield TreeView(read(root, name), declared(name, seen), own)


def _write(root: Path, files: Mapping[str, str | bytes | None], links: Mapping[str, str]) -> None:
    for name, content in files.items():
        path = root / name
        if content is None:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for name, target in links.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)


def _waiver_uses(text: Text) -> list[waivers.WaiverUse]:
    """How the waivers of the declared parameters are used by ``findings`` on ``date``."""
    held = {
        target: view.declared.waivers(target) for view in views(text).values() for target in _targets(view)
    }
    found = [
        Finding(one["rule"], "error", "", "", "", "eu-h100", one["target"], one.get("object", ""))
        for one in text.get("findings") or ()
    ]
    date = datetime.date.fromisoformat(str(text["date"]))
    known = frozenset(rule.id for rule in rules().values() if rule.waivable)
    return waivers.apply(found, held, date, known)[1]


def _targets(view: ClusterView) -> list[str]:
    return [view.target, *(f"{view.name}.{stack}" for stack in view.stacks)]


def _changed(objects: list[Obj], change: Text) -> Iterator[Obj]:
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
            yield replace(obj, doc=merge_patch(obj.doc, change["with"]), path=change.get("path", obj.path))
        elif verb != "remove":
            yield replace(obj, doc=_edited(obj.doc, verb, change))


def _added(change: Text) -> Obj:
    target = change.get("target", f"{stacks.CLUSTER}.cluster")
    cluster, _, name = target.rpartition(".")
    component = change.get("component", "added")
    kind, own = str(change["add"].get("kind")).lower(), change["add"]["metadata"]["name"]
    path = f"compiled/{cluster}/{name}/{component}/{kind}-{own}.yaml"
    return Obj(path, cluster, target, component, change["add"])


def _edited(doc: dict[str, Any], verb: str, change: Text) -> dict[str, Any]:
    if verb == "patch":
        merged: dict[str, Any] = merge_patch(doc, change["with"])
        return merged
    edited = copy.deepcopy(doc)
    *way, last = _path(change["field"])
    parent: Any = edited
    for step in way:
        parent = parent[step]
    if verb == "set":
        if "to" not in change:
            del parent[last]
        elif isinstance(parent, list) and last == len(parent):
            parent.append(change["to"])
        else:
            parent[last] = change["to"]
        return edited
    parent[last] = _replaced(parent[last], change)
    return edited


def _replaced(value: Any, change: Text) -> Any:
    """A text with ``from`` replaced by ``to``, or a list with the item ``from`` replaced, or removed without
    ``to``."""
    old = change["from"]
    if old not in value:
        raise ValueError(f"{change['edit']} {change['field']} does not hold {old!r}: {value!r}")
    if isinstance(value, str):
        return value.replace(old, change["to"])
    changed = [change.get("to") if item == old else item for item in value]
    return changed if "to" in change else [item for item in value if item != old]


def _path(text: str) -> list[str | int]:
    return [int(number) if number else quoted or plain for quoted, number, plain in _STEP.findall(text)]
