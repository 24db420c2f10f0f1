"""What an environment demands of everything that runs: pinned images and weights, resources, probes, budgets,
labels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from components.cluster.params import TARGET
from components.common import labels
from scripts.check.deployment import container_field
from scripts.check.edges.pods import containers, specs
from scripts.check.fleet import ClusterView, StackView
from scripts.check.model import Hit, KeyPath, Obj
from scripts.check.node import Node
from scripts.check.pods import WORKLOADS, Pod, is_knative
from scripts.check.rule import ALL, rule
from scripts.check.rules.epp_deployment import elects
from scripts.check.rules.storage import uris

_PODS = (*WORKLOADS, "InferenceService")
_IMAGES = (*_PODS, "ServingRuntime", "ClusterServingRuntime", "EnvoyProxy", "AgentgatewayParameters")
_VERSION = re.compile(
    r"\d+\.\d+\.\d+|(^|[-_.])b?\d{4,}($|[-_.])|^(sha-)?[0-9a-f]{7,40}$|^2\d\.(0[1-9]|1[0-2])-"
)
"""What names one build in a tag: three numbers, a build number or date, a commit, NVIDIA's year and month."""
_BRANCHES = frozenset("latest main master nightly dev edge stable test".split())
_COMMIT = re.compile(r"[0-9a-f]{7,40}")


def floating(reference: str) -> str | None:
    """Why an image reference may mean another image tomorrow; None for a digest, or a tag of one build."""
    if "@sha256:" in reference:
        return None
    name = reference.rpartition("/")[2]
    tag = name.partition(":")[2]
    if not tag:
        return f"{reference} has no tag, which means latest"
    return None if _VERSION.search(tag) else f"tag {tag} of {reference} moves"


def _moving(reference: str) -> str | None:
    """Why an image of weights certainly moves: publishers tag them by the model's name, not by a release."""
    tag = reference.rpartition("/")[2].partition(":")[2]
    moves = "@" not in reference and (not tag or tag in _BRANCHES)
    return f"tag {tag or 'latest'} of {reference} moves" if moves else None


def _images(obj: Obj) -> Iterator[tuple[str, str]]:
    """(field, reference) of every image that an object names."""
    holders = [one for spec in specs(obj) for one in containers(spec)]
    holders += list(obj.each("spec.containers[]"))
    holders += [obj.node("spec.provider.kubernetes.envoyDeployment.container"), obj.node("spec.image")]
    for one in holders:
        if reference := one.text("image"):
            yield one.at("image"), reference
    for spec in specs(obj):
        for volume in spec.each("volumes[]"):
            if reference := volume.text("image.reference"):
                yield volume.at("image.reference"), reference


@rule(
    "image-pinned",
    kinds=_IMAGES,
    why="Two pods of one Deployment may run different software, and nobody reviewed the newer one.",
    fix="Give a tag of one release, or better a digest.",
    source="serving.md 46; gateway.md 18; inference-stacks.md idea 19",
    cause=("runtimes",),
)
def image_pinned(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Every image is one build: a digest, or a tag that names a release (`environment.pinnedImages`)."""
    for field, reference in _images(obj):
        if problem := floating(reference):
            yield Hit(obj, field, problem, level=view.environment.pinned_images)


@rule(
    "revision-pinned",
    kinds=("InferenceService",),
    why="Every pod fetches what the publisher has at that moment: replicas may serve different weights.",
    fix="Set `model.revision` (and `revision` of adapters) to a commit.",
    source="inference-stacks.md ideas 19, 24",
    cause=("model", "revision"),
)
def revision_pinned(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Weights are fetched in one revision (`environment.pinnedRevisions`)."""
    demanded = view.environment.pinned_revisions
    for holder, key, uri, _ in uris(service) if demanded != "off" else ():
        scheme, _, rest = uri.partition("://")
        problem = None
        if scheme == "hf":
            revision = rest.partition(":")[2]
            if not _COMMIT.fullmatch(revision):
                problem = f"revision {revision or 'main'} of {rest.partition(':')[0]} moves"
        elif scheme in ("oci", "oci+native"):
            problem = _moving(rest)
        if problem and demanded != "off":
            yield Hit(service, holder.at(key), problem, level=demanded, cause=_revision(service, uri, view))


def _revision(service: Obj, uri: str, view: ClusterView) -> KeyPath:
    """The key that pins what is fetched."""
    stack = view.stack_of(service)
    adapters = stack.model.adapters.items() if stack else ()
    adapter = next((name for name, one in adapters if one.storage_uri == uri), None)
    return ("model", "adapters", adapter, "revision") if adapter else ("model", "revision")


@rule(
    "container-resources-set",
    kinds=_PODS,
    level="warning",
    relaxed={"dev": "note"},
    why="The scheduler packs it anywhere, and one process can take the node's memory from all others.",
    fix="Give requests for CPU and memory, and a limit for memory.",
    source="serving.md 19; gateway.md 26; inference-stacks.md idea 27; kserve#3947, #1442",
    cause=("serving", "resources"),
)
def resources_set(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Every container asks for CPU and memory, and has a limit of memory."""
    for pod in view.pods_of(obj):
        for container in pod.containers if pod.known else ():
            missing = [
                f"{part} of {name}"
                for part, name in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))
                if name not in container.node.map(f"resources.{part}")
            ]
            if missing:
                field = container_field(pod, container, "resources")
                yield Hit(obj, field, f"container {container.name} has no {', no '.join(missing)}")


@rule(
    "memory-guaranteed",
    kinds=("InferenceService",),
    level="warning",
    relaxed={"dev": "note"},
    why="On a node that runs short the kubelet evicts this pod, and a model that took minutes to load is gone.",
    fix="Let request and limit be equal: set `serving.resources` and nothing by override.",
    source="inference-stacks.md ideas 19, 29",
    cause=("serving", "resources"),
)
def memory_guaranteed(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A model pod gets the memory and node storage that it may use."""
    resources = service.node("spec.predictor.model.resources")
    for name in ("memory", "ephemeral-storage"):
        asked, limit = resources.map("requests").get(name), resources.map("limits").get(name)
        if asked is not None and limit is not None and str(asked) != str(limit):
            yield Hit(
                service, resources.at(f"requests.{name}"), f"it asks for {asked} of {name}, up to {limit}"
            )


@rule(
    "container-probed",
    kinds=_PODS,
    level="warning",
    why="Requests go to pods that are not ready, and a process that hangs is never restarted.",
    fix="Give a readiness and a liveness probe.",
    source="serving.md 42; airunway#401; inference-stacks.md idea 19",
    cause=("serving", "runtime"),
)
def probed(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A model server or proxy has a readiness and a liveness probe."""
    for pod in view.pods_of(obj) if obj.kind != "Job" else ():
        if pod.role in ("epp", "worker") or not pod.known or not pod.containers:
            continue
        for name in ("readinessProbe", "livenessProbe"):
            if not pod.main.node.has(name):
                yield Hit(obj, container_field(pod, pod.main, name), f"the {pod.name} have no {name}")


def _least(pod: Pod) -> int:
    """The number of pods that there are at least."""
    if pod.owner.kind == "InferenceService":
        return max(_number(pod.owner, "spec.predictor.minReplicas"), 1)
    return _number(pod.owner, "spec.replicas")


def _number(obj: Obj, path: str) -> int:
    found = obj.number(path)
    return 1 if found is None else found


@rule(
    "disruption-budget-present",
    scope="cluster",
    level="warning",
    relaxed={"dev": "note"},
    why="Whoever drains nodes may take every replica at once.",
    fix="Compile a PodDisruptionBudget with `maxUnavailable: 1`.",
    source="inference-stacks.md idea 19",
    cause=("serving", "minReplicas"),
)
def budget_present(view: ClusterView) -> Iterator[Hit]:
    """Two or more replicas that serve at once have a disruption budget."""
    held = {
        id(pod)
        for budget in view.of("PodDisruptionBudget")
        for pod in view.select(budget.namespace, budget.texts("spec.selector.matchLabels"))
    }
    for pod in view.pods:
        serves = pod.role in ("model", "litellm", "other") or (pod.role == "epp" and not elects(pod))
        lasting = pod.owner.kind in ("Deployment", "StatefulSet", "InferenceService")
        knative = pod.role == "model" and is_knative(pod.owner)
        if serves and lasting and not knative and _least(pod) > 1 and id(pod) not in held:
            yield Hit(pod.owner, "spec", f"no disruption budget holds the {_least(pod)} {pod.name}")


@rule(
    "disruption-budget-lets-drain",
    kinds=("PodDisruptionBudget",),
    why="No pod may ever be evicted, so that draining a node hangs until somebody deletes the budget.",
    fix="Write `maxUnavailable: 1`.",
    source="gateway.md 22; inference-stacks.md idea 19",
)
def budget_lets_drain(budget: Obj, view: ClusterView) -> Iterator[Hit]:
    """A disruption budget lets at least one pod go."""
    most, least = budget.raw("spec.maxUnavailable"), budget.raw("spec.minAvailable")
    if most in (0, "0", "0%"):
        yield Hit(budget, "spec.maxUnavailable", "no pod may go")
    for pod in view.select(budget.namespace, budget.texts("spec.selector.matchLabels")):
        if _must_stay(least, _least(pod)) >= _least(pod):
            message = f"{least} of the {_least(pod)} {pod.name} must stay"
            yield Hit(budget, "spec.minAvailable", message)


def _must_stay(least: object, pods: int) -> int:
    """How many of some pods `minAvailable` keeps: a percentage is rounded up, as Kubernetes does it."""
    if isinstance(least, str) and least.endswith("%") and least[:-1].isdecimal():
        return -(-int(least[:-1]) * pods // 100)
    return least if isinstance(least, int) else -1


@rule(
    "replicas-spread",
    kinds=("Deployment", "StatefulSet"),
    level="warning",
    relaxed={"dev": "note"},
    why="All replicas may lie on one node, and go with it.",
    fix="Add a topologySpreadConstraint over kubernetes.io/hostname that selects the pods.",
    source="inference-stacks.md ideas 19, 39",
)
def spread(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """Two or more replicas are spread over nodes."""
    for pod in view.pods_of(deployment):
        spreads = [one for one in pod.spec.each("topologySpreadConstraints[]") if _selects(one, pod)]
        if _least(pod) > 1 and not spreads and not pod.spec.has("affinity.podAntiAffinity"):
            field = pod.spec.at("topologySpreadConstraints")
            yield Hit(deployment, field, f"nothing spreads the {_least(pod)} {pod.name} over nodes")


def _selects(constraint: Node, pod: Pod) -> bool:
    wanted = constraint.texts("labelSelector.matchLabels")
    return bool(wanted) and all(pod.labels.get(key) == value for key, value in wanted.items())


@rule(
    "labels-own",
    kinds=(ALL,),
    level="warning",
    why="Whoever looks for what belongs to a stack, or who manages an object, does not find it.",
    fix="Run `make compile`; do not override these labels.",
    source="serving.md 4.8; inference-stacks.md idea 19",
)
def labels_own(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Every object carries the labels that say whose it is."""
    instance = view.name if obj.stack == TARGET else obj.stack
    found = obj.labels
    for key, wanted in (
        (labels.MANAGED_BY, labels.MANAGER),
        (labels.PART_OF, labels.PRODUCT),
        (labels.INSTANCE, instance),
    ):
        if found.get(key) != wanted:
            yield Hit(obj, f'metadata.labels["{key}"]', f"it is {found.get(key, 'not set')}, not {wanted}")


@rule(
    "model-licence-recorded",
    scope="stack",
    level="warning",
    relaxed={"dev": "note"},
    why="Nobody can tell on whose terms a model is served whose publisher asks for consent.",
    fix="Set `model.licence`.",
    source="inference-stacks.md idea 24",
    cause=("model",),
)
def licence_recorded(view: StackView) -> Iterator[Hit]:
    """The licence of a gated model is recorded."""
    model = view.stack.model
    if model.gated and not (model.licence or "").strip():
        yield Hit(view.target, "model.licence", f"{model.name} is gated, and no licence is recorded")


@rule(
    "override-told",
    scope="cluster",
    level="note",
    why="An override takes what the compiler derives away from it: it stays when the reason is gone.",
    fix="Ask for a parameter where the override is there to stay.",
    source="inference-stacks.md 3.1 point 5; design 6",
)
def override_told(view: ClusterView) -> Iterator[Hit]:
    """Every override of a compiled object is told."""
    owners = [(f"{view.name}.{name}", stack.params.overrides) for name, stack in view.stacks.items()]
    if view.params:
        owners.append((view.target, view.params.overrides))
    for target, overrides in owners:
        for kind, objects in overrides.items():
            for name, patch in objects.items():
                fields = ", ".join(sorted(_leaves(patch, ())))
                path = ("overrides", kind, name)
                yield Hit(target, ".".join(path), f"it changes {kind} {name}: {fields}", cause=path)


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[str]:
    """The fields that a merge patch sets."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, str(key)))
    else:
        yield ".".join(path)
