"""What one GPU (or CPU) type is: ``inventory/classes/accelerators/<name>.yml``."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from components.common.params import LabelKey, Labels, LabelValue, Params, ResourceName


class Toleration(Params):
    """A pod toleration; the taint key is the entry's key."""

    operator: Literal["Exists", "Equal"] = "Exists"
    """``Exists`` tolerates the taint whatever its value, ``Equal`` only with ``value``."""
    value: LabelValue | None = None
    """The taint's value, for ``operator: Equal``."""
    effect: Literal["NoSchedule", "NoExecute", "PreferNoSchedule"] | None = None
    """The effect that is tolerated; every effect when unset."""

    @model_validator(mode="after")
    def _value_of_equal(self) -> Self:
        if self.operator == "Exists" and self.value:
            raise ValueError("operator Exists takes no value; set operator: Equal, or remove the value")
        return self


class Accelerator(Params):
    """One accelerator type, as a node offers it to pods."""

    kind: Literal["gpu", "cpu"] = "gpu"
    """``cpu`` for pools without an accelerator."""
    vendor: Literal["nvidia", "amd", "intel", "habana"] | None = None
    """Who makes it, for people and checks."""
    product: str | None = None
    """The vendor's product name, for people."""
    resource_name: ResourceName | None = None
    """The extended resource that a pod asks for: ``nvidia.com/gpu``."""
    memory_gib: float | None = Field(default=None, gt=0)
    """Usable memory of one GPU in GiB, measured where it is known."""
    per_node: int | None = Field(default=None, ge=1, le=64)
    """GPUs in one node."""
    compute_capability: float | None = Field(default=None, gt=0)
    """NVIDIA compute capability, for example 9.0 for H100."""
    cpu_per_gpu: int = Field(default=8, ge=1, le=100_000)
    """CPU cores a pod asks for with each GPU, unless the stack says otherwise."""
    host_memory_per_gpu_gib: int = Field(default=48, ge=1, le=1_000_000)
    """Host memory in GiB a pod asks for with each GPU, unless the stack says otherwise."""
    node_selector: Labels = Field(default_factory=dict)
    """Labels of the nodes that have it."""
    tolerations: dict[LabelKey, Toleration] = Field(default_factory=dict)
    """Taints of those nodes, keyed by taint key."""

    @property
    def is_gpu(self) -> bool:
        """Whether pods ask for an extended resource."""
        return self.kind == "gpu"
