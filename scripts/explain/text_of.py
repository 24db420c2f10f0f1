"""Reading compiled files."""

from __future__ import annotations

from typing import Any

import yaml


def document(text: str) -> dict[str, Any] | None:
    """The object in a compiled file; None where it holds none."""
    try:
        value = yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError):
        return None
    return value if isinstance(value, dict) else None
