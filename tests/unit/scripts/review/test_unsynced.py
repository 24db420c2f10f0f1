"""What a review says about files that somebody applies by hand, beside the golden cases."""

from __future__ import annotations

from pathlib import Path

from scripts.review.build import build
from scripts.review.change import Change
from tests.support import review_cases as support

EU = "classes/clusters/eu.yml"
ROOT = "compiled/eu/cluster/docs/root-application.yaml"


def by_hand(change: Change) -> list[str]:
    return [one.sentence for one in change.consequences if one.rule == "by-hand"]


def review(folder: Path, edits: list[support.Edit]) -> Change:
    base, head = support.tree(folder / "base"), support.tree(folder / "head", edits)
    return build(support.pair(base, head), support.DATE)


def test_a_new_cluster_waits_for_somebody(tmp_path: Path) -> None:
    edits: list[support.Edit] = []
    for name in (EU, "targets/eu/cluster.yml", "targets/eu/qwen-8b.yml"):
        text = (support.FLEET / name).read_text(encoding="utf-8").replace("clusters.eu", "clusters.us")
        text = text.replace("name: eu", "name: us").replace("destination: eu", "destination: us")
        text = text.replace("      modelGroupAliases:\n        chat-large: llama-70b\n", "")
        edits.append({"file": name.replace("eu.yml", "us.yml").replace("/eu/", "/us/"), "write": text})
    change = review(tmp_path, edits)
    assert by_hand(change) == [
        "Cluster us is new, and nothing applies its root Application: Argo CD syncs nothing of it until somebody "
        "merges compiled/us/cluster/docs/argocd-cm-health.yaml into argocd-cm and then applies "
        "compiled/us/cluster/docs/root-application.yaml."
    ]


def test_one_root_that_shall_read_another_branch(tmp_path: Path) -> None:
    edit = {"file": EU, "replace": "destination: eu", "with": "destination: eu\n      targetRevision: stable"}
    assert by_hand(review(tmp_path, [edit])) == [
        "The root Application of eu changes (spec.source.targetRevision), and nothing syncs it: until somebody "
        f"applies {ROOT} by hand again, it goes on reading main."
    ]


def test_a_root_with_other_settings(tmp_path: Path) -> None:
    edit = {"file": EU, "replace": "destination: eu", "with": "destination: eu\n      rootProject: platform"}
    (said,) = by_hand(review(tmp_path, [edit]))
    assert said.endswith("by hand again, it stays as it was.")


def test_a_comment_asks_for_nothing(tmp_path: Path) -> None:
    tree = support.tree(tmp_path / "fleet")
    head = support.Tree(tree.folder, {**tree.texts, ROOT: f"# More.\n{tree.texts[ROOT]}"})
    assert by_hand(build(support.pair(tree, head), support.DATE)) == []


def test_health_checks_that_go_ask_for_nothing(tmp_path: Path) -> None:
    istio = support.tree(tmp_path / "istio", support.case("wiring").edits)
    envoy = support.tree(tmp_path / "envoy")
    assert "DestinationRule" in by_hand(build(support.pair(envoy, istio), support.DATE))[0]
    assert not by_hand(build(support.pair(istio, envoy), support.DATE))
