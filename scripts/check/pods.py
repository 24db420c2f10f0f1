"""The pods that the objects of a cluster will make: of Deployments as they stand, of InferenceServices as
KServe merges runtime and predictor (serving.md 1.1 and 1.6; kserve v0.20 utils.go
MergeServingRuntimeAndInferenceServiceSpecs).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

from scripts.check.model import Obj
from scripts.check.node import Node

Role = Literal["model", "worker", "transformer", "epp", "litellm", "other"]
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job")
SERVING = "kserve-container"
"""The container that KServe puts the model server in."""


class Port(NamedTuple):
    """One entry of a container's ``ports``."""

    name: str
    number: int
    protocol: str


@dataclass(frozen=True, eq=False)
class Container:
    """One container, after KServe's merge where there is one."""

    node: Node
    """The container's mapping. Of a merged one, ``node.path`` is that of ``spec.predictor.model``."""

    @property
    def name(self) -> str:
        """Its name."""
        return self.node.text("name")

    @property
    def image(self) -> str:
        """Its image."""
        return self.node.text("image")

    @cached_property
    def args(self) -> list[str]:
        """``command`` and ``args`` in one list, as the process gets them."""
        return [*self.node.strings("command"), *self.node.strings("args")]

    @cached_property
    def env(self) -> Mapping[str, str]:
        """Variables with a literal value; a later one of the same name wins, as in a pod."""
        return {
            one.text("name"): one.text("value") for one in self.node.each("env[]") if not one.has("valueFrom")
        }

    @cached_property
    def ports(self) -> tuple[Port, ...]:
        """Declared ports."""
        found = self.node.each("ports[]")
        return tuple(
            Port(one.text("name"), one.number("containerPort") or 0, one.text("protocol", "TCP"))
            for one in found
        )

    def flag(self, name: str) -> str | None:
        """The value of a command-line flag, with dashes: ``flag("--port")`` of ``--port=80`` or ``--port 80``
        is ``"80"``, of a bare ``--metrics`` it is ``""``; the last one wins. None where it is absent."""
        found: str | None = None
        for index, word in enumerate(self.args):
            if word == name:
                after = self.args[index + 1] if index + 1 < len(self.args) else ""
                found = "" if after.startswith("-") else after
            elif word.startswith(f"{name}="):
                found = word[len(name) + 1 :]
        return found

    def values(self, name: str) -> list[str]:
        """The values of a flag that takes several: ``--served-model-name a b``."""
        found: list[str] = []
        for index, word in enumerate(self.args):
            if word.startswith(f"{name}="):
                found.append(word[len(name) + 1 :])
            elif word == name:
                for after in self.args[index + 1 :]:
                    if after.startswith("-"):
                        break
                    found.append(after)
        return found


@dataclass(frozen=True, eq=False)
class Pod:
    """A pod template."""

    owner: Obj
    """The Deployment or InferenceService."""
    role: Role
    namespace: str
    labels: Mapping[str, str]
    spec: Node
    """The pod spec, merged where KServe merges; its path is where most of it stands in ``owner``."""
    runtime: Obj | None = None
    """The (Cluster)ServingRuntime that was merged in."""
    known: bool = True
    """False where another release brings the runtime: image, ports and most arguments are not known then."""

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        """Containers without init containers, the serving one first."""
        found = [Container(one) for one in self.spec.each("containers[]")]
        if found and self.role == "model" and self.owner.has("spec.predictor.model"):
            found[0] = Container(Node(found[0].node.value, (*self.spec.path, "model")))
        return tuple(found)

    @property
    def main(self) -> Container:
        """The serving container, else the first; an empty one where there is none."""
        return self.containers[0] if self.containers else Container(Node({}, self.spec.path))

    @property
    def ports(self) -> Iterator[Port]:
        """Declared ports of all containers."""
        for container in self.containers:
            yield from container.ports

    @property
    def name(self) -> str:
        """For messages: ``pods of InferenceService llm-platform/llama-70b``."""
        what = "" if self.role in ("model", "epp", "litellm", "other") else f"{self.role} "
        return f"{what}pods of {self.owner.ref}"


def workload_pod(obj: Obj) -> Pod:
    """The pods of a Deployment, StatefulSet, DaemonSet or Job."""
    pod = obj.node("spec.template")
    spec = pod.node("spec")
    main = next(iter(spec.each("containers[]")), Node({}))
    return Pod(obj, _role(pod, Container(main)), obj.namespace, pod.texts("metadata.labels"), spec)


def _role(pod: Node, main: Container) -> Role:
    component = pod.texts("metadata.labels").get("app.kubernetes.io/component", "")
    if component == "endpoint-picker" or any(word.startswith("--pool-name") for word in main.args):
        return "epp"
    return "litellm" if "litellm" in main.image else "other"


def service_pods(obj: Obj, runtime: Obj | None) -> Iterator[Pod]:
    """The pods of an InferenceService in Standard mode; in Knative mode those of its revisions, whose ``app``
    label is the revision's name and so unknown here."""
    predictor = obj.node("spec.predictor")
    labels = {
        **(runtime.texts("spec.labels") if runtime else {}),
        **obj.labels,
        **predictor.texts("labels"),
        "serving.kserve.io/inferenceservice": obj.name,
        "component": "predictor",
    }
    standard = {} if is_knative(obj) else {"app": f"isvc.{obj.name}-predictor"}
    spec = Node(_merged_spec(predictor, runtime), predictor.path)
    known = runtime is not None or not predictor.has("model")
    yield Pod(obj, "model", obj.namespace, {**labels, **standard}, spec, runtime, known)
    if predictor.has("workerSpec"):
        worker = {"app": f"isvc.{obj.name}-predictor-worker"}
        yield Pod(obj, "worker", obj.namespace, {**labels, **worker}, predictor.node("workerSpec"), runtime)
    if obj.has("spec.transformer"):
        own = {**obj.labels, "serving.kserve.io/inferenceservice": obj.name, "component": "transformer"}
        app = {"app": f"isvc.{obj.name}-transformer"}
        yield Pod(obj, "transformer", obj.namespace, {**own, **app}, obj.node("spec.transformer"), None)


def is_knative(obj: Obj) -> bool:
    """Whether KServe runs an InferenceService as a Knative Service."""
    return obj.annotations.get("serving.kserve.io/deploymentMode", "") in ("Knative", "Serverless")


def _merged_spec(predictor: Node, runtime: Obj | None) -> dict[str, Any]:
    base = runtime.map("spec") if runtime else {}
    inline = {key: value for key, value in predictor.map("").items() if key != "model"}
    main = _merged_container(_serving_container(base), predictor.map("model"))
    others = [one for one in _maps(base.get("containers")) if one.get("name") != SERVING]
    return {
        **inline,
        "nodeSelector": {**_map(base.get("nodeSelector")), **predictor.map("nodeSelector")},
        "tolerations": [*_maps(base.get("tolerations")), *_maps(inline.get("tolerations"))],
        "volumes": _by_name(base.get("volumes"), inline.get("volumes"), "name"),
        "containers": [main, *others, *_maps(inline.get("containers"))],
    }


def _serving_container(base: dict[str, Any]) -> dict[str, Any]:
    return next(
        (one for one in _maps(base.get("containers")) if one.get("name") == SERVING), {"name": SERVING}
    )


def _merged_container(base: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    """predictor.model over the runtime's container: ``args`` are concatenated, lists merge by their key."""
    args = [*_list(base.get("args")), *_list(model.get("args"))]
    resources = _map(model.get("resources"))
    base_resources = _map(base.get("resources"))
    return {
        **base,
        **{key: value for key, value in model.items() if key not in ("name", "args", "env", "resources")},
        "args": args,
        "env": _by_name(base.get("env"), model.get("env"), "name"),
        "ports": _by_name(base.get("ports"), model.get("ports"), "containerPort"),
        "volumeMounts": _by_name(base.get("volumeMounts"), model.get("volumeMounts"), "mountPath"),
        "resources": {
            part: {**_map(base_resources.get(part)), **_map(resources.get(part))}
            for part in ("requests", "limits")
        },
    }


def _by_name(base: Any, over: Any, key: str) -> list[dict[str, Any]]:
    """Two lists merged by a key, as a strategic merge does."""
    merged: dict[Any, dict[str, Any]] = {}
    for one in (*_maps(base), *_maps(over)):
        name = str(one.get(key))
        merged[name] = {**merged.get(name, {}), **one}
    return list(merged.values())


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _maps(value: Any) -> list[dict[str, Any]]:
    return [one for one in _list(value) if isinstance(one, dict)]
