"""Every field of the committed fleet."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from scripts.explain.keyed import EMBEDDED, Steps, embedded
from scripts.explain.workshop import Workshop

COMPILED = "compiled"


def stacks(workshop: Workshop) -> list[str]:
    """Targets of stacks."""
    return [name for name in workshop.targets if not workshop.is_cluster(name)]


def clusters(workshop: Workshop) -> list[str]:
    """Targets of clusters."""
    return [name for name in workshop.targets if workshop.is_cluster(name)]


def fields_of(workshop: Workshop, target: str) -> list[tuple[str, Steps]]:
    """Every field of a target: its file and its path."""
    study = workshop.fleet(target) if workshop.is_cluster(target) else workshop.study(target)
    folder = f"{COMPILED}/{target.replace('.', '/')}"
    return [
        (f"{folder}/{file}", path)
        for file, manifest in study.objects.items()
        for path in _paths(manifest, ())
    ]


def _paths(value: Any, path: Steps) -> Iterator[Steps]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _paths(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _paths(item, (*path, index))
    elif isinstance(value, str) and (inner := embedded(value)) is not None:
        yield from _paths(inner, (*path, EMBEDDED))
    else:
        yield path


def sample(items: list[Any], count: int, seed: int = 1) -> list[Any]:
    """Some of many, always the same ones."""
    return random.Random(seed).sample(items, min(count, len(items)))
