"""LiteLLM in front of the stacks: ``cluster.litellm`` for the proxy, ``litellm`` for one stack's entry."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from components.common.model import ServedName
from components.common.params import Hostname, Image, Params, Slug


class LiteLlm(Params):
    """The LiteLLM proxy of one cluster."""

    deploy: bool = False
    """Compile the proxy itself (Deployment, Service, route from the external gateway). Otherwise it comes with
    the infrastructure release, and only its configuration is compiled."""
    image: Image = Image(repository="ghcr.io/berriai/litellm-non_root", tag="v1.106.2")
    replicas: int = Field(default=2, ge=1)
    hostname: Hostname | None = None
    """Public hostname on the external gateway."""
    master_key_secret: Slug = "litellm-master-key"
    """Secret (key ``master-key``) with the proxy's master key."""
    redis_secret: Slug | None = None
    """Secret (keys ``host``, ``password``) of the shared cache that more than one replica needs."""
    database_secret: Slug | None = None
    """Secret (key ``uri``) of the database, where virtual keys are used."""
    routing_strategy: Literal["simple-shuffle", "least-busy", "latency-based-routing"] = "simple-shuffle"
    request_timeout_seconds: int = Field(default=600, ge=1)
    retries: int = Field(default=2, ge=0)
    model_group_aliases: dict[ServedName, ServedName] = Field(default_factory=dict)
    """Public aliases of public names: ``gpt-4: llama-70b``."""


class LiteLlmEntry(Params):
    """How one stack appears in its cluster's LiteLLM."""

    enabled: bool = True
    model_name: ServedName | None = None
    """Public name; the InferenceService's name when unset."""
    fallbacks: dict[ServedName, int] = Field(default_factory=dict)
    """Public names to try when this model fails, with their order (1 is first)."""
    rpm: int | None = Field(default=None, ge=1)
    """Requests per minute."""
    tpm: int | None = Field(default=None, ge=1)
    """Tokens per minute."""
    input_cost_per_million: float | None = Field(default=None, ge=0)
    """Cost of a million prompt tokens, for LiteLLM's accounting."""
    output_cost_per_million: float | None = Field(default=None, ge=0)
