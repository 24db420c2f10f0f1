"""Findings as one JSON document; its form is versioned."""

from __future__ import annotations

import json
from typing import Any

from scripts.check import ledger, verdicts
from scripts.check.engine import Report
from scripts.check.model import LEVELS, Finding

FORM = 1
"""Raised when a key changes its meaning or goes."""


def write(report: Report, notes: bool = True) -> str:
    """``{form, summary, findings, waived, ledger, memory}``; keys that hold nothing are left out of a finding."""
    findings = [one for one in report.findings if notes or one.level != "note"]
    whole = {
        "form": FORM,
        "summary": {
            **{f"{level}s": report.count(level) for level in LEVELS},
            "waived": len(report.waived),
            "targets": report.targets,
            "objects": report.objects,
        },
        "findings": [record(one) for one in findings],
        "waived": [record(one) for one in report.waived],
        "ledger": [ledger.record(row) for row in report.ledger],
        "memory": [verdicts.record(row) for row in report.memory],
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def record(one: Finding) -> dict[str, Any]:
    """One finding as plain data."""
    place = one.place
    found: dict[str, Any] = {
        "rule": one.rule,
        "level": one.level,
        "message": one.message,
        "consequence": one.why,
        "remedy": one.fix,
        "cluster": one.cluster,
        "target": one.target,
        "object": one.object,
        "field": one.field,
        "compiled": {"file": one.file, "line": one.line} if one.file else None,
        "inventory": {"file": place.file, "line": place.line, "column": place.column} if one.cause else None,
        "chain": list(one.chain),
        "waived": one.waived,
    }
    return {key: value for key, value in found.items() if value not in ("", None, [])}
