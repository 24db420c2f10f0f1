"""Under which names an engine serves a model and its adapters."""

from __future__ import annotations

import json
from collections.abc import Mapping

from scripts.check.deployment import Deployment
from scripts.check.node import Node


def model_names(one: Deployment) -> list[str]:
    """Names of the model that an engine answers to; a vLLM without any answers to the path of its weights."""
    match one.engine.name:
        case "vllm":
            return list(one.arguments.values("served-model-name")) or ["/mnt/models"]
        case "llamacpp":
            alias = one.arguments.text("alias")
            return [name.strip() for name in alias.split(",")] if alias else []
        case _:
            env = one.main.env
            return [name for name in (env.get("MODEL_TAG", ""), *env.get("MODEL_NAMES", "").split()) if name]


def adapter_paths(one: Deployment) -> Mapping[str, str]:
    """Paths of the LoRA adapters that vLLM serves, by name: ``name=path`` or JSON."""
    found = {}
    for word in one.arguments.values("lora-modules"):
        name, separator, path = word.partition("=")
        if separator and not word.startswith("{"):
            found[name] = path
        elif word.startswith("{"):
            parsed = json_of(word)
            found[parsed.text("name")] = parsed.text("path")
    return found


def json_of(text: str) -> Node:
    """JSON as a node; an empty one where it does not parse."""
    try:
        return Node(json.loads(text))
    except (ValueError, RecursionError):
        return Node(None)
