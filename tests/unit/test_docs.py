"""The documents for people say what is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HELM_VALUES = (
    "infrastructureReleaseName",
    "infrastructureNamespace",
    "model-serving.enabled",
    "model-serving.servingRuntime.enabled",
    "model-serving.llamacppRuntime.enabled",
    "model-serving.ollamaRuntime.enabled",
    "model-serving.inferenceService.enabled",
    "model-serving.inferenceService.name",
    "model-serving.inferenceService.storageUri",
    "model-serving.inferenceService.gpu",
    "model-serving.inferenceService.tensorParallelSize",
    "model-serving.inferenceService.minReplicas",
    "model-serving.inferenceService.maxReplicas",
    "model-serving.inferencePool.enabled",
    "model-serving.inferencePool.eppServiceName",
    "inference-gateway.enabled",
    "inference-gateway.epp.replicas",
    "inference-gateway.epp.poolName",
    "inference-gateway.gateway.enabled",
    "inference-gateway.extensionPolicy.enabled",
    "litellm-proxy.litellm.modelList[].modelName",
    "litellm-proxy.litellm.modelList[].litellmParams.model",
    "litellm-proxy.litellm.modelList[].litellmParams.apiBase",
)


def _rows() -> list[list[str]]:
    """Cells of the table of values."""
    text = (
        (ROOT / "docs" / "helm-values.md").read_text(encoding="utf-8").split("## What the chart got wrong")[0]
    )
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row] for row in rows]


@pytest.mark.parametrize("value", HELM_VALUES)
def test_every_helm_value_has_its_row(value: str) -> None:
    rows = [row for row in _rows() if re.search(rf"`{re.escape(value)}`", row[0])]
    assert len(rows) == 1
    assert rows[0][2]


def test_every_parameter_that_takes_a_place_exists() -> None:
    known = (ROOT / "docs" / "parameters.md").read_text(encoding="utf-8")
    for row in _rows():
        for parameter in re.findall(r"`([a-z]+(?:\.[A-Za-z<>]+)+)`", row[2]):
            key = re.sub(r"^cluster\.runtimes\.[a-z]+$", "cluster.runtimes", parameter)
            assert f"| `{key}` |" in known, parameter


@pytest.mark.parametrize("page", ["README.md", *sorted(p.name for p in (ROOT / "docs").glob("*.md"))])
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page if page == "README.md" else ROOT / "docs" / page
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if "://" not in target and re.fullmatch(r"[\w./-]+", target):
            assert (path.parent / target).exists(), target


def test_every_task_that_the_readme_names_exists() -> None:
    tasks = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(
        r"^make ([a-z -]+?)(?:\s{2,}|$)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert named
    assert {task for line in named for task in line.split()} <= tasks
