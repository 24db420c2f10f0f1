"""Whether a model fits into the memory that it gets, and what decides that: context, sequences, cards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.facts import memory
from scripts.check.deployment import Deployment, deployment
from scripts.check.fit import Fit, Plan, Verdict, fit, remedies
from scripts.check.fit_gguf import GgufPlan, fit_gguf
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Level, Obj
from scripts.check.plans import gguf_plan, utilization, vllm_plan
from scripts.check.rule import rule

_ISVC = ("InferenceService",)
_TOLERANCE = 1.02
"""How far a card's memory may lie above the fact table: drivers differ by a few hundred MiB."""
_SHORT_CHAT = 128
"""Tokens of a sequence below which a cache only thrashes."""
_LEVELS: Mapping[Verdict, Level] = {"no": "error", "margin": "warning", "ok": "note"}
"""An ``ok`` is told where the constants are estimates that decide it."""
_MEASURE = "Compare it with the size of the KV cache that vLLM logs when it starts."
_LONG_CONTEXT = ("rope-scaling", "hf-overrides", "rope-theta")


@rule(
    "memory-fits",
    kinds=_ISVC,
    why="The engine ends at start, or the first long request ends it: the weights and one request do not fit.",
    fix="Serve a shorter context, use more tensor ranks or larger cards, or smaller weights.",
    source="inference-stacks.md 5.2 to 5.6 and 3 idea 4; vllm#2418; kubeai#421; kaito#2302",
)
def memory_fits(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The weights and the KV cache of one request at full context fit into the memory of the pod."""
    one = deployment(service, view)
    if one is None:
        return
    plan, small = vllm_plan(one), gguf_plan(one)
    if plan:
        yield from _vllm_hits(one, plan, fit(plan))
    if small:
        yield from _gguf_hits(one, small)


def _vllm_hits(one: Deployment, plan: Plan, found: Fit) -> Iterator[Hit]:
    if found.verdict == "ok" and not found.doubtful:
        return
    said = {"no": "does not fit", "margin": "fits within the error of the estimate", "ok": "fits"}
    doubt = "" if found.calibrated else f"; constants estimated for {one.name} on {plan.accelerator}"
    accelerator = one.stack.accelerator
    others = remedies(plan, accelerator.per_node, accelerator.compute_capability)
    yield Hit(
        one.service,
        one.field_of("max-model-len"),
        f"{one.stack.model.name} {said[found.verdict]}: {found.arithmetic}{doubt}",
        _MEASURE if found.verdict == "ok" else f"Set {' or '.join(others)}." if others else "",
        cause=one.cause("max-model-len"),
        level=_LEVELS[found.verdict],
    )


def _gguf_hits(one: Deployment, plan: GgufPlan) -> Iterator[Hit]:
    found = fit_gguf(plan)
    if found.verdict == "ok" and not found.offloaded:
        return
    said = {
        "no": "does not fit",
        "margin": "fits within the error of the estimate",
        "ok": "fits only in part",
    }
    share = f", {found.offloaded:.0%} of it runs on the CPU" if found.offloaded else ""
    yield Hit(
        one.service,
        "spec.predictor.model.resources.limits",
        f"{one.stack.model.name} {said[found.verdict]}{share}: {found.arithmetic}",
        "Lower serving.maxModelLen or parallelRequests, raise serving.resources.memory, or use more or larger GPUs.",
        cause=("serving", "maxModelLen"),
        level="error" if found.verdict == "no" else "warning",
    )


@rule(
    "memory-facts-known",
    kinds=_ISVC,
    level="warning",
    relaxed={"dev": "note"},
    why="Nobody can say whether the model fits: an unknown fact gives no verdict, never a good one.",
    fix="Fill in model.architecture from the model's config.json, and memoryGiB of the accelerator.",
    source="inference-stacks.md 3.1 points 2 and 8",
)
def facts_known(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The facts are known that a memory verdict needs."""
    one = deployment(service, view)
    if one is None:
        return
    stack = one.stack
    if stack.model.architecture is None:
        message = f"the architecture of {stack.model.name} is not known"
        yield Hit(service, "spec.predictor.model", message, cause=("model",))
    if stack.accelerator.is_gpu and stack.accelerator.memory_gib is None:
        name = stack.pool.accelerator
        message = f"the memory of accelerator {name} is not known"
        yield Hit(service, "spec.predictor.nodeSelector", message, cause=("accelerators", name))


@rule(
    "memory-warm-up",
    kinds=_ISVC,
    level="note",
    why="The sampler's warm-up takes memory outside vLLM's share, and gpt-oss-20b ran out of it at 0.95.",
    fix="Set serving.gpuMemoryUtilization to 0.92 if the engine ends with 'out of memory' while it warms up.",
    source="inference-stacks.md 5.2 (gpt-oss-20b at .95)",
)
def warm_up(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """vLLM leaves the warm-up some of the card."""
    one = deployment(service, view)
    if one is None or vllm_plan(one) is None:
        return
    share = utilization(one)
    if memory.warmup_utilization() < share <= memory.exhausting_utilization():
        left = (one.stack.accelerator.memory_gib or 0) * (1 - share)
        yield Hit(
            service,
            one.field_of("gpu-memory-utilization"),
            f"vLLM takes {share:g} of the card and leaves {left:.1f} GiB for the warm-up",
            cause=one.cause("gpu-memory-utilization"),
        )


@rule(
    "memory-utilization-valid",
    kinds=_ISVC,
    why="vLLM refuses to start: the share of the card is a number above 0 and up to 1.",
    fix="Set serving.gpuMemoryUtilization to a share, like 0.92.",
    source="vLLM config/cache.py",
)
def utilization_valid(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The share of the card is above 0 and at most 1."""
    one = deployment(service, view)
    given = one.arguments.find("gpu-memory-utilization") if one else None
    if one and given:
        share = one.arguments.decimal("gpu-memory-utilization")
        if share is None or not 0 < share <= 1:
            message = f"--gpu-memory-utilization is {given.values[-1] if given.values else 'empty'}"
            yield Hit(
                one.at(given), one.field(given), message, cause=one.cause(given.name), target=one.target
            )


@rule(
    "card-memory-plausible",
    scope="cluster",
    level="warning",
    why="The memory verdicts of the pool reckon with memory that the card does not have.",
    fix="Use what CUDA reports on the card, not what its name says: an H100 of 80 GB has 79.19 GiB.",
    source="inference-stacks.md 5.2 and 5.5",
)
def memory_plausible(view: ClusterView) -> Iterator[Hit]:
    """An accelerator has no more memory, and its nodes no more GPUs, than the fact table knows."""
    accelerators = view.params.accelerators if view.params else {}
    used = {pool.accelerator for pool in view.facts.pools.values()}
    for name in sorted(used & accelerators.keys()):
        card, given = memory.card(name), accelerators[name]
        if card and given.memory_gib and given.memory_gib > card.usable_gib * _TOLERANCE:
            yield Hit(
                view.target,
                f"accelerators.{name}.memoryGiB",
                f"{name} is said to have {given.memory_gib:g} GiB, {card.usable_gib:g} GiB are usable",
                cause=("accelerators", name, "memoryGiB"),
            )
        if card and given.per_node and given.per_node > card.per_node:
            yield Hit(
                view.target,
                f"accelerators.{name}.perNode",
                f"{given.per_node} {name} in a node, where usual nodes have {card.per_node}",
                "Correct perNode, or waive this for a node that really has more.",
                cause=("accelerators", name, "perNode"),
            )


@rule(
    "context-within-model",
    kinds=_ISVC,
    why="vLLM refuses to start with a context longer than the model was made for; other engines answer nonsense.",
    fix="Lower serving.maxModelLen, or raise model.maxContext if the model's card says so.",
    source="serving.md 38; vllm#10517",
)
def context_within_model(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The served context is no longer than what the model was made for."""
    one = deployment(service, view)
    if one is None or not one.pod.known:
        return
    longer = any(one.arguments.find(flag) for flag in _LONG_CONTEXT)
    if one.main.env.get("VLLM_ALLOW_LONG_MAX_MODEL_LEN") == "1" or longer:
        return
    if one.context > one.stack.model.max_context:
        flag = "ctx-size" if one.engine.name == "llamacpp" else "max-model-len"
        yield Hit(
            service,
            one.field_of(flag),
            f"{one.context} tokens are served, {one.stack.model.name} was made for {one.stack.model.max_context}",
            cause=one.cause(flag),
        )


@rule(
    "context-declared",
    kinds=_ISVC,
    why="LiteLLM and the memory verdict count on another context than the engine serves.",
    fix="Set serving.maxModelLen, not the engine's argument.",
    source="serving.md 2.2 (llama.cpp splits its context over the slots)",
)
def context_declared(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Every request gets the context that the inventory declares."""
    one = deployment(service, view)
    if one is None or not one.declared or not one.pod.known:
        return
    declared = one.stack.context_length
    if one.context != declared and one.arguments.text("max-model-len") not in ("auto", "-1"):
        flag = "ctx-size" if one.engine.name == "llamacpp" else "max-model-len"
        slots = f" ({one.slots} slots share --ctx-size)" if one.engine.name == "llamacpp" else ""
        yield Hit(
            service,
            one.field_of(flag),
            f"a request gets {one.context} tokens{slots}, stack {one.stack.name} declares {declared}",
            cause=one.cause(flag),
        )


@rule(
    "sequences-fit-cache",
    kinds=_ISVC,
    level="warning",
    why="Requests are admitted for which there is no room, and vLLM throws away and repeats their work.",
    fix="Lower --max-num-seqs to what the KV cache holds, or give the cache more room.",
    source="inference-stacks.md 5.7; llm-d guides/flow-control tuning_wizard.py",
)
def sequences_fit(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The KV cache holds at least a short chat for each sequence that is admitted."""
    one = deployment(service, view)
    plan = vllm_plan(one) if one else None
    sequences = one.arguments.number("max-num-seqs") if one else None
    if one and plan and sequences:
        tokens = fit(plan).tokens
        if 0 < tokens < sequences * _SHORT_CHAT:
            yield Hit(
                service,
                one.field_of("max-num-seqs"),
                f"{sequences} sequences share a KV cache of {tokens} tokens: {tokens // sequences} each",
                f"Set --max-num-seqs to {max(tokens // _SHORT_CHAT, 1)} or less.",
                cause=one.cause("max-num-seqs"),
            )


@rule(
    "batch-covers-sequences",
    kinds=_ISVC,
    why="vLLM refuses to start: a step must hold at least one token of every sequence.",
    fix="Raise --max-num-batched-tokens, or lower --max-num-seqs.",
    source="vLLM config/scheduler.py",
)
def batch_covers_sequences(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A step has room for a token of every sequence, and without chunked prefill for a whole request."""
    one = deployment(service, view)
    batch = one.arguments.number("max-num-batched-tokens") if one else None
    if one is None or batch is None or one.engine.name != "vllm":
        return
    sequences = one.arguments.number("max-num-seqs")
    whole = one.arguments.on("enable-chunked-prefill") is False
    for needed, what in (
        (sequences, "--max-num-seqs"),
        (one.context if whole else None, "the whole context"),
    ):
        if needed and batch < needed:
            yield Hit(
                service,
                one.field_of("max-num-batched-tokens"),
                f"a step holds {batch} tokens, {what} needs {needed}",
                cause=one.cause("max-num-batched-tokens"),
            )


@rule(
    "llamacpp-gpu-layers",
    kinds=_ISVC,
    level="warning",
    why="Layers run on the CPU although the pod has a GPU, or the engine asks for a GPU that the pod has not.",
    fix="Set serving.args.n-gpu-layers: 999 with a GPU, and remove it without one.",
    source="serving.md 2.2; inference-stacks.md 4 row 26",
)
def gpu_layers(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """llama.cpp puts layers on a GPU exactly where its pod has one."""
    one = deployment(service, view)
    if one is None or one.engine.name != "llamacpp" or not one.takes_flags:
        return
    wanted = one.arguments.number("gpu-layers") or 0
    if bool(wanted) != bool(one.gpus()):
        yield Hit(
            service,
            one.field_of("gpu-layers"),
            f"--gpu-layers is {wanted}, the pod has {one.gpus()} GPUs",
            cause=one.cause("gpu-layers"),
        )
