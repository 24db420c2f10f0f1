"""Dated tables about the outside world, and typed questions to them.

Every table (``*.yml`` here) carries the date it was checked and its source. Nothing here reads the
inventory or the compiled tree: versions come in as text, answers go out as values or one-line problems.
"""

from __future__ import annotations

from components.facts.compatibility import Availability, crd_available, pin_set_problems
from components.facts.engines import Engine, Metric, engine, metric
from components.facts.tables import FactError, provenance, table
from components.facts.versions import Range, Version, VersionError, parse

__all__ = [
    "Availability",
    "Engine",
    "FactError",
    "Metric",
    "Range",
    "Version",
    "VersionError",
    "crd_available",
    "engine",
    "metric",
    "parse",
    "pin_set_problems",
    "provenance",
    "table",
]
