"""What KServe makes of InferenceServices and runtimes: modes, autoscalers, selection, and words that it does not
read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.facts import kserve
from components.facts.tables import table
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.pods import is_knative
from scripts.check.rule import rule

_ISVC = ("InferenceService",)
_RUNTIMES = ("ClusterServingRuntime", "ServingRuntime")
_CLASS = "serving.kserve.io/autoscalerClass"
_MODE = "serving.kserve.io/deploymentMode"
_STOP = "serving.kserve.io/stop"
_VISIBILITY = "networking.kserve.io/visibility"
_METRICS = "spec.predictor.autoScaling.metrics"
_TEMPLATE = re.compile(r"\{\{-?\s*(\.(Name|Namespace)|\.(Labels|Annotations)\.[A-Za-z0-9_]+)\s*-?\}\}")
"""Placeholders of KServe: the container is executed as a Go template over the object's metadata."""


def annotation(name: str) -> str:
    """The field of an annotation, for findings."""
    return f'metadata.annotations["{name}"]'


def autoscaler(service: Obj) -> str:
    """KServe's autoscaler class; in Standard mode hpa where none is written, in Knative mode nothing."""
    return "" if is_knative(service) else service.annotations.get(_CLASS, "hpa")


@rule(
    "runtime-auto-select-off",
    kinds=_RUNTIMES,
    level="warning",
    why="InferenceServices of others that name no runtime land on this one, with its image and arguments.",
    fix="Write `autoSelect: false`: every InferenceService names its runtime.",
    source="serving.md 6, 1.2",
    cause=("cluster", "runtimes"),
)
def auto_select_off(runtime: Obj, view: ClusterView) -> Iterator[Hit]:
    """A runtime is not selected by its model format."""
    for one in runtime.each("spec.supportedModelFormats[]"):
        if one.flag("autoSelect") and not runtime.flag("spec.disabled"):
            yield Hit(runtime, one.at("autoSelect"), f"it takes every model of format {one.text('name')}")


@rule(
    "runtime-priority-unambiguous",
    scope="cluster",
    why="KServe's webhook refuses the second runtime, or picks by age: the newest runtime wins.",
    fix="Give them different priorities, or switch autoSelect off.",
    source="serving.md 4, 1.1; kserve#3073; opendatahub-io/kserve#486; inference-stacks.md idea 26",
    cause=("cluster", "runtimes"),
)
def priority_unambiguous(view: ClusterView) -> Iterator[Hit]:
    """No two runtimes that select themselves for one model format have the same priority, and none has two
    priorities for one."""
    seen: dict[tuple[str, str, str, int | None], Node] = {}
    owners: dict[tuple[str, str, str, int | None], Obj] = {}
    for runtime in view.of(*_RUNTIMES):
        own: dict[str, int | None] = {}
        for one in () if runtime.flag("spec.disabled") else runtime.each("spec.supportedModelFormats[]"):
            if not one.flag("autoSelect"):
                continue
            name, priority = one.text("name"), one.number("priority")
            if own.setdefault(name, priority) != priority:
                message = f"format {name} has priorities {own[name]} and {priority} in one runtime"
                yield Hit(runtime, one.at("priority"), message)
            key = (runtime.namespace, name, one.text("version"), priority)
            other = owners.setdefault(key, runtime)
            first = seen.setdefault(key, one)
            if other is not runtime and _share_a_protocol(other, runtime):
                message = f"format {name} has priority {priority} here and in {other.ref} ({first.field})"
                yield Hit(runtime, one.at("priority"), message)


def _share_a_protocol(one: Obj, other: Obj) -> bool:
    """Whether a model could fit both; a runtime without a list takes every protocol."""
    first, second = one.strings("spec.protocolVersions"), other.strings("spec.protocolVersions")
    return not first or not second or bool(set(first) & set(second))


@rule(
    "runtime-name-not-builtin",
    kinds=("ClusterServingRuntime",),
    why="KServe's own chart makes a runtime of this name, and both owners overwrite each other for ever.",
    fix="Choose another `cluster.runtimePrefix`.",
    source="serving.md 5, 1.2",
    cause=("cluster", "runtimePrefix"),
)
def name_not_builtin(runtime: Obj, view: ClusterView) -> Iterator[Hit]:
    """A ClusterServingRuntime is not called like one that KServe ships."""
    if runtime.name in kserve.builtin_runtimes():
        yield Hit(runtime, "metadata.name", f"KServe ships a ClusterServingRuntime {runtime.name}")


@rule(
    "runtime-not-shadowed",
    scope="cluster",
    level="warning",
    why="The InferenceService gets the runtime of another stack, and changes whenever that one does.",
    fix="Switch the cluster's runtime off, or do not make the stack's `namespaced`.",
    source="serving.md 1.1; kserve predictor_model.go",
    cause=("runtimes",),
)
def not_shadowed(view: ClusterView) -> Iterator[Hit]:
    """No InferenceService that means a ClusterServingRuntime gets another stack's ServingRuntime of that name."""
    for service in view.of("InferenceService"):
        name = service.text("spec.predictor.model.runtime")
        nearer = view.compiled("ServingRuntime", service.namespace, name)
        meant = view.compiled("ClusterServingRuntime", "", name)
        if nearer and meant and nearer.target != service.target:
            field = "spec.predictor.model.runtime"
            yield Hit(service, field, f"{nearer.ref} of {nearer.target} hides {meant.ref}")


@rule(
    "kserve-annotation-known",
    kinds=(*_ISVC, *_RUNTIMES),
    why="KServe reads no such annotation and does what it does by default.",
    fix="Correct its name.",
    source="serving.md 1.4; kserve constants.go",
    cause=("serving",),
)
def annotation_known(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Annotations below `serving.kserve.io/` are ones that KServe reads."""
    for path in ("metadata", "spec", "spec.predictor"):
        for key in obj.texts(f"{path}.annotations"):
            if problem := kserve.annotation_problem(key):
                yield Hit(obj, f'{path}.annotations["{key}"]', problem)


@rule(
    "deployment-mode-of-version",
    kinds=_ISVC,
    why="KServe refuses the InferenceService, or rewrites the word and Argo CD is OutOfSync for ever.",
    fix="Declare the KServe version that is installed, or write the word that it knows.",
    source="serving.md 9, 1.3; kserve/website#527",
    cause=("cluster", "versions", "kserve"),
)
def mode_of_version(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The cluster's KServe knows the deployment mode by the word that is written."""
    version, mode = view.versions.get("kserve"), service.annotations.get(_MODE)
    if version and mode and (problem := kserve.deployment_mode_problem(mode, version)):
        yield Hit(service, annotation(_MODE), problem)


@rule(
    "deployment-mode-declared",
    kinds=_ISVC,
    why="KServe runs the model otherwise than reviewed, and the mode of a running one cannot be changed.",
    fix="Run `make compile`; to change the mode set `serving.mode` and give the service a new name.",
    source="serving.md 9, 10; kserve PR#4194",
    cause=("serving", "mode"),
)
def mode_declared(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """An InferenceService runs in the mode that its stack declares."""
    stack, mode = view.stack_of(service), service.annotations.get(_MODE, "")
    if stack and mode != stack.serving.mode:
        message = f"the mode is {mode or 'not written'}, the inventory says {stack.serving.mode}"
        yield Hit(service, annotation(_MODE), message)


@rule(
    "autoscaler-class-declared",
    kinds=_ISVC,
    why="Without the annotation KServe scales on CPU at 80 %, and another class makes other objects.",
    fix="Run `make compile`; to change the class set `serving.autoscaling.scaler`.",
    source="serving.md 11, 1.5",
    cause=("serving", "autoscaling", "scaler"),
)
def class_declared(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """In Standard mode the autoscaler's class is written, and is the one that follows from the inventory."""
    stack, written = view.stack_of(service), service.annotations.get(_CLASS)
    if stack and not is_knative(service) and written != stack.scaler:
        message = f"the class is {written or 'not written'}, the inventory gives {stack.scaler}"
        yield Hit(service, annotation(_CLASS), message)


@rule(
    "autoscaler-keda-installed",
    kinds=_ISVC,
    why="KServe cannot make the ScaledObject, reports the failure, and the number of pods never changes.",
    fix="Declare `cluster.versions.keda` if it is installed, or choose another scaler.",
    source="serving.md 11, 1.5",
    cause=("serving", "autoscaling", "scaler"),
)
def keda_installed(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Class keda needs KEDA in the cluster."""
    if autoscaler(service) == "keda" and not view.has("keda"):
        yield Hit(service, annotation(_CLASS), f"cluster {view.name} declares no KEDA")


@rule(
    "autoscaler-has-a-metric",
    kinds=_ISVC,
    why="KEDA gets a ScaledObject without a trigger, or nobody reads the metrics that are written.",
    fix="Give `autoScaling.metrics` with class keda, and leave it out with none and external.",
    source="serving.md 11, 1.5; kserve keda_reconciler.go",
    cause=("serving", "autoscaling"),
)
def has_a_metric(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Class keda has metrics to scale by; none and external have none."""
    metrics, name = list(service.each(f"{_METRICS}[]")), autoscaler(service)
    if name == "keda" and not metrics:
        yield Hit(service, _METRICS, "class keda, and nothing to scale by")
    elif name in ("none", "external") and metrics:
        yield Hit(service, _METRICS, f"nobody reads it: the class is {name}")


@rule(
    "autoscaler-has-room",
    kinds=_ISVC,
    level="warning",
    why="The number of pods never changes, although the inventory reads as if it did.",
    fix="Set `serving.maxReplicas` above `minReplicas`, or choose the scaler none with equal numbers.",
    source="serving.md 12; kserve hpa_reconciler.go createHPA",
    cause=("serving", "maxReplicas"),
)
def has_room(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """An autoscaler can add pods, and without one minimum and maximum are equal."""
    name, low = autoscaler(service), service.number("spec.predictor.minReplicas")
    low, high = 1 if low is None else low, service.number("spec.predictor.maxReplicas") or 0
    if name in ("hpa", "keda") and high <= low:
        yield Hit(service, "spec.predictor.maxReplicas", f"class {name} between {low} and {high or low} pods")
    elif name == "none" and high > max(low, 1):
        yield Hit(
            service, "spec.predictor.maxReplicas", f"class none: there are always {low} pods, never {high}"
        )


@rule(
    "min-replicas-honoured",
    kinds=_ISVC,
    level="warning",
    why="KServe makes it 1: the GPUs that the inventory counts as free are taken.",
    fix="Write 1, or scale by KEDA.",
    source="serving.md 12; kserve#6001",
    cause=("serving", "minReplicas"),
)
def min_honoured(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Only KEDA and Knative scale to zero."""
    if service.number("spec.predictor.minReplicas") == 0 and autoscaler(service) not in ("", "keda"):
        yield Hit(
            service, "spec.predictor.minReplicas", f"0 with class {autoscaler(service)} in Standard mode"
        )


@rule(
    "gpu-not-scaled-by-cpu",
    kinds=_ISVC,
    level="warning",
    why="A server that waits for its GPU uses little CPU, whatever its queue: it never scales up.",
    fix="Use `serving.autoscaling.scaler: keda` with requests_waiting.",
    source="serving.md 13, 1.5",
    cause=("serving", "autoscaling", "scaler"),
)
def not_by_cpu(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A model on GPUs is not scaled by its CPU or memory."""
    limits = service.map("spec.predictor.model.resources.limits")
    on_gpus = any(name in limits for name in table("kserve")["gpu_resources"])
    kinds = {one.text("type") for one in service.each(f"{_METRICS}[]")}
    name = autoscaler(service)
    if on_gpus and (name == "hpa" or (name == "keda" and kinds == {"Resource"})):
        yield Hit(service, annotation(_CLASS), f"class {name} scales this GPU server by CPU or memory")


@rule(
    "field-read-in-mode",
    kinds=_ISVC,
    level="warning",
    why="KServe ignores the field in this mode, so the limit that it promises does not exist.",
    fix="Remove it, or change `serving.mode`.",
    source="serving.md 20, 1.3, 1.5",
    cause=("serving", "mode"),
)
def read_in_mode(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Every field of the predictor is read in the mode that it runs in."""
    if is_knative(service):
        mode, unread = (
            "Knative",
            ["spec.predictor.autoScaling", "spec.predictor.terminationGracePeriodSeconds"],
        )
        if _CLASS in service.annotations:
            yield Hit(service, annotation(_CLASS), "Knative scales by itself")
    else:
        mode, unread = "Standard", ["spec.predictor.containerConcurrency"]
    for path in unread:
        if service.has(path):
            yield Hit(service, path, f"{path.rpartition('.')[2]} is not read in {mode} mode")


@rule(
    "argument-without-template",
    kinds=(*_ISVC, *_RUNTIMES),
    why="KServe executes the container as a Go template: it cannot render it, and no pod is made.",
    fix="Keep chat templates and doubled braces out of arguments: mount them as a file.",
    source="serving.md 29, 1.1",
    cause=("serving", "args"),
)
def without_template(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Arguments and variables hold no `{{` beside KServe's own placeholders."""
    for path in ("spec.predictor.model", "spec.containers[]"):
        for container in obj.each(path):
            for field, text in _texts(container):
                if "{{" in _TEMPLATE.sub("", text):
                    yield Hit(obj, field, f"{text[:60]!r} is no placeholder of KServe")


def _texts(container: Node) -> Iterator[tuple[str, str]]:
    """(field, text) of what is rendered."""
    for path in ("command", "args"):
        for index, word in enumerate(container.items(path)):
            if isinstance(word, str):
                yield f"{container.at(path)}[{index}]", word
    for variable in container.each("env[]"):
        yield variable.at("value"), variable.text("value")


@rule(
    "inference-service-cluster-local",
    kinds=_ISVC,
    level="warning",
    why="KServe may publish the model past LiteLLM and the gateway, without keys and with a timeout of 60 s.",
    fix=f"Keep the label `{_VISIBILITY}: cluster-local`.",
    source="serving.md 1.4, 1.13",
)
def cluster_local(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """KServe makes no route from outside to a model."""
    if service.labels.get(_VISIBILITY) != "cluster-local":
        has = service.labels.get(_VISIBILITY, "not set")
        yield Hit(service, f'metadata.labels["{_VISIBILITY}"]', f"the visibility is {has}")


@rule(
    "inference-service-running",
    kinds=_ISVC,
    level="warning",
    why="KServe removes the Deployment and the Service: the routes and LiteLLM entries lead nowhere.",
    fix="Remove the annotation, or the stack.",
    source="serving.md 1.4",
)
def running(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """An InferenceService is not stopped."""
    if service.annotations.get(_STOP, "").lower() == "true":
        yield Hit(service, annotation(_STOP), "it is stopped")
