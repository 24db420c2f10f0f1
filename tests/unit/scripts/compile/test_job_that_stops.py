"""What is not published: mistakes, trees that cannot work, large removals, code that is edited meanwhile."""

from __future__ import annotations

import datetime
import itertools
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.common.errors import InferstackError
from scripts.check import engine
from scripts.compile import job
from scripts.compile.engine import EngineError
from scripts.compile.inputs import read_shared
from scripts.compile.removals import RemovalsError
from scripts.compile.verify import Checked, CheckError, GuardError, check_tree
from scripts.compile.workspace import Workspace
from scripts.project import Project
from scripts.schemas.place import STORE
from tests.support.compiling import compile_now, expected, tree
from tests.unit.scripts.compile.editing import ASKED, a_stack, edit

TODAY = datetime.date(2026, 11, 24)
NARROW = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: inferenceservices.serving.kserve.io}
spec:
  group: serving.kserve.io
  names: {kind: InferenceService, plural: inferenceservices}
  scope: Namespaced
  versions:
  - name: v1beta1
    served: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties: {predictor: {type: object, properties: {minReplicas: {type: integer}}}}
"""
"""A CRD that does not know what our contract of the kind does."""


def test_compiled_as_a_link_is_refused(compiled: Project) -> None:
    home = compiled.root / "compiled"
    home.rename(compiled.root / "elsewhere")
    home.symlink_to("elsewhere")

    with pytest.raises(InferstackError, match="is no folder"):
        compile_now(compiled)


def test_a_mistake_stops_before_kapitan(compiled: Project) -> None:
    before = tree(compiled.root / "compiled")
    edit(a_stack(compiled), "maxReplicas: ", "maxReplicas: [")

    with pytest.raises(GuardError, match=r"inventory/targets/.*yml:\d+"):
        compile_now(compiled)

    assert tree(compiled.root / "compiled") == before
    assert not Workspace(compiled.root).staging.exists()


def test_a_mistake_in_a_class_that_nobody_uses_stops_too(compiled: Project) -> None:
    (compiled.inventory / "classes/models/unused.yml").write_text("parameters: [\n", encoding="utf-8")

    with pytest.raises(GuardError, match=r"unused\.yml"):
        compile_now(compiled)


def test_a_mistake_that_the_compiler_finds_stops(compiled: Project) -> None:
    before = tree(compiled.root / "compiled")
    edit(a_stack(compiled), "maxReplicas: ", "maxReplicass: 1")

    with pytest.raises(EngineError, match="maxReplicass"):
        compile_now(compiled)

    assert tree(compiled.root / "compiled") == before


def test_a_tree_that_cannot_work_is_not_published(compiled: Project) -> None:
    before = tree(compiled.root / "compiled")
    edit(a_stack(compiled), "maxReplicas: ", "maxReplicas: 1")
    seen: list[dict[str, bytes]] = []

    def refuse(project: Path, clusters: frozenset[str], *_: object) -> Checked:
        seen.append(tree(project / "compiled"))
        raise CheckError("it cannot work")

    with pytest.raises(CheckError):
        compile_now(compiled, replace(ASKED, check=refuse))

    assert tree(compiled.root / "compiled") == before
    cluster = a_stack(compiled).parent.name
    whole = {path: content for path, content in expected(compiled).items() if path.startswith(f"{cluster}/")}
    assert seen == [whole]


def test_large_removals_must_be_accepted(compiled: Project) -> None:
    before = tree(compiled.root / "compiled")
    cluster = a_stack(compiled).parent
    for path in cluster.iterdir():
        path.unlink()

    with pytest.raises(RemovalsError, match=rf"{cluster.name}: \d+, all that there is of this cluster"):
        compile_now(compiled, replace(ASKED, removal_limit=100))

    assert tree(compiled.root / "compiled") == before


def test_code_that_is_edited_meanwhile_is_compiled_again(
    compiled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["edited once", "edited twice"])
    now = read_shared
    monkeypatch.setattr(job, "read_shared", lambda project: next(answers, now(project)))
    edit(a_stack(compiled), "maxReplicas: ", "maxReplicas: 1")

    compile_now(compiled)

    assert tree(compiled.root / "compiled") == expected(compiled)


def test_code_that_never_rests_is_an_error(compiled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = itertools.count()
    monkeypatch.setattr(job, "read_shared", lambda project: str(next(answers)))
    edit(a_stack(compiled), "maxReplicas: ", "maxReplicas: 1")

    with pytest.raises(job.ChangedError):
        compile_now(compiled)


def test_the_check_sees_what_will_be(compiled: Project) -> None:
    edit(a_stack(compiled), "maxReplicas: ", "maxReplicas: 1")
    before = tree(compiled.root / "compiled")

    def spoil_then_check(project: Path, *rest: Any) -> Checked:
        manifest = next(project.glob(f"compiled/*/{a_stack(compiled).stem}/*/inferenceservice-*.yaml"))
        manifest.with_name("notes.txt").write_text("not a manifest", encoding="utf-8")
        return check_tree(project, *rest)

    with pytest.raises(CheckError, match=r"notes\.txt"):
        compile_now(compiled, replace(ASKED, check=spoil_then_check, date=TODAY))

    assert tree(compiled.root / "compiled") == before


def test_a_tree_that_can_work_is_published(compiled: Project) -> None:
    edit(a_stack(compiled), "maxReplicas: 4", "maxReplicas: 3")

    outcome = compile_now(compiled, replace(ASKED, check=None, date=TODAY))

    assert outcome.checked.clusters == 1
    assert outcome.checked.objects > 50
    assert tree(compiled.root / "compiled") == expected(compiled)


def test_the_check_asks_the_stored_schemas(compiled: Project) -> None:
    target = next(compiled.inventory.glob("classes/clusters/*.yml"))
    version = yaml.safe_load(target.read_text(encoding="utf-8"))["parameters"]["cluster"]["versions"][
        "kserve"
    ]
    store = compiled.root / STORE / "kserve" / version
    store.mkdir(parents=True)
    (store / "serving.kserve.io.inferenceservice.yaml").write_text(NARROW, encoding="utf-8")
    edit(a_stack(compiled), "maxReplicas: 4", "maxReplicas: 3")

    with pytest.raises(CheckError, match="autoScaling"):
        compile_now(compiled, replace(ASKED, check=None, date=TODAY))


@pytest.mark.parametrize("what", ["a pipe", "a link to nothing"])
def test_a_target_that_cannot_be_read_is_not_gone(compiled: Project, what: str) -> None:
    before, stack = tree(compiled.root / "compiled"), a_stack(compiled)
    stack.unlink()
    if what == "a pipe":
        os.mkfifo(stack)
    else:
        stack.symlink_to("nowhere.yml")

    with pytest.raises(GuardError, match=stack.name):
        compile_now(compiled)

    assert tree(compiled.root / "compiled") == before


@pytest.mark.parametrize("place", ["targets/top.yml", "classes/a.b.yml", "targets/gke-l4/below/x.yml"])
def test_a_file_that_lies_where_none_may_lie_is_told_every_time(compiled: Project, place: str) -> None:
    path = compiled.inventory / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("parameters: {}\n", encoding="utf-8")

    for _ in range(2):
        with pytest.raises(GuardError, match=path.name):
            compile_now(compiled)


def test_a_cluster_without_a_target_of_its_own_is_told_in_the_words_of_the_guard(compiled: Project) -> None:
    before = tree(compiled.root / "compiled")
    (a_stack(compiled).parent / "cluster.yml").unlink()

    with pytest.raises(GuardError, match="has stacks and no target of its own"):
        compile_now(compiled)

    assert tree(compiled.root / "compiled") == before


def test_what_only_the_inventory_says_is_checked_until_it_is_right(compiled: Project) -> None:
    before = tree(compiled.root / "compiled")
    classes = {
        path: path.read_text(encoding="utf-8") for path in compiled.inventory.glob("classes/clusters/*.yml")
    }
    checked = replace(ASKED, check=check_tree, date=TODAY)

    for path, text in classes.items():
        path.write_text(re.sub(r"nodes: [0-9]+", "nodes: 1", text), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(CheckError, match="gpu-minimum-fits"):
            compile_now(compiled, checked)

    for path, text in classes.items():
        path.write_text(text, encoding="utf-8")
    outcome = compile_now(compiled, checked)
    assert outcome.tree is None or not outcome.tree.changes
    assert tree(compiled.root / "compiled") == before


def test_a_check_that_failed_itself_is_done_again(compiled: Project) -> None:
    checked: list[frozenset[str]] = []

    def faulty(_: Path, clusters: frozenset[str], *__: object) -> Checked:
        checked.append(clusters)
        return Checked(faults=("rule x: ValueError: boom",) if len(checked) == 1 else ())

    edit(a_stack(compiled), "maxReplicas: 4", "maxReplicas: 3")
    for _ in range(3):
        compile_now(compiled, replace(ASKED, check=faulty))

    assert checked == [checked[0]] * 2
    assert tree(compiled.root / "compiled") == expected(compiled)


def test_a_rule_that_failed_itself_is_told_beside_what_others_find(
    compiled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_fault(*arguments: Any, **options: Any) -> engine.Report:
        return replace(whole(*arguments, **options), faults=("rule x: ValueError: boom",))

    whole = engine.check
    monkeypatch.setattr(engine, "check", with_fault)
    for path in compiled.inventory.glob("classes/clusters/*.yml"):
        path.write_text(
            re.sub(r"nodes: [0-9]+", "nodes: 1", path.read_text(encoding="utf-8")), encoding="utf-8"
        )

    with pytest.raises(CheckError, match=r"(?s)not of your input: rule x: .*gpu-minimum-fits"):
        compile_now(compiled, replace(ASKED, check=check_tree, date=TODAY))
