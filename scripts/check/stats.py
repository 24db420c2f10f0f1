"""What a check cost, for `--stats` and the benchmark."""

from __future__ import annotations

import re

from scripts.check.engine import Report
from scripts.check.rule import rules

_LINE = re.compile(r"^  (\w+) +(\d+\.\d+) s +\d+\.\d%$", re.MULTILINE)
SHOWN = 10
"""So many of the slowest rules are named."""


def shares(report: Report) -> dict[str, float]:
    """CPU seconds of reading, schemas, graph, rules, and of the inventory (guard, rendering, parameters)."""
    found = dict.fromkeys(("inventory", "reading", "schemas", "graph", "rules"), 0.0)
    for what, seconds in report.seconds.spent.items():
        found[_share(what)] += seconds
    return found


def _share(what: str) -> str:
    fixed = {"guard": "inventory", "read": "reading", "schema-valid": "schemas"}
    if what in fixed or what in ("inventory", "graph"):
        return fixed.get(what, what)
    rule = rules().get(what)
    return "graph" if rule and rule.topic == "references" else "rules"


def read(printed: str) -> dict[str, float]:
    """The CPU seconds of each share, from what :func:`stats` printed."""
    return {what: float(seconds) for what, seconds in _LINE.findall(printed)}


def stats(report: Report) -> str:
    """CPU seconds by share, and the slowest rules."""
    total = sum(report.seconds.spent.values()) or 1.0
    lines = [f"{report.objects:,} objects of {report.targets:,} targets, {total:.2f} s of CPU"]
    lines += [f"  {what:10} {spent:7.2f} s {spent / total:6.1%}" for what, spent in shares(report).items()]
    slowest = sorted(report.seconds.spent.items(), key=lambda item: -item[1])[:SHOWN]
    lines += ["slowest:", *(f"  {what:36} {spent:7.3f} s" for what, spent in slowest)]
    return "\n".join(lines) + "\n"
