"""Every format holds every finding, whatever the texts in it, and is well formed."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.check import writer
from scripts.check.engine import Report
from scripts.check.model import Finding, Place
from scripts.check.rule import rules
from scripts.check.running import Seconds, printable

HOSTILE = [
    "plain",
    'a "quoted" <b>&amp; %0A::error::x',
    "]]> -- <!-- \x1b[31m \x00 \u202e \ud7ff 🦙",
    "line\nline\r\nline",
    "a,b:c=d%",
]


def finding(text: str = "plain", level: str = "error", waived: str = "") -> Finding:
    clean = printable(text)
    return Finding(
        rule="pool-target-port",
        level=level,  # type: ignore[arg-type] # one of three
        message=clean,
        why="Requests fail.",
        fix=clean,
        cluster="eu-h100",
        target="eu-h100.llama-70b",
        object=f"InferencePool llm/{clean}",
        field="spec.targetPorts[0].number",
        file="compiled/eu-h100/llama-70b/x.yaml",
        line=7,
        cause=Place("inventory/targets/eu-h100/llama-70b.yml", 12, 5),
        chain=("inventory/classes/a.yml:3:5",),
        waived=waived,
    )


def report(*findings: Finding) -> Report:
    told = tuple(one for one in findings if not one.waived)
    waived = tuple(one for one in findings if one.waived)
    return Report(told, waived, targets=2, objects=30, seconds=Seconds(), faults=())


ALL = report(
    *(finding(text) for text in HOSTILE),
    finding(level="warning"),
    finding(level="note"),
    finding(waived="me until 2027-01-01: soon"),
)


def test_text_tells_place_chain_object_consequence_and_fix() -> None:
    told = writer("text")(report(finding()), False)
    assert told.splitlines() == [
        "inventory/targets/eu-h100/llama-70b.yml:12:5: error[pool-target-port]: plain",
        "    included from inventory/classes/a.yml:3:5",
        "    in compiled/eu-h100/llama-70b/x.yaml:7: InferencePool llm/plain spec.targetPorts[0].number",
        "    Requests fail.",
        "    fix: plain",
        "",
        "1 error in 30 objects of 2 targets",
    ]


def test_text_counts_what_it_leaves_out() -> None:
    told = writer("text")(ALL, False)
    assert "note[" not in told
    assert "5 errors, 1 warning, 1 note in 30 objects of 2 targets (--notes shows the notes)" in told
    assert told.endswith("1 finding waived\n")


def test_text_of_nothing() -> None:
    assert writer("text")(report(), False) == "nothing found in 30 objects of 2 targets\n"


def test_json_holds_everything() -> None:
    whole = json.loads(writer("json")(ALL, True))
    assert whole["summary"] == {
        "errors": 5, "warnings": 1, "notes": 1, "waived": 1, "targets": 2, "objects": 30,
    }  # fmt: skip
    assert len(whole["findings"]) == 7
    assert whole["findings"][0]["inventory"] == {
        "file": "inventory/targets/eu-h100/llama-70b.yml", "line": 12, "column": 5,
    }  # fmt: skip
    assert whole["waived"][0]["waived"] == "me until 2027-01-01: soon"


def test_sarif_points_at_the_inventory_and_relates_the_compiled_file() -> None:
    (run,) = json.loads(writer("sarif")(ALL, True))["runs"]
    assert [one["id"] for one in run["tool"]["driver"]["rules"]] == list(rules())
    results = run["results"]
    assert len(results) == 8
    for one in results:
        assert run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == one["ruleId"]
        region = one["locations"][0]["physicalLocation"]["region"]
        assert region == {"startLine": 12, "startColumn": 5}
        assert one["relatedLocations"][0]["physicalLocation"]["region"] == {"startLine": 7}
    assert [bool(one.get("suppressions")) for one in results].count(True) == 1
    assert len({one["partialFingerprints"]["inferstack/v1"] for one in results}) == len(set(HOSTILE))


def test_junit_counts_failures() -> None:
    root = ET.fromstring(writer("junit")(ALL, True))
    assert root.get("failures") == "5"
    assert len(root.findall(".//failure")) == 5
    assert len(root.findall(".//skipped")) == 1
    assert len(root.findall(".//system-out")) == 2
    assert int(root.get("tests", "0")) == len(root.findall(".//testcase")) >= len(rules())


def test_github_annotates_lines() -> None:
    commands = [line for line in writer("github")(ALL, True).splitlines() if line.startswith("::")]
    assert len(commands) == 7
    for command in commands:
        assert re.fullmatch(
            r"::(error|warning|notice) file=[^,:]+,line=12,col=5,title=pool-target-port::.+", command
        )


@given(text=st.text(max_size=60))
@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github"])
def test_any_text_is_well_formed(form: str, text: str) -> None:
    one = report(finding(text))
    told = writer(form)(one, True)
    match form:
        case "json" | "sarif":
            json.loads(told)
        case "junit":
            assert len(ET.fromstring(told).findall(".//failure")) == 1
        case "github":
            assert [line for line in told.split("\n") if line.startswith("::")] == [told.split("\n")[0]]
        case _:
            assert all(line.isprintable() for line in told.split("\n"))


def test_findings_without_a_place() -> None:
    bare = report(Finding("file-is-no-link", "error", "a link", "why", "fix", file="compiled/x"))
    for form in ("text", "json", "sarif", "junit", "github"):
        assert "compiled/x" in writer(form)(bare, True), form


def test_formats_are_all_there() -> None:
    folder = Path(__file__).parents[3] / "scripts" / "check" / "output"
    assert {path.stem for path in folder.glob("*.py")} == {
        "__init__",
        "text",
        "json",
        "sarif",
        "junit",
        "github",
    }
