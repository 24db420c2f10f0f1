"""The one function that counts GPUs. Whatever needs such a number asks here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GpuDemand:
    """GPUs that one workload takes in its pool, in whole GPUs."""

    per_replica: int
    minimum: int
    """At the smallest number of replicas."""
    maximum: int
    """At the largest number of replicas."""
    rollout_peak: int
    """While pods are replaced at the largest number of replicas."""


def gpu_demand(per_replica: int, min_replicas: int, max_replicas: int, max_surge: int) -> GpuDemand:
    """GPUs of a workload whose replicas are pods of ``per_replica`` GPUs each."""
    return GpuDemand(
        per_replica=per_replica,
        minimum=per_replica * min_replicas,
        maximum=per_replica * max_replicas,
        rollout_peak=per_replica * (max_replicas + max_surge),
    )
