"""Sentences about versions and images, beside the golden cases."""

from __future__ import annotations

from pathlib import Path

from scripts.review.build import build
from tests.support import review_cases as support


def test_the_same_digest_under_another_name(tmp_path: Path) -> None:
    moved = {"file": "classes/runtimes/vllm.yml", "replace": "docker.io/", "with": "registry.example.com/"}
    base, head = support.tree(tmp_path / "base"), support.tree(tmp_path / "head", [moved])
    change = build(support.pair(base, head), support.DATE)
    (image,) = [one.sentence for one in change.consequences if one.rule == "image"]
    assert image == (
        "Runtime vllm keeps version 0.31.0 and its digest on eu and lab: under another name the same image runs as "
        "before."
    )
