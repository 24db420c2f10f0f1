from __future__ import annotations

import pytest

from components.compile import trial
from scripts.explain import as_text
from scripts.explain.alternatives import LIMIT, Leaf, Set, changed
from scripts.explain.effect import differences
from scripts.explain.fields import explain_field
from scripts.explain.lines import explain_line
from scripts.explain.releases import releases
from scripts.explain.study import StackStudy
from scripts.explain.workshop import Workshop

GATEWAY = "compiled/edge-cpu/llama-3b/inference-gateway"
CLUSTER = "inventory/classes/clusters/edge-cpu.yml"


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("1.9.0", ["1.8.0", "1.2.0", "1.7.0", "1.6.0", "1.4.0", "1.9.0-x", "1.12.0", "2.9.0"]),
        (
            "v0.20.1",
            ["v0.19.1", "v0.5.1", "v0.18.1", "v0.17.1", "v0.15.1", "v0.20.1-x", "v0.23.1", "v1.20.1"],
        ),
        ("1.36", ["1.35", "1.9", "1.34", "1.33", "1.31", "1.36-x", "1.39", "2.36"]),
        ("0.1.2", ["0.0.2", "0.1.2-x", "0.4.2", "1.1.2"]),
        ("2.0.0", ["1.0.0", "2.0.0-x", "2.3.0", "3.0.0"]),
        ("3.4.1", ["3.3.1", "3.1.1", "3.2.1", "2.4.1", "3.4.1-x", "3.7.1", "4.4.1"]),
        ("b8123", ["b8122", "b2030", "b4061", "b7123", "b9123", "b16246"]),
        ("llama-70b", []),
        ("128Gi", []),
        ("latest", []),
        ("7", []),
    ],
)
def test_a_version_is_tried_as_older_and_newer_ones(text: str, others: list[str]) -> None:
    assert list(releases(text)) == others
    assert len(others) <= LIMIT


@pytest.mark.parametrize(
    ("file", "field", "version"),
    [
        (
            "envoyextensionpolicy-llama-3b-inference-gateway-epp",
            "spec.extProc[0].statusOnError",
            "envoyGateway",
        ),
        ("inferencepool-llama-3b", "spec.appProtocol", "inferenceExtension"),
        ("httproute-llama-3b", "spec.rules[0].name", "gatewayApi"),
    ],
)
def test_a_field_that_a_newer_version_brought_names_the_version(
    workshop: Workshop, file: str, field: str, version: str
) -> None:
    key = f"cluster.versions.{version}"
    answer = explain_field(workshop, f"{GATEWAY}/{file}.yaml", field)
    assert [one.at for one in answer.presence if one.parameter.key == key] == [answer.key]
    rows = (workshop.project.root / CLUSTER).read_text(encoding="utf-8").splitlines()
    line = next(number for number, row in enumerate(rows, 1) if f"{version}:" in row)
    fields = {one.field: one.how for one in explain_line(workshop, CLUSTER, line).fields}
    assert fields[answer.key.replace("llama-3b", "<stack>")] == "presence"
    assert f"{key} = " in as_text.write(answer)


def test_a_version_of_which_the_mixin_takes_names_reaches_its_rules(workshop: Workshop) -> None:
    rows = (workshop.project.root / CLUSTER).read_text(encoding="utf-8").splitlines()
    line = next(number for number, row in enumerate(rows, 1) if "llmdRouter:" in row)
    assert "PrometheusRule" in {one.kind for one in explain_line(workshop, CLUSTER, line).fields}


def every_release(study: StackStudy, leaf: Leaf) -> list[Set]:
    _, _, rest = str(leaf.value).split(".", 2)
    return [Set(f"{major}.{minor}.{rest}") for major in range(4) for minor in range(41)]


@pytest.mark.parametrize("target", ["edge-cpu.llama-3b", "lab-l4.gpt-oss-20b", "gke-l4.qwen3-8b"])
def test_no_release_shows_more_than_those_that_are_tried(workshop: Workshop, target: str) -> None:
    study = workshop.study(target)
    for leaf in study.every_leaf:
        if leaf.path[:2] != ("cluster", "versions") or leaf.kind != "value":
            continue
        shown = set(study.effect(leaf, None).differences)
        for other in every_release(study, leaf):
            stack = trial.stack(target, changed(study.own, leaf, other, study.maps))
            every = set(differences(study.objects, trial.stack_manifests(target, stack)))
            assert every <= shown, (leaf.path, other)
