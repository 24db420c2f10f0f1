"""LiteLLM's proxy: provider prefixes, what an api_base must end with, and the keys of config.yaml.

Table: ``litellm.yml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from components.facts.suggest import did_you_mean
from components.facts.tables import table
from components.facts.versions import parse

Section = Literal[
    "top_level",
    "model_entry",
    "litellm_params",
    "model_info",
    "router_settings",
    "general_settings",
    "litellm_settings",
]


def split_model(model: str) -> tuple[str, str]:
    """``hosted_vllm/meta-llama/X`` as provider and the name that the backend is asked for."""
    provider, _, name = model.partition("/")
    return provider, name


def provider_problem(model: str) -> str | None:
    """Why a ``litellm_params.model`` names no usable provider."""
    facts = table("litellm")
    provider, name = split_model(model)
    if not name:
        return f"model {model!r} has no provider; write it like hosted_vllm/{model}"
    if provider not in facts["providers"]:
        return f"LiteLLM has no provider {provider}{did_you_mean(provider, facts['providers'])}"
    row = facts["self_hosted"].get(provider, {})
    return f"provider {provider} {row['why']}; use {row['instead']}" if "instead" in row else None


def api_base_problem(model: str, api_base: str) -> str | None:
    """Why requests for ``model`` below ``api_base`` would get a 404; None if its provider is not self-hosted.

    The OpenAI-compatible providers append ``/chat/completions`` to the URL as it stands
    (litellm llms/openai/chat/gpt_transformation.py), so it has to end with ``/v1``.
    """
    provider, _ = split_model(model)
    row = table("litellm")["self_hosted"].get(provider)
    if row is None or row["api_base"] is None:
        return None
    trimmed = api_base.rstrip("/")
    if row["api_base"] and not trimmed.endswith((row["api_base"], "/chat/completions")):
        return f"api_base {api_base} of a {provider}/ model must end with {row['api_base']}"
    if not row["api_base"] and trimmed.endswith("/v1"):
        return f"api_base {api_base} of a {provider}/ model is the engine's root, without /v1"
    return None


def key_problem(section: Section, key: str) -> str | None:
    """A did-you-mean for a key that this section of config.yaml does not have."""
    known = set(table("litellm")[section])
    if section == "litellm_params":
        known |= set(table("litellm")["completion_params"])
    return None if key in known else f"LiteLLM has no {section} key {key}{did_you_mean(key, known)}"


def routing_strategies() -> tuple[str, ...]:
    """What ``router_settings.routing_strategy`` may be."""
    return tuple(table("litellm")["routing_strategies"])


def environment_references(config: Any) -> frozenset[str]:
    """Names of all variables that a config reads as ``os.environ/NAME``."""
    prefix = table("litellm")["env_reference"]
    if isinstance(config, Mapping):
        return frozenset().union(*map(environment_references, config.values()))
    if isinstance(config, list | tuple):
        return frozenset().union(*map(environment_references, config))
    named = isinstance(config, str) and config.startswith(prefix)
    return frozenset({config.removeprefix(prefix)}) if named else frozenset()


def coverage_problem(version: str) -> str | None:
    """Says so if ``version`` is not one that the table was read from; then an unknown key proves little."""
    read = table("litellm")["versions"]
    if parse(read["first"]) <= parse(version) <= parse(read["last"]):
        return None
    return f"LiteLLM {version} is not the version that the fact table was read from ({read['last']})"
