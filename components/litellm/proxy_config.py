"""The ``proxy_config`` of one cluster, made from all its stacks (LiteLLM 1.106.2; keys are snake_case).

An Argo CD Application cannot merge lists, so one ConfigMap holds the models of every stack.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from components.cluster.params import Fleet
from components.inference_gateway.build import api_base
from components.litellm.params import LiteLlm
from components.serving_runtimes.engines import ENGINES
from components.stack.params import Stack

MASTER_KEY = "LITELLM_MASTER_KEY"
DATABASE_URL = "DATABASE_URL"
REDIS_HOST = "REDIS_HOST"
REDIS_PASSWORD = "REDIS_PASSWORD"
NO_KEY = "none"
"""The servers ask for no key, but LiteLLM's ``openai/`` provider does not start a request without one."""


def proxy_config(fleet: Fleet) -> dict[str, Any]:
    """The configuration file, as plain data. Same stacks in any order give the same file."""
    cluster = fleet.cluster
    stacks = enabled(fleet.stacks)
    entries = [entry for stack in stacks for entry in model_entries(stack)]
    return {
        "model_list": sorted(entries, key=lambda entry: (entry["model_name"], entry["model_info"]["id"])),
        "litellm_settings": {
            **({"callbacks": ["prometheus"]} if cluster.monitoring.enabled else {}),
            "drop_params": True,
            "json_logs": True,
            "request_timeout": longest_request_seconds(fleet),
        },
        "router_settings": router_settings(cluster.litellm, stacks, longest_request_seconds(fleet)),
        "general_settings": general_settings(cluster.litellm),
    }


def enabled(stacks: Iterable[Stack]) -> list[Stack]:
    """The stacks that LiteLLM serves, by name."""
    return sorted((stack for stack in stacks if stack.params.litellm.enabled), key=lambda stack: stack.name)


def longest_request_seconds(fleet: Fleet) -> int:
    """The longest request, in seconds, that the proxy or any stack behind it allows."""
    of_stacks = (stack.serving.request_timeout_seconds for stack in enabled(fleet.stacks))
    return max([fleet.cluster.litellm.request_timeout_seconds, *of_stacks])


def model_entries(stack: Stack) -> list[dict[str, Any]]:
    """The stack's model and each of its LoRA adapters. Equal names of several stacks share the load."""
    adapters = [_entry(stack, name, served=name, suffix=f".{name}") for name in sorted(stack.model.adapters)]
    return [_entry(stack, stack.public_name, served=stack.served_names[0], suffix=""), *adapters]


def _entry(stack: Stack, public: str, *, served: str, suffix: str) -> dict[str, Any]:
    """One deployment. What follows the provider prefix is sent as it is: it must be a served model name."""
    wanted = stack.params.litellm
    limits = {"rpm": wanted.rpm, "tpm": wanted.tpm}
    return {
        "model_name": public,
        "litellm_params": {
            "model": f"{ENGINES[stack.runtime.engine].LITELLM_PREFIX}/{served}",
            "api_base": api_base(stack),
            "api_key": NO_KEY,
            "timeout": stack.serving.request_timeout_seconds,
            "stream_timeout": stack.serving.request_timeout_seconds,
            **{name: value for name, value in limits.items() if value is not None},
        },
        "model_info": {
            "id": f"{stack.name}{suffix}",
            "mode": stack.model.kind,
            "base_model": stack.model.name,
            "max_input_tokens": stack.context_length,
            # Zero, not absent: LiteLLM would look the name up in its table of hosted models.
            "input_cost_per_token": per_token(wanted.input_cost_per_million),
            "output_cost_per_token": per_token(wanted.output_cost_per_million),
        },
    }


def per_token(per_million: float | None) -> float:
    """Cost of one token. Divided as decimals, so that 0.07 gives 7e-08 and not 7.000000000000001e-08."""
    return float(Decimal(str(per_million or 0)) / 10**6)


def router_settings(proxy: LiteLlm, stacks: list[Stack], longest: int) -> dict[str, Any]:
    """How the proxy chooses, retries and falls back.

    ``allowed_fails`` stays unset: with it, a model that one stack alone serves is taken out of rotation after
    a few errors, which turns them into an outage (litellm/router_utils/cooldown_handlers.py).
    """
    limited = any(stack.params.litellm.rpm or stack.params.litellm.tpm for stack in stacks)
    aliases = proxy.model_group_aliases
    chosen = fallbacks(stacks, aliases)
    return {
        "routing_strategy": proxy.routing_strategy,
        "num_retries": proxy.retries,
        # A request that took all its time once would take it again.
        "retry_policy": {"TimeoutErrorRetries": 0},
        "timeout": longest,
        # Without this check rpm and tpm are mere weights of the shuffle.
        **({"optional_pre_call_checks": ["enforce_model_rate_limits"]} if limited else {}),
        **({"fallbacks": chosen} if chosen else {}),
        **({"model_group_alias": dict(sorted(aliases.items()))} if aliases else {}),
        **_redis(proxy),
    }


def _redis(proxy: LiteLlm) -> dict[str, Any]:
    if proxy.redis_secret is None:
        return {}
    return {
        "redis_host": f"os.environ/{REDIS_HOST}",
        "redis_port": proxy.redis_port,
        "redis_password": f"os.environ/{REDIS_PASSWORD}",
    }


def fallbacks(stacks: Iterable[Stack], aliases: Mapping[str, str]) -> list[dict[str, list[str]]]:
    """One map a public name, with what to try in its place, first choice first; equal orders by name.

    An alias has its model's fallbacks written out, because LiteLLM looks for those of the name that was asked
    for (measured with 1.106.2: without them a request to the alias fails).
    """
    orders: dict[str, dict[str, int]] = {}
    for stack in stacks:
        known = orders.setdefault(stack.public_name, {})
        for name, order in stack.params.litellm.fallbacks.items():
            known[name] = min(order, known.get(name, order))
    orders |= {alias: orders.get(public, {}) for alias, public in aliases.items()}
    return [
        {public: sorted(wanted, key=lambda name: (wanted[name], name))}
        for public, wanted in sorted(orders.items())
        if wanted
    ]


def general_settings(proxy: LiteLlm) -> dict[str, Any]:
    """Keys and storage. Models come from this file alone: a database of models would override Git."""
    database = {
        "database_url": f"os.environ/{DATABASE_URL}",
        "database_connection_pool_limit": 10,
    }
    return {
        "master_key": f"os.environ/{MASTER_KEY}",
        **(database if proxy.database_secret else {}),
        "store_model_in_db": False,
        "background_health_checks": False,
    }
