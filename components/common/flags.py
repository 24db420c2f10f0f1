"""Command-line flags kept as a map in the inventory, written as container arguments.

A map keyed by flag lets any class add, change or (with ``null``) remove one flag; the order of the
arguments is the order of the names, so that it does not depend on which class set a flag.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def render(flags: Mapping[str, Any], *, separate: bool = False) -> list[str]:
    """Container arguments for ``flags`` (names without dashes).

    ``true`` gives ``--name``, ``false`` gives ``--no-name``, a list gives ``--name`` and its items as
    separate arguments, a map gives ``--name={json}``, everything else ``--name=value``; with ``separate``
    name and value are two arguments (llama.cpp does not split at ``=``).
    """
    arguments: list[str] = []
    for name in sorted(flags):
        value = flags[name]
        if value is True:
            arguments.append(f"--{name}")
        elif value is False:
            arguments.append(f"--no-{name}")
        elif isinstance(value, list):
            arguments.extend([f"--{name}", *(str(item) for item in value)])
        elif isinstance(value, Mapping):
            arguments.extend(_pair(name, json.dumps(value, sort_keys=True, separators=(",", ":")), separate))
        else:
            arguments.extend(_pair(name, str(value), separate))
    return arguments


def _pair(name: str, value: str, separate: bool) -> list[str]:
    return [f"--{name}", value] if separate else [f"--{name}={value}"]
