"""Answers as JSON. The shape is described in ``docs/explain.md``; keys are always there, whatever they hold."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import Any

from components.common.params import inventory_key
from scripts.explain.answer import Answer, FieldAnswer, KeyAnswer, LineAnswer, Parameter

KINDS: dict[type, str] = {KeyAnswer: "key", FieldAnswer: "field", LineAnswer: "line"}
"""``kind`` of each answer."""


def write(answer: Answer) -> str:
    """The JSON text of an answer."""
    document = {"kind": KINDS[type(answer)], **plain(answer)}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def plain(value: Any) -> Any:
    """Dataclasses as maps with camelCase keys; tuples as lists."""
    if is_dataclass(value) and not isinstance(value, type):
        found = {inventory_key(one.name): plain(getattr(value, one.name)) for one in fields(value)}
        if isinstance(value, Parameter):
            found["winner"] = plain(value.winner)
            found["overridden"] = plain(value.overridden)
        if isinstance(value, FieldAnswer):
            found["isFixed"] = value.is_fixed
        return found
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
