"""Sentences about pods that are new or replaced, beside the golden cases."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from scripts.review.build import build
from scripts.review.change import Consequence
from tests.support import review_cases as support

LAB = "classes/clusters/lab.yml"
LLAMA = "targets/eu/llama-70b.yml"
QWEN = "targets/eu/qwen-8b.yml"


def _said(
    folder: Path,
    rule: str,
    edits: list[support.Edit],
    before: list[support.Edit] | None = None,
    date: datetime.date = support.DATE,
) -> list[Consequence]:
    base = support.tree(folder / "base", before or [])
    head = support.tree(folder / "head", [*(before or []), *edits])
    change = build(support.pair(base, head), date)
    return [one for one in change.consequences if one.rule == rule]


@pytest.mark.parametrize("count", [1, 12])
def test_more_stacks_of_a_model_that_is_there(count: int, tmp_path: Path) -> None:
    (found,) = _said(tmp_path, "new-model", [{"file": QWEN, "copies": count}])
    more = "another stack" if count == 1 else "12 more stacks"
    assert found.sentence.startswith(f"Qwen/Qwen3-8B gets {more} on eu beside qwen-8b: {2 * count} pods of ")
    assert f" on {2 * count} GPUs of pool h100." in found.sentence
    assert len(found.stacks) == count


def test_many_stacks_of_a_new_model_share_a_sentence(tmp_path: Path) -> None:
    lost = {
        "file": LLAMA,
        "replace": "fallbacks:\n      qwen-8b: 1",
        "with": "fallbacks: {}",
    }
    copies: list[support.Edit] = [{"file": QWEN, "copies": 9}, {"file": QWEN, "remove": True}]
    removed = {"file": QWEN, "remove": True}
    write = (support.FLEET / QWEN).read_text(encoding="utf-8")
    (found,) = _said(tmp_path, "new-model", [{"file": QWEN, "write": write}, *copies], [lost, removed])
    assert found.sentence.startswith("Qwen/Qwen3-8B is new on eu: 18 pods of qwen-8b-0000, ")
    assert "and 3 more on 18 GPUs of pool h100" in found.sentence


def test_a_model_that_scales_to_zero_restarts_what_runs(tmp_path: Path) -> None:
    shorter = {"file": LLAMA, "replace": "pool: h100", "with": "pool: h100\n    maxModelLen: 8192"}
    (found,) = _said(tmp_path, "restart", [shorter], [*support.case("scale-to-zero").edits])
    assert found.sentence.startswith("Up to ")
    assert found.sentence.endswith(": only those that run now, which may be none.")


def test_a_pool_with_other_gpus_has_none_free_yet(tmp_path: Path) -> None:
    edits: list[support.Edit] = [
        {"file": LAB, "replace": "accelerator: l4", "with": "accelerator: h100-sxm"},
        {"file": LAB, "replace": "- accelerators.l4", "with": "- accelerators.h100-sxm"},
    ]
    found = _said(tmp_path, "restart", edits)
    assert found
    assert all("the l4 of pool l4 become h100-sxm" in one.sentence for one in found)
    assert not any("are free" in one.sentence for one in found)


def test_a_waiver_with_one_day_left(tmp_path: Path) -> None:
    case = support.case("waiver-ends")
    (found,) = _said(tmp_path, "waiver-ends", [*case.edits], [*case.before], datetime.date(2026, 11, 30))
    assert "(1 day)" in found.sentence


def _swap(cluster: str) -> support.Edit:
    file = f"targets/{cluster}/qwen-8b.yml"
    return {"file": file, "replace": "models.qwen3-8b", "with": "models.llama-3-1-8b-instruct"}


def test_the_last_copy_of_a_model_that_is_swapped(tmp_path: Path) -> None:
    (found,) = _said(tmp_path, "model-removed", [_swap("eu"), _swap("lab")])
    assert found.sentence == (
        "Qwen/Qwen3-8B is no longer served by qwen-8b (eu) and qwen-8b (lab): meta-llama/Llama-3.1-8B-Instruct takes "
        "its place; nothing else in the inventory serves it."
    )


def test_a_copy_on_a_cluster_that_the_change_is_not_in(tmp_path: Path) -> None:
    (found,) = _said(tmp_path, "model-removed", [_swap("eu")])
    assert found.sentence.endswith("; qwen-8b (lab) still serves it.")


def test_an_adapter_that_goes_takes_requests_along(tmp_path: Path) -> None:
    adapters = "  model:\n    adapters:\n"
    sql, law = (
        f"      {name}:\n        uri: hf://org/{name}\n        revision: {'a' * 40}\n        rank: 16\n"
        for name in ("sql", "law")
    )
    before: list[support.Edit] = [{"file": QWEN, "append": f"{adapters}{sql}{law}"}]
    edits: list[support.Edit] = [{"file": QWEN, "replace": law, "with": ""}]
    (restart,) = _said(tmp_path / "restart", "restart", edits, before)
    assert "no request fails" not in restart.sentence
    assert "because storageUris" in restart.sentence
    assert "{" not in restart.sentence
    (lost,) = _said(tmp_path / "lost", "served-name-lost", edits, before)
    assert lost.sentence == "qwen-8b (eu) answers to law no more: requests for it fail."


def test_weights_of_another_revision_are_other_weights_although_a_claim_held_them(tmp_path: Path) -> None:
    claim = support.case("claim-lost").edits
    newer = {
        "file": "classes/models/llama-3-1-8b-instruct.yml",
        "replace": "revision: 0e9e",
        "with": "revision: 1e9e",
    }
    (found,) = _said(tmp_path, "other-weights", [*claim, newer])
    assert "serves other weights: pvc://llama-8b becomes hf://" in found.sentence


def test_several_stacks_that_nothing_stands_in_for(tmp_path: Path) -> None:
    found = _said(tmp_path, "restart", [*support.case("image-bump").edits])
    (said,) = [one.sentence for one in found if "lab" in one.sentence]
    assert said.endswith("requests fail, as there is no fallback.")


def test_pickers_without_a_standby(tmp_path: Path) -> None:
    alone = {"file": LAB, "append": "  gateway:\n    epp:\n      replicas: 1\n"}
    (found,) = _said(tmp_path, "picker", [*support.case("picker-version").edits], [alone])
    assert found.sentence == (
        "The Endpoint Pickers of llama-8b (lab) and qwen-8b (lab) restart: of each a new pod starts first, and the old "
        "one stops when that is ready; the knowledge of which pod holds which prefix starts anew."
    )


def test_a_model_that_moves_is_served_by_whoever_has_it_already(tmp_path: Path) -> None:
    move = [{"file": "targets/eu/qwen-8b.yml", "move": "targets/lab/q.yml"}]
    others = [
        {"file": "targets/eu/llama-70b.yml", "replace": "    fallbacks:\n      qwen-8b: 1\n", "with": ""},
        {"file": "targets/lab/q.yml", "replace": "clusters.eu", "with": "clusters.lab"},
        {"file": "targets/lab/q.yml", "replace": "pool: h100", "with": "pool: l4"},
    ]
    base = support.tree(tmp_path / "base")
    head = support.tree(tmp_path / "head", [*move, *others])
    change = build(support.pair(base, head), support.DATE)
    (moved,) = [one for one in change.consequences if one.rule == "model-moved"]
    assert moved.severity == "look"
    assert "qwen-8b (lab) alone serves it" in moved.sentence
