"""Arguments and variables of engines, against the version that is pinned."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from components.facts.suggest import did_you_mean
from scripts.check.argv import Argument, whole
from scripts.check.deployment import Deployment, deployment, deployments
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, KeyPath, Obj
from scripts.check.rule import rule

_ISVC = ("InferenceService",)
_PLUGINS = ("habana",)
"""Vendors whose cards vLLM reaches through a plugin of another project."""
_JSON = frozenset(
    "additional-config attention-config compilation-config ec-transfer-config eplb-config hf-overrides"
    " kernel-config kv-events-config kv-transfer-config override-generation-config override-pooler-config"
    " pooler-config quantization-config speculative-config structured-outputs-config".split()
)
"""vLLM flags that take a JSON object."""
_WHOLE = frozenset(
    "tensor-parallel-size pipeline-parallel-size data-parallel-size data-parallel-size-local max-num-seqs"
    " max-num-batched-tokens block-size max-loras max-cpu-loras max-lora-rank port max-model-len"
    " ctx-size parallel threads gpu-layers batch-size ubatch-size".split()
)
"""Flags of vLLM and llama.cpp that take a whole number."""
_WORDS: Mapping[str, tuple[str, ...]] = {
    "max-model-len": ("auto",),
    "gpu-layers": ("auto", "all"),
}
"""Words that these take as well."""
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "dtype": ("auto", "half", "float16", "bfloat16", "float", "float32"),
    "kv-cache-dtype": (
        *("auto", "float16", "bfloat16", "fp8", "fp8_e4m3", "fp8_e5m2", "fp8_inc", "fp8_ds_mla", "nvfp4"),
        *("nvfp4_ds_mla", "nvfp4_4over6", "int4_per_token_head", "int8_per_token_head", "fp8_per_token_head"),
        *("turboquant_k8v4", "turboquant_4bit_nc", "turboquant_k3v4_nc", "turboquant_3bit_nc"),
    ),
    "prefix-caching-hash-algo": (
        "builtin",
        "sha256",
        "sha256_cbor",
        "sha256_cbor_64bit",
        "xxhash",
        "xxhash_cbor",
    ),
    **dict.fromkeys(
        ("cache-type-k", "cache-type-v"),
        ("f32", "f16", "bf16", "q8_0", "q5_0", "q5_1", "q4_0", "q4_1", "iq4_nl"),
    ),
    "distributed-executor-backend": ("ray", "mp", "uni", "external_launcher"),
    "runner": ("auto", "generate", "pooling", "draft"),
}
"""Values of vLLM flags (vLLM config/cache.py, config/model.py, config/parallel.py)."""


@rule(
    "engine-flag-known",
    scope="cluster",
    why="The engine ends at start with 'unrecognized arguments', and the pod restarts for ever.",
    fix="Remove or replace the flag, or pin a version that has it.",
    source="inference-stacks.md 3 idea 8; kserve#6035; LLMKube#1030; gpustack#3991; production-stack#746",
)
def flag_known(view: ClusterView) -> Iterator[Hit]:
    """Every flag is one that the pinned version of the engine knows, written as it reads it."""
    for one, argument in _given(view):
        flag, table_of = argument.flag, one.engine.flags
        problem = table_of.problem(argument.word, one.version)
        if problem is None and flag and flag.kind in ("value", "list") and not argument.values:
            problem = f"{one.engine.title}: --{flag.name} needs a value"
        if problem:
            yield _hit(one, argument, problem)


@rule(
    "engine-flag-deprecated",
    scope="cluster",
    level="warning",
    relaxed={"dev": "note"},
    why="The next version of the engine refuses the flag, and its models do not start.",
    fix="Use what takes its place.",
    source="inference-stacks.md 3 idea 8",
)
def flag_deprecated(view: ClusterView) -> Iterator[Hit]:
    """No flag is deprecated in the pinned version."""
    for one, argument in _given(view):
        warning = one.engine.flag_warning(argument.word, one.version)
        if warning and argument.flag:
            until = argument.flag.span.until
            yield _hit(
                one, argument, f"{warning}; {one.engine.title} {until} refuses it" if until else warning
            )


@rule(
    "engine-flag-once",
    kinds=_ISVC,
    level="warning",
    why="KServe appends the model's arguments to the runtime's, and the last one wins, whatever was meant.",
    fix="Set the flag in one place: the runtime's class, the model's, or serving.args.",
    source="serving.md 31",
)
def flag_once(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A flag is given once on the merged command line."""
    one = deployment(service, view)
    if one is None:
        return
    first: dict[tuple[str, str], Argument] = {}
    for argument in one.arguments.given:
        other = first.setdefault((argument.name, argument.key), argument)
        if other is not argument and argument.flag:
            where = "the runtime" if one.of_runtime(other) else "the arguments before"
            same = f"--{argument.name} is given twice: {other.word} {' '.join(other.values)}".rstrip()
            yield _hit(
                one, argument, f"{same} by {where}, then {argument.word} {' '.join(argument.values)}".rstrip()
            )


@rule(
    "engine-flag-value",
    scope="cluster",
    why="The engine ends at start: it cannot read the value.",
    fix="Correct the value.",
    source="vLLM engine/arg_utils.py; inference-stacks.md 3 idea 8",
)
def flag_value(view: ClusterView) -> Iterator[Hit]:
    """A flag's value has the form that the engine reads: number, JSON, or one of some words."""
    for one, argument in _given(view):
        if argument.flag and argument.values and not argument.key:
            said = _wrong_value(argument.name, argument.values[-1])
            if said:
                yield _hit(one, argument, f"--{argument.name} is {argument.values[-1][:80]!r}: {said}")


def _wrong_value(name: str, value: str) -> str | None:
    if name in _WHOLE and value not in _WORDS.get(name, ()) and whole(value) is None:
        return "it takes a whole number"
    if name in _CHOICES and value not in _CHOICES[name]:
        return f"it takes {', '.join(_CHOICES[name][:8])}{did_you_mean(value, _CHOICES[name])}"
    if name in _JSON:
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError) as error:
            return f"it takes JSON ({str(error).partition(':')[0]})"
        return None if isinstance(parsed, dict) else "it takes a JSON object"
    return None


@rule(
    "engine-variable-known",
    scope="cluster",
    why="The engine passes over the variable, and what it was to change stays as it is.",
    fix="Remove or replace the variable, or pin a version that reads it.",
    source="inference-stacks.md 3 idea 8; vLLM envs.py",
)
def variable_known(view: ClusterView) -> Iterator[Hit]:
    """Every variable of the engine's own is one that its pinned version reads."""
    for one, name, at, field in _variables(view):
        problem = one.engine.env_problem(name, one.version)
        if problem and not _of_plugin(one, name):
            yield Hit(at, field, problem, cause=_variable_cause(one, name), target=one.target)


def _of_plugin(one: Deployment, name: str) -> bool:
    """Whether a variable may be one of the plugin that brings vLLM to a card: vllm-gaudi reads its own."""
    return one.stack.accelerator.vendor in _PLUGINS and name not in one.engine.env


@rule(
    "tool-choice-has-parser",
    kinds=_ISVC,
    why="vLLM refuses to start, or answers tool calls as plain text.",
    fix="Give --tool-call-parser and --enable-auto-tool-choice together, in the model's class.",
    source="vLLM entrypoints/openai/cli_args.py (validate_parsed_serve_args)",
)
def tool_choice_has_parser(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Automatic tool choice and the parser of tool calls are set together."""
    one = deployment(service, view)
    if one is None or one.engine.name != "vllm":
        return
    chosen = bool(one.arguments.on("enable-auto-tool-choice"))
    parser = one.arguments.text("tool-call-parser")
    if chosen != bool(parser):
        has, lacks = (
            ("enable-auto-tool-choice", "tool-call-parser")
            if chosen
            else ("tool-call-parser", "enable-auto-tool-choice")
        )
        yield Hit(
            service,
            one.field_of(has),
            f"--{has} without --{lacks}",
            cause=one.cause(has),
            level="error" if chosen else "warning",
        )


def _given(view: ClusterView) -> Iterator[tuple[Deployment, Argument]]:
    """Every argument of every engine, those of a runtime once."""
    seen: set[tuple[int, int]] = set()
    for one in deployments(view).values():
        for argument in one.arguments.given:
            key = (id(one.at(argument)), argument.index)
            if not one.of_runtime(argument) or key not in seen:
                seen.add(key)
                yield one, argument


def _variables(view: ClusterView) -> Iterator[tuple[Deployment, str, Obj, str]]:
    """(deployment, variable, object, field) of every variable, those of a runtime once."""
    seen: set[tuple[int, str]] = set()
    for one in deployments(view).values():
        if not one.pod.known:
            continue
        own = {each.text("name"): each.field for each in one.service.each("spec.predictor.model.env[]")}
        for each in one.main.node.each("env[]"):
            name = each.text("name")
            at = one.service if name in own else one.pod.runtime or one.service
            if at is one.service or (id(at), name) not in seen:
                seen.add((id(at), name))
                yield one, name, at, own.get(name, "spec.containers[0].env")


def _variable_cause(one: Deployment, name: str) -> KeyPath:
    if name in one.stack.serving.env:
        return ("serving", "env", name)
    return ("runtimes", one.stack.serving.runtime, "env", name)


def _hit(one: Deployment, argument: Argument, message: str) -> Hit:
    cause = one.cause(argument.name)
    return Hit(one.at(argument), one.field(argument), message, cause=cause, target=one.target)
