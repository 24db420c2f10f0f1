"""Slips in facts of the inventory that parse: names that are nearly known, and facts that contradict one another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from scripts.check.fleet import ClusterView, FleetView, StackView
from scripts.check.model import Hit
from scripts.check.rule import rule
from scripts.check.slips import slip

_LABELS: Mapping[str, frozenset[str]] = {
    "nvidia.com/gpu.product": frozenset(
        "NVIDIA-A10 NVIDIA-A10G NVIDIA-A30 NVIDIA-A40 NVIDIA-A100-SXM4-40GB NVIDIA-A100-SXM4-80GB"
        " NVIDIA-A100-PCIE-40GB NVIDIA-A100-80GB-PCIe NVIDIA-H100-80GB-HBM3 NVIDIA-H100-PCIe NVIDIA-H100-NVL"
        " NVIDIA-H200 NVIDIA-H200-NVL NVIDIA-H20 NVIDIA-H800 NVIDIA-GH200-480GB NVIDIA-B200 NVIDIA-GB200 NVIDIA-B300"
        " NVIDIA-GB300 NVIDIA-L4 NVIDIA-L40 NVIDIA-L40S NVIDIA-RTX-A6000 Tesla-T4 Tesla-V100-SXM2-16GB"
        " Tesla-V100-SXM2-32GB NVIDIA-RTX-6000-Ada-Generation NVIDIA-GeForce-RTX-4090".split()
    ),
    "cloud.google.com/gke-accelerator": frozenset(
        "nvidia-l4 nvidia-tesla-t4 nvidia-tesla-a100 nvidia-a100-80gb nvidia-h100-80gb nvidia-h100-mega-80gb"
        " nvidia-h200-141gb nvidia-b200 nvidia-gb200 nvidia-rtx-pro-6000".split()
    ),
    "kubernetes.io/arch": frozenset(("amd64", "arm64", "ppc64le", "s390x")),
    "kubernetes.io/os": frozenset(("linux", "windows")),
}
"""Node labels whose values are known: GPU feature discovery, GKE, kubelet. A value that is nearly one of them is a
slip; one that is like none is new."""
_RESOURCES = frozenset(
    "nvidia.com/gpu nvidia.com/gpu.shared amd.com/gpu gpu.intel.com/i915 gpu.intel.com/xe habana.ai/gaudi"
    " google.com/tpu aws.amazon.com/neuron aws.amazon.com/neuroncore".split()
)
"""Extended resources of device plugins; nodes that have them are often tainted with the same name."""
_TAINTS = frozenset("cloud.google.com/gke-spot kubernetes.azure.com/scalesetpriority sku dedicated".split())
_CAPABILITIES = {
    "A100": 8.0,
    "A10": 8.6,
    "A40": 8.6,
    "L4": 8.9,
    "L40": 8.9,
    "H100": 9.0,
    "H200": 9.0,
    "B200": 10.0,
}
"""CUDA compute capability by the card's name in its node label (developer.nvidia.com/cuda-gpus)."""
_REPOSITORIES = {
    "vllm": ("vllm/vllm-openai", "rocm/vllm", "vllm/vllm-openai-cpu-release-repo"),
    "llamacpp": ("ggml-org/llama.cpp", "ggerganov/llama.cpp"),
    "ollama": ("ollama/ollama",),
}
"""Repositories of an engine's own images, without the registry."""
_RELEASE = re.compile(r"b?\d+(?:\.\d+)*(?:[-.+]?(?:rc|alpha|beta|dev|post|gke|a|b)[-.]?\d*)*")
_TOOL_PARSERS = frozenset(
    "deepseek_v3 deepseek_v31 deepseek_v32 ernie45 functiongemma gigachat3 glm45 glm47 granite granite-20b-fc granite4"
    " hermes hunyuan_a13b internlm jamba kimi_k2 llama3_json llama4_json llama4_pythonic longcat minimax minimax_m2"
    " mistral olmo3 openai phi4_mini_json pythonic qwen3_coder qwen3_xml seed_oss step3 step3p5 xlam".split()
)
_REASONING_PARSERS = frozenset(
    "deepseek_r1 deepseek_v3 ernie45 glm45 gptoss openai_gptoss granite holo2 hunyuan_a13b kimi_k2 minimax_m2"
    " minimax_m2_append_think mistral olmo3 qwen3 seed_oss step3 step3p5".split()
)
"""Parsers that vLLM registers (vllm/tool_parsers and vllm/reasoning, 0.10 to 0.31)."""
_BLOCKS = (1, 8, 16, 32, 64, 128, 256)
"""Values of vLLM's --block-size (vllm/config/cache.py)."""


@rule(
    "node-label-known",
    scope="stack",
    why="No node has the label, so the pods stay Pending.",
    fix="Correct nodeSelector of the accelerator or the pool.",
    source="NVIDIA/k8s-device-plugin docs/gpu-feature-discovery; kubernetes labels-annotations-taints",
    cause=("accelerators",),
)
def node_label_known(view: StackView) -> Iterator[Hit]:
    """A label by which nodes are selected is not nearly one that nodes have."""
    stack = view.stack
    for key, value in {**stack.accelerator.node_selector, **stack.pool.node_selector}.items():
        name = stack.pool.accelerator
        near = slip(key, _LABELS)
        if near:
            yield Hit(
                view.target, f"accelerators.{name}.nodeSelector", f"{key} is no label; did you mean {near}?"
            )
        plain = re.sub(r"-(SHARED|MIG-.*)$", "", value)
        near = slip(plain, _LABELS.get(key, ()), copies=True)
        if near or (not value and key in _LABELS):
            said = f"{key} is never {value or 'empty'}" + (f"; did you mean {near}?" if near else "")
            yield Hit(view.target, f"accelerators.{name}.nodeSelector", said)


@rule(
    "resource-name-known",
    scope="stack",
    why="No node has such a resource, or the pods do not tolerate the taint of those that do, and stay Pending.",
    fix="Correct resourceName, or the keys of tolerations, of the accelerator.",
    source="NVIDIA/k8s-device-plugin; kubernetes schedule-gpus, device plugins",
    cause=("accelerators",),
)
def resource_known(view: StackView) -> Iterator[Hit]:
    """Extended resources and taints are not nearly, but not quite, those of device plugins."""
    card, name = view.stack.accelerator, view.stack.pool.accelerator
    near = slip(card.resource_name or "", _RESOURCES, copies=True)
    if near:
        said = f"there is no resource {card.resource_name}; did you mean {near}?"
        yield Hit(view.target, f"accelerators.{name}.resourceName", said)
    for key in card.tolerations:
        if near := slip(key, _RESOURCES | _TAINTS, copies=True):
            said = f"no node has the taint {key}; did you mean {near}?"
            yield Hit(view.target, f"accelerators.{name}.tolerations", said)


@rule(
    "card-capability-agrees",
    scope="stack",
    why="Precisions are judged by the wrong generation of cards.",
    fix="Correct accelerators.<name>.computeCapability, or the label of its nodes.",
    source="developer.nvidia.com/cuda-gpus; inference-stacks.md 5.5",
    cause=("accelerators",),
)
def capability_agrees(view: StackView) -> Iterator[Hit]:
    """The compute capability of a card is that of the card in its node label."""
    card = view.stack.accelerator
    label = card.node_selector.get("nvidia.com/gpu.product", "")
    named = next((one for one in label.split("-") if one in _CAPABILITIES), "")
    own = card.compute_capability
    if named and own is not None and own != _CAPABILITIES[named]:
        said = f"{named} has compute capability {_CAPABILITIES[named]:g}, not {own:g}"
        yield Hit(view.target, f"accelerators.{view.stack.pool.accelerator}.computeCapability", said)


@rule(
    "engine-image-known",
    scope="stack",
    level="warning",
    why="The image does not exist, or is somebody else's.",
    fix="Correct runtimes.<name>.image.repository.",
    source="serving.md 2.1 to 2.3",
    cause=("serving", "runtime"),
)
def image_known(view: StackView) -> Iterator[Hit]:
    """The repository of an engine's image is not nearly the engine's own."""
    runtime = view.stack.runtime
    own = "/".join(runtime.image.repository.split("/")[-2:])
    near = slip(own, _REPOSITORIES[runtime.engine], copies=True)
    if near:
        field = f"runtimes.{view.stack.serving.runtime}.image.repository"
        yield Hit(view.target, field, f"{own} is no image of {runtime.engine}; did you mean {near}?")


@rule(
    "version-is-a-release",
    scope="cluster",
    level="warning",
    why="No such release exists, and everything that is held against the version is held against a guess.",
    fix="Give the number of the release.",
    source="gateway.md 1",
    cause=("cluster", "versions"),
)
def version_is_release(view: ClusterView) -> Iterator[Hit]:
    """Versions of operators and engines look like those of releases."""
    for name, version in view.facts.versions.items():
        if not _RELEASE.fullmatch(version):
            yield Hit(view.target, f"cluster.versions.{name}", f"{version} is no release")
    runtimes = {one.serving.runtime: (one.name, one.runtime) for one in view.stacks.values()}
    for name, (stack, runtime) in runtimes.items():
        if not _RELEASE.fullmatch(runtime.version):
            field = f"runtimes.{name}.version"
            yield Hit(
                f"{view.name}.{stack}", field, f"{runtime.version} is no release", cause=("runtimes", name)
            )


@rule(
    "parser-known",
    scope="stack",
    why="vLLM ends at its start, or gives tool calls and reasoning out as plain text.",
    fix="Name a parser that vLLM has.",
    source="vllm/tool_parsers, vllm/reasoning; serving.md 2.1",
    cause=("model", "args", "vllm"),
)
def parser_known(view: StackView) -> Iterator[Hit]:
    """Parsers of tool calls and reasoning are not nearly, but not quite, ones of vLLM; blocks have a size of its."""
    stack = view.stack
    if stack.runtime.engine != "vllm":
        return
    args = {**stack.runtime.args, **stack.model.args.get("vllm", {}), **stack.serving.args}
    for flag, known in (("tool-call-parser", _TOOL_PARSERS), ("reasoning-parser", _REASONING_PARSERS)):
        value = args.get(flag)
        near = slip(value, known, copies=True) if isinstance(value, str) else None
        if near or (value is not None and (not isinstance(value, str) or not value)):
            hint = f"; did you mean {near}?" if near else ""
            yield Hit(view.target, f"model.args.vllm.{flag}", f"there is no parser {value}{hint}")
    block = args.get("block-size")
    if block is not None and block not in _BLOCKS:
        said = f"--block-size {block} is none of {', '.join(map(str, _BLOCKS))}"
        yield Hit(view.target, "serving.args.block-size", said, cause=("serving", "args", "block-size"))


@rule(
    "revision-of-one-model",
    scope="fleet",
    why="The repository has no such revision, and the weights are not fetched.",
    fix="Give the commit of the model's own repository.",
    source="inference-stacks.md idea 24; huggingface_hub",
    cause=("model", "revision"),
)
def revision_of_one(view: FleetView) -> Iterator[Hit]:
    """No two models have one revision."""
    first: dict[str, tuple[str, str]] = {}
    for target, stack in view.stacks:
        revision, uri = stack.model.revision, stack.model.weights.uri or stack.model.name
        if revision is None or len(revision) < 12:
            continue
        other, other_uri = first.setdefault(revision, (target, uri))
        if other_uri != uri:
            yield Hit(target, "model.revision", f"{revision[:12]} is the revision of {other_uri} ({other})")


@rule(
    "pool-has-nodes",
    scope="stack",
    why="There is no node that the pods could run on.",
    fix="Correct cluster.pools.<pool>.nodes, or choose another pool.",
    source="inference-stacks.md 3 idea 15",
    cause=("serving", "pool"),
)
def pool_has_nodes(view: StackView) -> Iterator[Hit]:
    """The pool of a stack has nodes, and does not keep more free than it has; a pool of GPUs is not used without
    them."""
    stack = view.stack
    pool, field = stack.pool, f"cluster.pools.{stack.serving.pool}"
    if pool.nodes < 1:
        yield Hit(view.target, f"{field}.nodes", f"pool {stack.serving.pool} has no node")
    if pool.rollout_reserve > pool.nodes * 8 * (stack.accelerator.per_node or 1):
        yield Hit(
            view.target,
            f"{field}.rolloutReserve",
            f"it keeps {pool.rollout_reserve} free of {pool.nodes} nodes",
        )
    if stack.accelerator.is_gpu and stack.gpus_per_pod < 1:
        yield Hit(
            view.target,
            "serving.gpus",
            f"it takes no GPU in pool {stack.serving.pool}",
            cause=("serving", "gpus"),
        )


@rule(
    "prometheus-url-reachable",
    scope="cluster",
    level="warning",
    why="Autoscalers ask a Service that does not exist, and scale nothing.",
    fix="Correct cluster.prometheusUrl: <service>.<namespace>.svc.",
    source="serving.md 1.11; KEDA prometheus scaler",
    cause=("cluster", "prometheusUrl"),
)
def prometheus_reachable(view: ClusterView) -> Iterator[Hit]:
    """The Prometheus that autoscalers ask lies in the namespace where the cluster is monitored, or in another known
    one."""
    url = view.facts.prometheus_url or ""
    try:
        host = (urlsplit(url).hostname or "") if urlsplit(url).port != 0 else ""
    except ValueError:
        yield Hit(view.target, "cluster.prometheusUrl", f"{url} has no valid port")
        return
    parts = host.split(".")
    if len(parts) < 3 or parts[2] != "svc":
        return
    known = {*view.namespaces, view.facts.monitoring.namespace, "monitoring"}
    near = slip(parts[1], known)
    if near:
        yield Hit(
            view.target, "cluster.prometheusUrl", f"there is no namespace {parts[1]}; did you mean {near}?"
        )


@rule(
    "destination-named-after-cluster",
    scope="cluster",
    level="warning",
    why="Argo CD knows no cluster of that name, and syncs nothing.",
    fix="Correct cluster.argocd.destination.",
    source="serving.md 4.1",
    cause=("cluster", "argocd", "destination"),
)
def destination_named(view: ClusterView) -> Iterator[Hit]:
    """The destination in Argo CD is not nearly the cluster's name."""
    destination = view.facts.argocd.destination
    near = slip(destination, (view.name, "in-cluster"))
    if near:
        said = f"there is no cluster {destination}; did you mean {near}?"
        yield Hit(view.target, "cluster.argocd.destination", said)
