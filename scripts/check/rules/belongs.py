"""Whose an object is: the labels and the wave that it gets by what it is, and that it keeps to its own stack."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.params import TARGET
from components.common import labels, names, waves
from components.facts.suggest import did_you_mean
from scripts.check.fleet import ClusterView
from scripts.check.graph import Edge
from scripts.check.model import Hit, KeyPath, Obj
from scripts.check.rule import ALL, rule
from scripts.check.rules.references import edges

_PARTS = {
    "argocd": ("argocd", ("argocd",)),
    "inference-gateway": (labels.GATEWAY_NAME, ("inference-gateway", "endpoint-picker")),
    "litellm": ("litellm-proxy", ("litellm",)),
    "model-service": ("model-serving", ("model-service",)),
    "monitoring": ("monitoring", ("monitoring",)),
    "platform": ("platform", ("platform",)),
}
"""By folder: ``app.kubernetes.io/name``, and what ``app.kubernetes.io/component`` may be (chart's labels, serving.md
4.8)."""
_WAVE = "argocd.argoproj.io/sync-wave"
_SERVANTS = (
    "ClusterRole",
    "ClusterServingRuntime",
    "ConfigMap",
    "EnvoyProxy",
    "Role",
    "Secret",
    "ServiceAccount",
    "ServingRuntime",
)
"""Kinds that do nothing unless something names them."""


@rule(
    "labels-name-part",
    kinds=(ALL,),
    level="warning",
    why="Selectors, dashboards and people that look for a part by its label do not find the object.",
    fix="Run `make compile`; do not override these labels.",
    source="serving.md 4.8; chart values of the reference stack",
)
def labels_name_part(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Every object's labels say which part of a stack it belongs to."""
    if obj.component not in _PARTS:
        return
    name, components = _PARTS[obj.component]
    for key, wanted in ((labels.NAME, (name,)), (labels.COMPONENT, components)):
        own = obj.labels.get(key, "")
        if own not in wanted:
            said = f"it is {own or 'not set'}, not {' or '.join(wanted)}"
            yield Hit(obj, f'metadata.labels["{key}"]', said)


@rule(
    "wave-of-its-kind",
    kinds=(ALL,),
    level="warning",
    why="Argo CD applies it before what it needs, or after what needs it.",
    fix="Leave the sync wave to its kind, or say in the override what must come first.",
    source="serving.md 4.4; inference-stacks.md 2.9",
)
def wave_of_its_kind(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """An object is synced in the wave of its kind, unless an override says otherwise."""
    wanted = waves.WAVES.get(obj.kind)
    if wanted is None or obj.kind == "Application" or _overridden(obj, view):
        return
    own = obj.annotations.get(_WAVE, "")
    if own != str(wanted):
        said = f"it is in wave {own or '0, for want of another'}, a {obj.kind} is in {wanted}"
        yield Hit(obj, f'metadata.annotations["{_WAVE}"]', said)


def _overridden(obj: Obj, view: ClusterView) -> bool:
    own = view.declared.own(obj.target)
    patch = own.overrides.get(obj.kind, {}).get(obj.name, {}) if own else {}
    metadata = patch.get("metadata", {})
    annotations = metadata.get("annotations", {}) if isinstance(metadata, dict) else {}
    return isinstance(annotations, dict) and _WAVE in annotations


@rule(
    "override-has-object",
    scope="cluster",
    why="The override changes nothing, and the next compile stops at it.",
    fix="Name a kind and an object that the target compiles, or remove the override.",
    source="inference-stacks.md idea 19; kustomize patches without a target",
    cause=("overrides",),
)
def override_has_object(view: ClusterView) -> Iterator[Hit]:
    """An override names an object that its target compiles."""
    for name in (TARGET, *view.stacks):
        target = f"{view.name}.{name}"
        own = view.declared.own(target)
        if own is None or not own.overrides:
            continue
        have = {f"{obj.kind} {obj.name}" for obj in view.objects if obj.target == target}
        wanted = [(kind, one) for kind, patches in own.overrides.items() for one in patches]
        for kind, one in wanted if have else ():
            if f"{kind} {one}" not in have:
                said = f"no {kind} {one} is compiled{did_you_mean(f'{kind} {one}', have)}"
                yield Hit(target, f"overrides.{kind}.{one}", said, cause=("overrides", kind, one))


@rule(
    "reference-within-stack",
    scope="cluster",
    why="The two stacks change and go together: without the other one, this one stops working.",
    fix="Correct the name: it is that of another stack's object.",
    source="inference-stacks.md idea 1; gateway.md 42",
)
def reference_within_stack(view: ClusterView) -> Iterator[Hit]:
    """A stack refers to its own objects and to the cluster's, not to those of another stack."""
    for _, edge in edges(view):
        found = view.find(edge.kind, edge.namespace, edge.name, edge.group)
        if (
            edge.source.stack == TARGET
            or found is None
            or found.origin == "provided"
            or found.stack == TARGET
        ):
            continue
        if found.target != edge.source.target and not _shared(edge):
            said = f"it names {edge.target}, which belongs to {found.target}"
            yield Hit(edge.source, edge.field, said, cause=edge.cause)


def _shared(edge: Edge) -> bool:
    """A claim with weights may be mounted by several stacks."""
    return edge.kind == "PersistentVolumeClaim"


@rule(
    "object-in-use",
    scope="cluster",
    level="warning",
    why="It does nothing, or what should use it names something else.",
    fix="Correct the name on either side, or remove the object.",
    source="inference-stacks.md idea 1; serving.md 4.3",
)
def object_in_use(view: ClusterView) -> Iterator[Hit]:
    """What does nothing by itself is named by something."""
    named = {(edge.kind, edge.namespace, edge.name) for _, edge in edges(view)}
    named |= {("ClusterServingRuntime", "", name) for name in _installed(view)}
    for obj in view.of(*_SERVANTS):
        if obj.key[1:] not in named and not _reads_itself(obj):
            yield Hit(obj, "metadata.name", f"nothing names {obj.ref}", cause=_cause(obj))


def _installed(view: ClusterView) -> list[str]:
    """Runtimes that the cluster wants whether a stack uses them or not."""
    facts = view.facts
    return [names.cluster_runtime(facts.runtime_prefix, name) for name, on in facts.runtimes.items() if on]


def _reads_itself(obj: Obj) -> bool:
    """What is found by its labels (dashboards), or read by another release (LiteLLM that is not compiled here)."""
    return obj.kind == "ConfigMap" and obj.component in ("monitoring", "litellm")


def _cause(obj: Obj) -> KeyPath:
    return ("cluster",) if obj.stack == TARGET else ("serving",)
