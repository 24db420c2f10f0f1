"""InferencePools and the pods that they hold."""

from __future__ import annotations

from collections.abc import Iterator

from components.facts import parse
from scripts.check.edges.pools import configuration
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.pods import Pod, is_knative
from scripts.check.rule import rule
from scripts.check.servers import engine_of, listens_on

SELECTOR = "spec.selector.matchLabels"


@rule(
    "pool-selects-pods",
    kinds=("InferencePool",),
    why="The Endpoint Picker finds no pod, and every request fails with 503 although all is Ready.",
    fix="Make the selector equal to labels of the model's pods (`app: isvc.<name>-predictor`).",
    source="gateway.md 1; serving.md 49",
    cause=("serving", "name"),
)
def selects_pods(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """An InferencePool's selector matches at least one pod template of its namespace."""
    labels = pool.texts(SELECTOR)
    if view.select(pool.namespace, labels):
        return
    wanted = ", ".join(f"{key}={value}" for key, value in labels.items()) or "no label"
    has = sorted({pod.labels["app"] for pod in view.pods if pod.role == "model" and "app" in pod.labels})
    known = f"; the cluster's model pods have app={', '.join(has[:5])}" if has else ""
    yield Hit(pool, SELECTOR, f"no pod template in {pool.namespace} has {wanted}{known}")


@rule(
    "pool-selects-serving-pods-only",
    kinds=("InferencePool",),
    why="The Endpoint Picker sends requests to pods that serve no model, and those requests fail.",
    fix="Select on a label that only the serving pods have (`app: isvc.<name>-predictor`).",
    source="gateway.md 2; serving.md 49; llm-d#2212",
    cause=("serving", "name"),
)
def selects_serving_pods_only(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """An InferencePool's selector matches serving pods only: no Endpoint Picker, worker, transformer or
    proxy."""
    for pod in view.select(pool.namespace, pool.texts(SELECTOR)):
        if pod.role != "model":
            yield Hit(pool, SELECTOR, f"it also matches the {pod.role} {pod.name}")


@rule(
    "pool-one-model",
    kinds=("InferencePool",),
    why="The Endpoint Picker may send a request to pods of another model, which answer 404.",
    fix="Select on a label whose value belongs to one InferenceService.",
    source="gateway.md 1, 3",
    cause=("serving", "name"),
)
def one_model(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """An InferencePool's selector matches pods of one InferenceService."""
    owners = {
        pod.owner.ref for pod in view.select(pool.namespace, pool.texts(SELECTOR)) if pod.role == "model"
    }
    if len(owners) > 1:
        yield Hit(pool, SELECTOR, f"it matches pods of {' and '.join(sorted(owners))}")


@rule(
    "pool-pods-in-one-pool",
    scope="cluster",
    why="Two Endpoint Pickers send requests to the same pod, each blind to the other's load.",
    fix="Let one pool select the pods, and point every route to it.",
    source="gateway.md 3; serving.md 35",
    cause=("serving", "name"),
)
def pods_in_one_pool(view: ClusterView) -> Iterator[Hit]:
    """No pod template is selected by two InferencePools."""
    first: dict[int, Obj] = {}
    for pool in view.of("InferencePool"):
        for pod in view.select(pool.namespace, pool.texts(SELECTOR)):
            other = first.setdefault(id(pod), pool)
            if other is not pool:
                yield Hit(pool, SELECTOR, f"{pod.name} are also selected by {other.ref}")


@rule(
    "pool-target-port",
    kinds=("InferencePool",),
    why="The Endpoint Picker hands out addresses on which nothing listens, and every request fails with 503.",
    fix="Give the container's port, not that of a Service.",
    source="gateway.md 4; serving.md 50; GIE#2562",
    cause=("serving", "runtime"),
)
def target_port(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """Every target port of an InferencePool is a container port of every pod that it selects."""
    for pod in model_pods(pool, view):
        if not pod.known:
            continue
        declared = sorted({port.number for port in pod.ports})
        for port in pool.each("spec.targetPorts[]"):
            number = port.number("number")
            if number not in declared:
                has = ", ".join(map(str, declared)) or "none"
                message = f"port {number} is no container port of the {pod.name} (has {has})"
                yield Hit(pool, port.at("number"), message)


def model_pods(pool: Obj, view: ClusterView) -> list[Pod]:
    """The serving pods that a pool selects."""
    return [pod for pod in view.select(pool.namespace, pool.texts(SELECTOR)) if pod.role == "model"]


@rule(
    "pool-port-listened-on",
    kinds=("InferencePool",),
    why="The Endpoint Picker hands out addresses on which nothing listens, and every request fails with 503.",
    fix="Give the port that the server is started with.",
    source="serving.md 50; gateway.md 4",
    cause=("serving", "runtime"),
)
def port_listened_on(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """The server in a pool's pods listens on a target port: what its arguments say counts, not what is
    declared."""
    for pod in model_pods(pool, view):
        listens = listens_on(pod, view)
        numbers = [port.number("number") for port in pool.each("spec.targetPorts[]")]
        if listens is not None and listens not in numbers:
            wanted = ", ".join(map(str, numbers)) or "none"
            yield Hit(pool, "spec.targetPorts", f"the {pod.name} listen on {listens}, the pool has {wanted}")


@rule(
    "pool-ports-fit-version",
    kinds=("InferencePool",),
    why="The Endpoint Picker and the gateway read the first target port only, or the API server drops the field.",
    fix="Keep one target port, or declare a version that knows more.",
    source="gateway.md 6",
    cause=("cluster", "versions", "inferenceExtension"),
)
def ports_fit_version(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """Several target ports, and appProtocol, need an InferencePool CRD that has them."""
    version = parse(view.versions.get("inferenceExtension", "0"))
    if len(list(pool.each("spec.targetPorts[]"))) > 1 and version < parse("1.1"):
        yield Hit(pool, "spec.targetPorts", f"several target ports came with 1.1, the cluster has {version}")
    if pool.has("spec.appProtocol") and version < parse("1.4"):
        yield Hit(pool, "spec.appProtocol", f"appProtocol came with 1.4, the cluster has {version}")


@rule(
    "pool-has-endpoint-picker",
    kinds=("InferencePool",),
    why="No gateway that reads InferencePools handles a pool without an Endpoint Picker: it answers 500.",
    fix="Name the Service of the Endpoint Picker, with its port.",
    source="gateway.md 6; gateway.md 0.10",
    cause=("gateway", "pool"),
)
def has_endpoint_picker(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """An InferencePool names its Endpoint Picker."""
    if not pool.text("spec.endpointPickerRef.name"):
        yield Hit(pool, "spec.endpointPickerRef", "it names no Endpoint Picker")


@rule(
    "pool-failure-mode-honoured",
    kinds=("InferencePool",),
    level="warning",
    why="Envoy Gateway always fails closed: while the Endpoint Picker is away, every request fails.",
    fix="Write FailClose, which is what happens, or choose a wiring that honours FailOpen.",
    source="gateway.md 7; ai-gateway#2502",
    cause=("gateway", "pool", "failureMode"),
)
def failure_mode_honoured(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """FailOpen is promised only where the gateway keeps the promise."""
    if pool.text("spec.endpointPickerRef.failureMode") != "FailOpen":
        return
    who = {one for route in view.wires.routes_of_pool(pool) for one in view.wires.controllers(route)}
    if "envoyGateway" in who:
        yield Hit(pool, "spec.endpointPickerRef.failureMode", "FailOpen has no effect behind Envoy Gateway")


@rule(
    "pool-protocol-served",
    kinds=("InferencePool",),
    why="The Endpoint Picker never becomes ready: no parser claims the protocol, and the servers speak HTTP/1.1.",
    fix="Write `appProtocol: http`.",
    source="gateway.md 8; llm-d-router health.go",
)
def protocol_served(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """A pool's protocol is one that its servers speak: vLLM, llama.cpp and Ollama speak HTTP/1.1."""
    protocol = pool.text("spec.appProtocol", "http")
    engines = {engine_of(pod, view) for pod in model_pods(pool, view)} - {""}
    if protocol != "http" and engines:
        yield Hit(pool, "spec.appProtocol", f"{protocol} is not spoken by {', '.join(sorted(engines))}")


@rule(
    "pool-not-knative",
    kinds=("InferencePool",),
    why="The Endpoint Picker goes past Knative's queue-proxy: nothing scales, and at zero replicas requests fail.",
    fix="Use `serving.mode: Standard`, or leave the pool out with `gateway.enabled: false`.",
    source="gateway.md 9; serving.md 54, 1.7",
    cause=("serving", "mode"),
)
def not_knative(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """An InferencePool does not select pods of a Knative InferenceService."""
    for pod in model_pods(pool, view):
        if is_knative(pod.owner):
            yield Hit(
                pool, SELECTOR, f"it selects the {pod.name}, which Knative runs", target=pod.owner.target
            )


@rule(
    "pool-scaled-to-zero",
    kinds=("InferencePool",),
    level="warning",
    why="With no pod left the Endpoint Picker refuses requests, so nothing ever asks for the first pod.",
    fix="Keep one replica, or let the Endpoint Picker hold requests with `gateway.epp.flowControl: true`.",
    source="gateway.md 9; serving.md 54",
    cause=("serving", "minReplicas"),
)
def scaled_to_zero(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """A pool whose pods may scale to zero has an Endpoint Picker that holds requests meanwhile."""
    for pod in model_pods(pool, view):
        config = " ".join(
            text for picker in view.wires.picker_of(pool) for text in configuration(picker, view)
        )
        if pod.owner.number("spec.predictor.minReplicas") == 0 and "flowControl" not in config:
            yield Hit(pool, SELECTOR, f"the {pod.name} may scale to zero, and nothing holds their requests")


@rule(
    "pool-pods-probe-readiness",
    kinds=("InferencePool",),
    level="warning",
    why="The Endpoint Picker sends requests to pods that still load their weights, and those requests fail.",
    fix="Give the container a readiness probe.",
    source="gateway.md 10",
    cause=("serving", "runtime"),
)
def pods_probe_readiness(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """The pods of a pool have a readiness probe: the Endpoint Picker looks at nothing else."""
    for pod in model_pods(pool, view):
        if pod.known and not pod.main.node.has("readinessProbe"):
            yield Hit(pool, SELECTOR, f"the {pod.name} have no readiness probe")


@rule(
    "pool-has-a-choice",
    kinds=("InferencePool",),
    level="note",
    why="With one pod there is nothing to pick: the Endpoint Picker costs two pods and a hop for nothing.",
    fix="Set `gateway.pool.enabled: false` until there is a second replica.",
    source="gateway.md 11",
    cause=("serving", "maxReplicas"),
)
def has_a_choice(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """A pool holds more than one pod."""
    for pod in model_pods(pool, view):
        if pod.owner.number("spec.predictor.maxReplicas") == 1:
            yield Hit(pool, SELECTOR, f"there is never more than one of the {pod.name}")


@rule(
    "pool-has-a-route",
    kinds=("InferencePool",),
    level="warning",
    why="Nothing reaches the pods through the pool: its Endpoint Picker runs for nobody.",
    fix="Wire it into a gateway (`gateway.extensionPolicy: true`), or leave the pool out.",
    source="gateway.md 44; inference-stacks.md idea 1",
    cause=("gateway", "extensionPolicy"),
)
def has_a_route(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """A route uses every pool: as its backend, or through an EnvoyExtensionPolicy."""
    if not view.wires.routes_of_pool(pool):
        yield Hit(pool, "metadata.name", "no route uses it, as backend or through an EnvoyExtensionPolicy")
