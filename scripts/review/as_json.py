"""A review as JSON: the whole model, lossless; keys as in :mod:`scripts.review.change`, in camelCase."""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass, replace
from typing import Any

from scripts.review.change import MISSING, Change, FieldChange, ObjectChange
from scripts.review.semantic import shown

FORMAT = 1
"""Rises when a key changes its meaning or goes."""


def write(change: Change) -> str:
    """The text."""
    return (
        json.dumps({"format": FORMAT, **plain(change)}, ensure_ascii=False, indent=1, sort_keys=False) + "\n"
    )


def plain(value: Any) -> Any:
    """Dataclasses as maps; what is absent is left out."""
    if isinstance(value, FieldChange):
        steps = [[step.kind, step.name, step.value] for step in value.path]
        own = {"path": shown(value.path), "steps": steps, "causes": list(value.causes)}
        return own | {k: v for k, v in (("old", value.old), ("new", value.new)) if v is not MISSING}
    if hasattr(value, "_asdict"):
        return {_camel(key): plain(item) for key, item in value._asdict().items()}
    if isinstance(value, ObjectChange) and value.is_document and value.fields:
        value = replace(value, old=None, new=None)  # its only field has both texts
    if is_dataclass(value) and not isinstance(value, type):
        own = {one.name: getattr(value, one.name) for one in fields(value)}
        return {_camel(key): plain(item) for key, item in own.items() if not _absent(item)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _absent(value: Any) -> bool:
    return value is MISSING or value is None


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)
