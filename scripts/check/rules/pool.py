"""InferencePools and the pods that they hold."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.pods import Pod
from scripts.check.rule import rule

SELECTOR = "spec.selector.matchLabels"


@rule(
    "pool-selects-pods",
    kinds=("InferencePool",),
    why="The Endpoint Picker finds no pod, and every request fails with 503 although all is Ready.",
    fix="Make the selector equal to labels of the model's pods (`app: isvc.<name>-predictor`).",
    source="gateway.md 1; serving.md 49",
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
