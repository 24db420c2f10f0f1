from __future__ import annotations

import argparse
import re

import pytest

from scripts import docs, reference
from scripts.project import Project

ROWS = {row.key: row for section in reference.sections() for row in section.rows}


def test_the_committed_pages_are_fresh(committed: Project) -> None:
    assert docs.run(argparse.Namespace(check=True), committed) == 0


def test_a_stale_page_is_found_and_written_anew(project: Project) -> None:
    docs.run(argparse.Namespace(check=False), project)
    page = project.root / "docs/parameters.md"
    page.write_text(page.read_text(encoding="utf-8").replace("required", "optional"), encoding="utf-8")

    assert docs.run(argparse.Namespace(check=True), project) == 1
    docs.run(argparse.Namespace(check=False), project)
    assert docs.run(argparse.Namespace(check=True), project) == 0


@pytest.mark.parametrize(
    ("key", "type_", "default"),
    [
        ("serving.runtime", "[Slug](#types)", "**required**"),
        ("serving.maxReplicas", "integer ≥ 1 ≤ 10,000", "unset"),
        ("serving.minReplicas", "integer ≥ 0 ≤ 10,000", "`1`"),
        ("serving.mode", "`Standard` or `Knative`", '`"Standard"`'),
        ("serving.expertParallel", "`true` or `false`", "`false`"),
        ("serving.env", "map of text", "empty"),
        ("serving.resources", "mapping", ""),
        ("serving.resources.memory", "[Bytes](#types)", "unset"),
        ("cluster.pools", "map of mapping", "**required**"),
        ("cluster.pools.<name>.nodes", "integer ≥ 0 ≤ 100,000", "**required**"),
        ("monitoring.slo.errorRatio", "number > 0 < 1", "unset"),
        (
            "cluster.monitoring.labels",
            "map of [LabelValue](#types)",
            '`{"release": "kube-prometheus-stack"}`',
        ),
    ],
)
def test_a_key_has_its_type_and_default(key: str, type_: str, default: str) -> None:
    assert (ROWS[key].type, ROWS[key].default) == (type_, default)


def test_the_meaning_is_the_docstring_as_markdown() -> None:
    assert ROWS["serving.maxReplicas"].meaning == "`minReplicas` when unset."
    assert ROWS["serving.resources"].meaning.startswith("What a pod asks for beside GPUs.")


@pytest.mark.parametrize("one", reference.named_types(), ids=lambda one: one.name)
def test_the_example_of_a_type_is_one(one: reference.NamedType) -> None:
    example = one.form.example.strip('"')

    assert re.search(one.form.pattern, example)


def test_a_text_of_one_key_is_described_in_words() -> None:
    assert ROWS["cluster.kubernetes"].type == 'text: the minor version in quotes, for example "1.36"'
    assert not [row.key for row in ROWS.values() if "matching" in row.type]


def test_every_section_says_where_it_is_set() -> None:
    assert all(section.homes for section in reference.sections())


def test_every_key_and_every_section_says_what_it_means() -> None:
    blank = [row.key for row in ROWS.values() if not row.meaning]
    blank += [section.key for section in reference.sections() if not section.meaning]

    assert not blank, "put a docstring below the field"


def test_a_named_type_has_pattern_words_and_meaning() -> None:
    types = {one.name: one for one in reference.named_types()}

    assert types["Duration"].form.pattern == "^([0-9]{1,5}(h|m|s|ms)){1,4}$"
    assert types["Duration"].form.words.startswith("whole hours (h), minutes (m)")
    assert types["Duration"].meaning == "A Gateway API duration (GEP-2257): `600s`, `1h30m`."
    assert {"Slug", "Bytes", "StorageUri"} <= types.keys()


def test_tables_keep_their_columns(committed: Project) -> None:
    page = docs.pages(committed)["docs/parameters.md"]
    rows = [line for line in page.splitlines() if line.startswith("| ")]

    assert len(rows) > 200
    for row in rows:
        assert row.replace("\\|", "").count("|") in {5, 6}, row
