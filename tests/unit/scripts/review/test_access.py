"""Sentences about who may do what, beside the golden cases."""

from __future__ import annotations

from pathlib import Path

from scripts.review.build import build
from tests.support import review_cases as support


def test_another_field_of_an_entry_that_is_used_already_is_needed(tmp_path: Path) -> None:
    token = {"file": "targets/eu/qwen-8b.yml", "append": "    accessToken: true\n"}
    fleet = {
        "file": "targets/eu/qwen-8b.yml",
        "append": "  cluster:\n    secrets:\n      hugging-face:\n        property: other\n",
    }
    for edits, needed in (([token], False), ([token, fleet], True)):
        folder = tmp_path / str(needed)
        base, head = support.tree(folder / "base"), support.tree(folder / "head", edits)
        rules = {one.rule for one in build(support.pair(base, head), support.DATE).consequences}
        assert ("secret" in rules) is needed
