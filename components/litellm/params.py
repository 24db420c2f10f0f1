"""LiteLLM in front of the stacks: ``cluster.litellm`` for the proxy, ``litellm`` for one stack's entry."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from components.common.model import ServedName
from components.common.params import (
    Bytes,
    Cpu,
    Hostname,
    Image,
    LimitedResources,
    Params,
    Seconds,
    Slug,
)


class LiteLlmResources(LimitedResources):
    """What a proxy pod asks for. Idle it holds 320 MiB; LiteLLM advises 4 cores and 8 GiB under load."""

    cpu: Cpu = "1"
    """CPU cores asked for; a pod may use more where the node has them."""
    memory: Bytes = "2Gi"
    """Memory asked for."""
    memory_limit: Bytes = "4Gi"
    """Memory at which the pod is killed."""


class LiteLlm(Params):
    """The LiteLLM proxy of one cluster."""

    deploy: bool = False
    """Compile the proxy itself (Deployment, Service, route from the external gateway). Otherwise it comes
    with the infrastructure release, and only its configuration is compiled."""
    image: Image = Image(repository="ghcr.io/berriai/litellm-non_root", tag="v1.106.2")
    """An image that runs as UID 65534 with a read-only root file system: ``non_root``, 1.94 or newer."""
    replicas: Annotated[int, Field(ge=1, le=10000)] = 2
    """Pods of the proxy. Several share rate limits and cooldowns only through a Redis (``redisSecret``)."""
    hostname: Hostname | None = None
    """Public hostname on the external gateway; no route is compiled when unset."""
    external_listener: Slug | None = None
    """Listener of the external gateway that the route attaches to; all that admit it when unset."""
    master_key_secret: Slug = "litellm-master-key"
    """Secret (key ``master-key``) with the proxy's master key. It comes from the secret store when
    ``cluster.secrets`` has an entry of this name; otherwise another release provides it."""
    redis_secret: Slug | None = None
    """Secret (keys ``host``, ``password``) of the Redis with what several replicas share: rate limits and
    cooldowns."""
    redis_port: int = Field(default=6379, ge=1, le=65535)
    """The Redis' port."""
    database_secret: Slug | None = None
    """Secret (key ``uri``) of the PostgreSQL database, where virtual keys are used."""
    salt_key_secret: Slug | None = None
    """Secret (key ``salt-key``) that encrypts what the database holds; the master key when unset. It must
    never change."""
    routing_strategy: Literal["simple-shuffle", "least-busy", "latency-based-routing"] = "simple-shuffle"
    """How LiteLLM chooses among several stacks of one public name."""
    request_timeout_seconds: Seconds = 600
    """Longest request of the proxy; a stack that allows longer ones raises it."""
    retries: int = Field(default=2, ge=0)
    """Further tries of a request that failed otherwise than by its timeout."""
    model_group_aliases: dict[ServedName, ServedName] = Field(default_factory=dict)
    """Public aliases of public names: ``gpt-4: llama-70b``."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least severe messages that the proxy logs (``LITELLM_LOG``)."""
    resources: LiteLlmResources = LiteLlmResources()


class LiteLlmEntry(Params):
    """How one stack appears in its cluster's LiteLLM."""

    enabled: bool = True
    """``false``: LiteLLM does not know the stack."""
    model_name: ServedName | None = None
    """Public name; the InferenceService's name when unset."""
    fallbacks: dict[ServedName, int] = Field(default_factory=dict)
    """Public names to try when this model fails, with their order (1 is first)."""
    rpm: int | None = Field(default=None, ge=1)
    """Requests per minute that the proxy lets through to this stack."""
    tpm: int | None = Field(default=None, ge=1)
    """Tokens per minute that the proxy lets through to this stack."""
    input_cost_per_million: float | None = Field(default=None, ge=0)
    """Cost of a million prompt tokens, for LiteLLM's accounting; nothing when unset."""
    output_cost_per_million: float | None = Field(default=None, ge=0)
    """Cost of a million generated tokens."""
