"""One deployment of a model: the ``serving`` key of a stack."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from components.common.model import StorageUri
from components.common.params import Bytes, Cpu, EnvName, FlagValue, Namespace, Params, Seconds, Slug


class Resources(Params):
    """What a pod asks for beside GPUs. Unset values are derived from the accelerator and the weights."""

    cpu: Cpu | None = None
    memory: Bytes | None = None
    ephemeral_storage: Bytes | None = None
    shared_memory: Bytes | None = None
    """Size limit of /dev/shm."""


class Autoscaling(Params):
    """How KServe scales the predictor."""

    scaler: Literal["hpa", "keda", "external", "none"] | None = None
    """KServe's ``autoscalerClass``. Unset: ``keda`` when ``maxReplicas`` is above ``minReplicas`` and the cluster has
    KEDA and Prometheus, else ``none``."""
    metric: Literal["requests_waiting", "requests_running", "kv_cache_usage"] = "requests_waiting"
    """What KEDA asks Prometheus for, by its logical name."""
    target: float | None = Field(default=None, ge=0.001)
    """The value per replica that ``keda`` holds (5 waiting requests when unset; of another metric it must be said),
    or the CPU utilisation in percent that ``hpa`` holds."""


class Rollout(Params):
    """How pods are replaced. Unset: derived from the pool's ``rolloutReserve``."""

    max_surge: int | None = Field(default=None, ge=0)
    max_unavailable: int | None = Field(default=None, ge=0)


class Claim(Params):
    """A PersistentVolumeClaim for weights."""

    name: Slug
    path: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$")] | None = None
    """Folder of the weights in the claim; its root when unset."""
    create: bool = False
    """Compile the claim too (it is never pruned); otherwise it must exist."""
    size: Bytes | None = None
    """Needed when it is created."""
    storage_class: Slug | None = None
    access_mode: Literal["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany"] = "ReadWriteMany"


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

    name: Annotated[str, StringConstraints(pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$")] | None = None
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
    pipeline_parallel_size: int = Field(default=1, ge=1)
    data_parallel_size: int = Field(default=1, ge=1)
    expert_parallel: bool = False
    gpus: int | None = Field(default=None, ge=0)
    """GPUs of one pod. Derived from the parallel sizes when unset; when set it must agree with them."""
    min_replicas: int = Field(default=1, ge=0)
    max_replicas: int | None = Field(default=None, ge=1)
    """``minReplicas`` when unset."""
    max_model_len: int | None = Field(default=None, ge=1)
    """Context length in tokens that is served; the model's own when unset."""
    parallel_requests: int = Field(default=1, ge=1)
    """Requests that one pod works on at once (llama.cpp slots, Ollama parallel requests)."""
    gpu_memory_utilization: float | None = Field(default=None, gt=0, le=1)
    """Share of GPU memory that vLLM may use; the engine's default when unset."""
    kv_cache_dtype: Literal["auto", "fp8", "fp8_e4m3", "fp8_e5m2"] | None = None
    resources: Resources = Resources()
    autoscaling: Autoscaling = Autoscaling()
    rollout: Rollout = Rollout()
    storage: Storage = Storage()
    args: dict[str, FlagValue] = Field(default_factory=dict)
    """Engine flags of this deployment, without dashes."""
    env: dict[EnvName, str] = Field(default_factory=dict)
    startup_seconds: int | None = Field(default=None, ge=10)
    """How long a start may take; derived from the size of the weights when unset."""
    termination_grace_seconds: int | None = Field(default=None, ge=1)
    """How long a stopped pod may finish its requests; the longest request and 30 s when unset."""
    request_timeout_seconds: Seconds = 600
    """Longest request; gateway and LiteLLM use it too."""
    priority_class: Slug | None = None
    access_token: bool | None = None
    """Whether what is fetched from Hugging Face needs the access token; the model's ``gated`` when unset."""
