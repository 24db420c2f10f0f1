"""The parts that many rules stand on: KServe's merge, series in queries, durations, imports."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from scripts.check.durations import seconds
from scripts.check.model import Obj
from scripts.check.node import Node
from scripts.check.pods import Container, service_pods, workload_pod
from scripts.check.scrapes import series_of

FOLDER = Path(__file__).parents[3] / "scripts" / "check"
BUILDERS = (
    "build",
    "wiring",
    "epp",
    "epp_config",
    "engines",
    "compile",
    "workload",
    "proxy_config",
    "mixin",
)


def obj(doc: dict[str, Any]) -> Obj:
    return Obj("compiled/c/s/x/y.yaml", "c", "c.s", "x", doc)


RUNTIME = obj(
    {
        "kind": "ClusterServingRuntime",
        "metadata": {"name": "vllm"},
        "spec": {
            "labels": {"from": "runtime", "both": "runtime"},
            "nodeSelector": {"gpu": "a"},
            "volumes": [{"name": "tmp", "emptyDir": {}}],
            "containers": [
                {"name": "sidecar", "ports": [{"containerPort": 9}]},
                {
                    "name": "kserve-container",
                    "image": "vllm:1",
                    "command": ["vllm", "serve"],
                    "args": ["/mnt/models", "--port=8080"],
                    "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}],
                    "ports": [{"containerPort": 8080}],
                    "resources": {"limits": {"memory": "1Gi"}},
                },
            ],
        },
    }
)
SERVICE = obj(
    {
        "kind": "InferenceService",
        "metadata": {"name": "llama", "namespace": "llm", "labels": {"both": "service", "own": "x"}},
        "spec": {
            "predictor": {
                "labels": {"pod": "y"},
                "volumes": [{"name": "shm", "emptyDir": {}}],
                "model": {
                    "runtime": "vllm",
                    "args": ["--served-model-name", "a", "b", "--port=9000"],
                    "env": [{"name": "B", "value": "2"}],
                    "resources": {"limits": {"gpu": "1"}},
                },
            }
        },
    }
)


def test_kserve_merges_runtime_and_service() -> None:
    (pod,) = service_pods(SERVICE, RUNTIME)
    assert pod.labels == {
        "from": "runtime",
        "both": "service",
        "own": "x",
        "pod": "y",
        "serving.kserve.io/inferenceservice": "llama",
        "component": "predictor",
        "app": "isvc.llama-predictor",
    }
    main = pod.main
    assert main.args == [
        "vllm",
        "serve",
        "/mnt/models",
        "--port=8080",
        "--served-model-name",
        "a",
        "b",
        "--port=9000",
    ]
    assert main.flag("--port") == "9000"
    assert main.values("--served-model-name") == ["a", "b"]
    assert main.env == {"A": "1", "B": "2"}
    assert main.node.raw("resources.limits") == {"memory": "1Gi", "gpu": "1"}
    assert [one.text("name") for one in pod.spec.each("volumes[]")] == ["tmp", "shm"]
    assert main.node.field == "spec.predictor.model"
    assert [one.name for one in pod.containers] == ["kserve-container", "sidecar"]


def test_a_runtime_of_another_release_leaves_much_unknown() -> None:
    (pod,) = service_pods(SERVICE, None)
    assert not pod.known
    assert pod.labels["app"] == "isvc.llama-predictor"


def test_knative_pods_are_not_known_by_app() -> None:
    doc = {
        **SERVICE.doc,
        "metadata": {"name": "llama", "annotations": {"serving.kserve.io/deploymentMode": "Knative"}},
    }
    (pod,) = service_pods(obj(doc), RUNTIME)
    assert "app" not in pod.labels


def test_workers_and_transformers_are_pods_of_their_own() -> None:
    spec = {
        "predictor": {**SERVICE.doc["spec"]["predictor"], "workerSpec": {}},
        "transformer": {"containers": []},
    }
    roles = [pod.role for pod in service_pods(obj({**SERVICE.doc, "spec": spec}), RUNTIME)]
    assert roles == ["model", "worker", "transformer"]


def test_an_endpoint_picker_is_known_by_its_flags() -> None:
    template = {"spec": {"containers": [{"name": "x", "args": ["--pool-name=llama"]}]}}
    assert workload_pod(obj({"kind": "Deployment", "spec": {"template": template}})).role == "epp"


@pytest.mark.parametrize(
    ("args", "value"),
    [
        (["--port=1"], "1"),
        (["--port", "1"], "1"),
        (["--port=1", "--port=2"], "2"),
        (["--port"], ""),
        (["--port", "--host"], ""),
        (["--ports=1"], None),
        ([], None),
    ],
)
def test_flags(args: list[str], value: str | None) -> None:
    assert Container(Node({"args": args})).flag("--port") == value


def test_series_in_a_query() -> None:
    first, second = series_of('sum(a:b{x="1",y=~"p|q"}) / rate(c{z!="\\"}"}[5m])')
    assert (first.metric, second.metric) == ("a:b", "c")
    assert first.fits({"x": "1", "y": "q", "other": "z"})
    assert first.fits({"y": "p"})
    assert not first.fits({"x": "2"})
    assert not first.fits({"y": "pq"})
    assert not second.fits({"z": '\\"}'})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("600s", 600),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("0s", 0),
        ("", None),
        ("10", None),
        ("1.5h", None),
        ("5 s", None),
    ],
)
def test_durations(text: str, value: float | None) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize(
    "module", sorted(FOLDER.rglob("*.py")), ids=lambda path: str(path.relative_to(FOLDER))
)
def test_no_builder_is_imported(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if name.startswith("components.") and not name.startswith(
                ("components.facts", "components.contracts")
            ):
                assert not set(name.split(".")) & set(BUILDERS), f"{module.name} imports {name}"
