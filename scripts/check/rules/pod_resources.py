"""What a model's pods get beside GPUs: shared memory, host memory, node storage, time to start."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from components.common import names
from components.facts.tables import table
from components.stack import sizing
from scripts.check.deployment import Deployment, container_field, deployment, quantity
from scripts.check.fit import GIB
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.pods import is_knative
from scripts.check.rule import rule
from scripts.check.rules.storage import uris

_ISVC = ("InferenceService",)
_RESOURCES = "spec.predictor.model.resources"
_SHM = "/dev/shm"
_SHM_PER_RANK_GIB = 1.0
_HOST_PER_RANK_GIB = 2.0
"""Memory of one rank's process without what it shares, at least."""
_COPIED = ("hf://", "s3://", "gs://", "http://", "https://", "hdfs://", "webhdfs://")
_PULLED = ("ollama",)


@rule(
    "shm-for-ranks",
    kinds=_ISVC,
    why="Ranks exchange data through /dev/shm, which has 64 MiB in a container: NCCL ends with a bus error.",
    fix="Mount an emptyDir with medium: Memory on /dev/shm.",
    source="serving.md 39; vllm#7466, #1710; nccl#525",
)
def shm_for_ranks(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A pod with several ranks has memory mounted on /dev/shm."""
    one = deployment(service, view)
    if one is None or not one.takes_flags or one.tensor * one.pipeline * one.data < 2:
        return
    volume = _shm(one)
    if volume is None:
        yield Hit(service, "spec.predictor.volumes", f"{one.sizes} ranks, and nothing is mounted on {_SHM}")
    elif volume.text("emptyDir.medium") != "Memory":
        said = f"{_SHM} is volume {volume.text('name')}, which is no emptyDir in memory"
        yield Hit(service, volume.at("emptyDir.medium"), said)


@rule(
    "shm-size",
    kinds=_ISVC,
    why="The ranks fill /dev/shm, and the kubelet evicts the pod or NCCL ends with a bus error.",
    fix="Raise serving.resources.sharedMemory, and serving.resources.memory with it.",
    source="serving.md 39; inference-stacks.md 3 idea 29 (production-stack: 20 Gi for 8 GPUs)",
)
def shm_size(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """/dev/shm holds at least 1 GiB for each rank, and is less than the pod's memory limit."""
    one = deployment(service, view)
    volume = _shm(one) if one else None
    size = quantity(volume.raw("emptyDir.sizeLimit")) if volume else None
    if one is None or volume is None or size is None:
        return
    field, cause = volume.at("emptyDir.sizeLimit"), ("serving", "resources", "sharedMemory")
    ranks = one.tensor * one.pipeline * one.data
    if one.takes_flags and ranks > 1 and size < ranks * _SHM_PER_RANK_GIB * GIB:
        said = f"{_SHM} of {_gib(size)} for {ranks} ranks, {ranks * _SHM_PER_RANK_GIB:g} GiB are the least"
        yield Hit(service, field, said, cause=cause)
    limit = one.quantity("resources.limits", "memory")
    if limit is not None and size >= limit:
        said = f"{_SHM} of {_gib(size)} counts against the memory limit of {_gib(limit)}"
        yield Hit(service, field, said, cause=cause)


@rule(
    "host-memory-for-ranks",
    kinds=_ISVC,
    why="The kernel ends the engine while it starts or serves (OOMKilled).",
    fix="Raise serving.resources.memory.",
    source="inference-stacks.md 3 idea 29; serving.md 19",
)
def host_memory(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The memory limit holds the ranks' processes, /dev/shm and what is offloaded to the host."""
    one = deployment(service, view)
    if one is None or one.engine.name != "vllm" or not one.takes_flags:
        return
    limit = one.quantity("resources.limits", "memory")
    if limit is None:
        return
    ranks = max(one.tensor * one.pipeline * one.data, 1)
    volume = _shm(one)
    shared = (quantity(volume.raw("emptyDir.sizeLimit")) or 0) / GIB if volume else 0
    arguments = one.arguments
    offloaded = (arguments.decimal("cpu-offload-gb") or 0) * ranks + (
        arguments.decimal("kv-offloading-size") or 0
    )
    if arguments.find("swap-space"):
        offloaded += (arguments.decimal("swap-space") or 0) * ranks
    needed = shared + offloaded + ranks * _HOST_PER_RANK_GIB
    if limit / GIB < needed:
        more = f" + {offloaded:g} offloaded" if offloaded else ""
        yield Hit(
            service,
            f"{_RESOURCES}.limits.memory",
            f"a memory limit of {_gib(limit)}, but {shared:g} GiB of {_SHM}{more} +"
            f" {ranks} x {_HOST_PER_RANK_GIB:g} GiB of processes are {needed:g} GiB",
            cause=("serving", "resources", "memory"),
        )


@rule(
    "cpu-for-ranks",
    kinds=_ISVC,
    why="Ranks wait for each other in busy loops: with less than a core each, GPUs idle.",
    fix="Raise serving.resources.cpu.",
    source="inference-stacks.md 3 idea 29; serving.md 19",
)
def cpu_for_ranks(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A pod asks for at least one CPU core for each rank, and for each thread of a CPU engine."""
    one = deployment(service, view)
    cores = one.quantity("resources.requests", "cpu") if one else None
    if one is None or cores is None or not one.takes_flags:
        return
    threads = one.arguments.number("threads") if one.engine.name == "llamacpp" else None
    needed = threads or one.tensor * one.pipeline * one.data
    if cores < needed:
        what = f"{needed} threads" if threads else f"{needed} ranks"
        yield Hit(
            service,
            f"{_RESOURCES}.requests.cpu",
            f"the pod asks for {cores:g} cores and runs {what}",
            cause=("serving", "resources", "cpu"),
        )


@rule(
    "ephemeral-storage-holds-weights",
    kinds=_ISVC,
    why="The kubelet evicts the pod while the weights are fetched, and it starts over on the next node.",
    fix="Raise serving.resources.ephemeralStorage, or take the weights from a claim or an OCI image.",
    source="serving.md 18; kserve#5326, #5162, #5412",
)
def ephemeral_storage(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Weights that are copied to the node fit into the pod's node storage."""
    one = deployment(service, view)
    needed = _copied_gib(one) if one else 0
    if one is None or not needed:
        return
    for part in ("requests", "limits"):
        size = one.quantity(f"resources.{part}", "ephemeral-storage")
        if size is not None and size / GIB < needed:
            yield Hit(
                service,
                f"{_RESOURCES}.{part}.ephemeral-storage",
                f"{_gib(size)} of node storage for {needed:.1f} GiB of weights",
                cause=("serving", "resources", "ephemeralStorage"),
            )


@rule(
    "ephemeral-storage-set",
    kinds=_ISVC,
    level="warning",
    why="The scheduler may choose a node whose disk the weights fill, and the kubelet evicts its pods.",
    fix="Set serving.resources.ephemeralStorage.",
    source="serving.md 18",
)
def ephemeral_storage_set(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A pod that copies weights to its node asks for the storage."""
    one = deployment(service, view)
    if one and _copied_gib(one) and one.quantity("resources.requests", "ephemeral-storage") is None:
        message = f"the pod copies {_copied_gib(one):.1f} GiB of weights to its node and asks for no storage"
        yield Hit(service, f"{_RESOURCES}.requests", message, cause=("serving", "resources"))


@rule(
    "claim-holds-weights",
    kinds=("PersistentVolumeClaim",),
    why="The claim is full before the weights are there, and the model never starts.",
    fix="Raise serving.storage.claim.size.",
    source="inference-stacks.md 3 idea 28",
)
def claim_holds_weights(claim: Obj, view: ClusterView) -> Iterator[Hit]:
    """A claim for weights is larger than the weights."""
    size = quantity(claim.raw("spec.resources.requests.storage"))
    stack = view.stack_of(claim)
    if stack and size is not None and size / GIB < sizing.fetched_gib(stack):
        yield Hit(
            claim,
            "spec.resources.requests.storage",
            f"{_gib(size)} for {sizing.fetched_gib(stack):.1f} GiB of {stack.model.name}",
            cause=("serving", "storage", "claim", "size"),
        )


@rule(
    "startup-covers-load",
    kinds=_ISVC,
    why="The kubelet kills the engine while it still loads weights, again and again.",
    fix="Raise serving.startupSeconds, or correct the cluster's weightsGiBPerSecond.",
    source="serving.md 42; vllm#17386; kserve#5062; llm-d-benchmark Kimi-K3 (5,385 s measured)",
)
def startup_covers_load(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The startup probe waits until the weights can be loaded."""
    one = deployment(service, view)
    if one is None:
        return
    probe = one.main.node.node("startupProbe")
    period, failures = probe.number("periodSeconds") or 10, probe.number("failureThreshold") or 3
    if not isinstance(probe.value, dict):
        return
    budget = period * failures + (probe.number("initialDelaySeconds") or 0)
    needed, how = _load_seconds(one)
    if budget < needed:
        yield Hit(
            service,
            f"{container_field(one.pod, one.main, 'startupProbe')}.failureThreshold",
            f"the probe waits {budget} s ({failures} x {period} s), {how} takes {needed:.0f} s",
            cause=("serving", "startupSeconds"),
        )


@rule(
    "knative-waits-for-start",
    kinds=_ISVC,
    why="Knative gives a new revision up while it still starts, and keeps serving the old one.",
    fix="Raise serving.startupSeconds, from which the deadline is derived.",
    source="serving.md 24; kserve#1247, #3795, #5684",
)
def knative_waits(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Knative's progress deadline is longer than the startup probe waits."""
    one = deployment(service, view)
    if one is None or not is_knative(service):
        return
    given = service.annotations.get("serving.knative.dev/progress-deadline", "")
    default = table("kserve")["knative"]["progress_deadline_seconds"]
    seconds = int(given[:-1]) if given.endswith("s") and given[:-1].isdecimal() else default
    probe = one.main.node.node("startupProbe")
    budget = (probe.number("periodSeconds") or 10) * (probe.number("failureThreshold") or 3)
    if isinstance(probe.value, dict) and seconds <= budget:
        said = f"{given or f'{default}s by default'}, but the startup probe alone waits {budget} s"
        yield Hit(
            service,
            'metadata.annotations["serving.knative.dev/progress-deadline"]',
            f"the progress deadline is {said}",
            cause=("serving", "startupSeconds"),
        )


def _shm(one: Deployment) -> Node | None:
    """The volume on /dev/shm."""
    mounts = one.main.node.each("volumeMounts[]")
    name = next((mount.text("name") for mount in mounts if mount.text("mountPath") == _SHM), None)
    for volumes in (one.service.each("spec.predictor.volumes[]"), one.pod.spec.each("volumes[]")):
        for volume in volumes:
            if volume.text("name") == name:
                return volume
    return None


def _copied_gib(one: Deployment) -> float:
    """GiB of weights and adapters that KServe or the engine copies to the node; 0 where all are mounted."""
    copied = {mount for _, _, uri, mount in uris(one.service) if uri.startswith(_COPIED)}
    adapters = one.stack.model.adapters.items()
    extra = sum(adapter.size_gib for name, adapter in adapters if names.adapter_folder(name) in copied)
    return extra + _copied_weights_gib(one, copied)


def _copied_weights_gib(one: Deployment, copied: Collection[str]) -> float:
    if table("kserve")["model_path"] in copied:
        return sizing.fetched_gib(one.stack)
    data = next((v for v in one.pod.spec.each("volumes[]") if v.text("name") == "data"), None)
    pulled = one.engine.name in _PULLED and data is not None and data.has("emptyDir")
    return one.stack.model.weights.size_gib if pulled else 0


def _load_seconds(one: Deployment) -> tuple[float, str]:
    """How long the weights take at the cluster's rates, and in words why."""
    size, cluster = one.stack.model.weights.size_gib, one.stack.cluster
    seconds = size / cluster.weights_gib_per_second
    how = f"loading {size:g} GiB at {cluster.weights_gib_per_second:g} GiB/s"
    if one.engine.name in _PULLED:
        seconds += size / cluster.download_gib_per_second
        how = f"downloading and {how}"
    return seconds, how


def _gib(size: float) -> str:
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{size / 2**20:.0f} MiB"
