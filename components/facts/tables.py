"""The tables of this folder, each read once a process and only when asked for.

A table is a YAML mapping with ``date`` (when it was last checked), ``source`` (where its facts come from)
and its rows. A row inherits both unless it carries its own; ``verified: false`` marks a row that nobody
could check.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent

Table = Mapping[str, Any]


class FactError(LookupError):
    """A question that no table here answers (unknown engine, table or logical name)."""


@cache
def table(name: str) -> Table:
    """The table ``name`` (a path below this folder without ``.yml``), e.g. ``engines/vllm``.

    Callers share the object: read it, never change it. Raises FactError if there is no such table.
    """
    path = FOLDER / f"{name}.yml"
    if not path.is_file():
        raise FactError(f"no fact table {name!r}; there are: {', '.join(names())}")
    with path.open("rb") as stream:
        loaded: Table = yaml.load(stream, Loader=yaml.CSafeLoader)
    return loaded


def names() -> tuple[str, ...]:
    """Names of all tables, sorted."""
    return tuple(
        sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.yml"))
    )


def provenance(name: str) -> str:
    """``<source>, <date>`` of a table, to cite in a message or report."""
    facts = table(name)
    return f"{facts['source']}, {facts['date']}"
