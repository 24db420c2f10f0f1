"""Keys that are set and that nothing reads are refused."""

from __future__ import annotations

import pytest

from tests.unit.stack.cases import CPU, GGUF, HPA, OLLAMA, TAG, Case, assert_refused

CASES: dict[str, Case] = {
    "unread on ollama": (
        {"serving": OLLAMA | {"kvCacheDtype": "fp8"}, "model": TAG},
        ("serving", "kvCacheDtype"),
        "has no effect",
    ),
    "unread on vllm": (
        {"serving": {"parallelRequests": 4}},
        ("serving", "parallelRequests"),
        "has no effect",
    ),
    "unread without tls": (
        {"gateway": {"epp": {"issuer": "ca"}}},
        ("gateway", "epp", "issuer"),
        "has no effect",
    ),
    "unread without a gateway": (
        {"gateway": {"enabled": False, "hostname": "x.example.com"}},
        ("gateway", "hostname"),
        "has no effect",
    ),
    "unread without an entry in litellm": (
        {"litellm": {"enabled": False, "rpm": 10}},
        ("litellm", "rpm"),
        "has no effect: litellm.enabled is false",
    ),
    "unread without monitoring": (
        {"monitoring": {"enabled": False, "slo": {"errorRatio": 0.1}}},
        ("monitoring", "slo"),
        "has no effect: monitoring.enabled is false",
    ),
    "unread without the cluster's monitoring": (
        {"monitoring": {"slo": {"errorRatio": 0.1}}, "cluster": {"monitoring": {"enabled": False}}},
        ("monitoring", "slo"),
        "has no effect: cluster.monitoring.enabled is false",
    ),
    "unread by ollama": (
        {"serving": OLLAMA | {"args": {"x": 1}}, "model": TAG},
        ("serving", "args"),
        "set by its environment",
    ),
    "weights of a model that ollama pulls": (
        {"serving": OLLAMA | {"storage": {"uri": "s3://m/x"}}, "model": TAG},
        ("serving", "storage", "uri"),
        "pulls its models itself",
    ),
    "token of a model that ollama pulls": (
        {"serving": OLLAMA | {"accessToken": True}, "model": TAG, "cluster": {"secrets": None}},
        ("serving", "accessToken"),
        "nothing comes from Hugging Face",
    ),
    "shared memory without ranks": (
        {"serving": CPU | {"resources": {"sharedMemory": "1Gi"}}, "model": GGUF},
        ("serving", "resources", "sharedMemory"),
        "has no effect",
    ),
    "size of a claim that exists": (
        {"serving": {"storage": {"claim": {"name": "w", "size": "200Gi"}}}},
        ("serving", "storage", "claim", "size"),
        "not created",
    ),
    "unread on vllm in knative": (
        {"serving": {"mode": "Knative", "parallelRequests": 4}, "gateway": {"enabled": False}},
        ("serving", "parallelRequests"),
        "has no effect",
    ),
    "target that nothing holds": (
        {"serving": {"autoscaling": {"target": 3}}},
        ("serving", "autoscaling", "target"),
        "the scaler is none",
    ),
    "metric that hpa does not ask for": (
        {"serving": {"maxReplicas": 2, "autoscaling": HPA | {"metric": "requests_running"}}},
        ("serving", "autoscaling", "metric"),
        "CPU utilisation",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_refused(case: str) -> None:
    assert_refused(*CASES[case])
