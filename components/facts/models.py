"""What publishers say about the models that are often served."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from components.facts.tables import table

Published = Mapping[str, Any]


@cache
def _by_name() -> Mapping[str, Published]:
    return {name: row for row in table("models")["rows"] for name in row["names"]}


def published(name: str) -> Published | None:
    """The row of a model, by its publisher's name for it; None for one that the table does not have."""
    return _by_name().get(name)


def published_names() -> frozenset[str]:
    """Names of all models in the table."""
    return frozenset(_by_name())
