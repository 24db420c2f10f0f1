from __future__ import annotations

import json
from pathlib import Path

import pytest

from components.cluster.load import load_fleet
from components.inventory.guard import guard
from components.inventory.inventory import Inventory
from components.inventory.rendered import render
from components.stack.load import load_stack
from scripts.cli import main
from scripts.project import Project
from scripts.schema import inventory_problems

MODEL = [
    "model",
    "phi-4",
    "--model-name=microsoft/phi-4",
    "--uri=hf://microsoft/phi-4",
    "--size-gib=27.3",
    "--licence=mit",
    "--max-context=16384",
]
TARGET = ["target", "eu-h100/phi-4", "--model=phi-4", "--max-replicas=2"]
CLUSTER = ["cluster", "us-h100", "--like=eu-h100", "--pool=h100=h100-sxm:4", "--environment=staging"]


def new(project: Project, *words: str) -> int:
    return main(["--root", str(project.root), "new", *words])


def errors(project: Project) -> list[str]:
    problems = [*guard(project.inventory), *inventory_problems(Inventory(project.inventory))]
    return [str(problem) for problem in problems if problem.level == "error"]


def text(project: Project, path: str) -> str:
    return (project.inventory / path).read_text(encoding="utf-8")


def test_a_model_is_one_class_file(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert new(project, *MODEL) == 0

    assert text(project, "classes/models/phi-4.yml") == (
        "# phi 4, bf16.\n"
        "parameters:\n"
        "  model:\n"
        "    name: microsoft/phi-4\n"
        "    licence: mit\n"
        "    weights:\n"
        "      uri: hf://microsoft/phi-4\n"
        "      sizeGiB: 27.3\n"
        "    maxContext: 16384\n"
    )
    shown = capsys.readouterr().out
    assert "wrote inventory/classes/models/phi-4.yml" in shown
    assert "inferstack new target <cluster>/<stack> --model phi-4" in shown
    assert not errors(project)


def test_a_target_is_one_file_that_loads(project: Project) -> None:
    new(project, *MODEL)
    assert new(project, *TARGET) == 0

    assert text(project, "targets/eu-h100/phi-4.yml") == (
        "# phi-4 on eu-h100, pool h100.\n"
        "classes:\n"
        "  - clusters.eu-h100\n"
        "  - stacks.stack\n"
        "  - models.phi-4\n"
        "\n"
        "parameters:\n"
        "  serving:\n"
        "    runtime: vllm\n"
        "    pool: h100\n"
        "    maxReplicas: 2\n"
    )
    assert not errors(project)
    stack = load_stack("eu-h100.phi-4", render(project.inventory)["eu-h100.phi-4"])
    assert stack.model.name == "microsoft/phi-4"


def test_a_target_may_choose_another_wiring(project: Project) -> None:
    assert new(project, "target", "eu-h100/x", "--model=qwen3-8b", "--wiring=istio") == 0

    assert "  - gateways.istio\n" in text(project, "targets/eu-h100/x.yml")


def test_a_cluster_takes_what_is_installed_from_another(project: Project) -> None:
    assert new(project, *CLUSTER) == 0
    assert new(project, "target", "us-h100/qwen3-8b", "--model=qwen3-8b") == 0

    assert not errors(project)
    rendered = render(project.inventory)
    fleet = load_fleet("us-h100.cluster", rendered)
    like = rendered["eu-h100.cluster"]["cluster"]
    assert fleet.cluster.versions == like["versions"]
    assert fleet.cluster.pools["h100"].nodes == 4
    assert fleet.cluster.argocd.destination == "us-h100"
    assert fleet.params.environment.name == "staging"
    assert [stack.name for stack in fleet.stacks] == ["qwen3-8b"]


def test_a_model_takes_its_architecture_from_config_json(project: Project, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(
        json.dumps(
            {
                "model_type": "phi3",
                "num_hidden_layers": 40,
                "num_attention_heads": 40,
                "num_key_value_heads": 10,
                "hidden_size": 5120,
                "vocab_size": 100352,
                "max_position_embeddings": 16384,
            }
        ),
        encoding="utf-8",
    )
    words = [word for word in MODEL if not word.startswith("--max-context")]

    assert new(project, *words, f"--config={config}", "--parameters-b=14.7") == 0

    assert text(project, "classes/models/phi-4.yml").endswith(
        "    maxContext: 16384\n"
        "    architecture:\n"
        "      family: phi3\n"
        "      parametersB: 14.7\n"
        "      layers: 40\n"
        "      attentionHeads: 40\n"
        "      keyValueHeads: 10\n"
        "      headDim: 128\n"
        "      vocabulary: 100352\n"
    )
    assert not errors(project)


@pytest.mark.parametrize("words", [MODEL, TARGET, CLUSTER], ids=["model", "target", "cluster"])
def test_nothing_is_overwritten(
    project: Project, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    new(project, *MODEL)
    new(project, *words)
    before = {path: path.read_bytes() for path in project.inventory.rglob("*.yml")}
    capsys.readouterr()

    assert new(project, *words) == 2

    assert "exists already; choose another name, or edit the file" in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in project.inventory.rglob("*.yml")}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["target", "eu-h10/x", "--model=qwen3-8b"], "no cluster is named 'eu-h10'; did you mean 'eu-h100'?"),
        (["target", "x", "--model=qwen3-8b"], "'x' names no stack; write <cluster>/<stack>"),
        (
            ["target", "eu-h100/x", "--model=qwen3-9b"],
            "no class in inventory/classes/models is named 'qwen3-9b'; did you mean 'qwen3-8b'?",
        ),
        (
            ["target", "eu-h100/x", "--model=qwen3-8b", "--pool=h200"],
            "no pool of the cluster is named 'h200'; did you mean 'h100'?",
        ),
        (["target", "eu-h100/X", "--model=qwen3-8b"], "the stack 'X' is no slug"),
        (["target", "lab-l4/x", "--model=qwen3-8b"], "which runtime? give --runtime: ollama, vllm"),
        (["model", "x", "--model-name=a/x", "--size-gib=1", "--max-context=1"], "where are the weights?"),
        (
            ["model", "x", "--model-name=a/x", "--size-gib=1", "--uri=hf://a/x"],
            "how long is the longest context?",
        ),
        (["cluster", "c", "--like=eu-h100", "--pool=h100"], "write NAME=ACCELERATOR:NODES"),
        (
            ["cluster", "c", "--like=eu-h100", "--pool=h100=h100:4"],
            "no class in inventory/classes/accelerators is named 'h100'",
        ),
    ],
    ids=["cluster", "stack", "class", "pool", "slug", "which", "weights", "context", "form", "accelerator"],
)
def test_what_cannot_be_is_said_and_nothing_is_written(
    project: Project, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    before = sorted(project.inventory.rglob("*"))

    assert new(project, *words) == 2

    assert message in capsys.readouterr().err
    assert sorted(project.inventory.rglob("*")) == before
