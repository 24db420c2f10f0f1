"""Whatever stands in the inventory or lies in the tree, the whole check ends in findings, never in an exception."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.check_projects import committed, found, run

FILES = (
    "inventory/targets/edge-cpu/qwen3-4b.yml",
    "inventory/targets/edge-cpu/cluster.yml",
    "inventory/classes/clusters/edge-cpu.yml",
    "inventory/classes/models/qwen3-4b-instruct-q4.yml",
    "inventory/classes/environments/staging.yml",
    ".kapitan",
    "compiled/edge-cpu/qwen3-4b/model-service/inferenceservice-qwen3-4b.yaml",
    "compiled/edge-cpu/cluster/litellm/configmap-infra-litellm-proxy-config.yaml",
)
WORDS = st.sampled_from(
    [
        "",
        "\t",
        "classes: [clusters.edge-cpu]\n",
        "- .\n",
        "- ..\n",
        "- ${a:b}\n",
        "${cluster:name}",
        "${",
        "~",
        "=",
        "null",
        "[",
        "{",
        "&a *a",
        "!!python/name:os.system",
        "---\n",
        ": :",
        "\ud7ff\u202e\ufeff",
        "\x07",
        "9" * 400,
        "yes",
        "'",
        "|",
        "a" * 5000,
    ]
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return committed(tmp_path_factory.mktemp("project"), "edge-cpu")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_odd_text_anywhere(template: Path, data: st.DataObject) -> None:
    path = template / data.draw(st.sampled_from(FILES))
    before = path.read_bytes()
    text = before.decode("utf-8")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 60)))
    odd = data.draw(WORDS | st.text(max_size=20))
    try:
        path.write_bytes((text[:start] + odd + text[end:]).encode("utf-8"))
        run(template)
    finally:
        path.write_bytes(before)


@settings(max_examples=20, deadline=None)
@given(file=st.sampled_from(FILES), content=st.binary(max_size=200))
def test_odd_bytes(template: Path, file: str, content: bytes) -> None:
    path = template / file
    before = path.read_bytes()
    try:
        path.write_bytes(content)
        run(template)
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize(
    "name", ["a b.yml", "ä.yml", "-.yml", ".hidden.yml", "x.y.yml", "\udcff.yml", "a\nb.yml"]
)
@pytest.mark.parametrize(
    "folder", ["inventory/classes/models", "inventory/targets/edge-cpu", "compiled/edge-cpu/x/y"]
)
def test_odd_names(tmp_path: Path, folder: str, name: str) -> None:
    root = committed(tmp_path, "edge-cpu")
    (root / folder).mkdir(parents=True, exist_ok=True)
    (root / folder / name).write_text("a: b\n", encoding="utf-8")
    report = run(root)
    assert found(report)
    assert all(one.message.isprintable() for one in report.findings)


@pytest.mark.parametrize(
    "gone", ["inventory", "inventory/targets", "inventory/classes", "compiled", ".kapitan"]
)
def test_something_is_gone(tmp_path: Path, gone: str) -> None:
    root = committed(tmp_path, "edge-cpu")
    path = root / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert found(run(root))


def test_an_empty_project(tmp_path: Path) -> None:
    assert found(run(tmp_path))
