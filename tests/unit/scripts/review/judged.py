"""What follows from edits of the small fleet."""

from __future__ import annotations

from pathlib import Path

from scripts.review.build import build
from scripts.review.change import Consequence
from tests.support import review_cases as support

EU = "classes/clusters/eu.yml"
QWEN = "targets/eu/qwen-8b.yml"
LLAMA = "targets/eu/llama-70b.yml"


def consequences(
    folder: Path, edits: list[support.Edit], before: list[support.Edit] | None = None
) -> list[Consequence]:
    base = support.tree(folder / "base", before or [])
    head = support.tree(folder / "head", [*(before or []), *edits])
    return list(build(support.pair(base, head), support.DATE).consequences)


def said(
    folder: Path, rule: str, *edits: support.Edit, before: list[support.Edit] | None = None
) -> Consequence:
    (found,) = [one for one in consequences(folder, list(edits), before) if one.rule == rule]
    return found


def of_eu(text: str) -> support.Edit:
    """A key of the cluster eu."""
    return {"file": EU, "replace": "    pools:\n", "with": f"    {text}\n    pools:\n"}
