"""LoRA adapters of vLLM: that they are fetched, loaded, and fit what the engine allows."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.check.deployment import Deployment, deployment
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.rule import rule
from scripts.check.served import adapter_paths

_ISVC = ("InferenceService",)
_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""What ``--max-lora-rank`` may be (vLLM config/lora.py MaxLoRARanks)."""


@rule(
    "adapters-declared",
    kinds=_ISVC,
    why="LiteLLM lists an adapter that the engine does not have, or nobody can ask for one that it has.",
    fix="Declare adapters in model.adapters.",
    source="inference-stacks.md 3 ideas 1 and 14; kubeai docs/how-to/serve-lora",
    cause=("model", "adapters"),
)
def adapters_declared(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The engine loads the adapters that the inventory declares."""
    for one in _vllm(service, view):
        wanted, has = set(one.stack.model.adapters), set(adapter_paths(one))
        if one.declared and wanted != has:
            said = f"the engine loads {_list(has)}; declared are {_list(wanted)}"
            yield Hit(service, one.field_of("lora-modules"), said)


@rule(
    "adapters-enabled",
    kinds=_ISVC,
    why="vLLM refuses to start: adapters need --enable-lora.",
    fix="Add serving.args.enable-lora: true, or declare adapters in model.adapters, which adds it.",
    source="vLLM entrypoints/openai/cli_args.py; gateway.md 6",
    cause=("model", "adapters"),
)
def adapters_enabled(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """LoRA is switched on where adapters are loaded."""
    for one in _vllm(service, view):
        if adapter_paths(one) and not one.arguments.on("enable-lora"):
            said = f"adapters {_list(set(adapter_paths(one)))} without --enable-lora"
            yield Hit(service, one.field_of("lora-modules"), said)


@rule(
    "adapter-slots",
    kinds=_ISVC,
    level="warning",
    why="Requests for different adapters wait for each other, and adapters are swapped all the time.",
    fix="Raise --max-loras to the number of adapters.",
    source="vLLM config/lora.py; gateway.md 6",
    cause=("model", "adapters"),
)
def adapter_slots(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A batch has room for every adapter, and the host for as many as a batch."""
    for one in _vllm(service, view):
        count = len(adapter_paths(one))
        slots = one.arguments.number("max-loras") or one.engine.default("max-loras", one.version)
        if count > slots:
            said = f"{count} adapters share {slots} slots of a batch"
            yield Hit(service, one.field_of("max-loras"), said, cause=one.cause("max-loras"))
        on_host = one.arguments.number("max-cpu-loras")
        if on_host is not None and on_host < slots:
            yield Hit(
                service,
                one.field_of("max-cpu-loras"),
                f"--max-cpu-loras is {on_host}, --max-loras is {slots}",
                "Raise --max-cpu-loras to --max-loras: vLLM refuses less.",
                cause=one.cause("max-cpu-loras"),
                level="error",
            )


@rule(
    "adapter-rank-supported",
    kinds=_ISVC,
    why="vLLM refuses to start, or refuses the adapter when it is loaded.",
    fix=f"Set serving.args.max-lora-rank to the next of {', '.join(map(str, _RANKS))}.",
    source="vLLM config/lora.py (MaxLoRARanks)",
    cause=("model", "adapters"),
)
def rank_supported(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The largest rank is one that vLLM knows, and no adapter has a larger one."""
    for one in _vllm(service, view):
        if not one.arguments.on("enable-lora"):
            continue
        given = one.arguments.number("max-lora-rank") or one.engine.default("max-lora-rank", one.version)
        cause = one.cause("max-lora-rank")
        if given not in _RANKS:
            said = f"--max-lora-rank is {given}"
            yield Hit(service, one.field_of("max-lora-rank"), said, cause=cause)
        for name, adapter in sorted(one.stack.model.adapters.items()):
            if adapter.rank > given:
                said = f"adapter {name} has rank {adapter.rank}, --max-lora-rank is {given}"
                yield Hit(
                    service, one.field_of("max-lora-rank"), said, cause=("model", "adapters", name, "rank")
                )


def _vllm(service: Obj, view: ClusterView) -> Iterator[Deployment]:
    one = deployment(service, view)
    if one and one.engine.name == "vllm" and one.takes_flags:
        yield one


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
