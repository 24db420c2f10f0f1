"""What becomes of objects that are compiled no more: the sentences of one review agree, and the ledger with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.review import fate
from scripts.review.build import build
from scripts.review.change import Change, LedgerRow, ObjectId
from tests.support import review_cases as support

QWEN = "targets/eu/qwen-8b.yml"
UNPRUNED = {
    "file": "classes/environments/prod.yml",
    "replace": "    name: prod",
    "with": "    name: prod\n    prune: false",
}


def _review(folder: Path, edits: list[support.Edit], before: list[support.Edit] | None = None) -> Change:
    base = support.tree(folder / "base", before or [])
    head = support.tree(folder / "head", [*(before or []), *edits])
    return build(support.pair(base, head), support.DATE)


def _said(change: Change) -> str:
    return "\n".join(one.sentence for one in change.consequences)


def _row(change: Change, pool: str) -> LedgerRow:
    return next(row for row in change.ledger if f"{row.cluster}.{row.pool}" == pool)


def test_what_the_project_permits_no_more_is_never_said_to_be_deleted(tmp_path: Path) -> None:
    _, _, change = support.run(support.case("namespace-lost"), tmp_path)
    renamed = [
        one.sentence for one in change.consequences if one.rule == "renamed" and "search/" in one.sentence
    ]
    assert renamed
    assert all("the old ones stay" in one and "deleted" not in one.partition(" stay")[0] for one in renamed)
    row = _row(change, "eu.h100")
    assert row.before is not None
    assert row.after is not None
    assert (row.after.minimum, row.after.maximum) == (row.before.minimum + 2, row.before.maximum + 2)


def test_a_namespace_with_another_name_is_left(tmp_path: Path) -> None:
    old = {"file": QWEN, "replace": "    minReplicas: 2", "with": "    namespace: search\n    minReplicas: 2"}
    new = {"file": QWEN, "replace": "namespace: search", "with": "namespace: find"}
    change = _review(tmp_path, [new], [old])
    assert any(one.id.kind == "Namespace" and one.status == "renamed" for one in change.synced)
    left = [one.sentence for one in change.consequences if one.rule == "left-behind"]
    assert left == [
        "Namespace search of eu is compiled no more. Argo CD leaves it (Prune=false): remove it by hand "
        "if it should go."
    ]
    assert "PodMonitor search/qwen-8b of eu becomes PodMonitor find/qwen-8b and 1 object with it" in _said(
        change
    )


def test_an_object_is_pruned_or_stays_but_not_both(tmp_path: Path) -> None:
    base = support.tree(tmp_path / "base")
    cluster = {"file": "classes/clusters/eu.yml", "replace": "deploy: true", "with": "deploy: false"}
    head = support.tree(tmp_path / "head", [cluster])
    file = "compiled/eu/cluster/argocd/appproject-inference-eu.yaml"
    permitted = "  - group: external-secrets.io\n    kind: ExternalSecret\n"
    assert permitted in head.texts[file]
    head.texts[file] = head.texts[file].replace(permitted, "")
    change = build(support.pair(base, head), support.DATE)
    pruned = " ".join(one.sentence for one in change.consequences if one.rule == "pruned")
    stay = " ".join(one.sentence for one in change.consequences if one.rule == "orphaned")
    assert "ExternalSecret no more" in stay
    assert "Deployment" in pruned
    assert "ExternalSecret" not in pruned


def test_where_nothing_is_pruned_a_removed_model_keeps_its_gpus(tmp_path: Path) -> None:
    change = _review(tmp_path, [{"file": QWEN, "remove": True}, *_without_fallback()], [UNPRUNED])
    said = _said(change)
    assert "its environment prunes nothing" in said
    assert "their pods keep 2 GPUs of pool h100" in said
    assert not any(one.rule == "pruned" for one in change.consequences)
    row = _row(change, "eu.h100")
    assert row.before is not None
    assert row.after is not None
    assert row.after.minimum == row.before.minimum


def _without_fallback() -> list[support.Edit]:
    return [
        {
            "file": "targets/eu/llama-70b.yml",
            "replace": "fallbacks:\n      qwen-8b: 1",
            "with": "fallbacks: {}",
        }
    ]


@pytest.mark.parametrize(("case", "pods"), [("rename", 2), ("service-name", 2), ("namespace-lost", 0)])
def test_new_pods_of_another_name_come_on_top(case: str, pods: int, tmp_path: Path) -> None:
    _, _, change = support.run(support.case(case), tmp_path)
    row = _row(change, "eu.h100")
    assert row.rollout == pods
    assert row.after is not None
    assert row.after.peak >= row.after.maximum + pods


def test_a_renamed_stack_that_rolls_out_without_surge_needs_room_beside_the_old_pods(tmp_path: Path) -> None:
    still = {"file": QWEN, "append": "    rollout:\n      maxSurge: 0\n      maxUnavailable: 1\n"}
    move = {"file": QWEN, "move": "targets/eu/qwen.yml"}
    change = _review(tmp_path, [move, *_without_fallback()], [still])
    assert _row(change, "eu.h100").rollout == 2
    assert "serve side by side" not in _said(change)


@pytest.mark.parametrize(("pattern", "is_permitted"), [("*", True), ("sea*", True), ("other-*", False)])
def test_an_overridden_project_may_permit_by_patterns(pattern: str, is_permitted: bool) -> None:
    kinds = [{"group": "*", "kind": "*"}]
    project = {"spec": {"destinations": [{"namespace": pattern}], "namespaceResourceWhitelist": kinds}}
    assert fate.permits(project, ObjectId("eu", "apps", "Deployment", "search", "qwen")) is is_permitted
