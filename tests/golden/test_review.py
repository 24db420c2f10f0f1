"""Golden cases of `inferstack review`: an edit of a small fleet, and what a reader must learn from its review.

``INFERSTACK_UPDATE=1 pytest tests/golden/test_review.py`` writes ``expected.yaml`` anew; read the difference.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.review import as_json, markdown, page, text
from scripts.review.build import build
from scripts.review.change import Change
from scripts.review.objects import applied, compare
from scripts.review.objects import read as objects_of
from scripts.review.semantic import embedded
from tests.support import review_cases as support

ALL = support.cases()
SLOW = [pytest.mark.slow]


def _parameters(cases: list[support.Case]) -> list[Any]:
    return [pytest.param(one, id=one.name, marks=SLOW if one.only else []) for one in cases]


@pytest.mark.parametrize("case", _parameters(ALL))
def test_case(case: support.Case, tmp_path: Path) -> None:
    base, head, change = support.run(case, tmp_path)
    found = support.summary(change)
    path = support.CASES / case.name / "expected.yaml"
    if os.environ.get("INFERSTACK_UPDATE"):
        written = yaml.dump(found, sort_keys=False, allow_unicode=True, width=100, Dumper=_Indented)
        path.write_text(written, encoding="utf-8")
    assert found == yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    _nothing_is_lost(base, head)
    _can_be_written(change)


class _Indented(yaml.SafeDumper):
    """Lists are indented, as yamllint wants them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def test_there_are_enough_kinds_of_change() -> None:
    assert len(ALL) >= 25


def _nothing_is_lost(base: support.Tree, head: support.Tree) -> None:
    """What is reported, applied to the base, is the head: compared by rules of its own."""
    made = applied(base.texts, compare(base.texts, head.texts))
    wanted = {id_: one.doc for id_, one in objects_of(head.texts).items()}
    assert made.keys() == wanted.keys()
    for id_, doc in wanted.items():
        assert canonical(made[id_]) == canonical(doc), id_


def canonical(value: Any, key: str = "") -> Any:
    """A document without order and formatting."""
    if isinstance(value, dict):
        return {name: canonical(item, name) for name, item in value.items()}
    if isinstance(value, list):
        if key == "command":
            return value
        return sorted((canonical(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, str) and (inner := embedded(value)) is not None:
        return canonical(inner)
    return value


def _can_be_written(change: Change) -> None:
    comment = markdown.write(change, "https://example.com/page")
    assert len(comment) <= markdown.LIMIT
    assert comment.startswith(markdown.MARKER)
    assert "<script" in page.write(change)
    assert text.write(change)
    assert as_json.write(change)


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_lost_between_random_fleets(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    usable = [one for one in ALL if not one.only and not one.before and one.edits]
    trees = []
    for side in ("base", "head"):
        edits: list[support.Edit] = []
        for one in chance.sample(usable, 3):
            edits.extend(one.edits)
        trees.append(_as_many_as_fit(tmp_path / side, edits))
    base, head = trees
    _nothing_is_lost(base, head)
    change = build(support.pair(base, head), support.DATE)
    every = [field for one in change.synced for field in one.fields]
    assert all(field.causes for field in every)
    _can_be_written(change)


def _as_many_as_fit(folder: Path, edits: list[support.Edit]) -> support.Tree:
    """The fleet with those of the edits that go together."""
    kept: list[support.Edit] = []
    tree = support.tree(folder / "0")
    for number, edit in enumerate(edits, 1):
        try:
            tree = support.tree(folder / str(number), [*kept, edit])
        except (ValueError, OSError, KeyError):
            continue
        except Exception as error:
            if type(error).__name__ not in ("CannotResolve", "Broken"):
                raise
            continue
        kept.append(edit)
    return tree
