"""Combinations that cannot work are refused, each with its key path and a remedy."""

from __future__ import annotations

import pytest

from components.common.errors import MistakesError
from tests.support.stacks import make_stack
from tests.unit.stack.cases import CPU, GGUF, HPA, KEDA, OLLAMA, TAG, Case, assert_refused

CASES: dict[str, Case] = {
    "unknown runtime": ({"serving": {"runtime": "vlm"}}, ("serving", "runtime"), "there is no runtime 'vlm'"),
    "runtime off": ({"cluster": {"runtimes": {"vllm": False}}}, ("serving", "runtime"), "switched off"),
    "unknown pool": ({"serving": {"pool": "h200"}}, ("serving", "pool"), "no accelerator pool 'h200'"),
    "unknown accelerator": (
        {"cluster": {"pools": {"h100": {"accelerator": "h10"}}}},
        ("cluster", "pools", "h100", "accelerator"),
        "no accelerator 'h10'",
    ),
    "unknown shared gateway": ({"gateway": {"shared": "x"}}, ("gateway", "shared"), "no shared gateway 'x'"),
    "gpus against parallelism": ({"serving": {"gpus": 3}}, ("serving", "gpus"), "4 x 1 x 1 = 4"),
    "more than a node": (
        {"serving": {"tensorParallelSize": 16}},
        ("serving", "tensorParallelSize"),
        "fits no node",
    ),
    "heads": (
        {"serving": {"tensorParallelSize": 6}},
        ("serving", "tensorParallelSize"),
        "64 attention heads",
    ),
    "gpus on cpu": ({"serving": CPU | {"gpus": 1}, "model": GGUF}, ("serving", "gpus"), "which has none"),
    "engine without parallel sizes": (
        {"serving": {"runtime": "ollama"}, "model": {"ollamaTag": "llama3.3:70b"}},
        ("serving", "tensorParallelSize"),
        "no parallel sizes",
    ),
    "gpu image on cpu": (
        {"serving": {"pool": "cpu", "tensorParallelSize": 1}},
        ("serving", "pool"),
        "runs on gpu",
    ),
    "max below min": ({"serving": {"minReplicas": 3, "maxReplicas": 2}}, ("serving", "maxReplicas"), "below"),
    "zero without keda": (
        {"serving": {"minReplicas": 0, "maxReplicas": 1}},
        ("serving", "minReplicas"),
        "only KEDA",
    ),
    "rollout that cannot move": (
        {"serving": {"rollout": {"maxSurge": 0, "maxUnavailable": 0}}},
        ("serving", "rollout"),
        "no pod could ever be replaced",
    ),
    "nothing scales": ({"serving": {"maxReplicas": 4}}, ("serving", "maxReplicas"), "nothing scales"),
    "keda undeclared": (
        {"serving": {"maxReplicas": 4, "autoscaling": {"scaler": "keda"}}},
        ("serving", "autoscaling", "scaler"),
        "declares no KEDA",
    ),
    "no weights": (
        {"model": {"weights": {"uri": None}}},
        ("model", "weights", "uri"),
        "where the weights come from",
    ),
    "no gguf": (
        {"serving": CPU, "model": {"weights": {"uri": "s3://m/x"}}},
        ("model", "weights", "file"),
        ".gguf",
    ),
    "no tag": (
        {"serving": {"runtime": "ollama", "tensorParallelSize": None}},
        ("model", "ollamaTag"),
        "pulls",
    ),
    "claim and uri": (
        {"serving": {"storage": {"uri": "s3://m/x", "claim": {"name": "w"}}}},
        ("serving", "storage", "uri"),
        "remove one of them",
    ),
    "claim without size": (
        {"serving": {"storage": {"claim": {"name": "w", "create": True}}}},
        ("serving", "storage", "claim", "size"),
        "needs a size",
    ),
    "claim on one node": (
        {
            "serving": {
                "minReplicas": 2,
                "storage": {"claim": {"name": "w", "accessMode": "ReadWriteOnce"}},
            }
        },
        ("serving", "storage", "claim", "accessMode"),
        "2 pods",
    ),
    "claim that cannot be written": (
        {
            "serving": OLLAMA | {"storage": {"claim": {"name": "w", "accessMode": "ReadOnlyMany"}}},
            "model": TAG,
        },
        ("serving", "storage", "claim", "accessMode"),
        "Ollama writes",
    ),
    "gated without a store": (
        {"model": {"gated": True}, "cluster": {"secretStore": None}},
        ("cluster", "secrets"),
        "is gated",
    ),
    "context": ({"serving": {"maxModelLen": 200000}}, ("serving", "maxModelLen"), "was made for 131072"),
    "adapters elsewhere": (
        {"serving": CPU, "model": GGUF | {"adapters": {"a": {"uri": "s3://m/a"}}}},
        ("model", "adapters"),
        "LoRA",
    ),
    "adapters beside a folder of a claim": (
        {
            "model": {"adapters": {"a": {"uri": "s3://m/a"}}},
            "serving": {"storage": {"claim": {"name": "w", "path": "hf"}}},
        },
        ("serving", "storage", "claim", "path"),
        "the root of a claim",
    ),
    "adapters beside an image": (
        {"model": {"adapters": {"a": {"uri": "s3://m/a"}}, "weights": {"uri": "oci://m/w:1"}}},
        ("model", "weights", "uri"),
        "no image beside adapters",
    ),
    "adapter in an image": (
        {"model": {"adapters": {"a": {"uri": "oci://m/a:1"}}}},
        ("model", "adapters", "a", "uri"),
        "no image beside other storage",
    ),
    "a variable that KServe refuses": (
        {"serving": {"env": {"PYTHONPATH": "/x"}}},
        ("serving", "env", "PYTHONPATH"),
        "KServe refuses the variable PYTHONPATH",
    ),
    "a variable of the runtime that Knative refuses": (
        {
            "serving": {"mode": "Knative"},
            "gateway": {"enabled": False},
            "runtimes": {"vllm": {"env": {"PORT": "8080"}}},
            "cluster": {
                "versions": {"knative": "1.21.1"},
                "knative": {
                    "features": {
                        "kubernetes.podspec-nodeselector": True,
                        "kubernetes.podspec-tolerations": True,
                    }
                },
            },
        },
        ("runtimes", "vllm", "env", "PORT"),
        "Knative refuses the variable PORT",
    ),
    "rerank elsewhere": (
        {"serving": CPU, "model": GGUF | {"kind": "rerank"}},
        ("serving", "runtime"),
        "no rerank requests to llamacpp",
    ),
    "adapters in one folder": (
        {"model": {"adapters": {"a.b": {"uri": "s3://m/a"}, "A-B": {"uri": "s3://m/b"}}}},
        ("model", "adapters", "a.b"),
        "would share /mnt/adapters/a-b",
    ),
    "adapter with a long name": (
        {"model": {"adapters": {"a" * 51: {"uri": "s3://m/a"}}}},
        ("model", "adapters", "a" * 51),
        "64 characters, 63 are allowed",
    ),
    "knative behind a pool": (
        {"serving": {"mode": "Knative"}, "cluster": {"versions": {"knative": "1.21.1"}}},
        ("gateway", "enabled"),
        "blind",
    ),
    "knative behind a gateway": (
        {
            "serving": {"mode": "Knative"},
            "gateway": {"pool": {"enabled": False}},
            "cluster": {"versions": {"knative": "1.21.1"}},
        },
        ("gateway", "enabled"),
        "a Gateway that routes to pods goes past Knative",
    ),
    "unknown key of the picker's configuration": (
        {"gateway": {"epp": {"config": {"featureGate": ["flowControl"]}}}},
        ("gateway", "epp", "config", "featureGate"),
        "did you mean 'featureGates'?",
    ),
    "unknown key in a list of the picker's configuration": (
        {
            "gateway": {
                "epp": {
                    "config": {"schedulingProfiles": [{"name": "d", "plugins": [{"plugin": "queue-scorer"}]}]}
                }
            }
        },
        ("gateway", "epp", "config", "schedulingProfiles", 0, "plugins", 0, "plugin"),
        "did you mean 'pluginRef'?",
    ),
    "namespace that no gateway's service can be called after": (
        {"serving": {"namespace": "7b"}},
        (),
        "a Service's name starts with a letter",
    ),
    "knative undeclared": (
        {"serving": {"mode": "Knative"}, "gateway": {"enabled": False}},
        ("serving", "mode"),
        "declares no Knative",
    ),
    "knative feature": (
        {
            "serving": {"mode": "Knative"},
            "gateway": {"enabled": False},
            "cluster": {"versions": {"knative": "1.21.1"}},
        },
        ("cluster", "knative", "features"),
        "kubernetes.podspec-nodeselector",
    ),
    "wiring undeclared": (
        {"gateway": {"wiring": "envoy-ai-gateway"}},
        ("gateway", "wiring"),
        "envoyAiGateway",
    ),
    "wiring against shared": (
        {
            "gateway": {"wiring": "istio", "shared": "s"},
            "cluster": {"sharedGateways": {"s": {"wiring": "envoy-extension-policy"}}},
        },
        ("gateway", "wiring"),
        "shared gateway",
    ),
    "gke without a name": ({"gateway": {"wiring": "gke"}}, ("gateway", "hostname"), "needs a name"),
    "fail open": (
        {"gateway": {"pool": {"failureMode": "FailOpen"}}},
        ("gateway", "pool", "failureMode"),
        "always fails closed",
    ),
    "tls against wiring": (
        {"gateway": {"wiring": "istio", "epp": {"tls": "off"}}},
        ("gateway", "epp", "tls"),
        "only works with",
    ),
    "no issuer": ({"gateway": {"epp": {"tls": "cert-manager"}}}, ("gateway", "epp", "issuer"), "issuer"),
    "image volume on an old cluster": (
        {"model": {"weights": {"uri": "oci+native://r.example.com/m:1"}}, "cluster": {"kubernetes": "1.34"}},
        ("model", "weights", "uri"),
        "Kubernetes 1.35",
    ),
    "image under restricted": (
        {
            "model": {"weights": {"uri": "oci://r.example.com/m:1"}},
            "cluster": {"namespaces": {"podSecurity": "restricted"}},
        },
        ("model", "weights", "uri"),
        "restricted",
    ),
    "adapter called like its model": (
        {"model": {"adapters": {"llama-70b": {"uri": "s3://m/a"}}}},
        ("model", "adapters", "llama-70b"),
        "called like",
    ),
    "gateway service": (
        {"gateway": {"wiring": "istio", "className": "i" * 40}, "cluster": {"versions": {"istio": "1.30.3"}}},
        (),
        "the gateway's Service",
    ),
    "kubernetes unknown": (
        {"cluster": {"kubernetes": "1.99"}},
        ("cluster", "kubernetes"),
        "schemas are known",
    ),
    "hpa without a percentage": (
        {"serving": {"maxReplicas": 2, "autoscaling": {"scaler": "hpa"}}},
        ("serving", "autoscaling", "target"),
        "whole percent",
    ),
    "hpa with half a percent": (
        {"serving": {"maxReplicas": 2, "autoscaling": HPA | {"target": 0.5}}},
        ("serving", "autoscaling", "target"),
        "whole percent",
    ),
    "share of the cache unsaid": (
        {"serving": {"maxReplicas": 2, "autoscaling": {"metric": "kv_cache_usage"}}, "cluster": KEDA},
        ("serving", "autoscaling", "target"),
        "nothing says how much",
    ),
    "knative claim that is written": (
        {
            "serving": OLLAMA | {"mode": "Knative", "storage": {"claim": {"name": "models"}}},
            "gateway": {"enabled": False},
            "model": TAG,
            "cluster": {"versions": {"knative": "1.21.1"}},
        },
        ("cluster", "knative", "features"),
        "kubernetes.podspec-persistent-volume-write",
    ),
    "gateway undeclared": (
        {"gateway": {"pool": {"enabled": False}}, "cluster": {"versions": {"envoyGateway": None}}},
        ("gateway", "wiring"),
        "needs envoyGateway",
    ),
    "unknown scorer": (
        {"gateway": {"epp": {"scorers": {"queue-score": 1}}}},
        ("gateway", "epp", "scorers", "queue-score"),
        "did you mean queue-scorer",
    ),
    "plugin that scores nothing": (
        {"gateway": {"epp": {"scorers": {"max-score-picker": 1}}}},
        ("gateway", "epp", "scorers", "max-score-picker"),
        "is a picker",
    ),
    "backend api": ({"gateway": {"epp": {"tls": "self-signed"}}}, ("gateway", "epp", "tls"), "Backend API"),
}


@pytest.mark.parametrize("case", CASES)
def test_refused(case: str) -> None:
    assert_refused(*CASES[case])


def test_a_name_that_is_too_long_is_refused_not_cut() -> None:
    with pytest.raises(MistakesError) as caught:
        make_stack("a" * 42, cluster={"envoyGateway": {"deploy": "GatewayNamespace"}})
    (worst,) = caught.value.mistakes
    assert ("KServe host label" in worst.message, "by 2" in worst.remedy) == (True, True)
    with pytest.raises(MistakesError) as caught:
        make_stack("a" * 42, serving={"name": "b"}, cluster={"envoyGateway": {"deploy": "GatewayNamespace"}})
    (worst,) = caught.value.mistakes
    assert ("EPP Service" in worst.message, "by 1" in worst.remedy) == (True, True)
    stack = make_stack("a" * 40, cluster={"envoyGateway": {"deploy": "GatewayNamespace"}})
    assert stack.names.epp == "a" * 40 + "-inference-gateway-epp"


def test_several_mistakes_at_once() -> None:
    with pytest.raises(MistakesError) as caught:
        make_stack(serving={"gpus": 3, "maxModelLen": 200000}, gateway={"wiring": "gke"})
    assert len(caught.value.mistakes) == 3


def test_a_gateway_without_a_pool_needs_no_endpoint_picker() -> None:
    versions = {"llmdRouter": None, "inferenceExtension": None}
    assert not make_stack(gateway={"pool": {"enabled": False}}, cluster={"versions": versions}).has_pool
