"""Whether a model can be split over the ranks of its pod, and whether its cards and images can run it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from components.common.model import Architecture
from components.facts import VersionError, parse
from scripts.check.deployment import Deployment, deployment
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, KeyPath, Obj
from scripts.check.rule import rule

_ISVC = ("InferenceService",)
_TENSOR = "tensor-parallel-size"
_VOCABULARY_PADDING = 64
"""vLLM pads the vocabulary to a multiple of it before it is split (vocab_parallel_embedding.py)."""
_ARM = ("gb200", "gb300", "gh200", "grace")
_ARCHITECTURES = {
    "arm64": "arm64",
    "aarch64": "arm64",
    "amd64": "amd64",
    "x86_64": "amd64",
}


@rule(
    "tensor-divides-heads",
    kinds=_ISVC,
    why="The engine ends at start: attention heads cannot be split over that many ranks.",
    fix="Use a tensor parallel size that divides the number of attention heads.",
    source="serving.md 37; vllm#2652, #4232, #11797; inference-stacks.md 5.2",
)
def divides_heads(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The tensor parallel size divides the number of attention heads."""
    for one, architecture in _split(service, view):
        if architecture.attention_heads % one.tensor:
            yield _tensor_hit(one, f"{architecture.attention_heads} attention heads cannot be split")


@rule(
    "tensor-divides-kv-heads",
    kinds=_ISVC,
    why="The engine ends at start: KV heads are either split evenly or copied evenly.",
    fix="Use a tensor parallel size that divides the number of KV heads, or is a multiple of it.",
    source="inference-stacks.md 5.2 (max(1, kv_heads/TP)); vLLM model_executor/models",
)
def divides_kv_heads(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """KV heads are split evenly over the tensor ranks, or copied evenly."""
    for one, architecture in _split(service, view):
        heads = architecture.key_value_heads
        even = heads % one.tensor == 0 if heads >= one.tensor else one.tensor % heads == 0
        if architecture.attention != "mla" and not even:
            yield _tensor_hit(one, f"{heads} KV heads can neither be split nor copied evenly")


@rule(
    "tensor-copies-kv-heads",
    kinds=_ISVC,
    level="note",
    why="Ranks hold copies of the KV cache: more GPUs give no more room for it.",
    fix="Use fewer tensor ranks and more replicas, or data parallel attention.",
    source="inference-stacks.md 5.2",
)
def copies_kv_heads(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """There are no more tensor ranks than KV heads."""
    for one, architecture in _split(service, view):
        heads = architecture.key_value_heads
        if architecture.attention != "mla" and one.tensor > heads and one.tensor % heads == 0:
            copies = one.tensor // heads
            yield _tensor_hit(one, f"each of {heads} KV heads is kept {copies} times")


@rule(
    "tensor-divides-vocabulary",
    kinds=_ISVC,
    why="The engine ends at start: the embedding cannot be split over that many ranks.",
    fix="Use a tensor parallel size that divides the padded vocabulary.",
    source="inference-stacks.md 5.2 (Qwen3-14B with TP 5); planner accuracy report",
)
def divides_vocabulary(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The tensor parallel size divides the vocabulary, padded as the engine pads it."""
    for one, architecture in _split(service, view):
        if architecture.vocabulary:
            padded = -(-architecture.vocabulary // _VOCABULARY_PADDING) * _VOCABULARY_PADDING
            if padded % one.tensor:
                yield _tensor_hit(one, f"{padded} rows of the embedding cannot be split")


@rule(
    "tensor-splits-expert-blocks",
    kinds=_ISVC,
    why="The engine ends at start: a rank's part of an expert is no whole number of quantisation blocks.",
    fix="Use a smaller tensor parallel size with more pipeline stages, or expertParallel: true.",
    source="inference-stacks.md 5.2 (Qwen3-Coder-480B: 2560 / 8 = 320 is no multiple of 128)",
)
def splits_expert_blocks(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A block-quantised expert is split at the borders of its blocks."""
    for one, architecture in _split(service, view):
        size, block = architecture.moe_intermediate, architecture.quantization_block
        if size and block and not one.expert_parallel and size % (one.tensor * block):
            part = f"{size} / {one.tensor} = {size / one.tensor:g}"
            yield _tensor_hit(one, f"an expert of {size} in blocks of {block} cannot be split ({part})")


@rule(
    "pipeline-fits-layers",
    kinds=_ISVC,
    why="The engine ends at start: a stage would have no layer.",
    fix="Use at most as many pipeline stages as the model has layers.",
    source="inference-stacks.md 5.2",
)
def fits_layers(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """There are no more pipeline stages than layers."""
    one = deployment(service, view)
    architecture = one.stack.model.architecture if one else None
    if one and architecture and one.pipeline > architecture.layers:
        yield Hit(
            service,
            one.field_of("pipeline-parallel-size"),
            f"{one.pipeline} pipeline stages for {architecture.layers} layers of {one.stack.model.name}",
            cause=one.cause("pipeline-parallel-size"),
        )


@rule(
    "expert-parallel-needs-experts",
    kinds=_ISVC,
    why="vLLM refuses to spread experts that a model does not have.",
    fix="Remove serving.expertParallel, or say in the model's class how many experts it has.",
    source="vLLM config/model.py (number of experts must be greater than 0)",
)
def needs_experts(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Expert parallelism is for models with experts."""
    one = deployment(service, view)
    architecture = one.stack.model.architecture if one else None
    if one and one.expert_parallel and architecture and not architecture.experts:
        yield Hit(
            service,
            one.field_of("enable-expert-parallel"),
            f"{one.stack.model.name} has no experts to spread",
            cause=one.cause("enable-expert-parallel"),
        )


@rule(
    "parallel-sizes-declared",
    kinds=_ISVC,
    why="The GPU ledger and the memory verdict of other tools reckon with other sizes than the engine gets.",
    fix="Set the size as a key of serving, not as an argument.",
    source="inference-stacks.md 3 idea 5",
)
def sizes_declared(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The engine gets the parallel sizes that the inventory declares."""
    one = deployment(service, view)
    if one is None or one.engine.name != "vllm" or not one.takes_flags or not one.declared:
        return
    serving = one.stack.serving
    wanted = {
        _TENSOR: ("tensorParallelSize", serving.tensor_parallel_size, one.tensor),
        "pipeline-parallel-size": ("pipelineParallelSize", serving.pipeline_parallel_size, one.pipeline),
        "data-parallel-size": ("dataParallelSize", serving.data_parallel_size, one.data),
    }
    for flag, (key, declared, compiled) in wanted.items():
        if declared != compiled:
            yield Hit(
                service,
                one.field_of(flag),
                f"--{flag} is {compiled}, serving.{key} declares {declared}",
                f"Set serving.{key}: {compiled} and remove the argument.",
                cause=one.cause(flag),
            )
    if serving.expert_parallel != one.expert_parallel:
        yield Hit(
            service,
            one.field_of("enable-expert-parallel"),
            f"expert parallelism is {_onoff(one.expert_parallel)}, serving.expertParallel declares it"
            f" {_onoff(serving.expert_parallel)}",
            cause=one.cause("enable-expert-parallel"),
        )


@rule(
    "card-runs-engine",
    kinds=_ISVC,
    why="The image has no kernels for this card, and the engine ends at start.",
    fix="Use an older vLLM (0.8), or another pool.",
    source="inference-stacks.md 3 idea 40; production-stack tutorials/25 (V100)",
)
def runs_engine(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """vLLM 0.9 and newer runs on cards of compute capability 8.0 and above."""
    for one, capability in _card(service, view):
        if capability < 8.0 and _at_least(one, "0.9.0"):
            yield _card_hit(one, capability, f"{one.name} needs 8.0", ("serving", "runtime"))


@rule(
    "card-has-fp8-cache",
    kinds=_ISVC,
    why="The engine ends at start: the card cannot compute with an FP8 KV cache.",
    fix="Remove serving.kvCacheDtype, or use Ada, Hopper or newer cards.",
    source="inference-stacks.md 3 idea 40",
)
def has_fp8_cache(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """An FP8 KV cache is for cards of compute capability 8.9 and above."""
    for one, capability in _card(service, view):
        kind = one.arguments.text("kv-cache-dtype") or ""
        if kind.startswith("fp8") and capability < 8.9:
            yield _card_hit(one, capability, f"a KV cache of {kind} needs 8.9", one.cause("kv-cache-dtype"))


@rule(
    "card-has-fp8-weights",
    kinds=_ISVC,
    level="warning",
    why="FP8 weights run as 16 bits on this card: they save memory and no time.",
    fix="Use Ada, Hopper or newer cards, or weights in INT8 or INT4.",
    source="inference-stacks.md 3 idea 40 and 4 row 25 (FP8 on A100)",
)
def has_fp8_weights(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """FP8 weights are for cards of compute capability 8.9 and above."""
    for one, capability in _card(service, view):
        if one.stack.model.precision == "fp8" and capability < 8.9:
            yield _card_hit(one, capability, "FP8 weights need 8.9", ("model", "precision"))


@rule(
    "card-has-nvfp4",
    kinds=_ISVC,
    why="Only Blackwell computes with NVFP4: vLLM before 0.9 ends at start elsewhere, later ones compute with 16 bits.",
    fix="Use the FP8 or BF16 weights of the model, or a Blackwell pool.",
    source="inference-stacks.md 3 idea 40; vLLM quantization/utils/marlin_utils_fp4.py",
)
def has_nvfp4(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """NVFP4 weights are for Blackwell cards (compute capability 10.0 and above); on Ampere, Ada and Hopper vLLM 0.9
    and newer only save memory with them."""
    for one, capability in _card(service, view):
        if one.stack.model.precision == "nvfp4" and capability < 10.0:
            hit = _card_hit(one, capability, "NVFP4 weights need 10.0", ("model", "precision"))
            unpacked = capability >= 8.0 and _at_least(one, "0.9.0")
            yield replace(hit, level="warning") if unpacked else hit


@rule(
    "card-has-bf16",
    kinds=_ISVC,
    why="The engine ends at start: the card has no bfloat16.",
    fix="Set serving.args.dtype: half, or use cards from Ampere on.",
    source="vLLM platforms/cuda.py (check_if_supports_dtype)",
)
def has_bf16(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """BF16 is for cards of compute capability 8.0 and above."""
    for one, capability in _card(service, view):
        dtype = one.arguments.text("dtype") or "auto"
        wanted = dtype == "bfloat16" or (dtype == "auto" and one.stack.model.precision == "bf16")
        if wanted and capability < 8.0:
            yield _card_hit(one, capability, "bfloat16 needs 8.0", ("model", "precision"))


@rule(
    "image-fits-device",
    kinds=_ISVC,
    why="The image has no code for the pool's cards: the engine ends at start, or runs on the CPU while the GPU idles.",
    fix="Use the image's variant for these cards.",
    source="serving.md 2.2 and 2.3; aibrix multi-vendor docs",
)
def fits_device(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The variant in an image's tag is for the cards of the pool."""
    one = deployment(service, view)
    if one is None or not one.main.image:
        return
    image = one.main.image.partition("@")[0]
    accelerator = one.stack.accelerator
    variant = _variant(image, one.engine.name)
    has = (accelerator.vendor or "GPUs") if accelerator.is_gpu else "cpu"
    if variant and has not in ("GPUs", variant):
        yield Hit(
            one.pod.runtime or service,
            "spec.containers[0].image" if one.pod.runtime else "spec.predictor.model.image",
            f"{image} is made for {variant}, pool {one.stack.serving.pool} of {service.ref} has {has}",
            cause=("runtimes", one.stack.serving.runtime, "image"),
            target=one.target,
        )


@rule(
    "image-architecture",
    kinds=_ISVC,
    why="The container ends with 'exec format error'.",
    fix="Use an image for the nodes' architecture, or one for several.",
    source="inference-stacks.md 3 idea 40 (arm64 on GB200)",
)
def image_architecture(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The architecture in an image's tag is that of the pool's nodes."""
    one = deployment(service, view)
    if one is None:
        return
    words = set(re.split(r"[^a-z0-9_]+", one.main.image.partition("@")[0].lower()))
    made = next((kind for word, kind in _ARCHITECTURES.items() if word in words), None)
    nodes = _node_architecture(one)
    if made and nodes and made != nodes:
        yield Hit(
            one.pod.runtime or service,
            "spec.containers[0].image" if one.pod.runtime else "spec.predictor.model.image",
            f"{one.main.image} is for {made}, nodes of pool {one.stack.serving.pool} are {nodes}",
            cause=("runtimes", one.stack.serving.runtime, "image"),
            target=one.target,
        )


def _split(service: Obj, view: ClusterView) -> Iterator[tuple[Deployment, Architecture]]:
    """A vLLM deployment with the architecture that it splits, where both are known."""
    one = deployment(service, view)
    architecture = one.stack.model.architecture if one else None
    if one and architecture and one.engine.name == "vllm" and one.tensor > 0:
        yield one, architecture


def _card(service: Obj, view: ClusterView) -> Iterator[tuple[Deployment, float]]:
    """A vLLM deployment with its cards' compute capability, where that is known."""
    one = deployment(service, view)
    if one and one.engine.name == "vllm" and one.stack.accelerator.compute_capability:
        yield one, one.stack.accelerator.compute_capability


def _tensor_hit(one: Deployment, said: str) -> Hit:
    message = f"{said} over {one.tensor} tensor ranks ({one.stack.model.name})"
    return Hit(one.service, one.field_of(_TENSOR), message, cause=one.cause(_TENSOR))


def _card_hit(one: Deployment, capability: float, said: str, cause: KeyPath) -> Hit:
    product = one.stack.accelerator.product or one.stack.pool.accelerator
    message = f"{product} has compute capability {capability:g}, {said}"
    return Hit(one.service, "spec.predictor.nodeSelector", message, cause=cause)


def _at_least(one: Deployment, version: str) -> bool:
    try:
        return parse(one.version) >= parse(version)
    except VersionError:
        return False


def _variant(image: str, engine: str) -> str | None:
    """Whose cards an image is made for: ``nvidia``, ``amd``, ``intel``, ``cpu``; None where the name does not
    say."""
    words = set(re.split(r"[^a-z0-9]+", image.lower()))
    for word, vendor in (
        ("rocm", "amd"),
        ("cuda", "nvidia"),
        ("xpu", "intel"),
        ("gaudi", "habana"),
        ("hpu", "habana"),
    ):
        if word in words:
            return vendor
    if "cpu" in words or (engine == "llamacpp" and "vulkan" not in words and "llama" in words):
        return "cpu"
    return "nvidia" if re.sub(r":[^/:]*$", "", image).endswith("vllm/vllm-openai") else None


def _node_architecture(one: Deployment) -> str | None:
    selected = one.pod.spec.texts("nodeSelector").get("kubernetes.io/arch")
    name = one.stack.pool.accelerator.lower()
    return selected or ("arm64" if any(word in name for word in _ARM) else None)


def _onoff(value: bool) -> str:
    return "on" if value else "off"
