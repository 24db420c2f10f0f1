"""Whether `inferstack check` finds a mutation: its own rules, in this process, on a fleet with one fact changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from components.inventory.inventory import Inventory
from scripts.check import stage
from scripts.check.declared import Declared, clusters_of, declared
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.read import Tree, read
from scripts.check.rule import ALL, Rule, rules
from scripts.check.running import cluster_hits
from scripts.check.tree import TreeView
from tests.mutation.objects import Swap

ROOT = Path(__file__).parents[2]
_HASH_RULES = frozenset(["config-hash-fresh"])
"""They tell that a text changed, not that it is wrong: a change of the inventory brings the hash with it."""


@dataclass(frozen=True)
class Base:
    """One cluster of the committed fleet."""

    tree: Tree
    declared: Declared
    targets: frozenset[str]


@cache
def bases() -> dict[str, Base]:
    """The committed fleet by cluster."""
    inventory = Inventory(ROOT / "inventory")
    rendered, problems = stage.rendered(inventory, inventory.layout.targets)
    assert not problems, problems
    return {
        name: Base(read(ROOT, name), declared(name, rendered), _targets(inventory, name))
        for name in clusters_of(rendered)
    }


def _targets(inventory: Inventory, cluster: str) -> frozenset[str]:
    return frozenset(name for name in inventory.layout.targets if name.rpartition(".")[0] == cluster)


@cache
def _by_scope() -> dict[str, tuple[Rule, ...]]:
    every = list(rules().values())
    return {
        scope: tuple(rule for rule in every if rule.scope == scope)
        for scope in ("inventory", "tree", "object", "stack", "cluster", "fleet")
    }


def object_found(swap: Swap) -> str:
    """The rule that finds a change of compiled objects as an error or a warning; empty when none does."""
    base = bases()[swap.obj.cluster]
    new = swap.make()
    objects = tuple(_swapped(base.tree.objects, swap.obj, new))
    tree = replace(base.tree, objects=objects)
    ignored = _HASH_RULES if swap.inside_text else frozenset[str]()
    return next(found(tree, base.declared, base.targets, new, ignored), "")


def _swapped(objects: Iterable[Obj], old: Obj, new: tuple[Obj, ...]) -> Iterator[Obj]:
    for obj in objects:
        if obj is old:
            yield from new
        else:
            yield obj


def found(
    tree: Tree, known: Declared, targets: frozenset[str], changed: Iterable[Obj], ignored: frozenset[str]
) -> Iterator[str]:
    """Rules that find an error or a warning in a cluster, the quickest first. Schemas look at ``changed`` alone.
    What an environment is told of as a note counts by the level that it has elsewhere."""
    view = ClusterView(known, tree.objects)
    for rule in _by_scope()["object"]:
        if rule.id not in ignored:
            for obj in changed:
                if obj.kind in rule.kinds or ALL in rule.kinds:
                    yield from told(rule, rule.check(obj, view))
    files = TreeView(tree, known, targets)
    for rule in _by_scope()["tree"]:
        yield from told(rule, rule.check(files))
    for rule in (*_by_scope()["stack"], *_by_scope()["cluster"], *_by_scope()["object"]):
        if rule.id not in ignored and rule.id != "schema-valid":
            yield from told(rule, cluster_hits(rule, view))


def told(rule: Rule, hits: Iterable[Hit]) -> Iterator[str]:
    """The rule, once, where it finds more than a note."""
    for hit in hits:
        if (hit.level or rule.level) != "note":
            yield rule.id
            return
