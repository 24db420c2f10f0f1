"""Sentences about one thing and about several."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.review.build import build
from scripts.review.change import Consequence
from tests.support import review_cases as support

PROJECT = "compiled/eu/cluster/argocd/appproject-inference-eu.yaml"
SECRET = "compiled/eu/cluster/litellm/externalsecret-litellm-master-key.yaml"
UNPRUNED: list[support.Edit] = [
    {
        "file": "classes/environments/prod.yml",
        "replace": "    name: prod",
        "with": "    name: prod\n    prune: false",
    }
]


def _only(rule: str, base: support.Tree, head: support.Tree) -> Consequence:
    change = build(support.pair(base, head), support.DATE)
    (found,) = [one for one in change.consequences if one.rule == rule]
    return found


@pytest.mark.parametrize(
    ("copies", "still"),
    [
        (1, "qwen-8b-0000 (eu) still serves it."),
        (2, "qwen-8b-0000 (eu) and qwen-8b-0001 (eu) still serve it."),
    ],
)
def test_who_still_serves_a_model(copies: int, still: str, tmp_path: Path) -> None:
    elsewhere = [{"file": "targets/lab/qwen-8b.yml", "remove": True}]
    before: list[support.Edit] = [{"file": "targets/eu/qwen-8b.yml", "copies": copies}, *elsewhere]
    gone: list[support.Edit] = [
        {"file": "targets/eu/qwen-8b.yml", "remove": True},
        {"file": "targets/eu/llama-70b.yml", "replace": "qwen-8b: 1", "with": "qwen-8b-0000: 1"},
    ]
    base = support.tree(tmp_path / "base", before)
    head = support.tree(tmp_path / "head", [*before, *gone])
    assert _only("model-removed", base, head).sentence.endswith(still)


def test_one_object_that_the_project_permits_no_more_stays(tmp_path: Path) -> None:
    base, head = support.tree(tmp_path / "base"), support.tree(tmp_path / "head")
    permitted = "  - group: external-secrets.io\n    kind: ExternalSecret\n"
    head.texts[PROJECT] = head.texts[PROJECT].replace(permitted, "")
    del head.texts[SECRET]
    found = _only("orphaned", base, head)
    assert "deletes 1 object that this change removes, and it stays on eu." in found.sentence
    assert found.remedy.startswith("List it in ")


def test_one_object_that_is_not_pruned_stays(tmp_path: Path) -> None:
    base, head = support.tree(tmp_path / "base", UNPRUNED), support.tree(tmp_path / "head", UNPRUNED)
    del head.texts[SECRET]
    said = _only("left-behind", base, head).sentence
    assert said.startswith("1 object of eu compiled no more stays, ")
    assert said.endswith("Remove it by hand.")


def test_one_object_with_another_name(tmp_path: Path) -> None:
    base, head = support.tree(tmp_path / "base"), support.tree(tmp_path / "head")
    text = head.texts.pop(SECRET)
    head.texts[SECRET.replace("master-key", "key")] = text.replace(
        "name: litellm-master-key", "name: litellm-key", 1
    )
    said = _only("renamed", base, head).sentence
    assert said.endswith(
        "becomes ExternalSecret llm-platform/litellm-key: the old one is deleted and a new one made."
    )
