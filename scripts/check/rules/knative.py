"""What Knative Serving refuses of an InferenceService in Knative mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.facts import kserve
from components.facts.tables import table
from scripts.check.deployment import container_field
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.pods import Pod, is_knative
from scripts.check.rule import rule

_ISVC = ("InferenceService",)
_REFUSED = "Knative's webhook refuses the revision, and no pod is made."
_TIMEOUT = "spec.predictor.timeout"


def _pods(service: Obj, view: ClusterView) -> list[Pod]:
    """The model pods of an InferenceService that Knative runs."""
    if not is_knative(service):
        return []
    return [pod for pod in view.pods_of(service) if pod.role == "model"]


def _facts() -> dict[str, Any]:
    facts: dict[str, Any] = table("kserve")["knative"]
    return facts


@rule(
    "knative-installed",
    kinds=_ISVC,
    why="KServe cannot make a Knative Service, reports the failure, and no pod is made.",
    fix="Declare `cluster.versions.knative` if it is installed, or use `serving.mode: Standard`.",
    source="serving.md 9, 1.4",
    cause=("serving", "mode"),
)
def installed(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Knative mode needs Knative in the cluster."""
    if is_knative(service) and not view.has("knative"):
        yield Hit(service, "metadata.annotations", f"cluster {view.name} declares no Knative")


@rule(
    "knative-features-on",
    kinds=_ISVC,
    why=_REFUSED,
    fix="Say so in `cluster.knative.features` if it is switched on there, or use `serving.mode: Standard`.",
    source="serving.md 21, 1.8; knative/serving#15190, #15978; kserve#1425",
    cause=("cluster", "knative", "features"),
)
def features_on(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Knative's features are on that the pod needs."""
    on = view.facts.knative.features
    for pod in _pods(service, view):
        needed = set(kserve.knative_features(pod.spec.map("")))
        if service.has("spec.predictor.storageUris"):
            needed.add("kubernetes.podspec-init-containers")
        for feature in sorted(name for name in needed if not on.get(name)):
            yield Hit(service, "spec.predictor", f"the pod needs Knative's feature {feature}, which is off")


@rule(
    "knative-port-allowed",
    kinds=_ISVC,
    why=_REFUSED,
    fix="Declare one port, without a name or called http1 or h2c, that Knative does not use itself.",
    source="serving.md 22, 1.8; knative k8s_validation.go",
    cause=("serving", "runtime"),
)
def port_allowed(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A pod in Knative mode declares one port, by a name and number that Knative leaves it."""
    facts = _facts()
    for pod in _pods(service, view):
        ports, field = list(pod.ports), container_field(pod, pod.main, "ports")
        if len(ports) > 1:
            yield Hit(service, field, f"it declares {len(ports)} ports, one is allowed")
        for port in ports:
            if port.name not in facts["port_names"]:
                yield Hit(service, field, f"the port is called {port.name}")
            if port.number in facts["reserved_ports"]:
                yield Hit(service, field, f"port {port.number} belongs to Knative's queue-proxy")


@rule(
    "knative-environment-free",
    kinds=_ISVC,
    why=_REFUSED,
    fix="Take the variable out of `serving.env` and `runtimes`.",
    source="serving.md 28, 1.8",
    cause=("serving", "env"),
)
def environment_free(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A pod in Knative mode sets no variable that Knative sets."""
    reserved = _facts()["reserved_env"]
    for pod in _pods(service, view):
        for variable in pod.main.node.each("env[]"):
            if variable.text("name") in reserved:
                field = container_field(pod, pod.main, "env")
                yield Hit(service, field, f"Knative sets {variable.text('name')} itself")


@rule(
    "knative-mounts-allowed",
    kinds=_ISVC,
    why=_REFUSED,
    fix="Mount every volume of the pod, Secrets and ConfigMaps read only, and nothing over /, /dev or /dev/log.",
    source="serving.md 22, 1.8",
    cause=("serving", "runtime"),
)
def mounts_allowed(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A pod in Knative mode mounts all its volumes, in places that Knative leaves it."""
    reserved = _facts()["reserved_mounts"]
    for pod in _pods(service, view):
        mounts = [mount for container in pod.containers for mount in container.node.each("volumeMounts[]")]
        mounted = {mount.text("name"): mount for mount in mounts}
        field = container_field(pod, pod.main, "volumeMounts")
        for mount in mounts:
            if (mount.text("mountPath").rstrip("/") or "/") in reserved:
                yield Hit(service, field, f"{mount.text('mountPath')} belongs to Knative")
        for volume in pod.spec.each("volumes[]"):
            name = volume.text("name")
            if name not in mounted:
                yield Hit(service, "spec.predictor.volumes", f"volume {name} is mounted nowhere")
            elif (volume.has("secret") or volume.has("configMap")) and not mounted[name].flag("readOnly"):
                yield Hit(service, field, f"volume {name} must be mounted read only")


@rule(
    "knative-timeout-fits",
    kinds=_ISVC,
    why="Knative refuses a longer timeout than it allows, and without one ends long answers after 300 s.",
    fix="Lower `serving.requestTimeoutSeconds`, or raise `cluster.knative.maxTimeoutSeconds` where it was raised.",
    source="serving.md 23, 1.8; kserve#3525, #3706, #3092, #1663",
    cause=("serving", "requestTimeoutSeconds"),
)
def timeout_fits(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The timeout of a revision is written, and is one that Knative allows."""
    if not is_knative(service):
        return
    given, limit = service.number(_TIMEOUT), view.facts.knative.max_timeout_seconds
    stack = view.stack_of(service)
    if given is None:
        message = f"it is not written, and Knative takes {_facts()['timeout_seconds']} s"
        yield Hit(service, _TIMEOUT, message, level="warning")
    elif given > limit:
        yield Hit(service, _TIMEOUT, f"{given} s, and cluster {view.name} allows {limit} s")
    elif stack and given < stack.serving.request_timeout_seconds:
        wanted = stack.serving.request_timeout_seconds
        yield Hit(service, _TIMEOUT, f"{given} s, but a request may take {wanted} s", level="warning")
