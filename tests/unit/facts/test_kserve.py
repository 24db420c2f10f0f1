"""Words and limits of KServe and Knative."""

from __future__ import annotations

import pytest

from components.facts import kserve
from components.facts.tables import table


@pytest.mark.parametrize(
    ("mode", "version", "part"),
    [
        ("Standard", "0.20.0", None),
        ("Knative", "0.16.0", None),
        ("Standard", "0.15.2", "needs KServe 0.16.0"),  # kserve/website#527
        ("RawDeployment", "0.15.2", None),
        ("RawDeployment", "0.20.0", "write Standard"),  # serving.md 1.3: the webhook rewrites it
        ("standard", "0.20.0", "did you mean Standard?"),
    ],
)
def test_deployment_modes(mode: str, version: str, part: str | None) -> None:
    problem = kserve.deployment_mode_problem(mode, version)
    assert problem is None if part is None else part in str(problem)


@pytest.mark.parametrize(
    ("uri", "multinode", "part"),
    [
        ("hf://meta-llama/Llama-3.3-70B-Instruct", False, None),
        ("hf://meta-llama/Llama-3.3-70B-Instruct:abc123", False, None),
        ("pvc://models/llama", True, None),
        ("oci://registry.example/models/x:1", True, None),
        ("hf://llama", False, "is not hf://owner/model[:revision]"),  # kserve_storage.py
        ("hf://a/b:", False, "is not hf://owner/model[:revision]"),
        ("hf://a/b", True, "multi-node takes only pvc and oci storage, not hf://"),  # component.go:46
        ("huggingface://a/b", False, "KServe cannot fetch"),
        ("models/llama", False, "KServe cannot fetch"),
        ("modelscope://a/b", False, "needs KServe 0.21.0"),
    ],
)
def test_storage(uri: str, multinode: bool, part: str | None) -> None:
    problem = kserve.storage_problem(uri, "0.20.0", multinode=multinode)
    assert problem is None if part is None else part in str(problem)


def test_annotations() -> None:
    assert kserve.annotation_problem("serving.kserve.io/deploymentMode") is None
    assert kserve.annotation_problem("example.com/anything") is None
    assert kserve.annotation_problem("serving.kserve.io/deployment-mode") == (
        "KServe reads no annotation serving.kserve.io/deployment-mode; did you mean deploymentMode?"
    )


def test_autoscaler_classes() -> None:
    # serving.md 1.3: kpa is refused
    assert kserve.autoscaler_class_problem("keda") is None
    assert kserve.autoscaler_class_problem("kpa") is not None


def test_knative_needs_a_flag_for_each_gpu_scheduling_field() -> None:
    # knative/serving#15190
    spec = {
        "nodeSelector": {"gpu": "h100"},
        "tolerations": [],
        "containers": [],
        "volumes": [
            {"name": "w", "persistentVolumeClaim": {"claimName": "w"}},
            {"name": "s", "emptyDir": {}},
        ],
    }
    assert list(kserve.knative_features(spec)) == [
        "kubernetes.podspec-nodeselector",
        "kubernetes.podspec-persistent-volume-claim",
    ]


def test_host_labels() -> None:
    # serving.md 1.3: len(name) + len(namespace) + 11 <= 63
    assert (
        kserve.host_label_length("llama-70b", "llm-platform") == len("llama-70b") + len("llm-platform") + 11
    )


def test_names_of_kserve_are_reserved() -> None:
    assert kserve.builtin_runtimes()["kserve-vllmserver"]["formats"] == ["vLLM"]
    assert table("kserve")["knative"]["reserved_ports"] == [8008, 8012, 8013, 8022, 9090, 9091]
