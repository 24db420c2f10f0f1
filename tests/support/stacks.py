"""Small stacks and clusters for tests: complete, valid, and changed by a merge patch.

    stack = make_stack(serving={"minReplicas": 2, "maxReplicas": 2})
    fleet = make_fleet(stack, make_stack("qwen3", model={"name": "Qwen/Qwen3-32B"}))

Every keyword is a root key of the parameters and is merged over the defaults as RFC 7386 says: maps merge,
``None`` removes, everything else replaces.
"""

from __future__ import annotations

from typing import Any

from components.cluster.load import load_fleet
from components.cluster.params import ClusterParams, Fleet
from components.common.load import load
from components.common.place import merge_patch
from components.stack.load import load_stack
from components.stack.params import Stack, StackParams

CLUSTER = "eu-h100"
Parameters = dict[str, Any]


def accelerators() -> Parameters:
    """One GPU type and nodes without any."""
    return {
        "h100": {
            "vendor": "nvidia",
            "product": "H100 SXM 80GB",
            "resourceName": "nvidia.com/gpu",
            "memoryGiB": 79.6,
            "perNode": 8,
            "computeCapability": 9.0,
            "nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"},
            "tolerations": {"nvidia.com/gpu": {"effect": "NoSchedule"}},
        },
        "cpu": {"kind": "cpu"},
    }


def runtimes() -> Parameters:
    """One runtime an engine."""
    return {
        "vllm": {
            "engine": "vllm",
            "version": "0.33.0",
            "image": {"repository": "docker.io/vllm/vllm-openai", "tag": "v0.33.0"},
        },
        "llamacpp": {
            "engine": "llamacpp",
            "version": "b6800",
            "device": "cpu",
            "image": {"repository": "ghcr.io/ggml-org/llama.cpp", "tag": "server-b6800"},
        },
        "ollama": {
            "engine": "ollama",
            "version": "0.32.15",
            "device": "any",
            "image": {"repository": "docker.io/ollama/ollama", "tag": "0.32.15"},
        },
    }


def cluster() -> Parameters:
    """The cluster ``eu-h100``: two nodes of eight H100, four nodes without GPUs, Envoy Gateway."""
    return {
        "name": CLUSTER,
        "kubernetes": "1.36",
        "versions": {
            "certManager": "1.17.0",
            "envoyGateway": "1.9.0",
            "externalSecrets": "1.2.0",
            "gatewayApi": "1.6.1",
            "inferenceExtension": "1.5.0",
            "kserve": "0.20.0",
            "litellm": "1.106.2",
            "llmdRouter": "0.10.0",
        },
        "pools": {
            "h100": {"accelerator": "h100", "nodes": 2},
            "cpu": {"accelerator": "cpu", "nodes": 4},
        },
        "runtimes": {"vllm": True, "llamacpp": True, "ollama": True},
        "secretStore": {"name": "vault"},
        "secrets": {
            "hugging-face": {"key": "llm/hugging-face", "property": "token"},
            "litellm-master-key": {"key": "llm/litellm", "property": "master-key"},
        },
        "argocd": {"repoUrl": "https://git.example.com/platform/inference.git"},
    }


def model() -> Parameters:
    """Llama 3.3 70B as its config.json describes it."""
    return {
        "name": "meta-llama/Llama-3.3-70B-Instruct",
        "licence": "llama3.3",
        "revision": "6f6073b423013f6a7d4d9f39144961bfbfbc386b",
        "weights": {"uri": "hf://meta-llama/Llama-3.3-70B-Instruct", "sizeGiB": 131.4},
        "maxContext": 131072,
        "architecture": {
            "family": "llama",
            "parametersB": 70.6,
            "layers": 80,
            "attentionHeads": 64,
            "keyValueHeads": 8,
            "headDim": 128,
            "vocabulary": 128256,
        },
    }


def stack_params(**overrides: Any) -> Parameters:
    """Parameters of a stack target: Llama 3.3 70B on four H100 behind Envoy Gateway."""
    base = {
        "cluster": cluster(),
        "environment": {"name": "prod"},
        "accelerators": accelerators(),
        "runtimes": runtimes(),
        "model": model(),
        "serving": {"runtime": "vllm", "pool": "h100", "tensorParallelSize": 4, "maxModelLen": 32768},
    }
    merged: Parameters = merge_patch(base, overrides)
    return merged


def cluster_params(**overrides: Any) -> Parameters:
    """Parameters of the cluster's own target."""
    base = {
        "cluster": cluster(),
        "environment": {"name": "prod"},
        "accelerators": accelerators(),
        "runtimes": runtimes(),
    }
    merged: Parameters = merge_patch(base, overrides)
    return merged


def wired(wiring: str) -> Parameters:
    """Overrides that wire a stack in one way, on a cluster with versions that belong together."""
    versions = {
        "envoy-extension-policy": {},
        "envoy-ai-gateway": {"envoyGateway": "1.8.3", "envoyAiGateway": "1.1.0", "gatewayApi": "1.5.1"},
        "istio": {"istio": "1.30.3", "gatewayApi": "1.5.1"},
        "agentgateway": {"agentgateway": "1.4.1"},
        "gke": {},
    }
    # GKE's load balancer makes no Service in the cluster.
    hostname = {"hostname": "inference.example.internal"} if wiring == "gke" else {}
    return {"gateway": {"wiring": wiring, **hostname}, "cluster": {"versions": versions[wiring]}}


def make_stack(name: str = "llama-70b", **overrides: Any) -> Stack:
    """A stack of ``stack_params(**overrides)``. Raises MistakesError as the compiler does."""
    parameters = stack_params(**overrides)
    return load_stack(f"{parameters['cluster']['name']}.{name}", parameters)


def make_fleet(*stacks: Stack, **overrides: Any) -> Fleet:
    """A cluster with these stacks.

    ``overrides`` reach the cluster's own target and, as far as they are facts of the cluster, every stack.
    Raises MistakesError as the compiler does, ValueError for stacks of different clusters.
    """
    shared = ("cluster", "environment", "accelerators", "runtimes")
    written = [(stack.name, written_params(stack.params)) for stack in stacks]
    base = {key: written[0][1][key] for key in shared} if written else cluster_params()
    if any(one[key] != base[key] for _, one in written for key in shared):
        raise ValueError("the stacks are of different clusters: give what differs to make_fleet instead")
    own = merge_patch(base, overrides)
    facts = {key: patch for key, patch in overrides.items() if key in shared}
    name = own["cluster"]["name"]
    members = {f"{name}.{stack}": merge_patch(one, facts) for stack, one in written}
    return load_fleet(f"{name}.cluster", {f"{name}.cluster": own, **members})


def written_params(params: StackParams | ClusterParams) -> Parameters:
    """A model as the inventory would write it."""
    written: Parameters = params.model_dump(by_alias=True, exclude_none=True, exclude_unset=True)
    return written


def stack_model(**overrides: Any) -> StackParams:
    """The parsed parameters, without the checks of combinations."""
    return load("test.stack", stack_params(**overrides), StackParams)
