"""Borders of rules that the golden cases do not reach; each rule's ordinary case is a golden one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from scripts.review import page
from scripts.review.build import build
from scripts.review.change import Cause, Change, Consequence, ObjectChange, ObjectId
from scripts.review.consequences import RULES
from tests.support import review_cases as support

GATEWAY = "compiled/eu/qwen-8b/inference-gateway"
CLUSTER = "compiled/eu/cluster"


def edited(folder: Path, file: str, old: str, new: str) -> Change:
    """The review of one compiled file that somebody changed."""
    tree = support.tree(folder)
    assert old in tree.texts[file]
    return _against(tree, {file: tree.texts[file].replace(old, new)})


def _against(tree: support.Tree, texts: dict[str, str]) -> Change:
    head = support.Tree(tree.folder, {**tree.texts, **texts})
    return build(support.pair(tree, head), support.DATE)


def rules(change: Change) -> dict[str, str]:
    return {one.rule: one.severity for one in change.consequences}


@pytest.mark.parametrize(
    ("file", "old", "new", "rule", "severity"),
    [
        (
            f"{GATEWAY}/service-qwen-8b-endpoints.yaml",
            "type: ClusterIP",
            "type: NodePort",
            "network",
            "dangerous",
        ),
        (
            f"{GATEWAY}/service-qwen-8b-endpoints.yaml",
            "clusterIP: None",
            "clusterIP: 10.0.0.1",
            "recreate",
            "dangerous",
        ),
        (f"{GATEWAY}/gateway-qwen-8b-inference-gateway.yaml", "from: Same", "from: All", "network", "look"),
        (
            f"{GATEWAY}/role-qwen-8b-inference-gateway-epp.yaml",
            "- pods\n",
            "- pods\n  - secrets\n",
            "permissions",
            "dangerous",
        ),
        (
            f"{GATEWAY}/role-qwen-8b-inference-gateway-epp.yaml",
            "- watch",
            "- watch\n  - deletecollection",
            "permissions",
            "look",
        ),
        (
            f"{GATEWAY}/rolebinding-qwen-8b-inference-gateway-epp.yaml",
            "kind: Role\n",
            "kind: ClusterRole\n",
            "recreate",
            "dangerous",
        ),
        (
            f"{GATEWAY}/deployment-qwen-8b-inference-gateway-epp.yaml",
            "  selector:\n",
            "  selector:\n    x: y\n",
            "recreate",
            "dangerous",
        ),
        (f"{GATEWAY}/httproute-qwen-8b.yaml", "value: /", "value: /v2", "route-changed", "look"),
        (
            f"{CLUSTER}/litellm/deployment-infra-litellm-proxy.yaml",
            "name: litellm-master-key",
            "name: other",
            "secret",
            "look",
        ),
    ],
)
def test_a_compiled_field(file: str, old: str, new: str, rule: str, severity: str, tmp_path: Path) -> None:
    assert rules(edited(tmp_path / "fleet", file, old, new))[rule] == severity


def test_fewer_rights_are_no_consequence(tmp_path: Path) -> None:
    file = f"{GATEWAY}/role-qwen-8b-inference-gateway-epp.yaml"
    assert "permissions" not in rules(edited(tmp_path / "fleet", file, "  - watch\n", ""))


@pytest.mark.parametrize(
    "kind", ["Namespace", "PersistentVolumeClaim", "CustomResourceDefinition", "Gateway"]
)
@pytest.mark.parametrize("kept", [True, False])
def test_dangerous_kinds_that_go(kind: str, kept: bool, tmp_path: Path) -> None:
    note = "\n  annotations: {argocd.argoproj.io/sync-options: 'Prune=false,Delete=false'}" if kept else ""
    text = f"apiVersion: v1\nkind: {kind}\nmetadata:\n  name: x{note}\n"
    tree = support.tree(tmp_path / "fleet")
    base = support.Tree(tree.folder, {**tree.texts, f"{CLUSTER}/platform/x.yaml": text})
    change = build(support.pair(base, tree), support.DATE)
    found = {one.rule: one.severity for one in change.consequences}
    assert found.get("left-behind" if kept else "pruned") == ("look" if kept else "dangerous")


def test_a_list_in_another_order_is_no_change(tmp_path: Path) -> None:
    tree = support.tree(tmp_path / "fleet")
    file = f"{GATEWAY}/service-qwen-8b-inference-gateway-epp.yaml"
    head, _, tail = tree.texts[file].partition("  ports:\n")
    items = tail.split("  - name: ")[1:]
    turned = "".join(f"  - name: {item}" for item in reversed(items))
    change = _against(tree, {file: f"{head}  ports:\n{turned}"})
    assert change.synced == ()
    assert change.verdict.severity == "routine"


def test_every_rule_is_in_a_golden_case() -> None:
    said = "\n".join(path.read_text(encoding="utf-8") for path in support.CASES.glob("*/expected.yaml"))
    for rule in (
        "restart new-model other-weights download replicas model-removed model-moved accelerator picker proxy "
        "proxy-by-hand over-budget pool-shrinks memory cost name-added name-lost name-moved alias alias-lost "
        "hostname-added hostname-lost route-moved served-name-lost served-name-added wiring gateway-moved pool "
        "permissions network secret pruned left-behind recreate renamed orphaned unexplained version image "
        "gateway-class failure-mode picker-tls by-hand versions-clash "
        "versions-note waiver-added waiver-changed waiver-ends override-added"
    ).split():
        assert f" {rule}: " in said, rule
    assert len(RULES) >= 30


def test_a_rule_names_where_it_is(tmp_path: Path) -> None:
    for name in ("several-edits", "rename", "cluster-move"):
        _, _, change = support.run(support.case(name), tmp_path / name)
        for one in change.consequences:
            assert one.clusters
            assert one.sentence.endswith(".")
            known: Any = set(change.models) | {f"{cluster}.cluster" for cluster in one.clusters}
            assert set(one.stacks) <= known


def test_a_stack_that_cannot_be_read_any_more_is_not_gone(tmp_path: Path) -> None:
    """A note says why it does not compile; it counts as it was."""
    base = support.tree(tmp_path / "base")
    support.tree(tmp_path / "head")
    edit = {"file": "targets/eu/qwen-8b.yml", "append": "  model:\n    maxContext: many\n"}
    support.apply(tmp_path / "head", edit)
    change = build(support.pair(base, support.Tree(tmp_path / "head", base.texts)), support.DATE)
    assert any("does not compile" in note and "maxContext" in note for note in change.notes)
    assert change.consequences == ()
    assert all(not row.changed for row in change.ledger)


def test_a_page_shows_nothing_that_turns_the_text_around(tmp_path: Path) -> None:
    file = f"{GATEWAY}/service-qwen-8b-endpoints.yaml"
    change = edited(tmp_path, file, "type: ClusterIP", r'type: "\u202egnp.exe\x9b31m"')
    assert "gnp.exe" in page.write(change)
    assert all(char.isprintable() or char == "\n" for char in page.write(change))


def test_renamed_stacks_start_beside_the_old_ones(tmp_path: Path) -> None:
    larger = [{"file": "targets/eu/qwen-8b.yml", "replace": "minReplicas: 2", "with": "minReplicas: 6"}]
    renames = [
        {"file": "targets/eu/qwen-8b.yml", "move": "targets/eu/qwen-small.yml"},
        {"file": "targets/eu/llama-70b.yml", "move": "targets/eu/llama.yml"},
        {"file": "targets/eu/llama.yml", "replace": "qwen-8b: 1", "with": "qwen-small: 1"},
        {"file": "classes/clusters/eu.yml", "replace": "chat-large: llama-70b", "with": "chat-large: llama"},
    ]
    base = support.tree(tmp_path / "base", larger)
    head = support.tree(tmp_path / "head", [*larger, *renames])
    change = build(support.pair(base, head), support.DATE)
    (contention,) = [one.sentence for one in change.consequences if one.rule == "contention"]
    assert "2 rollouts in pool h100 of eu ask for 10 GPUs at once, and 6 are free" in contention


def test_what_goes_on_running_saves_nothing(tmp_path: Path) -> None:
    priced = [
        {
            "file": "classes/clusters/lab.yml",
            "replace": "nodes: 1",
            "with": "nodes: 1\n        pricePerGpuHour: 1.0",
        }
    ]
    gone = [
        {"file": f"targets/lab/{name}.yml", "remove": True} for name in ("qwen-8b", "llama-8b", "cluster")
    ]
    base = support.tree(tmp_path / "base", priced)
    head = support.tree(tmp_path / "head", [*priced, *gone])
    change = build(support.pair(base, head), support.DATE)
    rules = [one.rule for one in change.consequences]
    assert "cluster-removed" in rules
    assert "cost" not in rules


def test_each_of_many_new_stacks_explains_its_own_objects(tmp_path: Path) -> None:
    base, head = support.tree(tmp_path / "base"), support.tree(tmp_path / "same")
    folder = tmp_path / "head"
    shutil.copytree(head.folder, folder)
    target = folder / "inventory" / "targets" / "eu" / "qwen-8b.yml"
    for number in range(1, 12):
        shutil.copy(target, target.with_name(f"new-{number}.yml"))
    change = build(support.pair(base, support.Tree(folder, support.compiled(folder))), support.DATE)
    found = {
        one.id.name: [change.causes[number].file for number in one.causes]
        for one in change.objects
        if one.id.kind == "Application"
    }
    assert found == {
        f"eu-new-{number}": [f"inventory/targets/eu/new-{number}.yml"] for number in range(1, 12)
    }


@pytest.mark.parametrize(
    ("case", "wanted"),
    [
        ("deletion", {"name-lost": ("eu.llama-70b",), "alias-lost": ("eu.llama-70b",)}),
        ("public-name", {"name-added": ("eu.qwen-8b",), "alias": ("eu.qwen-8b",)}),
        ("hostname", {"hostname-added": ("eu.cluster",), "hostname-lost": ("eu.cluster",)}),
    ],
)
def test_what_a_name_in_litellm_leads_to_is_told(
    case: str, wanted: dict[str, tuple[str, ...]], tmp_path: Path
) -> None:
    _, _, change = support.run(support.case(case), tmp_path)
    assert {one.rule: one.stacks for one in change.consequences if one.rule in wanted} == wanted


def test_a_lost_name_marks_what_changes_litellm_and_not_its_stack() -> None:
    objects = tuple(
        ObjectChange(
            "added", ObjectId("eu", "", "ConfigMap", "llm", name), f"eu.{name}", "f", causes=(cause,)
        )
        for cause, name in enumerate(("cluster", "qwen-8b"))
    )
    causes = Cause("value", "cluster.yml", 1, "a", 1, 2), Cause("value", "stack.yml", 1, "a", 1, 2)
    lost = Consequence("name-lost", "dangerous", "qwen-8b goes.", ("eu",), ("eu.qwen-8b",))
    shown = page.write(Change("base", "head", objects, causes, (lost,)))
    data = json.loads(shown.partition('id="data">')[2].partition("</script>")[0])
    assert {one["files"][0]: one["severity"] for one in data["groups"]} == {
        "cluster.yml": "dangerous",
        "stack.yml": "routine",
    }


def test_an_edit_is_not_as_grave_as_another_one_that_reaches_the_same_cluster() -> None:
    groups = {"cluster": 0, "qwen-8b": 1, "llama-70b": 2}
    objects = tuple(
        ObjectChange(
            "added",
            ObjectId("eu", "", "ConfigMap", "llm", f"{name}-{own}"),
            f"eu.{own}",
            "f",
            causes=(cause,),
        )
        for name, cause in groups.items()
        for own in {"cluster", name}
    )
    causes = tuple(Cause("value", f"{name}.yml", 1, "a", 1, 2) for name in groups)
    lost = Consequence("name-lost", "dangerous", "qwen-8b goes.", ("eu",), ("eu.qwen-8b",))
    restart = Consequence("restart", "look", "llama-70b restarts.", ("eu",), ("eu.llama-70b",))
    shown = page.write(Change("base", "head", objects, causes, (lost, restart)))
    data = json.loads(shown.partition('id="data">')[2].partition("</script>")[0])
    assert {one["files"][0]: one["severity"] for one in data["groups"]} == {
        "cluster.yml": "dangerous",
        "qwen-8b.yml": "dangerous",
        "llama-70b.yml": "look",
    }


@pytest.mark.parametrize(("kind", "models"), [("ConfigMap", []), ("ClusterServingRuntime", ["llama"])])
def test_the_model_filter_follows_a_runtime_to_the_stacks_that_restart(kind: str, models: list[str]) -> None:
    objects = (ObjectChange("added", ObjectId("eu", "", kind, "", "x"), "eu.cluster", "f", causes=(0,)),)
    causes = (Cause("value", "a.yml", 1, "a", 1, 2),)
    restart = Consequence("restart", "look", "llama-70b restarts.", ("eu",), ("eu.llama-70b",))
    change = Change("base", "head", objects, causes, (restart,), models={"eu.llama-70b": "llama"})
    data = json.loads(page.write(change).partition('id="data">')[2].partition("</script>")[0])
    assert data["groups"][0]["models"] == models
