"""What compiled pods ask for, held against what the GPU ledger counts and against how the engine is started."""

from __future__ import annotations

from collections.abc import Iterator

from components.common.accelerator import Toleration
from components.facts.tables import table
from scripts.check.deployment import Deployment, container_field, deployment, deployments, quantity
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.rule import rule

_VENDORS = ("nvidia.com/", "amd.com/", "gpu.intel.com/", "intel.com/", "habana.ai/")
_RESOURCES = "spec.predictor.model.resources"
_PARTS = ("requests", "limits")


@rule(
    "gpu-count-declared",
    kinds=("InferenceService",),
    why="The GPU ledger counts another number than the pods take, so a budget that seems kept is not.",
    fix="Set serving.gpus or the parallel sizes; what an override changes is counted nowhere.",
    source="inference-stacks.md 3 idea 3; LLMKube#1310",
)
def count_declared(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A pod asks for as many GPUs as the inventory declares."""
    one = deployment(service, view)
    name = one.stack.accelerator.resource_name if one else None
    if one is None or not one.declared:
        return
    for part in _PARTS:
        asked = {key: value for key, value in one.main.node.map(f"resources.{part}").items() if _is_gpu(key)}
        count = sum(int(quantity(value) or 0) for value in asked.values())
        if count != one.stack.gpus_per_pod:
            yield Hit(
                service,
                f"{_RESOURCES}.{part}" + (f'["{name}"]' if name in asked else ""),
                f"the pod asks for {count} GPUs, stack {one.stack.name} declares {one.stack.gpus_per_pod}"
                f" ({_declared_as(one)})",
                cause=("serving", "gpus") if one.stack.serving.gpus else ("serving", "tensorParallelSize"),
            )


@rule(
    "gpu-limit-equals-request",
    kinds=("InferenceService", "Deployment", "StatefulSet", "DaemonSet", "Job"),
    why="The API server refuses the pod: an extended resource cannot be overcommitted.",
    fix="Give request and limit the same number.",
    source="Kubernetes device plugins; serving.md 26",
)
def limit_equals_request(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Requests and limits of GPUs are equal."""
    for pod in view.pods_of(obj):
        for container in pod.containers:
            requests, limits = (container.node.map(f"resources.{part}") for part in _PARTS)
            for key in sorted(filter(_is_gpu, {*requests, *limits})):
                if quantity(limits.get(key)) is None or (
                    key in requests and quantity(requests[key]) != quantity(limits[key])
                ):
                    yield Hit(
                        obj,
                        f'{container_field(pod, container, "resources.limits")}["{key}"]',
                        f"{pod.name} request {requests.get(key, 'no')} and are limited to"
                        f" {limits.get(key, 'no')} {key}",
                    )


@rule(
    "gpu-count-parallel",
    kinds=("InferenceService",),
    why="With too few GPUs the engine ends at start; with too many the rest is paid for and idle.",
    fix="Make tensor x pipeline x data parallel size equal to the GPUs of the pod.",
    source="serving.md 26; dynamo#4934; modelservice#140",
)
def count_parallel(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A pod has exactly the GPUs that the engine's ranks need."""
    one = deployment(service, view)
    if (
        one is None
        or one.engine.name != "vllm"
        or not one.takes_flags
        or service.has("spec.predictor.workerSpec")
    ):
        return
    ranks = one.tensor * one.pipeline * one.data
    asked = one.gpus()
    if one.stack.accelerator.is_gpu and asked != ranks:
        yield Hit(
            service,
            one.field_of("tensor-parallel-size"),
            f"the engine starts {ranks} ranks ({one.sizes}), the pod asks for {asked} GPUs",
            cause=one.cause("tensor-parallel-size"),
        )


@rule(
    "gpu-resource-name",
    kinds=("InferenceService",),
    why="No node offers such a resource, so the pod stays Pending, or KServe does not see that it is a GPU service.",
    fix="Write the accelerator's resourceName as the device plugin announces it.",
    source="serving.md 32; kserve v0.20 webhook (gpu-resource-types)",
)
def resource_name(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Pods ask for the resource that their accelerator's nodes offer, and KServe knows it as a GPU."""
    one = deployment(service, view)
    if one is None:
        return
    wanted = one.stack.accelerator.resource_name
    for part in _PARTS:
        for key in one.main.node.map(f"resources.{part}"):
            if _is_gpu(key) and key != wanted:
                yield Hit(
                    service,
                    f'{_RESOURCES}.{part}["{key}"]',
                    f"the pod asks for {key}, nodes of pool {one.stack.serving.pool} offer {wanted or 'no GPUs'}",
                    cause=("accelerators", one.stack.pool.accelerator, "resourceName"),
                )
    known = table("kserve")["gpu_resources"]
    extra = service.annotations.get("serving.kserve.io/gpu-resource-types", "")
    if wanted and one.stack.gpus_per_pod and wanted not in known and wanted not in extra:
        yield Hit(
            service,
            "metadata.annotations",
            f"KServe knows {', '.join(known)} as GPUs, not {wanted}",
            "Correct resourceName, or name it in the annotation serving.kserve.io/gpu-resource-types.",
            cause=("accelerators", one.stack.pool.accelerator, "resourceName"),
        )


@rule(
    "gpu-workload-counted",
    scope="cluster",
    why="These GPUs are in no budget: the ledger promises them to somebody else.",
    fix="Declare the workload as a stack, or take the GPUs from it.",
    source="inference-stacks.md 3 idea 3; LLMKube#1310",
)
def workload_counted(view: ClusterView) -> Iterator[Hit]:
    """Whatever asks for GPUs is in the GPU ledger."""
    counted = deployments(view)
    for pod in view.pods:
        one = counted.get(id(pod.owner))
        declared = one is not None and one.declared and pod.role == "model"
        if declared or pod.owner.stack in view.declared.unread:
            continue
        for container in pod.containers:
            for key, number in container.node.map("resources.limits").items():
                if _is_gpu(key):
                    field = f'{container_field(pod, container, "resources.limits")}["{key}"]'
                    yield Hit(
                        pod.owner, field, f"{pod.name} ask for {number} {key}, and no stack declares them"
                    )


@rule(
    "replicas-declared",
    kinds=("InferenceService",),
    why="The GPU ledger, the alerts and the rollout plan count another number of pods than there will be.",
    fix="Set serving.minReplicas and serving.maxReplicas; what an override changes is counted nowhere.",
    source="inference-stacks.md 3 idea 3; serving.md 12",
)
def replicas_declared(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """An InferenceService has the replicas that the inventory declares."""
    one = deployment(service, view)
    if one is None or not one.declared:
        return
    wanted = {"minReplicas": one.stack.serving.min_replicas, "maxReplicas": one.stack.max_replicas}
    for key, number in wanted.items():
        compiled = service.number(f"spec.predictor.{key}")
        if compiled != number:
            yield Hit(
                service,
                f"spec.predictor.{key}",
                f"{key} is {'not set' if compiled is None else compiled}, stack {one.stack.name} declares {number}",
                cause=("serving", key),
            )


@rule(
    "rollout-surge-declared",
    kinds=("InferenceService",),
    why="A rollout takes more GPUs than the ledger counts, or removes more pods than the inventory allows.",
    fix="Set serving.rollout.maxSurge and maxUnavailable as whole numbers.",
    source="serving.md 27; airunway#400",
)
def surge_declared(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A rolling update surges as the GPU ledger counts it."""
    one = deployment(service, view)
    if one is None or not one.declared or one.stack.is_knative:
        return
    strategy = service.text("spec.predictor.deploymentStrategy.type")
    path = "spec.predictor.deploymentStrategy"
    if strategy == "Recreate":
        return
    wanted = {"maxSurge": one.stack.max_surge, "maxUnavailable": one.stack.max_unavailable}
    for key, number in wanted.items():
        compiled = service.raw(f"{path}.rollingUpdate.{key}")
        if compiled != number:
            has = "25% by default" if compiled is None else compiled
            yield Hit(
                service,
                f"{path}.rollingUpdate.{key}",
                f"{key} is {has}, stack {one.stack.name} declares {number}",
                cause=("serving", "rollout", key),
            )


@rule(
    "pool-node-selector",
    kinds=("InferenceService",),
    why="Pods land on nodes of another kind, or on none, while the ledger counts them in this pool.",
    fix="Take the selector from the accelerator and the pool.",
    source="inference-stacks.md 3 ideas 3 and 40",
)
def node_selector(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Pods select the nodes of the pool that counts them."""
    one = deployment(service, view)
    if one is None:
        return
    stack = one.stack
    compiled = one.pod.spec.texts("nodeSelector")
    for key, value in sorted((stack.accelerator.node_selector | stack.pool.node_selector).items()):
        if compiled.get(key) != value:
            has = f"{key}={compiled[key]}" if key in compiled else f"no {key}"
            yield Hit(
                service,
                "spec.predictor.nodeSelector",
                f"the pods select {has}, nodes of pool {stack.serving.pool} have {key}={value}",
                cause=("accelerators", stack.pool.accelerator, "nodeSelector"),
            )


@rule(
    "pool-tolerations",
    kinds=("InferenceService",),
    why="The nodes' taint keeps the pods away, and they stay Pending.",
    fix="Take the tolerations from the accelerator.",
    source="inference-stacks.md 3 idea 3",
)
def tolerations(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Pods tolerate the taints of the pool that counts them."""
    one = deployment(service, view)
    if one is None:
        return
    compiled = list(one.pod.spec.each("tolerations[]"))
    for taint, wanted in sorted(one.stack.accelerator.tolerations.items()):
        tolerated = any(_tolerates(given, taint, wanted) for given in compiled)
        if not tolerated:
            effect = f":{wanted.effect}" if wanted.effect else ""
            yield Hit(
                service,
                "spec.predictor.tolerations",
                f"the pods do not tolerate {taint}{effect} of pool {one.stack.serving.pool}",
                cause=("accelerators", one.stack.pool.accelerator, "tolerations", taint),
            )


def _tolerates(given: Node, taint: str, wanted: Toleration) -> bool:
    """Whether a pod's toleration covers a taint as the accelerator wants it."""
    if given.text("effect", wanted.effect or "") != (wanted.effect or ""):
        return False
    if given.text("operator", "Equal") == "Exists":
        return given.text("key", taint) == taint
    same = given.text("key") == taint and given.text("value") == (wanted.value or "")
    return same and wanted.operator == "Equal"


def _is_gpu(resource: str) -> bool:
    """Whether a resource is an accelerator's: ``nvidia.com/gpu``, ``nvidia.com/mig-1g.5gb``, ``amd.com/gpu``."""
    return resource.startswith(_VENDORS) or resource in table("kserve")["gpu_resources"]


def _declared_as(one: Deployment) -> str:
    return f"serving.gpus: {one.stack.serving.gpus}" if one.stack.serving.gpus else "its parallel sizes"
