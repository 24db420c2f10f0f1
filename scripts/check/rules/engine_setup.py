"""How an engine is set up as a whole: on one node, without the hub, with all of its cards, for what it is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator

from scripts.check.deployment import Deployment, container_field, deployment
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, KeyPath, Obj
from scripts.check.node import Node
from scripts.check.rule import rule

_ISVC = ("InferenceService",)
_OFFLINE = "HF_HUB_OFFLINE"
_FETCHED = ("tokenizer", "hf-config-path", "generation-config")
_WORDS = ("auto", "vllm")
"""Values of --generation-config that name no repository."""
_MANY_NODES = ("nnodes", "node-rank", "data-parallel-start-rank")
_DOWNLOADED = ("hf-repo", "model-url", "docker-repo")
_VISIBLE = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")


@rule(
    "engine-on-one-node",
    kinds=_ISVC,
    why="The engine waits for ranks on other nodes, which nobody starts, until its pod is killed.",
    fix="Remove the argument: a model is one pod on one node here.",
    source="vLLM engine/arg_utils.py (nnodes, headless); serving.md 1.3",
)
def on_one_node(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """No vLLM waits for ranks in other pods."""
    for one in _vllm(service, view):
        for name in _MANY_NODES:
            least = 1 if name == "nnodes" else 0
            if (one.arguments.number(name) or 0) > least:
                yield _hit(one, name, f"--{name} is {one.arguments.text(name)}")
        if one.arguments.on("headless"):
            yield _hit(one, "headless", "--headless starts ranks without a server")
        size, name = one.arguments.number("data-parallel-size") or 1, "data-parallel-size-local"
        local = one.arguments.number(name)
        if local is not None and local < size:
            yield _hit(one, name, f"{local} of {size} data parallel ranks are in this pod")


@rule(
    "engine-fetches-nothing",
    kinds=_ISVC,
    why="The engine may not ask the hub (HF_HUB_OFFLINE), does not find the files, and ends at once.",
    fix="Put the files beside the weights and give their path, or set env HF_HUB_OFFLINE to 0.",
    source="huggingface_hub constants.py; serving.md 2.1",
)
def fetches_nothing(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """What vLLM is told to load beside the weights is a path in the pod, where it is kept off the hub."""
    for one in _vllm(service, view):
        if one.main.env.get(_OFFLINE, "").lower() not in ("1", "true", "yes", "on"):
            continue
        given = {name: one.arguments.text(name) or "" for name in _FETCHED}
        given["speculative-config"] = _draft(one)
        for name, value in given.items():
            if value.count("/") == 1 and not value.startswith(("/", ".")) and value not in _WORDS:
                yield _hit(one, name, f"{value} is a repository of the hub, and the engine is offline")


@rule(
    "engine-loads-what-is-mounted",
    kinds=_ISVC,
    why="The engine downloads another model at every start, instead of the one that was reviewed and mounted.",
    fix="Remove the argument; say where the weights come from in `model.weights` or `serving.storage`.",
    source="llama.cpp common/arg.cpp (hf-repo, model-url); inference-stacks.md idea 14",
)
def loads_mounted(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """llama.cpp downloads no model by itself."""
    for one in _llamacpp(service, view):
        for name in _DOWNLOADED:
            if value := one.arguments.text(name):
                yield _hit(one, name, f"--{name} is {value}")


def _draft(one: Deployment) -> str:
    """The model that drafts tokens."""
    try:
        return Node(json.loads(one.arguments.text("speculative-config") or "{}")).text("model")
    except ValueError:
        return ""


@rule(
    "expert-balancing-has-experts",
    kinds=_ISVC,
    why="vLLM refuses to start: it balances experts that are spread over ranks.",
    fix="Set serving.expertParallel: true and more than one rank, or remove enable-eplb.",
    source="vLLM config/parallel.py (EPLB)",
)
def balancing(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Experts are balanced only where they are spread."""
    for one in _vllm(service, view):
        if one.arguments.on("enable-eplb") and not (one.expert_parallel and one.tensor * one.data > 1):
            yield _hit(one, "enable-eplb", f"--enable-eplb over {one.sizes} without experts in parallel")


@rule(
    "runner-of-the-kind",
    kinds=_ISVC,
    why="The server has no route for what LiteLLM sends it, and every request ends with 404.",
    fix="Correct `model.kind`, or `runner` (vLLM) or `embedding` (llama.cpp) in `model.args`.",
    source="vLLM config/model.py (runner); llama.cpp common/arg.cpp (embedding); serving.md 2.1, 2.2",
)
def runner_of_kind(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A model that generates is not run as one that pools, nor the other way round."""
    for one in _vllm(service, view):
        runner, kind = one.arguments.text("runner"), one.stack.model.kind
        generates = kind in ("chat", "completion")
        if runner == ("pooling" if generates else "generate"):
            yield _hit(one, "runner", f"--runner {runner} for a model of kind {kind}")
    for one in _llamacpp(service, view):
        embeds, kind = bool(one.arguments.on("embedding")), one.stack.model.kind
        if embeds != (kind == "embedding"):
            yield _hit(
                one, "embedding", f"--embedding is {'on' if embeds else 'off'} for a model of kind {kind}"
            )


@rule(
    "cards-visible",
    kinds=_ISVC,
    why="The engine sees fewer cards than it has ranks, and ends at once, or the others idle.",
    fix="Remove the variable: the device plugin shows a pod its cards.",
    source="vLLM platforms/interface.py; kubernetes device plugins",
    cause=("serving", "env"),
)
def cards_visible(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """No variable hides cards that the pod asks for."""
    one = deployment(service, view)
    if one is None or not one.pod.known or not one.gpus():
        return
    for name in _VISIBLE:
        value = one.main.env.get(name)
        shown = [card for card in (value or "").split(",") if card.strip()]
        if value is not None and value != "all" and len(shown) < one.gpus():
            said = f"{name} shows {len(shown)} of the {one.gpus()} cards of the pod"
            yield Hit(service, container_field(one.pod, one.main, "env"), said)


def _vllm(service: Obj, view: ClusterView) -> Iterator[Deployment]:
    one = deployment(service, view)
    if one and one.engine.name == "vllm" and one.takes_flags:
        yield one


def _llamacpp(service: Obj, view: ClusterView) -> Iterator[Deployment]:
    one = deployment(service, view)
    if one and one.engine.name == "llamacpp" and one.takes_flags:
        yield one


def _hit(one: Deployment, flag: str, said: str) -> Hit:
    cause: KeyPath = one.cause(flag)
    return Hit(one.service, one.field_of(flag), said, cause=cause)
