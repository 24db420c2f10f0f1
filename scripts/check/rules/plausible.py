"""Numbers and names of the inventory that no model, card or service has."""

from __future__ import annotations

from collections.abc import Iterator

from components.common.model import Architecture
from components.facts.memory import families
from scripts.check.fleet import ClusterView, StackView
from scripts.check.model import Hit
from scripts.check.rule import rule
from scripts.check.slips import slip

_RANGES = {
    "layers": (1, 300, 1),
    "attention_heads": (1, 512, 1),
    "head_dim": (32, 1024, 8),
    "vocabulary": (1_000, 2_000_000, 1),
    "experts": (2, 2048, 2),
    "moe_intermediate": (64, 65_536, 8),
    "kv_lora_rank": (64, 8_192, 8),
    "rope_head_dim": (16, 512, 8),
}
"""(least, most, multiple of) of an architecture's numbers (inference-stacks.md 5.4: every row lies within)."""
_GATED = ("hf://meta-llama/", "hf://google/gemma-")
"""Repositories whose publisher asks for consent (huggingface.co, 2026-11)."""
_TOKENS = frozenset(["HF_ENDPOINT", "HF_TOKEN"])
"""Variables of one who fetches elsewhere, or with a token of the pod's own."""
_OBJECTIVES = {"ttft_p95_seconds": 600.0, "tpot_p95_seconds": 10.0, "error_ratio": 0.5}
_MOST_REQUESTS = 1024
_LEAST_TOKENS = 128
_MOST_AN_HOUR = 100


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


@rule(
    "model-numbers-plausible",
    scope="stack",
    level="warning",
    why="Memory and parallelism are reckoned from a number that no model has.",
    fix="Copy the numbers from the model's config.json.",
    source="inference-stacks.md 5.4",
    cause=("model", "architecture"),
)
def numbers_plausible(view: StackView) -> Iterator[Hit]:
    """The numbers of an architecture lie where those of published models lie."""
    architecture = view.stack.model.architecture
    for key, said in _odd(architecture) if architecture else ():
        yield Hit(view.target, f"model.architecture.{key}", said, cause=("model", "architecture", key))


def _odd(architecture: Architecture) -> Iterator[tuple[str, str]]:
    for name, (least, most, step) in _RANGES.items():
        number = getattr(architecture, name)
        if number is not None and not (least <= number <= most and number % step == 0):
            multiple = f", in steps of {step}" if step > 1 else ""
            yield _camel(name), f"{number} is not between {least} and {most}{multiple}"
    if architecture.attention in ("sliding", "hybrid") and architecture.full_attention_layers == 0:
        yield "fullAttentionLayers", "no layer sees the whole context"
    if architecture.quantization_block and architecture.experts and not architecture.moe_intermediate:
        yield (
            "moeIntermediate",
            f"{architecture.experts} experts in blocks, and nothing says how large one is",
        )
    near = slip(architecture.family, families())
    if near or not architecture.family:
        yield (
            "family",
            f"there is no family {architecture.family or '(none)'}{f'; did you mean {near}?' if near else ''}",
        )


@rule(
    "gated-repository-declared",
    scope="stack",
    level="warning",
    why="The publisher answers 401 to a fetch without a token, and the pods never start.",
    fix="Set `model.gated`, or say with `serving.accessToken` that none is needed here.",
    source="serving.md 1.5; huggingface.co gated models",
    cause=("model", "gated"),
)
def gated_declared(view: StackView) -> Iterator[Hit]:
    """A model from a repository that asks for consent is declared as gated, or needs no token here."""
    stack = view.stack
    uri, told = stack.storage_uri or "", stack.serving.access_token is not None
    mirrored = not _TOKENS.isdisjoint(stack.serving.env)
    if uri.startswith(_GATED) and not (stack.model.gated or told or mirrored):
        yield Hit(view.target, "model.gated", f"{uri} is gated")


@rule(
    "objective-plausible",
    scope="stack",
    level="warning",
    why="The alert about it never fires.",
    fix="Give seconds, and errors as a share of one.",
    source="inference-stacks.md idea 16",
    cause=("monitoring", "slo"),
)
def objective_plausible(view: StackView) -> Iterator[Hit]:
    """Goals of a service are ones that somebody would notice to be missed."""
    slo = view.stack.params.monitoring.slo
    for name, most in _OBJECTIVES.items():
        number = getattr(slo, name, None)
        if number is not None and number > most:
            yield Hit(view.target, f"monitoring.slo.{_camel(name)}", f"{number:g} is more than {most:g}")


@rule(
    "host-share-plausible",
    scope="stack",
    level="warning",
    why="No node has so much memory, one pod has a thousandth of the cache for each request, or a prompt never fits.",
    fix="Correct hostMemoryPerGpuGiB, parallelRequests, or maxModelLen, which counts tokens.",
    source="serving.md 1.8 and 2.2",
    cause=("accelerators",),
)
def share_plausible(view: StackView) -> Iterator[Hit]:
    """A GPU brings at most 2 TiB of host memory, and a pod works on at most 1,024 requests at once, each of more
    than a sentence."""
    stack = view.stack
    length = stack.serving.max_model_len
    if length is not None and length < _LEAST_TOKENS:
        said = f"a request may have {length} tokens"
        yield Hit(view.target, "serving.maxModelLen", said, cause=("serving", "maxModelLen"))
    memory, requests = stack.accelerator.host_memory_per_gpu_gib, stack.serving.parallel_requests
    if memory > 2048:
        field = f"accelerators.{stack.pool.accelerator}.hostMemoryPerGpuGiB"
        yield Hit(view.target, field, f"{memory} GiB for each GPU")
    if requests > _MOST_REQUESTS:
        said = f"{requests} requests at once"
        yield Hit(view.target, "serving.parallelRequests", said, cause=("serving", "parallelRequests"))


@rule(
    "knative-numbers-declared",
    scope="stack",
    why="Knative gives a start up too early, or hands one request at a time to an engine that batches.",
    fix="Run `make compile`.",
    source="serving.md 1.2; knative.dev/docs/serving/autoscaling/concurrency",
    cause=("serving", "mode"),
)
def knative_numbers(view: StackView) -> Iterator[Hit]:
    """A Knative model may start as long as its startup probe waits, and its engine decides what it batches."""
    stack, key = view.stack, "serving.knative.dev/progress-deadline"
    wanted = 0 if stack.runtime.engine == "vllm" else stack.serving.parallel_requests
    for service in view.of("InferenceService") if stack.is_knative else ():
        probe = service.node("spec.predictor.model.startupProbe")
        budget = (probe.number("periodSeconds") or 0) * (probe.number("failureThreshold") or 0)
        own = service.annotations.get(key, "")
        number = own.removesuffix("s")
        if not (own.endswith("s") and number.isdigit() and budget <= int(number) <= budget + 3600):
            said = f"it is {own or 'not set'}, the startup probe waits {budget} s"
            yield Hit(service, f'metadata.annotations["{key}"]', said)
        if service.number("spec.predictor.containerConcurrency") != wanted:
            said = f"it is {service.raw('spec.predictor.containerConcurrency')}, not {wanted}"
            yield Hit(service, "spec.predictor.containerConcurrency", said)


@rule(
    "gguf-has-its-engine",
    scope="stack",
    why="vLLM is handed a folder, finds no config.json of weights that it can load in it, and ends.",
    fix="Serve the model with llama.cpp or Ollama, or take its unquantised weights.",
    source="serving.md 2.1 and 2.2; docs.vllm.ai features/quantization/gguf",
    cause=("model", "precision"),
)
def gguf_engine(view: StackView) -> Iterator[Hit]:
    """Weights in GGUF are served by an engine that is made for them, or vLLM is told so."""
    stack = view.stack
    args = {**stack.runtime.args, **stack.model.args.get("vllm", {}), **stack.serving.args}
    told = not args.keys().isdisjoint(("load-format", "quantization", "tokenizer", "hf-config-path"))
    if stack.runtime.engine == "vllm" and stack.model.precision == "gguf" and not told:
        yield Hit(view.target, "model.precision", f"{stack.model.name} in GGUF on vLLM")


@rule(
    "price-plausible",
    scope="cluster",
    level="warning",
    why="Reviews tell of costs a thousand times as high.",
    fix="Correct pricePerGpuHour: dollars, or another currency, of one GPU in one hour.",
    source="llm-d-planner gpu_catalog.json",
    cause=("cluster", "pools"),
)
def price_plausible(view: ClusterView) -> Iterator[Hit]:
    """An hour of a GPU costs no more than a hundred."""
    for name, pool in view.facts.pools.items():
        if (pool.price_per_gpu_hour or 0) > _MOST_AN_HOUR:
            said = f"an hour costs {pool.price_per_gpu_hour:g}"
            yield Hit(view.target, f"cluster.pools.{name}.pricePerGpuHour", said)
