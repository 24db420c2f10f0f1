"""A pruned copy of the inventory: the targets that must be rendered, and the classes that they are made from.

Kapitan renders every target that it finds, so it is shown only those that it needs. What it reads are the very
bytes that the keys were made from, whatever is edited meanwhile; and a class that a key does not know of is not
there to be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from scripts.compile.inputs import RECLASS_CONFIG, Inputs


def write_view(
    inputs: Inputs, closures: Mapping[str, Iterable[str]], targets: Iterable[str], folder: Path
) -> Path:
    """Write what ``targets`` are made from below ``folder``; returns the inventory there, named as the real one."""
    name = inputs.inventory.name
    root = folder / name
    for kind in ("classes", "targets"):
        (root / kind).mkdir(parents=True)
    for shown in sorted({path for target in targets for path in closures[target]}):
        content = inputs.files.get(shown)
        if content is not None:
            path = folder / shown
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    config = inputs.inventory / RECLASS_CONFIG
    if config.is_file():
        (root / RECLASS_CONFIG).write_bytes(config.read_bytes())
    return root
