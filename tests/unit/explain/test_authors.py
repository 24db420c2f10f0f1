from __future__ import annotations

import ast

import pytest

from components.compile.trial import STACK_COMPONENTS
from scripts.explain.authors import MIXIN, Author, Authors
from scripts.explain.declared import ROOT
from scripts.explain.fields import explain_field
from scripts.explain.keyed import shown
from scripts.explain.workshop import Workshop
from tests.unit.explain.fleet import fields_of, sample, stacks

FOLDER = "compiled/eu-h100/llama-70b"
SERVICE = f"{FOLDER}/model-service/inferenceservice-llama-70b.yaml"


def author(workshop: Workshop, file: str, field: str) -> Author:
    found = explain_field(workshop, file, field).author
    assert found is not None
    return found


def line(found: Author) -> str:
    return (ROOT / found.place.file).read_text(encoding="utf-8").splitlines()[found.place.line - 1]


@pytest.mark.parametrize(
    ("file", "field", "function", "text"),
    [
        (SERVICE, "spec.predictor.enableServiceLinks", "predictor()", '"enableServiceLinks"'),
        (
            SERVICE,
            "spec.predictor.terminationGracePeriodSeconds",
            "_scaling()",
            '"terminationGracePeriodSeconds"',
        ),
        (SERVICE, "spec.predictor.model.startupProbe.periodSeconds", "http_probe()", '"periodSeconds"'),
        (SERVICE, "spec.predictor.model.args[0]", "arguments()", "def arguments("),
        (SERVICE, "spec.predictor.model.resources.limits.memory", "resources()", "def resources("),
        (
            f"{FOLDER}/inference-gateway/configmap-llama-70b-inference-gateway-epp.yaml",
            "data.epp.yaml|schedulingProfiles[0].name",
            "config()",
            '"name"',
        ),
    ],
)
def test_the_function_that_wrote_a_field(
    workshop: Workshop, file: str, field: str, function: str, text: str
) -> None:
    found = author(workshop, file, field)
    assert found.function == function
    assert text in line(found)


@pytest.mark.parametrize(
    ("field", "adds"),
    [
        ("metadata.labels.app.kubernetes.io/instance", "label"),
        ("metadata.annotations.argocd.argoproj.io/sync-wave", "sync wave"),
        ("metadata.namespace", "namespace"),
        ("metadata.labels.networking.kserve.io/visibility", ""),
    ],
)
def test_what_is_added_to_every_object_says_so(workshop: Workshop, field: str, adds: str) -> None:
    assert author(workshop, SERVICE, field).adds == adds


def test_jsonnet_has_no_line(workshop: Workshop) -> None:
    file = "compiled/eu-h100/cluster/monitoring/podmonitor-llama-70b.yaml"
    found = author(workshop, file, "spec.podMetricsEndpoints[0].interval")
    assert (str(found.place), found.function) == (MIXIN, "")


def test_every_field_of_a_stack_has_an_author_that_is_there(workshop: Workshop) -> None:
    for target in stacks(workshop):
        study = workshop.study(target)
        authors = {part: Authors(study.unpatched(part)) for part in STACK_COMPONENTS}
        for file, path in sample(fields_of(workshop, target), 60):
            inner = "/".join(file.split("/")[3:])
            found = authors[inner.partition("/")[0]].of(inner, path)
            assert found is not None, (file, shown(path))
            names = {node.name for node in ast.walk(_tree(found)) if isinstance(node, ast.FunctionDef)}
            assert found.function.removesuffix("()") in names


def _tree(found: Author) -> ast.Module:
    return ast.parse((ROOT / found.place.file).read_text(encoding="utf-8"))
