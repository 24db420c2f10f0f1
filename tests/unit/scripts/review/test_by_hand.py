"""What the compiler did not write, or could not: edits of compiled/ by hand, sides that do not compile."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.review.build import build
from scripts.review.change import Change
from scripts.review.grouping import documents
from scripts.review.stale import Stale
from scripts.review.text import write as text_of
from tests.support import review_cases as support

STACK = "compiled/eu/qwen-8b"
TARGET = "targets/eu/qwen-8b.yml"
BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: everything}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: Group, name: everyone}]
"""


def review(base: support.Tree, head: support.Tree, code: tuple[str, ...] = ()) -> Change:
    return build(support.pair(base, head, code), support.DATE)


def with_file(tree: support.Tree, path: str, text: str) -> support.Tree:
    return support.Tree(tree.folder, {**tree.texts, path: text})


def sentences(change: Change, rule: str) -> list[str]:
    return [one.sentence for one in change.consequences if one.rule == rule]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.json", '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}'),
        ("x.yaml", f"{BINDING}---\n{BINDING}"),
        ("x.yaml", "apiVersion: v1\nkind: List\nitems: []\n"),
        ("x.yml", "a: ["),
    ],
    ids=["JSON", "several documents", "a list", "no YAML"],
)
def test_a_file_that_cannot_be_told_is_dangerous_where_argo_cd_syncs(
    tmp_path: Path, name: str, text: str
) -> None:
    tree = support.tree(tmp_path / "base")
    change = review(tree, with_file(tree, f"{STACK}/inference-gateway/{name}", text))
    assert change.verdict.severity == "dangerous"
    assert f"{STACK}/inference-gateway/{name}" in sentences(change, "unreadable")[0]
    assert "nothing changes" not in text_of(change)


@pytest.mark.parametrize("path", [f"{STACK}/model-service/notes.txt", "compiled/eu/cluster/docs/notes.yaml"])
def test_a_file_that_argo_cd_does_not_read_is_none(tmp_path: Path, path: str) -> None:
    tree = support.tree(tmp_path / "base")
    assert not sentences(review(tree, with_file(tree, path, "a: [")), "unreadable")


def test_a_role_that_somebody_gives_by_hand_is_dangerous(tmp_path: Path) -> None:
    tree = support.tree(tmp_path / "base")
    change = review(tree, with_file(tree, f"{STACK}/inference-gateway/x.yaml", BINDING))
    said = sentences(change, "permissions")
    assert len(said) == 1
    assert said[0].endswith("gives ClusterRole cluster-admin to Group everyone.")
    assert change.verdict.severity == "dangerous"


EDIT = {"file": TARGET, "replace": "minReplicas: 2", "with": "minReplicas: 3"}


def test_no_edit_is_blamed_for_what_was_added_by_hand(tmp_path: Path) -> None:
    path = f"{STACK}/inference-gateway/x.yaml"
    head = with_file(support.tree(tmp_path / "head", [EDIT]), path, BINDING)
    change = review(support.tree(tmp_path / "base"), head)
    assert len(sentences(change, "permissions")) == 1
    (binding,) = [one for one in change.objects if one.file == path]
    assert [change.causes[number].kind for number in binding.causes] == ["unknown"]
    (service,) = [one for one in change.objects if one.id.kind == "InferenceService"]
    kinds = {change.causes[number].kind for field in service.fields for number in field.causes}
    assert kinds == {"value"}


def test_of_one_object_an_edit_is_blamed_for_its_own_field_alone(tmp_path: Path) -> None:
    head = support.tree(tmp_path / "head", [EDIT])
    (path,) = [path for path in head.texts if path.startswith(STACK) and "/inferenceservice-" in path]
    text = head.texts[path].replace("terminationGracePeriodSeconds: ", "terminationGracePeriodSeconds: 9")
    assert text != head.texts[path]
    change = review(support.tree(tmp_path / "base"), with_file(head, path, text))
    (service,) = [one for one in change.objects if one.file == path]
    found = {
        field.path[-1].name: [change.causes[number].kind for number in field.causes]
        for field in service.fields
    }
    assert found["minReplicas"] == ["value"]
    assert found["terminationGracePeriodSeconds"] == ["unknown"]


def test_what_was_taken_out_by_hand_is_no_effect_of_an_edit(tmp_path: Path) -> None:
    head = support.tree(tmp_path / "head", [EDIT])
    texts = {
        path: text
        for path, text in head.texts.items()
        if not (path.startswith(STACK) and "/inferencepool-" in path)
    }
    assert texts != head.texts
    change = review(support.tree(tmp_path / "base"), support.Tree(head.folder, texts))
    (pool,) = [one for one in change.objects if one.id.kind == "InferencePool"]
    assert [change.causes[number].kind for number in pool.causes] == ["unknown"]
    assert any("the model stops answering" in one for one in sentences(change, "model-gone"))


def test_an_object_that_two_files_hold_is_dangerous(tmp_path: Path) -> None:
    tree = support.tree(tmp_path / "base")
    path = next(path for path in tree.texts if path.startswith(STACK) and "/service-" in path)
    text = tree.texts[path].replace("type: ClusterIP", "type: LoadBalancer")
    change = review(tree, with_file(tree, f"{STACK}/inference-gateway/x.yaml", text))
    (said,) = sentences(change, "twice")
    assert path in said


def test_what_was_in_a_file_that_cannot_be_told_is_not_said_to_be_pruned(tmp_path: Path) -> None:
    tree = support.tree(tmp_path / "base")
    path = next(path for path in tree.texts if path.startswith(STACK) and "/inferenceservice-" in path)
    head = with_file(tree, path, f"{tree.texts[path]}---\n{BINDING}")
    change = review(tree, head)
    assert sentences(change, "unreadable")
    assert not sentences(change, "pruned")
    assert not documents(change)
    (lost,) = sentences(review(head, tree), "unreadable")
    assert "goes" in lost


def test_a_role_that_is_not_compiled_is_told_whatever_explains_its_binding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{STACK}/inference-gateway/x.yaml"
    head = with_file(support.tree(tmp_path / "head", [EDIT]), path, BINDING)
    monkeypatch.setattr("scripts.review.build.stale", lambda _: Stale())
    (said,) = sentences(review(support.tree(tmp_path / "base"), head), "permissions")
    assert "whose role is not compiled here, gives ClusterRole cluster-admin" in said


def test_a_model_that_is_taken_out_of_the_tree_alone_is_dangerous(tmp_path: Path) -> None:
    tree = support.tree(tmp_path / "base")
    texts = {path: text for path, text in tree.texts.items() if "/inferenceservice-" not in path}
    change = review(tree, support.Tree(tree.folder, texts))
    assert any("the model stops answering" in one for one in sentences(change, "model-gone"))


def test_a_model_that_goes_with_its_stack_is_told_as_that(tmp_path: Path) -> None:
    _, _, change = support.run(support.case("deletion"), tmp_path)
    assert not sentences(change, "model-gone")


def test_a_base_that_does_not_compile_is_told_and_costs_nothing(tmp_path: Path) -> None:
    tree = support.tree(tmp_path / "base")
    broken = support.Tree(tmp_path / "broken", tree.texts)
    support.tree(broken.folder)
    path = broken.folder / "inventory" / TARGET
    path.write_text(f"{path.read_text(encoding='utf-8')}  model:\n    maxContext: -1\n", encoding="utf-8")
    change = review(broken, tree)
    assert any("of base does not compile" in note and "maxContext" in note for note in change.notes)
    assert change.verdict.severity == "look"
    assert not sentences(change, "cost")
    assert all(row.before == row.after for row in change.ledger)


def test_after_a_base_that_does_not_render_nobody_is_said_to_have_edited_by_hand(tmp_path: Path) -> None:
    tree = support.tree(tmp_path / "base")
    broken = support.Tree(tmp_path / "broken", tree.texts)
    support.tree(broken.folder)
    path = broken.folder / "inventory" / TARGET
    path.write_text(path.read_text(encoding="utf-8").replace("models.", "models.no-"), encoding="utf-8")
    change = review(broken, support.tree(tmp_path / "head", [EDIT]))
    assert any("does not render" in note for note in change.notes)
    assert not sentences(change, "unexplained")
    (service,) = [one for one in change.objects if one.id.kind == "InferenceService"]
    causes = [change.causes[number].key for field in service.fields for number in field.causes]
    assert "serving.minReplicas" in causes


def test_code_that_was_not_followed_by_a_compile_is_told(tmp_path: Path) -> None:
    tree = support.tree(tmp_path / "base")
    path = next(path for path in tree.texts if path.startswith(f"{STACK}/model-service/inferenceservice-"))
    older = with_file(tree, path, tree.texts[path].replace("minReplicas", "minimumReplicas"))
    change = review(older, older, ("components/model_service/build.py",))
    assert any(
        "compiled/ is not what the inventory compiles to (eu/qwen-8b)" in note for note in change.notes
    )
    assert change.verdict.severity == "look"
    assert not review(tree, tree, ("components/model_service/build.py",)).notes
