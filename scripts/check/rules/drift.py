"""What keeps Argo CD quiet and in order: fields that only the server writes, defaults, quantities, waves, pruning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.common import quantities
from components.common.place import KEEP, SYNC_OPTIONS, SYNC_WAVE
from components.facts import parse
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.rule import ALL, rule
from scripts.check.rules.epp_deployment import elects
from scripts.check.rules.references import edges

_NEVER_EQUAL = "Argo CD shows the Application as OutOfSync for ever, and hides real differences behind it."
_WAVE = f'metadata.annotations["{SYNC_WAVE}"]'
_SERVER_METADATA = frozenset(
    "creationTimestamp deletionTimestamp generateName generation managedFields ownerReferences resourceVersion"
    " selfLink uid".split()
)
_FOREIGN = frozenset(
    (
        "argocd.argoproj.io/tracking-id",
        "kubectl.kubernetes.io/last-applied-configuration",
        "deployment.kubernetes.io/revision",
    )
)
"""Annotations that come along when somebody copies a live object."""
_DEFAULTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "HTTPRoute": (
        ("spec.parentRefs[]", "group kind"),
        ("spec.rules[]", "matches"),
        ("spec.rules[].matches[].path", "type value"),
        ("spec.rules[].backendRefs[]", "group kind weight"),
    ),
    "Gateway": (("spec.listeners[]", "allowedRoutes"),),
    "InferencePool": (("spec.endpointPickerRef", "group kind failureMode"),),
    "EnvoyExtensionPolicy": (("spec.extProc[].backendRefs[]", "group kind"),),
    "ExternalSecret": (
        ("spec.secretStoreRef", "kind"),
        ("spec.target", "creationPolicy deletionPolicy"),
        ("spec.data[].remoteRef", "conversionStrategy decodingStrategy metadataPolicy"),
    ),
    "ClusterServingRuntime": (("spec.containers[].ports[]", "protocol"),),
    "ServingRuntime": (("spec.containers[].ports[]", "protocol"),),
    "InferenceService": (("spec.predictor.model.ports[]", "protocol"),),
}
"""Fields that a CRD or webhook fills in: (where, which)."""


@rule(
    "server-fields-absent",
    kinds=(ALL,),
    why=_NEVER_EQUAL,
    fix="Take the field out: the API server or an operator writes it.",
    source="serving.md 76, 4.6; argo-cd#1487, #17643",
)
def server_fields(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Nothing is compiled that only the API server, Argo CD or an operator writes."""
    if "status" in obj.doc:
        yield Hit(obj, "status", "status is written by the controller")
    metadata, annotations = obj.raw("metadata"), obj.raw("metadata.annotations")
    for key in _SERVER_METADATA.intersection(metadata if isinstance(metadata, dict) else ()):
        yield Hit(obj, f"metadata.{key}", f"{key} is written by the API server")
    for key in _FOREIGN.intersection(annotations if isinstance(annotations, dict) else ()):
        yield Hit(obj, f'metadata.annotations["{key}"]', "it was copied from a live object")
    for path in ("webhooks[].clientConfig", "spec", "spec.conversion.webhook.clientConfig"):
        for one in obj.each(path):
            if one.has("caBundle"):
                yield Hit(obj, one.at("caBundle"), "caBundle is written by cert-manager")


@rule(
    "replicas-left-to-autoscaler",
    scope="cluster",
    level="warning",
    why="Every sync sets the number of pods back, against the autoscaler.",
    fix="Leave `spec.replicas` out of the Deployment.",
    source="serving.md 74; argo-cd#5105; keda#5572",
)
def left_to_autoscaler(view: ClusterView) -> Iterator[Hit]:
    """A Deployment that an autoscaler scales has no replicas of its own."""
    for scaler in view.of("HorizontalPodAutoscaler", "ScaledObject"):
        ref = scaler.node("spec.scaleTargetRef")
        target = view.compiled(ref.text("kind", "Deployment"), scaler.namespace, ref.text("name"))
        if target and target.has("spec.replicas"):
            yield Hit(target, "spec.replicas", f"{scaler.ref} scales it")


@rule(
    "quantities-canonical",
    kinds=("InferenceService", "ServingRuntime", "ClusterServingRuntime"),
    level="warning",
    why=f"KServe's webhook writes the quantity in its canonical form. {_NEVER_EQUAL}",
    fix="Write it as the API server does: 4 for 4000m, 1Gi for 1024Mi.",
    source="serving.md 75; argo-cd#12463",
    cause=("serving", "resources"),
)
def quantities_canonical(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Quantities of model pods are written as the API server stores them."""
    for path in ("spec.predictor.model.resources", "spec.containers[].resources"):
        for resources in obj.each(path):
            for part in ("requests", "limits"):
                for name, given in resources.map(part).items():
                    if problem := _other_form(name, given):
                        yield Hit(obj, f"{resources.at(part)}.{name}", problem)
    for path in ("spec.predictor.volumes[]", "spec.volumes[]"):
        for volume in obj.each(path):
            given = volume.raw("emptyDir.sizeLimit")
            if given is not None and (problem := _other_form("memory", given)):
                yield Hit(obj, volume.at("emptyDir.sizeLimit"), problem)


def _other_form(name: str, given: object) -> str | None:
    try:
        canonical = quantities.memory(str(given)) if name != "cpu" else quantities.cpu(str(given))
    except ValueError:
        return None
    if "/" in name:
        canonical = str(given)
    return None if given == canonical else f'{given!r} is stored as "{canonical}"'


@rule(
    "defaults-written",
    kinds=tuple(_DEFAULTS),
    level="warning",
    why=f"The API server fills the field in. {_NEVER_EQUAL}",
    fix="Write the default out.",
    source="serving.md 73, 4.6; argo-cd#22151; argo-helm#3538; inference-stacks.md idea 12",
)
def defaults_written(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Fields that a CRD or a webhook would fill in are written out."""
    for path, keys in _DEFAULTS[obj.kind]:
        for one in obj.each(path):
            yield from (
                Hit(obj, one.at(key), "it is left to its default") for key in keys.split() if not one.has(key)
            )
    protocols = parse(view.versions.get("inferenceExtension", "0")) >= parse("1.4")
    if obj.kind == "InferencePool" and protocols and not obj.has("spec.appProtocol"):
        yield Hit(obj, "spec.appProtocol", "it is left to its default")


@rule(
    "kept-when-pruned",
    kinds=("Namespace", "PersistentVolumeClaim"),
    why="One wrong commit and Argo CD deletes it, with everything in the namespace or on the volume.",
    fix=f"Keep the annotation `{SYNC_OPTIONS}: {KEEP}`.",
    source="serving.md 81, 4.8; argo-cd#16721",
)
def kept(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Argo CD never deletes a namespace or a claim, neither when it prunes nor with its Application."""
    options = [one.strip() for one in obj.annotations.get(SYNC_OPTIONS, "").split(",")]
    missing = [one for one in KEEP.split(",") if one not in options]
    if missing:
        yield Hit(obj, f'metadata.annotations["{SYNC_OPTIONS}"]', f"it lacks {' and '.join(missing)}")


def wave(obj: Obj) -> int:
    """The sync wave of an object; 0 where none is written."""
    written = obj.annotations.get(SYNC_WAVE, "0")
    return int(written) if _is_whole(written) else 0


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


def application_of(obj: Obj) -> tuple[str, str]:
    """What tells apart which Application syncs an object: one a stack, one a component of the cluster's own."""
    return obj.target, obj.component.partition("/")[0] if obj.stack == "cluster" else ""


@rule(
    "wave-is-a-number",
    kinds=(ALL,),
    why="Argo CD takes it for wave 0: before what it needs, or after what needs it.",
    fix="Write a whole number in quotes.",
    source="serving.md 78, 4.3",
)
def wave_is_a_number(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A sync wave is a whole number."""
    written = obj.raw("metadata.annotations")
    given = written.get(SYNC_WAVE, "0") if isinstance(written, dict) else "0"
    if not (isinstance(given, str) and _is_whole(given)):
        yield Hit(obj, _WAVE, f"{given!r} is no whole number")


@rule(
    "wave-after-needed",
    scope="cluster",
    level="warning",
    why="Argo CD applies it before what it refers to, and waits for it to become healthy, which it cannot.",
    fix="Give it a later wave, or what it needs an earlier one.",
    source="serving.md 78, 4.3; gateway.md 57; liferay-portal#7577",
)
def wave_after_needed(view: ClusterView) -> Iterator[Hit]:
    """What an object refers to is synced in the same wave or an earlier one."""
    for _, edge in edges(view):
        found = view.find(edge.kind, edge.namespace, edge.name, edge.group)
        if found is None or found.origin == "provided" or found is edge.source:
            continue
        same = application_of(found) == application_of(edge.source)
        if same and found.origin == "compiled" and wave(found) > wave(edge.source):
            message = f"wave {wave(edge.source)} comes before wave {wave(found)} of {found.ref}"
            yield Hit(edge.source, _WAVE, message)


@rule(
    "namespace-before-contents",
    scope="cluster",
    why="The API server refuses objects of a namespace that is not there, and the sync fails.",
    fix="Give the Namespace an earlier wave.",
    source="serving.md 78, 4.8",
)
def namespace_first(view: ClusterView) -> Iterator[Hit]:
    """A Namespace is synced before the objects of its Application that lie in it."""
    for obj in view.objects:
        space = view.compiled("Namespace", "", obj.namespace) if obj.namespace else None
        if space and application_of(space) == application_of(obj) and wave(space) > wave(obj):
            yield Hit(obj, _WAVE, f"wave {wave(obj)} comes before wave {wave(space)} of {space.ref}")


@rule(
    "slow-kinds-last",
    scope="cluster",
    level="warning",
    why="A pod that waits for a GPU keeps its wave open, and nothing of the later waves is ever applied.",
    fix="Give the model's and the Endpoint Picker's objects the last wave.",
    source="serving.md 78, 4.5; gateway.md 23; router#2568",
)
def slow_last(view: ClusterView) -> Iterator[Hit]:
    """InferenceServices, and Endpoint Pickers with standbys, are in the last wave of their Application."""
    last: dict[tuple[str, str], Obj] = {}
    for obj in view.objects:
        other = last.setdefault(application_of(obj), obj)
        if wave(obj) > wave(other):
            last[application_of(obj)] = obj
    for obj in view.of("InferenceService", "Deployment"):
        pods = view.pods_of(obj)
        slow = obj.kind == "InferenceService" or any(pod.role == "epp" and elects(pod) for pod in pods)
        after = last[application_of(obj)]
        if slow and wave(after) > wave(obj):
            yield Hit(obj, _WAVE, f"{after.ref} waits for it in wave {wave(after)}, it is in {wave(obj)}")
