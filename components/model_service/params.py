"""One deployment of a model: the ``serving`` key of a stack."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from components.common.forms import text
from components.common.model import StorageUri
from components.common.params import (
    Bytes,
    Cpu,
    EnvName,
    FlagValue,
    Namespace,
    Params,
    Replicas,
    Seconds,
    Slug,
)


class Resources(Params):
    """What a pod asks for beside GPUs. Unset values are derived from the accelerator and the weights."""

    cpu: Cpu | None = None
    """CPU cores asked for. Unset: the accelerator's ``cpuPerGpu`` for each GPU, 8 without one."""
    memory: Bytes | None = None
    """Memory, request and limit. Unset: the accelerator's ``hostMemoryPerGpuGiB`` for each GPU; without GPUs what
    weights and KV cache take."""
    ephemeral_storage: Bytes | None = None
    """Node storage, request and limit. Unset: what is copied to the node, and 10 GiB."""
    shared_memory: Bytes | None = None
    """Size limit of /dev/shm."""


class Autoscaling(Params):
    """How KServe scales the predictor."""

    scaler: Literal["hpa", "keda", "external", "none"] | None = None
    """KServe's ``autoscalerClass``. Unset: ``keda`` when ``maxReplicas`` is above ``minReplicas`` and the cluster has
    KEDA and Prometheus, else ``none``."""
    metric: Literal["requests_waiting", "requests_running", "kv_cache_usage"] = "requests_waiting"
    """What KEDA asks Prometheus for, by its logical name."""
    target: float | None = Field(default=None, ge=0.001, le=1_000_000)
    """The value per replica that ``keda`` holds (5 waiting requests when unset; of another metric it must be said),
    or the CPU utilisation in percent that ``hpa`` holds."""


class Rollout(Params):
    """How pods are replaced. Unset: derived from the pool's ``rolloutReserve``."""

    max_surge: Replicas | None = None
    """Pods more than wanted while pods are replaced; they need GPUs of their own."""
    max_unavailable: Replicas | None = None
    """Pods that may be missing while pods are replaced."""


class Claim(Params):
    """A PersistentVolumeClaim for weights."""

    name: Slug
    """The claim's name."""
    path: (
        Annotated[
            str,
            text(
                r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$",
                "a path of letters, digits and any of ._- without a slash at its ends",
                "models/llama-70b",
            ),
        ]
        | None
    ) = None
    """Folder of the weights in the claim; its root when unset."""
    create: bool = False
    """Compile the claim too (it is never pruned); otherwise it must exist."""
    size: Bytes | None = None
    """Needed when it is created."""
    storage_class: Slug | None = None
    """Storage class of a claim that is created; the cluster's default when unset."""
    access_mode: Literal["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany"] = "ReadWriteMany"
    """How many nodes may mount it; ``ReadWriteOnce`` allows one pod."""


class Storage(Params):
    """Where this deployment takes the weights from, if not from where the model class says."""

    uri: StorageUri | None = None
    """Overrides ``model.weights.uri``."""
    claim: Claim | None = None
    """The claim that holds the weights or, for Ollama, keeps the models that it pulled."""
    secret: Slug | None = None
    """Secret with the credentials of an object store, as KServe wants it; it must exist."""


class Serving(Params):
    """How one model is deployed."""

    name: Slug | None = None
    """InferenceService name; the stack's name when unset."""
    namespace: Namespace | None = None
    """The cluster's namespace when unset."""
    runtime: Slug
    """A name below ``runtimes`` that the cluster has switched on."""
    pool: Slug
    """The accelerator pool, a name below ``cluster.pools``."""
    mode: Literal["Standard", "Knative"] = "Standard"
    """KServe deployment mode."""
    tensor_parallel_size: int = Field(default=1, ge=1)
    """GPUs that share each layer; must divide the attention heads (vLLM)."""
    pipeline_parallel_size: int = Field(default=1, ge=1)
    """Groups of GPUs that hold successive layers (vLLM)."""
    data_parallel_size: int = Field(default=1, ge=1)
    """Copies of the model in one pod, each with its own GPUs (vLLM)."""
    expert_parallel: bool = False
    """Spread the experts of a mixture-of-experts model over the ranks instead of splitting each (vLLM)."""
    gpus: int | None = Field(default=None, ge=0)
    """GPUs of one pod. Derived from the parallel sizes when unset; when set it must agree with them."""
    min_replicas: Replicas = 1
    """Pods that always run; 0 only where KEDA or Knative scales."""
    max_replicas: Replicas | None = Field(default=None, ge=1)
    """``minReplicas`` when unset."""
    max_model_len: int | None = Field(default=None, ge=1)
    """Context length in tokens that is served; the model's own when unset."""
    parallel_requests: int = Field(default=1, ge=1)
    """Requests that one pod works on at once (llama.cpp slots, Ollama parallel requests)."""
    gpu_memory_utilization: float | None = Field(default=None, gt=0, le=1)
    """Share of GPU memory that vLLM may use; the engine's default when unset."""
    kv_cache_dtype: Literal["auto", "fp8", "fp8_e4m3", "fp8_e5m2"] | None = None
    """Number format of vLLM's KV cache; the engine's default when unset."""
    resources: Resources = Resources()
    autoscaling: Autoscaling = Autoscaling()
    rollout: Rollout = Rollout()
    storage: Storage = Storage()
    args: dict[str, FlagValue] = Field(default_factory=dict)
    """Engine flags of this deployment, without dashes."""
    env: dict[EnvName, str] = Field(default_factory=dict)
    """Environment variables of this deployment. No secrets: the compiled tree is public to its readers."""
    startup_seconds: Seconds | None = Field(default=None, ge=10)
    """How long a start may take; derived from the size of the weights when unset."""
    termination_grace_seconds: Seconds | None = None
    """How long a stopped pod may finish its requests; the longest request and 30 s when unset."""
    request_timeout_seconds: Seconds = 600
    """Longest request; gateway and LiteLLM use it too."""
    priority_class: Slug | None = None
    """PriorityClass of the pods; it must exist."""
    access_token: bool | None = None
    """Whether what is fetched from Hugging Face needs the access token; the model's ``gated`` when unset."""
