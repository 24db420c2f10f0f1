"""Whether a mutation of the inventory is found: by the guard, the strict parameters, the compiler's own refusals, or
a rule of the check on what the mutated inventory compiles to."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from components.common.errors import MistakesError
from components.inventory.chain import Chains
from components.inventory.inventory import Inventory
from scripts.check import conventions, stage
from scripts.check.declared import Declared, declared
from scripts.check.fleet import FleetView
from scripts.check.rule import rules
from tests.mutation import judge
from tests.mutation.inventory import Rewrite
from tests.support.check_bases import compile_all


class Trial:
    """A copy of the inventory in a temporary folder, in which one file at a time is changed."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.root = Path(self._folder.name)
        shutil.copytree(judge.ROOT / "inventory", self.root / "inventory")
        shutil.copy(judge.ROOT / ".kapitan", self.root / ".kapitan")

    @cached_property
    def _clusters(self) -> dict[str, frozenset[str]]:
        """The clusters that a file reaches."""
        return _reached(Inventory(self.root / "inventory"))

    def found(self, rewrite: Rewrite) -> str:
        """What finds a change; empty when nothing does."""
        before = self._clusters
        path = self.root / "inventory" / rewrite.file
        text = path.read_text(encoding="utf-8")
        copy = self.root / "inventory" / rewrite.copy if rewrite.copy else None
        if rewrite.text is None:
            path.unlink()
        else:
            path.write_text(rewrite.text, encoding="utf-8")
        if copy:
            copy.write_text(text, encoding="utf-8")
        try:
            return next(self._findings(before.get(rewrite.file, frozenset())), "")
        finally:
            path.write_text(text, encoding="utf-8")
            if copy:
                copy.unlink()

    def _findings(self, before: frozenset[str]) -> Iterator[str]:
        inventory = Inventory(self.root / "inventory")
        problems, _ = stage.guarded(inventory)
        yield from _inventory_rules(stage.InventoryView(problems=tuple(problems)))
        now = _reached(inventory)
        changed = {file for file, clusters in now.items() if clusters != self._clusters.get(file)}
        reached = before.union(*(now[file] for file in changed))
        known: dict[str, Declared] = {}
        for cluster in sorted(reached):
            yield from self._in_cluster(inventory, cluster, known)
        view = FleetView({**{name: base.declared for name, base in judge.bases().items()}, **known})
        for rule in rules().values():
            if rule.scope == "fleet":
                yield from judge.told(rule, rule.check(view))

    def _in_cluster(self, inventory: Inventory, cluster: str, known: dict[str, Declared]) -> Iterator[str]:
        targets = frozenset(name for name in inventory.layout.targets if name.rpartition(".")[0] == cluster)
        rendered, problems = stage.rendered(inventory, targets)
        found = (*problems, *conventions.plumbing(inventory, rendered))
        yield from _inventory_rules(stage.InventoryView(problems=found))
        own = known[cluster] = declared(cluster, rendered)
        parsed = tuple((target, one) for target, mistakes in own.mistakes.items() for one in mistakes)
        combined = tuple(stage.combinations(own))
        yield from _inventory_rules(stage.InventoryView(parameters=parsed, combinations=combined))
        try:
            objects = tuple(compile_all({name: dict(parameters) for name, parameters in rendered.items()}))
        except MistakesError:
            yield "compile"
            return
        base = judge.bases()[cluster].tree
        runbooks = (f"compiled/{cluster}/cluster/runbooks/{name.rpartition('.')[2]}.md" for name in targets)
        documents = tuple(sorted({*base.documents, *runbooks}))  # what a compile writes beside objects
        tree = replace(base, objects=objects, targets=targets, documents=documents)
        yield from judge.found(tree, own, targets, objects, frozenset())


def _inventory_rules(view: stage.InventoryView) -> Iterator[str]:
    for rule in rules().values():
        if rule.scope == "inventory":
            yield from judge.told(rule, rule.check(view))


def _reached(inventory: Inventory) -> dict[str, frozenset[str]]:
    """The clusters whose targets a file is part of, by file."""
    chains = Chains(inventory)
    found: dict[str, set[str]] = {}
    for name in inventory.layout.targets:
        for unit in chains.chain(name).units:
            file = str(unit.path.relative_to(inventory.root))
            found.setdefault(file, set()).add(name.rpartition(".")[0])
    return {file: frozenset(clusters) for file, clusters in found.items()}
