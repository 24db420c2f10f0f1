"""Findings as SARIF 2.1.0, for code scanning: the inventory's line first, the compiled file as related location."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

from scripts.check.engine import Report
from scripts.check.model import Finding
from scripts.check.rule import Rule, rules

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def write(report: Report, notes: bool = True) -> str:
    """One run with every rule that is in force; waived findings are suppressed results."""
    told = [one for one in (*report.findings, *report.waived) if notes or one.level != "note"]
    known = list(rules().values())
    index = {rule.id: number for number, rule in enumerate(known)}
    run = {
        "tool": {"driver": {"name": "inferstack", "rules": [_rule(rule) for rule in known]}},
        "originalUriBaseIds": {"ROOT": {"description": {"text": "the root of the repository"}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, index) for one in told],
    }
    return (
        json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=False)
        + "\n"
    )


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.title} {rule.why}"},
        "help": {"text": f"{rule.why} {rule.fix} Source: {rule.source}."},
        "defaultConfiguration": {"level": rule.level},
        "properties": {"tags": [rule.topic]},
    }


def _result(one: Finding, index: dict[str, int]) -> dict[str, Any]:
    about = " ".join(part for part in (one.object or one.target, one.field) if part)
    found: dict[str, Any] = {
        "ruleId": one.rule,
        **({"ruleIndex": index[one.rule]} if one.rule in index else {}),
        "level": one.level,
        "message": {
            "text": f"{about}: {one.message}. {one.why} {one.fix}" if about else f"{one.message}. {one.fix}"
        },
        "locations": [_location(one.place.file, one.place.line, one.place.column)],
        "partialFingerprints": {"inferstack/v1": _fingerprint(one)},
    }
    if one.file and one.place.file != one.file:
        related = _location(one.file, one.line, 0)
        found["relatedLocations"] = [{**related, "message": {"text": "the compiled object"}}]
    if one.waived:
        found["suppressions"] = [{"kind": "external", "justification": one.waived}]
    return found


def _location(file: str, line: int, column: int) -> dict[str, Any]:
    region = {"startLine": line, **({"startColumn": column} if column else {})} if line else None
    uri = {"uri": quote(file), "uriBaseId": "ROOT"}
    return {"physicalLocation": {"artifactLocation": uri, **({"region": region} if region else {})}}


def _fingerprint(one: Finding) -> str:
    """The same for the same finding when lines move."""
    parts = "\0".join((one.rule, one.target, one.object, one.field))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]
