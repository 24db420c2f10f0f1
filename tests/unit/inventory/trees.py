"""Small inventories on disk, and what reclass-rs makes of them."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import reclass_rs

TARGET = "lab.llama"
TARGET_FILE = "targets/lab/llama.yml"


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write the files of an inventory below `root/inventory` and give that folder; texts are dedented."""
    inventory = root / "inventory"
    for folder in ("targets", "classes"):
        (inventory / folder).mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = inventory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else textwrap.dedent(content).lstrip("\n").encode()
        path.write_bytes(data)
    return inventory


def reclass(inventory: Path, target: str = TARGET) -> dict[str, Any]:
    """The parameters of a target by reclass-rs, with the settings of Kapitan. Raises ValueError.

    A panic of Rust counts as one; it derives from BaseException.
    """
    settings = {
        "nodes_uri": "targets",
        "classes_uri": "classes",
        "compose_node_name": True,
        "ignore_class_notfound": False,
    }
    config = reclass_rs.Config.from_dict(str(inventory), settings, False)
    try:
        parameters: dict[str, Any] = reclass_rs.Reclass.from_config(config).nodeinfo(target).parameters
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise ValueError(str(error)) from None
    return parameters


def block(value: object, depth: int = 0) -> str:
    """Data as block YAML, one scalar a line, every text and key quoted."""
    indent = "  " * depth
    if isinstance(value, dict) and value:
        lines = (f"{indent}{json.dumps(key)}:{block(below, depth + 1)}" for key, below in value.items())
        return "\n" + "".join(lines)
    if isinstance(value, list) and value:
        return "\n" + "".join(f"{indent}-{block(item, depth + 1)}" for item in value)
    return f" {json.dumps(value)}\n"


def same(left: object, right: object) -> bool:
    """Equality that tells 1 from true and 1.0 and one order of keys from another, and takes NaN for NaN."""
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and (left == right or (left != left and right != right))
