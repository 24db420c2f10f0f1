from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.compile import trial
from components.inventory.inventory import Inventory
from components.inventory.origin import Origins
from scripts.explain import as_json, as_text
from scripts.explain.alternatives import Leaf, Set
from scripts.explain.answer import FieldAnswer, Line, Source
from scripts.explain.fields import explain_field
from scripts.explain.keyed import Steps, at, keyed, shown
from scripts.explain.locate import same_field
from scripts.explain.question import answer as answered
from scripts.explain.workshop import Workshop
from scripts.project import MisuseError, Project
from tests.unit.explain.fleet import clusters, fields_of, sample, stacks

FOLDER = "compiled/eu-h100/llama-70b"
SERVICE = f"{FOLDER}/model-service/inferenceservice-llama-70b.yaml"
PROXY = "compiled/eu-h100/cluster/litellm/configmap-infra-litellm-proxy-config.yaml"


def keys(sources: tuple[Source, ...]) -> set[str]:
    return {f"{one.parameter.target.partition('.')[2]}:{one.parameter.key}" for one in sources}


def every_field(workshop: Workshop, targets: list[str]) -> list[tuple[str, Steps]]:
    return [found for target in targets for found in fields_of(workshop, target)]


def test_a_line_and_the_path_of_its_field_give_one_answer(workshop: Workshop) -> None:
    text = (workshop.project.root / SERVICE).read_text(encoding="utf-8").splitlines()
    line = next(number for number, row in enumerate(text, 1) if "--max-model-len" in row)
    by_line = explain_field(workshop, SERVICE, line)
    assert by_line.key == "spec.predictor.model.args[--max-model-len]"
    assert by_line.line == line
    for path in (by_line.field, by_line.key):
        assert explain_field(workshop, SERVICE, path) == by_line
    assert keys(by_line.values) == {"llama-70b:model.maxContext"}
    assert [one.parameter.key for one in by_line.unset] == ["serving.maxModelLen"]
    assert [one.name for one in by_line.formulas] == ["context_length"]


def test_a_field_says_what_its_value_overrode(workshop: Workshop) -> None:
    file = "compiled/lab-l4/gpt-oss-20b/inference-gateway/gateway-gpt-oss-20b-inference-gateway.yaml"
    answer = explain_field(workshop, file, "spec.gatewayClassName")
    wiring = next(one.parameter for one in answer.values if one.parameter.key == "gateway.wiring")
    assert [line.raw for line in wiring.overridden] == ["envoy-extension-policy"]
    assert "overrides envoy-extension-policy of inventory/classes/gateways/" in as_text.write(answer)


def test_fixed_text_is_told_from_values(workshop: Workshop) -> None:
    answer = explain_field(workshop, SERVICE, "spec.predictor.enableServiceLinks")
    assert answer.is_fixed
    text = as_text.write(answer)
    assert "fixed: no parameter was found that changes it" in text
    assert "written by components/model_service/build.py:" in text


def test_text_inside_a_config_map_is_entered(workshop: Workshop) -> None:
    file = f"{FOLDER}/inference-gateway/configmap-llama-70b-inference-gateway-epp.yaml"
    answer = explain_field(workshop, file, "data.epp.yaml|plugins[type=prefix-cache-scorer].type")
    assert keys(answer.presence) >= {"llama-70b:gateway.epp.prefixCache"}


def test_a_part_lists_which_of_its_fields_follow_what(workshop: Workshop) -> None:
    answer = explain_field(workshop, SERVICE, "spec.predictor.model.resources")
    found = {one.parameter.key: one.fields for one in answer.values}
    assert found["accelerators.h100-sxm.cpuPerGpu"] == ("spec.predictor.model.resources.requests.cpu",)
    assert len(found["serving.tensorParallelSize"]) == 5


def test_a_field_of_a_cluster_names_the_stack_and_its_keys(workshop: Workshop) -> None:
    answer = explain_field(
        workshop, PROXY, "data.config.yaml|model_list[model_name=llama-70b].model_info.max_input_tokens"
    )
    assert answer.stacks == ("eu-h100.llama-70b",)
    assert keys(answer.values) == {"llama-70b:model.maxContext"}
    assert keys(answer.presence) == {"llama-70b:litellm.enabled"}


def test_a_field_that_is_named_after_a_stack_says_so(workshop: Workshop) -> None:
    way = "data.config.yaml|router_settings.fallbacks[qwen3-30b-a3b].qwen3-30b-a3b"
    for path in (way, f"{way}[qwen3-32b]"):
        answer = explain_field(workshop, PROXY, path)
        name = next(one for one in answer.presence if one.parameter.state == "name")
        assert (name.parameter.target, name.at) == ("eu-h100.qwen3-30b-a3b", way)
    answer = explain_field(workshop, PROXY, way)
    assert "litellm.modelName" in {one.parameter.key for one in answer.unset}
    assert not answer.is_fixed


def test_a_field_that_any_stack_brings_names_the_others(workshop: Workshop) -> None:
    file = "compiled/eu-h100/cluster/argocd/appproject-inference-eu-h100.yaml"
    answer = explain_field(workshop, file, "spec.namespaceResourceWhitelist[kind=InferencePool].kind")
    assert len(answer.stacks) == 1
    assert len(answer.alike) == 5
    assert "cluster:gateway.enabled" in keys(answer.presence)


def test_a_field_of_the_mixin_names_the_stack(workshop: Workshop) -> None:
    file = "compiled/eu-h100/cluster/monitoring/prometheusrule-inference-stack-llama-70b.yaml"
    answer = explain_field(
        workshop, file, "spec.groups[0].rules[record=stack:inference_replicas_max:config].expr"
    )
    assert answer.stacks == ("eu-h100.llama-70b",)
    assert "llama-70b:serving.maxReplicas" in keys(answer.values)
    assert "max_replicas" in {one.name for one in answer.formulas}


@pytest.mark.parametrize(
    ("file", "where", "said"),
    [
        (
            SERVICE.replace("llama-70b.yaml", "llama-7b.yaml"),
            "kind",
            "did you mean model-service/inferenceservice",
        ),
        (SERVICE, "spec.predictr", "did you mean predictor?"),
        (SERVICE, 9999, "lines"),
        (SERVICE, "spec.predictor.model.args[]", "args is a list: say which item"),
        (
            SERVICE.replace("eu-h100/llama-70b", "eu-h100/llama-7b"),
            "kind",
            "did you mean `eu-h100.llama-70b`?",
        ),
        ("compiled/eu-h100/cluster/argocd/nothing.yaml", 3, "nothing is compiled to it"),
        ("compiled/README.md", 3, "a compiled object is compiled/<cluster>/<stack>/<component>/<file>"),
    ],
)
def test_what_is_not_there_is_said(workshop: Workshop, file: str, where: str | int, said: str) -> None:
    with pytest.raises(MisuseError) as error:
        explain_field(workshop, file, where)
    assert said in str(error.value)


@pytest.fixture
def project(tmp_path: Path, workshop: Workshop) -> Project:
    """A copy to change."""
    root = workshop.project.root
    shutil.copy(root / ".kapitan", tmp_path)
    shutil.copytree(root / "inventory", tmp_path / "inventory")
    shutil.copytree(root / FOLDER, tmp_path / FOLDER)
    return Project(tmp_path)


def test_a_file_of_another_inventory_is_said_to_be_stale(project: Project) -> None:
    target = project.inventory / "targets/eu-h100/llama-70b.yml"
    text = target.read_text(encoding="utf-8")
    target.write_text(text.replace("maxReplicas: 4", "maxReplicas: 3"), encoding="utf-8")
    answer = explain_field(Workshop(project), SERVICE, "spec.predictor.maxReplicas")
    assert answer.is_stale
    assert (answer.value, answer.written) == (3, 4)
    assert "there it is 4; run make compile" in as_text.write(answer)


def test_an_override_is_where_a_field_comes_from(project: Project) -> None:
    target = project.inventory / "targets/eu-h100/llama-70b.yml"
    patch = "  overrides:\n    InferenceService:\n      llama-70b:\n        spec:\n          predictor:\n"
    with target.open("a", encoding="utf-8") as file:
        file.write(f"{patch}            timeout: 900\n            maxReplicas: 3\n")
    workshop = Workshop(project)
    place = {}
    for field in ("timeout", "maxReplicas"):
        answer = explain_field(workshop, SERVICE, f"spec.predictor.{field}")
        assert keys(answer.values) == {
            f"llama-70b:overrides.InferenceService.llama-70b.spec.predictor.{field}"
        }
        winner = answer.values[0].parameter.winner
        assert winner is not None
        place[field] = winner.place.line
    assert place["maxReplicas"] == place["timeout"] + 1
    other = explain_field(workshop, SERVICE, "spec.predictor.minReplicas")
    assert keys(other.values) == {"llama-70b:serving.minReplicas"}
    assert other.author is not None
    assert other.author.function == "_scaling()"


def test_a_field_that_an_override_writes_says_so(project: Project) -> None:
    target = project.inventory / "targets/eu-h100/llama-70b.yml"
    with target.open("a", encoding="utf-8") as file:
        file.write("  overrides:\n    InferenceService:\n      llama-70b:\n")
        file.write("        metadata: {labels: {extra: x}}\n")
        file.write("        spec:\n          predictor:\n            minReplicas: 3\n")
        file.write("            affinity: {nodeAffinity: {a: 1}}\n            tolerations: [{key: b}]\n")
    first = (
        target.read_text(encoding="utf-8").splitlines().index("        metadata: {labels: {extra: x}}") + 1
    )
    workshop = Workshop(project)
    lines = {
        "metadata.labels.extra": first,
        "spec.predictor.minReplicas": first + 3,
        "spec.predictor.affinity": first + 4,
        "spec.predictor.tolerations[0].key": first + 5,
    }
    for field, line in lines.items():
        answer = explain_field(workshop, SERVICE, field)
        assert answer.author is not None
        place = f"inventory/targets/eu-h100/llama-70b.yml:{line}"
        assert (str(answer.author.place).rpartition(":")[0], answer.author.adds) == (place, "override")
        assert as_text.write(answer).endswith(f"written by {answer.author.place}, an override\n")
    for field, function in {
        "metadata.labels": "inference_service()",
        "metadata.namespace": "place()",
    }.items():
        answer = explain_field(workshop, SERVICE, field)
        assert answer.author is not None
        assert answer.author.function == function


def test_a_file_that_is_not_there_or_cannot_be_read_is_said_to_be(project: Project) -> None:
    file = project.root / SERVICE
    told = []
    for content in (None, "link", b"\xff", b"<<<<", b"kind: InferenceService\n"):
        file.unlink(missing_ok=True)
        if content == "link":
            file.symlink_to(file.name)
        elif isinstance(content, bytes):
            file.write_bytes(content)
        answer = answered(project, SERVICE, "spec.predictor.maxReplicas")
        assert isinstance(answer, FieldAnswer)
        assert answer.is_stale
        told.append(as_text.write(answer).splitlines()[3])
    assert told == [
        "  there is no such file; run make compile",
        "  the file cannot be read: Too many levels of symbolic links; run make compile",
        "  the file cannot be read: it is not UTF-8; run make compile",
        "  the file holds no object; run make compile",
        "  the file on disk has no such field; run make compile",
    ]
    file.unlink()
    with pytest.raises(MisuseError, match="there is no such file; name a field instead of a line"):
        answered(project, f"{SERVICE}:3", "")


def test_a_stale_file_says_that_the_compile_refuses_the_inventory(project: Project) -> None:
    target = project.inventory / "targets/eu-h100/llama-70b.yml"
    with target.open("a", encoding="utf-8") as file:
        file.write("  overrides: {InferenceService: {llama-70b: {spec: {predictor: {minReplicas: 9}}}}}\n")
    told = as_text.write(explain_field(Workshop(project), SERVICE, "spec.predictor.minReplicas"))
    assert "the compile refuses the inventory:\n    inventory/targets/eu-h100/llama-70b.yml:" in told
    assert "minReplicas (9) is above maxReplicas" in told


def check(workshop: Workshop, file: str, path: Steps) -> FieldAnswer:
    """A field is explained, its value is what is compiled, and its lines are there."""
    answer = explain_field(workshop, file, shown(path))
    cluster, name, inner = file.split("/", 3)[1:]
    target = f"{cluster}.{name}"
    study = workshop.fleet(target) if workshop.is_cluster(target) else workshop.study(target)
    assert answer.value == at(study.base(inner.partition("/")[0])[inner], path)
    assert answer.author is not None
    assert as_json.write(answer)
    assert as_text.write(answer)
    return answer


def test_fields_of_stacks_are_explained(workshop: Workshop) -> None:
    for file, path in sample(every_field(workshop, stacks(workshop)), 30):
        check(workshop, file, path)


def test_fields_of_clusters_are_explained(workshop: Workshop) -> None:
    every = every_field(workshop, clusters(workshop))
    cheap = [found for found in every if found[0].split("/")[3] in ("platform", "litellm")]
    for file, path in sample(cheap, 12):
        check(workshop, file, path)


@pytest.mark.slow
def test_every_field_of_every_stack_is_explained(workshop: Workshop) -> None:
    for target in stacks(workshop):
        for component in trial.STACK_COMPONENTS:
            workshop.study(target).effects(component)
        for file, path in fields_of(workshop, target):
            check(workshop, file, path)


@pytest.mark.slow
def test_fields_of_every_kind_of_a_cluster_are_explained(workshop: Workshop) -> None:
    every = every_field(workshop, clusters(workshop))
    for component in ("argocd", "monitoring"):
        of_component = [found for found in every if found[0].split("/")[3] == component]
        for file, path in sample(of_component, 20):
            check(workshop, file, path)


def test_an_answer_is_the_same_every_time(workshop: Workshop) -> None:
    other = Workshop(workshop.project)
    found = sample(every_field(workshop, [*stacks(workshop), "edge-cpu.cluster"]), 6, seed=3)
    for file, path in [one for one in found if "/monitoring/" not in one[0]]:
        assert as_json.write(explain_field(workshop, file, shown(path))) == as_json.write(
            explain_field(other, file, shown(path))
        )


def deciding(workshop: Workshop, target: str, file: str, path: Steps) -> list[tuple[Leaf, Any]]:
    """Parameters that one line of plain text sets, with a value that changes the field."""
    study = workshop.study(target)
    inner = "/".join(file.split("/")[3:])
    key = keyed(study.objects[inner], path)
    references = {leaf.path for leaf in study.references}
    found = []
    for effect in study.effects_on(inner, key):
        influence = effect.on(inner, key)
        is_plain = (
            effect.cause.kind == "value" and effect.cause.is_set and effect.cause.path not in references
        )
        if is_plain and influence is not None and isinstance(influence.alternative, Set):
            found.append((effect.cause, influence.alternative.value))
    return found


def test_changing_the_line_that_wins_changes_the_field(workshop: Workshop, tmp_path: Path) -> None:
    """What an explanation says holds for the file itself: edit the line, render, compile."""
    shutil.copytree(workshop.project.inventory, tmp_path / "inventory")
    tried = 0
    for file, path in sample(every_field(workshop, stacks(workshop)), 40, seed=7):
        cluster, name, inner = file.split("/", 3)[1:]
        target = f"{cluster}.{name}"
        for leaf, value in deciding(workshop, target, file, path)[:2]:
            winner = workshop.parameters.at(target, leaf.path).winner
            assert winner is not None
            edited = tmp_path / winner.place.file
            before = edited.read_text(encoding="utf-8")
            after = _replaced(before, winner, value)
            if after is None:
                continue
            edited.write_text(after, encoding="utf-8")
            own = trial.own_parameters(Origins(Inventory(tmp_path / "inventory")).value(target))  # type: ignore[arg-type]
            edited.write_text(before, encoding="utf-8")
            objects = trial.stack_manifests(target, trial.stack(target, own))
            base = workshop.study(target).objects[inner]
            there = same_field(objects.get(inner), keyed(base, path)) if inner in objects else None
            assert there is None or at(objects[inner], there) != at(base, path), (
                file,
                shown(path),
                leaf.path,
            )
            tried += 1
    assert tried > 10


def _replaced(text: str, at_line: Line, value: Any) -> str | None:
    """The text with the scalar at a place replaced; None where it does not end on its line."""
    rows = text.split("\n")
    row, column = rows[at_line.place.line - 1], at_line.place.column - 1
    if isinstance(value, dict | list) or yaml.safe_load(row[column:]) != at_line.raw:
        return None
    written = yaml.safe_dump(value, width=10**6).split("\n")[0]
    rows[at_line.place.line - 1] = f"{row[:column]}{written}"
    return "\n".join(rows)


@pytest.mark.slow
def test_lines_of_documents_are_explained(workshop: Workshop) -> None:
    for file, row, source in (
        ("runbooks/llama-3b.md", "llama-3b", "llama-3b:"),
        ("docs/litellm-values.yaml", "apiBase: ", "cluster:cluster.domain"),
    ):
        path = f"compiled/edge-cpu/cluster/{file}"
        rows = (workshop.project.root / path).read_text(encoding="utf-8").splitlines()
        line = next(number for number, text in enumerate(rows, 1) if row in text)
        answer = explain_field(workshop, path, line)
        assert source in keys(answer.values), path
        assert answer.author is not None
        assert as_text.write(answer)
