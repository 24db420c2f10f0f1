"""The facts that the inventory states about a model: every verdict is only as good as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.common.model import Architecture
from components.stack.params import Stack
from scripts.check.fleet import FleetView, StackView
from scripts.check.model import Hit
from scripts.check.rule import rule

_BYTES: Mapping[str, tuple[float, float]] = {
    "fp32": (3.5, 4.7),
    "bf16": (1.7, 2.7),
    "fp16": (1.7, 2.7),
    "fp8": (0.9, 1.4),
    "int8": (0.9, 1.4),
    "int4": (0.45, 0.95),
    "mxfp4": (0.45, 0.95),
    "nvfp4": (0.45, 0.95),
    "gguf": (0.15, 2.2),
}
"""Bytes of one parameter in a checkpoint, from and to, by precision. Small models have large embeddings, which stay
at 16 bits, or are kept twice (inference-stacks.md 5.4: 1.88 to 2.0 for bf16, 0.59 to 0.69 for MXFP4)."""
_STRETCHING = frozenset(["hf-overrides", "rope-scaling", "rope-scale", "rope-freq-scale", "yarn-orig-ctx"])
"""Flags of vLLM and llama.cpp that make a longer context than the checkpoint's."""
_GIB_PER_BILLION = 1e9 / 2**30


@rule(
    "model-size-plausible",
    scope="stack",
    level="warning",
    why="Memory verdict, node storage and start time are all reckoned from a size that cannot be right.",
    fix="Correct model.weights.sizeGiB, model.precision or model.architecture.parametersB.",
    source="inference-stacks.md 5.4 and 2.18 (KAITO's catalogue counts gpt-oss twice)",
)
def size_plausible(view: StackView) -> Iterator[Hit]:
    """The size of a checkpoint is what its parameters take at its precision."""
    model = view.stack.model
    if model.architecture is None:
        return
    low, high = _BYTES[model.precision]
    billions = model.architecture.parameters_b * _GIB_PER_BILLION
    if not low * billions <= model.weights.size_gib <= high * billions:
        each = model.weights.size_gib / billions
        yield Hit(
            view.target,
            "model.weights.sizeGiB",
            f"{model.weights.size_gib:g} GiB for {model.architecture.parameters_b:g} billion parameters are"
            f" {each:.2f} bytes each, {model.precision} has {low:g} to {high:g}",
            cause=("model", "weights", "sizeGiB"),
        )


@rule(
    "model-repository-size",
    scope="stack",
    why="Node storage is reckoned from the repository, which cannot be smaller than the checkpoint in it.",
    fix="Correct model.weights.repositoryGiB, or remove it where the repository holds nothing else.",
    source="kserve v0.20 kserve_storage.py (fetches every file)",
)
def repository_size(view: StackView) -> Iterator[Hit]:
    """A repository is at least as large as the checkpoint that it holds."""
    weights = view.stack.model.weights
    if weights.repository_gib is not None and weights.repository_gib < weights.size_gib:
        yield Hit(
            view.target,
            "model.weights.repositoryGiB",
            f"a repository of {weights.repository_gib:g} GiB holds a checkpoint of {weights.size_gib:g} GiB",
            cause=("model", "weights", "repositoryGiB"),
        )


@rule(
    "model-architecture-consistent",
    scope="stack",
    why="No model has such an architecture, so every number that is reckoned from it is wrong.",
    fix="Copy the numbers from the model's config.json (`inferstack new model` reads it).",
    source="inference-stacks.md 5.2 and 5.4",
)
def architecture_consistent(view: StackView) -> Iterator[Hit]:
    """The numbers of an architecture do not contradict each other."""
    architecture = view.stack.model.architecture
    if architecture is None:
        return
    for key, said in _contradictions(architecture):
        yield Hit(view.target, f"model.architecture.{key}", said, cause=("model", "architecture", key))


def _contradictions(architecture: Architecture) -> Iterator[tuple[str, str]]:
    """(inventory key, what is wrong)."""
    heads, own = architecture.attention_heads, architecture.key_value_heads
    full, layers = architecture.full_attention_layers, architecture.layers
    if own > heads or heads % own:
        yield "keyValueHeads", f"{heads} attention heads cannot share {own} KV heads"
    if full is not None and full > layers:
        yield "fullAttentionLayers", f"{full} of {layers} layers have full attention"
    if architecture.attention == "sliding" and (
        architecture.window is None or full is None or full == layers
    ):
        lacks = "window" if architecture.window is None else "fullAttentionLayers"
        yield lacks, f"attention is sliding, and {lacks} does not say how far or in which layers"
    if architecture.window is not None and architecture.attention not in ("sliding", "hybrid"):
        yield (
            "attention",
            f"there is a window of {architecture.window} tokens, and attention is {architecture.attention}",
        )
    if architecture.attention == "mla" and not (architecture.kv_lora_rank and architecture.rope_head_dim):
        yield "kvLoraRank", "attention is mla, which needs kvLoraRank and ropeHeadDim"
    if architecture.kv_lora_rank and architecture.attention != "mla":
        yield "attention", f"there is a KV rank of {architecture.kv_lora_rank}, and attention is not mla"
    if architecture.indexer_head_dim and architecture.attention != "mla":
        yield "indexerHeadDim", "only mla has an indexer"
    if architecture.attention == "hybrid" and not architecture.fixed_state_mib:
        yield "fixedStateMib", "attention is hybrid, and no layer keeps a fixed state"
    if bool(architecture.moe_intermediate) and not architecture.experts:
        yield "experts", f"experts of {architecture.moe_intermediate}, and none is counted"


@rule(
    "model-context-plausible",
    scope="stack",
    level="warning",
    why="Clients are promised a context that no request can have.",
    fix="Correct model.maxContext: it counts tokens.",
    source="inference-stacks.md 5.4",
)
def context_plausible(view: StackView) -> Iterator[Hit]:
    """A model was made for 512 to 16 million tokens, and for more than its window."""
    model = view.stack.model
    window = model.architecture.window if model.architecture else None
    if not 512 <= model.max_context <= 16 * 2**20 or (window or 0) > model.max_context:
        than = f", and its window is {window}" if (window or 0) > model.max_context else ""
        said = f"{model.name} was made for {model.max_context} tokens{than}"
        yield Hit(view.target, "model.maxContext", said, cause=("model", "maxContext"))


def _extended(stack: Stack) -> bool:
    """Whether the engine is told to stretch the model's positions."""
    engine = stack.runtime.engine
    given = {**stack.runtime.args, **stack.model.args.get(engine, {}), **stack.serving.args}
    return not _STRETCHING.isdisjoint(given)


@rule(
    "model-facts-agree",
    scope="fleet",
    level="warning",
    why="One of the two is wrong, and the verdicts about it too.",
    fix="Describe a model in one class that every stack includes.",
    source="inference-stacks.md 2.18 and 3 idea 25",
)
def facts_agree(view: FleetView) -> Iterator[Hit]:
    """Stacks that serve one model state the same facts about it."""
    first: dict[tuple[str, str], tuple[str, Stack]] = {}
    for target, stack in view.stacks:
        model = stack.model
        other, one = first.setdefault((model.name, model.precision), (target, stack))
        its, extended = one.model, _extended(one)
        for key, mine, theirs in (
            ("architecture", model.architecture, its.architecture),
            ("maxContext", model.max_context, its.max_context),
            ("weights.sizeGiB", model.weights.size_gib, its.weights.size_gib),
        ):
            if key == "weights.sizeGiB" and model.precision == "gguf":
                continue  # one name for every number of bits
            if key == "maxContext" and extended != _extended(stack):
                continue  # YaRN makes a longer context of the same weights
            if mine != theirs and mine is not None and theirs is not None:
                detail = "" if key == "architecture" else f" ({mine:g} and {theirs:g})"
                yield Hit(
                    target,
                    f"model.{key}",
                    f"stacks {target} and {other} state different facts of {model.name}: {key}{detail}",
                    cause=("model", *key.split(".")),
                )
