"""Every mutation of the committed fleet is found, or harmless by a stated reason; docs/mutation.md says how many."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.mutation import judge, page, score
from tests.mutation.harmless import load
from tests.mutation.model import CLASSES

SAMPLE = ("edge-cpu", 200, 15)
"""A small cluster, and how many of its objects and of all files of the inventory are tried in the quick test."""


def test_the_committed_fleet_is_sound() -> None:
    for name, base in judge.bases().items():
        found = judge.found(base.tree, base.declared, base.targets, base.tree.objects, frozenset())
        assert list(found) == [], name


@pytest.mark.slow
def test_every_class_has_mutations_enough() -> None:
    tried = Counter(one.sort for one in score.chosen())
    assert {sort: tried[sort] for sort in CLASSES if tried[sort] < score.ENOUGH} == {}


@pytest.mark.slow
def test_mutations_change_something_and_are_told_apart() -> None:
    ids = Counter(one.id for one in score.every())
    assert [name for name, count in ids.items() if count > 1] == []


def test_a_sample_is_found() -> None:
    verdicts = score.verdicts(score.some(*SAMPLE), processes=1)
    assert [str(one) for one in score.survivors(verdicts)] == []
    assert sum(bool(one.found_by) for one in verdicts) > len(verdicts) / 2


def test_the_page_shows_the_patterns_and_the_last_run() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), "run: python -m tests.mutation --write"
    lines = json.loads(page.COUNTS.read_text(encoding="utf-8"))["lines"]
    assert [one["sort"] for one in lines] == list(CLASSES)
    assert all(one["tried"] == one["found"] + one["harmless"] for one in lines)


@pytest.mark.slow
def test_every_mutation_is_found() -> None:
    verdicts = score.verdicts(score.chosen())
    assert [str(one) for one in score.survivors(verdicts)] == []


def test_a_crash_is_a_gap_that_nothing_excuses(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> str:
        raise KeyError("engine")

    one = score.some("edge-cpu", 1, 0)[0]
    monkeypatch.setattr(judge, "object_found", crash)
    (verdict,) = score.verdicts([one], processes=1)
    assert verdict.survived
    assert str(verdict).startswith("traceback (KeyError: 'engine' at test_mutation.py:")


@pytest.mark.slow
def test_a_pattern_is_about_something() -> None:
    mutations = score.every()
    assert [one for one in load() if not any(map(one.covers, mutations))] == []


def test_a_reason_is_given_once_for_a_pattern() -> None:
    patterns = load()
    assert len({(one.area, one.about, one.fields, one.changes) for one in patterns}) == len(patterns)
