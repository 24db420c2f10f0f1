"""What a person applies to Argo CD by hand."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.argocd.documents import HEALTH, ROOT, config_map, documents
from components.argocd.health_checks import SCRIPTS, script
from components.cluster.params import Fleet
from tests.support.stacks import make_stack
from tests.unit.argocd.fleets import argocd, compiled


def fleet() -> Fleet:
    return compiled(make_stack())


def loaded(path: str) -> dict[str, Any]:
    (document,) = yaml.safe_load_all(documents(fleet())[path])
    assert isinstance(document, dict)
    return document


def test_no_document_lies_in_a_synced_folder() -> None:
    one = fleet()
    folders = [
        manifest["spec"]["source"]["path"]
        for manifest in argocd(one).values()
        if "source" in manifest["spec"]
    ]
    folders.append(loaded(ROOT)["spec"]["source"]["path"])
    for path in documents(one):
        assert not [
            folder for folder in folders if f"compiled/eu-h100/cluster/{path}".startswith(f"{folder}/")
        ]


def test_the_root_syncs_the_folder_of_the_applications() -> None:
    root = loaded(ROOT)
    assert (root["kind"], root["metadata"]["name"]) == ("Application", "eu-h100-root")
    assert root["spec"]["source"]["path"] == "compiled/eu-h100/cluster/argocd"
    assert f"Application/{root['metadata']['name']}" not in argocd(fleet())


def test_the_comment_says_what_the_roots_project_must_permit() -> None:
    text = documents(fleet())[ROOT]
    for needed in (
        "https://git.example.com/platform/inference.git",
        "argoproj.io/AppProject",
        "project, default,",
    ):
        assert needed in text.partition("apiVersion")[0]


def test_the_fragment_holds_each_script_as_it_is_tested() -> None:
    data = loaded(HEALTH)["data"]
    known = data.pop("resource.customizations.knownTypeFields.serving.kserve.io_InferenceService")
    for key, text in data.items():
        group, _, kind = key.removeprefix("resource.customizations.health.").rpartition("_")
        assert text == script(SCRIPTS[group, kind])
    assert yaml.safe_load(known) == [
        {"field": "spec.predictor.model.resources", "type": "core/v1/ResourceRequirements"}
    ]


def test_clusters_of_one_argocd_agree_on_every_key() -> None:
    here = config_map(fleet())["data"]
    there = config_map(compiled(make_stack(cluster={"name": "us-h100"})))["data"]
    assert here == there


def test_a_cluster_without_stacks_needs_only_the_applications() -> None:
    assert set(config_map(compiled())["data"]) == {"resource.customizations.health.argoproj.io_Application"}


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_merges_the_fragment_and_keeps_the_rest(tmp_path: Path) -> None:
    """With ``--local`` kubectl patches a file and asks no API server."""
    theirs: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm", "namespace": "argocd"},
        "data": {"url": "https://argocd.example.com"},
    }
    before, patch = tmp_path / "argocd-cm.yaml", tmp_path / "fragment.yaml"
    before.write_text(yaml.safe_dump(theirs))
    patch.write_text(documents(fleet())[HEALTH])
    command = ["kubectl", "patch", "--local", "-o", "yaml", "--type", "merge"]
    done = subprocess.run(
        [*command, "-f", str(before), "--patch-file", str(patch)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    merged = yaml.safe_load(done.stdout)["data"]
    assert merged == theirs["data"] | config_map(fleet())["data"]
