"""The tables themselves: every fact dated and sourced, every version readable, every span forward."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.facts.flags import flag_of
from components.facts.tables import FOLDER, FactError, names, provenance, table
from components.facts.versions import parse, range_of

DATE = re.compile(r"20\d\d-\d\d-\d\d")


def rows(node: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every mapping of a table with its path."""
    if isinstance(node, Mapping):
        yield path, node
        for key, value in node.items():
            yield from rows(value, f"{path}.{key}")
    elif isinstance(node, list):
        for position, value in enumerate(node):
            yield from rows(value, f"{path}[{position}]")


@pytest.mark.parametrize("name", names())
def test_a_table_has_a_date_and_a_source(name: str) -> None:
    facts = table(name)
    assert DATE.fullmatch(facts["date"])
    assert len(facts["source"]) > 10
    assert provenance(name) == f"{facts['source']}, {facts['date']}"


@pytest.mark.parametrize("name", names())
def test_versions_are_text_and_spans_run_forward(name: str) -> None:
    for path, row in rows(table(name)):
        bounds = {key: row[key] for key in ("since", "until", "deprecated") if row.get(key) is not None}
        for key, value in bounds.items():
            assert isinstance(value, str), f"{name}{path}.{key} must be quoted"
            parse(value)
        range_of(bounds.get("since"), bounds.get("until"))
        if "deprecated" in bounds and "until" in bounds:
            assert parse(bounds["deprecated"]) < parse(bounds["until"]), path


@pytest.mark.parametrize("name", names())
def test_rows_mark_only_what_is_unverified(name: str) -> None:
    for path, row in rows(table(name)):
        assert row.get("verified", False) is False, f"{name}{path}: leave out verified unless it is false"


@pytest.mark.parametrize("name", names())
def test_rows_of_one_subject_do_not_overlap(name: str) -> None:
    for path, row in rows(table(name)):
        for key, value in row.items():
            if not (isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value)):
                continue
            subjects: dict[Any, list[Any]] = {}
            for each in value:
                subject = each.get("family") or each.get("kind") or (key if "type" in each else None)
                if subject and ("since" in each or "until" in each) and "group" not in each:
                    subjects.setdefault(subject, []).append(range_of(each.get("since"), each.get("until")))
            for subject, spans in subjects.items():
                edges = [span.since for span in spans if span.since] + [
                    span.until for span in spans if span.until
                ]
                for edge in edges:
                    assert sum(edge in span for span in spans) <= 1, f"{name}{path}.{key} {subject} at {edge}"


@pytest.mark.parametrize("name", names())
def test_yaml_1_1_reads_nothing_as_another_type(name: str) -> None:
    text = (FOLDER / f"{name}.yml").read_text()
    assert yaml.safe_load(text) == table(name)
    for path, row in rows(table(name)):
        for key, value in row.items():
            names_of_row = value if isinstance(value, list) else []
            assert isinstance(key, str | int), path
            assert not any(isinstance(each, bool) for each in names_of_row), f"{name}{path}.{key}"


@pytest.mark.parametrize("name", [name for name in names() if "flags" in name])
def test_flag_rows_hold_only_known_keys(name: str) -> None:
    allowed = {"kind", "aliases", "since", "until", "deprecated", "legacy", "use", "note", "env", "verified"}
    for flag, row in table(name)["rows"].items():
        assert set(row) <= allowed, flag
        assert row.get("kind", "value") in ("value", "list", "optional", "switch", "toggle"), flag
        assert not flag.startswith("-")
        assert all(word.startswith("-") for word in row.get("aliases", ()))
        flag_of(flag, row)


def test_tables_stay_within_the_length_of_a_file() -> None:
    for path in Path(FOLDER).rglob("*.*"):
        if path.suffix in (".yml", ".py"):
            assert len(path.read_text().splitlines()) <= 400, path.name


def test_no_path_of_a_machine_is_in_a_table() -> None:
    for name in names():
        assert not re.search(r"/(work|tmp|home)/", (FOLDER / f"{name}.yml").read_text()), name


def test_a_table_is_read_once() -> None:
    assert table("epp") is table("epp")


def test_an_unknown_table_is_named() -> None:
    with pytest.raises(FactError, match="no fact table 'nope'"):
        table("nope")
