"""Where a model server listens, and what it answers to, read off its command line and variables."""

from __future__ import annotations

from scripts.check.fleet import ClusterView
from scripts.check.pods import Pod

DEFAULT_PORTS = {"vllm": 8000, "llamacpp": 8080, "ollama": 11434}
"""Ports of the servers when nothing sets one (serving.md 2.1 to 2.3)."""


def engine_of(pod: Pod, view: ClusterView) -> str:
    """The engine of a model pod: what its stack declares, else what its image and command look like; empty
    when unknown."""
    stack = view.stack_of(pod.owner)
    if stack is not None:
        return stack.runtime.engine
    text = " ".join((pod.main.image, *pod.main.args[:2]))
    return next((name for word, name in _WORDS.items() if word in text), "")


_WORDS = {"vllm": "vllm", "llama.cpp": "llamacpp", "llama-server": "llamacpp", "ollama": "ollama"}


def listens_on(pod: Pod, view: ClusterView) -> int | None:
    """The port that the server of a model pod really listens on; None when that cannot be told."""
    engine = engine_of(pod, view)
    if not engine or not pod.known:
        return None
    if engine == "ollama":
        written = pod.main.env.get("OLLAMA_HOST", "").rpartition(":")[2]
    else:
        written = pod.main.flag("--port") or pod.main.env.get("LLAMA_ARG_PORT", "")
    if not written:
        return DEFAULT_PORTS[engine]
    return int(written) if written.isdecimal() else None


def served_names(pod: Pod, view: ClusterView) -> list[str] | None:
    """The model names that the server of a pod answers to; None when that cannot be told.

    vLLM: ``--served-model-name``, else the model's path; LoRA adapters too. llama.cpp answers to any name,
    and tells ``--alias``. Ollama: the names that it pulls or copies (``MODEL_TAG``, ``MODEL_NAMES`` of our
    runtime).
    """
    if not pod.known:
        return None
    main = pod.main
    match engine_of(pod, view):
        case "vllm":
            names = main.values("--served-model-name") or [main.flag("--model") or "/mnt/models"]
            return [*names, *(adapter for adapter in _adapters(main.values("--lora-modules")))]
        case "llamacpp":
            return [name for word in main.values("--alias") or main.values("-a") for name in word.split(",")]
        case "ollama":
            return [main.env.get("MODEL_TAG", ""), *main.env.get("MODEL_NAMES", "").split()]
    return None


def _adapters(modules: list[str]) -> list[str]:
    """Names of ``--lora-modules name=path`` or JSON objects with a ``name``."""
    found = []
    for module in modules:
        if module.startswith("{"):
            _, _, rest = module.partition('"name"')
            found.append(rest.partition('"')[2].partition('"')[0])
        else:
            found.append(module.partition("=")[0])
    return found
