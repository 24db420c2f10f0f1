"""One stack: a model, served in one way on one cluster. The root of a stack target's parameters."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from components.common import gpus, names
from components.common.accelerator import Accelerator
from components.common.cluster import AcceleratorPool, Cluster
from components.common.environment import Environment
from components.common.model import Model
from components.common.params import Date, Params, Slug
from components.common.runtime import Runtime
from components.inference_gateway.params import Gateway
from components.litellm.params import LiteLlmEntry
from components.model_service.params import Serving
from components.monitoring.params import StackMonitoring

Scaler = Literal["hpa", "keda", "external", "none"]
Overrides = dict[str, dict[Slug, dict[str, Any]]]


class Waiver(Params):
    """Why one rule does not hold here, and until when. The rule's id is the entry's key."""

    owner: str = Field(min_length=1)
    """Who answers for it: a person or a team."""
    reason: str = Field(min_length=10)
    """Why the rule does not hold here, in a sentence."""
    until: Date
    """Last day on which the waiver holds."""
    objects: dict[str, bool] = Field(default_factory=dict)
    """Limits the waiver to these objects (``Kind/name``); all of the target when empty."""


class StackParams(Params):
    """The parameters of a stack target."""

    cluster: Cluster
    environment: Environment
    accelerators: dict[Slug, Accelerator]
    """Accelerator types, by the name that ``cluster.pools`` uses."""
    runtimes: dict[Slug, Runtime]
    """Serving runtimes, by the name that ``cluster.runtimes`` and ``serving.runtime`` use."""
    model: Model
    serving: Serving
    gateway: Gateway = Gateway()
    litellm: LiteLlmEntry = LiteLlmEntry()
    monitoring: StackMonitoring = StackMonitoring()
    overrides: Overrides = Field(default_factory=dict)
    """JSON merge patches (RFC 7386) over compiled objects, by kind and name. The one escape hatch."""
    waivers: dict[str, Waiver] = Field(default_factory=dict)
    """Rules of the check that do not hold here, by the rule's id, until a date."""


class Stack:
    """A stack's parameters with everything that is derived from them. Read only."""

    def __init__(self, name: str, params: StackParams) -> None:
        """``name`` is the target's file name without its ending."""
        self.name = name
        self.params = params
        self.cluster = params.cluster
        self.model = params.model
        self.serving = params.serving
        self.gateway = params.gateway

    @cached_property
    def names(self) -> names.StackNames:
        """Every derived name."""
        return names.StackNames(
            stack=self.name,
            service=self.serving.name or self.name,
            namespace=self.namespace,
            gateway_owner=self.gateway.shared or self.name,
        )

    @property
    def namespace(self) -> str:
        """Where the stack's objects go."""
        return self.serving.namespace or self.cluster.namespace

    @property
    def gateway_namespace(self) -> str:
        """Where the stack's Gateway lives."""
        if self.gateway.shared:
            return self.cluster.shared_gateways[self.gateway.shared].namespace or self.cluster.namespace
        return self.namespace

    @cached_property
    def runtime(self) -> Runtime:
        """The serving runtime."""
        return self.params.runtimes[self.serving.runtime]

    @property
    def runtime_object(self) -> str:
        """Name of the (Cluster)ServingRuntime."""
        prefix, runtime = self.cluster.runtime_prefix, self.serving.runtime
        if self.runtime.namespaced:
            return names.stack_runtime(prefix, self.names.service, runtime)
        return names.cluster_runtime(prefix, runtime)

    @cached_property
    def pool(self) -> AcceleratorPool:
        """The accelerator pool."""
        return self.cluster.pools[self.serving.pool]

    @cached_property
    def accelerator(self) -> Accelerator:
        """What the pool's nodes have."""
        return self.params.accelerators[self.pool.accelerator]

    @property
    def has_pool(self) -> bool:
        """Whether an InferencePool and an Endpoint Picker are compiled."""
        return self.gateway.enabled and self.gateway.pool.enabled and not self.is_knative

    @property
    def is_knative(self) -> bool:
        """Whether KServe runs the model as a Knative Service."""
        return self.serving.mode == "Knative"

    @property
    def is_monitored(self) -> bool:
        """Whether the cluster's monitoring scrapes the stack."""
        return self.cluster.monitoring.enabled and self.params.monitoring.enabled

    @property
    def world_size(self) -> int:
        """Ranks of one pod: tensor x pipeline x data parallel size."""
        serving = self.serving
        return serving.tensor_parallel_size * serving.pipeline_parallel_size * serving.data_parallel_size

    @cached_property
    def gpus_per_pod(self) -> int:
        """GPUs of one pod: ``serving.gpus``, else the world size; none in a CPU pool."""
        if not self.accelerator.is_gpu:
            return 0
        return self.serving.gpus if self.serving.gpus is not None else self.world_size

    @property
    def max_replicas(self) -> int:
        """``serving.maxReplicas``, else ``minReplicas`` (at least 1)."""
        return self.serving.max_replicas or max(self.serving.min_replicas, 1)

    @property
    def scaler(self) -> Scaler:
        """KServe's autoscaler class; ``none`` where Knative scales."""
        if self.is_knative:
            return "none"
        wanted = self.serving.autoscaling.scaler
        if wanted is not None:
            return wanted
        if self.max_replicas == self.serving.min_replicas:
            return "none"
        return "keda" if self.cluster.has("keda") and self.cluster.prometheus_url else "none"

    @property
    def scale_target(self) -> float:
        """What a replica may have before another is added, in the unit of the metric; 5 waiting requests unless the
        stack says otherwise."""
        wanted = self.serving.autoscaling.target
        return 5 if wanted is None else wanted

    @property
    def max_surge(self) -> int:
        """Extra pods during a rollout: 1 where the pool keeps enough GPUs free for it, else 0. A ReadWriteOnce claim
        allows none: the new pod may lie on another node, and would wait for the volume for ever."""
        wanted = self.serving.rollout.max_surge
        if wanted is not None:
            return wanted
        claim = self.serving.storage.claim
        if claim is not None and claim.access_mode == "ReadWriteOnce":
            return 0
        return 1 if self.pool.rollout_reserve >= max(self.gpus_per_pod, 1) else 0

    @property
    def termination_grace_seconds(self) -> int:
        """How long a stopped pod may finish its requests: ``requestTimeoutSeconds`` and 30 s, in which it leaves its
        Services."""
        return self.serving.termination_grace_seconds or self.serving.request_timeout_seconds + 30

    @property
    def max_unavailable(self) -> int:
        """Pods that may be missing during a rollout: 1 where none can be added first."""
        wanted = self.serving.rollout.max_unavailable
        return wanted if wanted is not None else (0 if self.max_surge else 1)

    @cached_property
    def gpu_demand(self) -> gpus.GpuDemand:
        """GPUs that the stack takes in its pool."""
        return gpus.gpu_demand(
            self.gpus_per_pod, self.serving.min_replicas, self.max_replicas, self.max_surge
        )

    @cached_property
    def storage_uri(self) -> str | None:
        """What KServe fetches or mounts; none when the engine pulls the model itself."""
        storage = self.serving.storage
        if self.runtime.engine == "ollama":
            return None
        if storage.claim:
            return "pvc://" + "/".join(filter(None, (storage.claim.name, storage.claim.path)))
        return storage.uri or self.model.storage_uri

    @property
    def needs_token(self) -> bool:
        """Whether fetching the weights, or an adapter, from Hugging Face needs the publisher's token."""
        wanted = self.serving.access_token
        weights = (self.storage_uri or "").startswith("hf://")
        adapters = any(adapter.uri.startswith("hf://") for adapter in self.model.adapters.values())
        if wanted is not None:
            return wanted and (weights or adapters)
        return self.model.gated and weights

    @property
    def served_names(self) -> list[str]:
        """Names that the engine answers to: the real one, the service's, then the aliases by name."""
        first = self.model.ollama_tag if self.runtime.engine == "ollama" else None
        aliases = sorted(name for name, on in self.model.aliases.items() if on)
        return list(dict.fromkeys([first or self.model.name, self.names.service, *aliases]))

    @property
    def context_length(self) -> int:
        """Context length in tokens that is served."""
        return self.serving.max_model_len or self.model.max_context

    @property
    def public_name(self) -> str:
        """The model's name in LiteLLM."""
        return self.params.litellm.model_name or self.names.service
