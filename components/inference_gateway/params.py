"""The internal gateway of a stack: the ``gateway`` key."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from components.common.params import (
    Bytes,
    Cpu,
    Digest,
    Duration,
    Hostname,
    LimitedResources,
    Params,
    Patch,
    Repository,
    Slug,
)

WiringName = Literal["envoy-extension-policy", "envoy-ai-gateway", "istio", "agentgateway", "gke"]


class Pool(Params):
    """The InferencePool."""

    enabled: bool = True
    """``false`` routes straight to the pods' Service: no pool, no Endpoint Picker."""
    failure_mode: Literal["FailOpen", "FailClose"] | None = None
    """What happens while the Endpoint Picker is away. Unset: what the wiring really does."""


class EppResources(LimitedResources):
    """What an Endpoint Picker pod asks for. llm-d measures 0.5 to 1 core per request/s at 100k-token prompts."""

    cpu: Cpu = "2"
    """CPU cores asked for; a pod may use more where the node has them."""
    memory: Bytes = "4Gi"
    """Memory asked for."""
    memory_limit: Bytes = "8Gi"
    """Memory at which the pod is killed."""


class Epp(Params):
    """The Endpoint Picker (EPP) of llm-d-router."""

    replicas: int = Field(default=2, ge=1, le=5)
    """More than one replica means one leader and standbys (leader election), not load sharing."""
    image_repository: Repository = "ghcr.io/llm-d/llm-d-router-endpoint-picker"
    """The tag is the cluster's ``versions.llmdRouter``."""
    image_digest: Digest | None = None
    """Pins what the tag means."""
    tls: Literal["off", "self-signed", "cert-manager"] | None = None
    """TLS between gateway and EPP. Unset: what the wiring needs."""
    issuer: Slug | None = None
    """ClusterIssuer for ``tls: cert-manager``."""
    prefix_cache: Literal["approximate", "off"] = "approximate"
    """KV-cache-aware routing by the prefixes that each pod has seen."""
    scorers: dict[str, float] = Field(default_factory=dict)
    """Weights of scorers (plugin types); they replace the weights chosen for the runtime, 0 removes one."""
    flow_control: bool = False
    """Queue requests in the EPP when every pod is saturated."""
    metrics_auth: bool = True
    """Ask for a token on /metrics."""
    flags: dict[str, bool | int | float | str] = Field(default_factory=dict)
    """Further EPP flags, without dashes."""
    config: Patch = Field(default_factory=dict)
    """Merged over the EndpointPickerConfig last. Named in every review."""
    verbosity: int = Field(default=1, ge=0, le=10)
    """How much it logs (``--v``): 1 is quiet, 4 tells of every request."""
    resources: EppResources = EppResources()


class Gateway(Params):
    """How requests reach the model's pods inside the cluster."""

    enabled: bool = True
    """``false``: no internal Gateway; LiteLLM calls the pods' Service itself."""
    wiring: WiringName = "envoy-extension-policy"
    """How the Endpoint Picker is wired into the gateway."""
    class_name: Slug | None = None
    """GatewayClass of the stack's own Gateway; the wiring's when unset."""
    shared: Slug | None = None
    """A name below ``cluster.sharedGateways``; the stack has its own Gateway when unset."""
    hostname: Hostname | None = None
    """Name under which LiteLLM reaches the gateway, where the gateway makes no Service in the cluster (GKE)."""
    extension_policy: bool = True
    """``false``: Gateway, pool and EPP are compiled, but the EPP is not wired in (requests are spread by the
    gateway alone)."""
    stream_idle: Duration = "3600s"
    """How long a stream may be silent (Envoy Gateway; the other wirings have no such timeout)."""
    pool: Pool = Pool()
    epp: Epp = Epp()
