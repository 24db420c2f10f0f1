"""Compiled objects of a stack or a cluster, by kind, for tests."""

from __future__ import annotations

from typing import Any

from components.common.place import place
from components.stack import build
from components.stack.params import Stack

Manifest = dict[str, Any]


def objects(stack: Stack) -> dict[str, list[Manifest]]:
    """Placed manifests of a stack by kind."""
    found: dict[str, list[Manifest]] = {}
    target = f"{stack.cluster.name}.{stack.name}"
    for manifest in place(build.owner(target, stack), build.built(stack)).values():
        found.setdefault(manifest["kind"], []).append(manifest)
    return found


def one(stack: Stack, kind: str, name: str | None = None) -> Manifest:
    """The one manifest of a kind (and name). Raises AssertionError when there is none or more."""
    matching = [m for m in objects(stack).get(kind, []) if name in (None, m["metadata"]["name"])]
    assert len(matching) == 1, f"{len(matching)} objects of kind {kind}"
    return matching[0]
