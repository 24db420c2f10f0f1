"""What one InferenceService really runs: the engine with the arguments that it gets after KServe's merge,
held together with what the inventory declares about it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from weakref import WeakKeyDictionary

from components.common import quantities
from components.facts import Engine, VersionError, engine, parse
from components.stack.params import Stack
from scripts.check.argv import Argument, Arguments
from scripts.check.fleet import ClusterView
from scripts.check.model import KeyPath, Obj
from scripts.check.node import Node
from scripts.check.pods import SERVING, Container, Pod

_DERIVED: Mapping[str, KeyPath] = {
    "tensor-parallel-size": ("serving", "tensorParallelSize"),
    "pipeline-parallel-size": ("serving", "pipelineParallelSize"),
    "data-parallel-size": ("serving", "dataParallelSize"),
    "enable-expert-parallel": ("serving", "expertParallel"),
    "max-model-len": ("serving", "maxModelLen"),
    "gpu-memory-utilization": ("serving", "gpuMemoryUtilization"),
    "kv-cache-dtype": ("serving", "kvCacheDtype"),
    "served-model-name": ("model", "name"),
    "alias": ("model", "name"),
    "lora-modules": ("model", "adapters"),
    "max-lora-rank": ("model", "adapters"),
    "max-loras": ("model", "adapters"),
    "ctx-size": ("serving", "maxModelLen"),
    "parallel": ("serving", "parallelRequests"),
    "model": ("model", "weights", "file"),
}
"""Inventory keys that flags are derived from, where no ``args`` sets them."""


class Deployment:
    """One InferenceService of a stack with its serving pods."""

    def __init__(self, service: Obj, stack: Stack, pod: Pod) -> None:
        """``pod`` is the serving pod of ``service``."""
        self.service = service
        self.stack = stack
        self.pod = pod
        self.engine: Engine = engine(stack.runtime.engine)
        self.version = stack.runtime.version

    @property
    def name(self) -> str:
        """For messages: ``vLLM 0.33.0``."""
        return f"{self.engine.title} {self.version}"

    @property
    def target(self) -> str:
        """The target that compiled it."""
        return self.service.target

    @property
    def main(self) -> Container:
        """The serving container."""
        return self.pod.main

    @property
    def declared(self) -> bool:
        """Whether it is the InferenceService that the stack declares."""
        return self.service.name == self.stack.names.service

    @property
    def takes_flags(self) -> bool:
        """Whether its arguments can be read: Ollama is set by its environment alone, and runtimes of other
        releases are not known."""
        return self.pod.known and bool(self.engine.flags.flags)

    @cached_property
    def arguments(self) -> Arguments:
        """The arguments of the engine; none where they cannot be read."""
        words = self.main.args if self.takes_flags else []
        return Arguments(words, self.engine.flags, self.version)

    @cached_property
    def _of_runtime(self) -> int:
        """How many words of the command line come from the runtime."""
        runtime = self.pod.runtime
        base = serving_container(runtime) if runtime else Node({})
        own = self.service.has("spec.predictor.model.command")
        command = [] if own else base.strings("command")
        return len(command) + len(base.strings("args"))

    def of_runtime(self, argument: Argument) -> bool:
        """Whether an argument comes from the runtime, not from the predictor."""
        return argument.index < self._of_runtime

    def at(self, argument: Argument) -> Obj:
        """The object that holds an argument."""
        return self.pod.runtime if self.pod.runtime and self.of_runtime(argument) else self.service

    def field(self, argument: Argument) -> str:
        """Where an argument stands in that object."""
        if self.pod.runtime and self.of_runtime(argument):
            return serving_container(self.pod.runtime).at("args")
        return f"spec.predictor.model.args[{argument.index - self._of_runtime}]"

    def field_of(self, name: str) -> str:
        """Where a flag stands in the InferenceService; its arguments when it is absent."""
        found = self.arguments.find(name)
        return self.field(found) if found and not self.of_runtime(found) else "spec.predictor.model.args"

    def cause(self, name: str) -> KeyPath:
        """The inventory key that sets a flag."""
        stack, flag = self.stack, self.engine.flags.flags.get(name)
        kind = stack.runtime.engine
        layers: tuple[tuple[KeyPath, Mapping[str, object]], ...] = (
            (("serving", "args"), stack.serving.args),
            (("model", "args", kind), stack.model.args.get(kind, {})),
            (("runtimes", stack.serving.runtime, "args"), stack.runtime.args),
        )
        spellings = [word.lstrip("-") for word in flag.spellings] if flag else [name]
        for path, given in layers:
            for word in spellings:
                if word in given:
                    return (*path, word)
        return _DERIVED.get(name, ("serving", "args"))

    def gpus(self, of: str = "limits") -> int:
        """GPUs of one pod, as the container asks for them."""
        name = self.stack.accelerator.resource_name
        return int(self.quantity(f"resources.{of}", name) or 0) if name else 0

    def quantity(self, path: str, key: str) -> float | None:
        """A quantity in a mapping of the serving container, in its base unit (cores, bytes)."""
        return quantity(self.main.node.map(path).get(key))

    @property
    def tensor(self) -> int:
        """Tensor parallel size."""
        return self.arguments.number("tensor-parallel-size") or 1

    @property
    def pipeline(self) -> int:
        """Pipeline parallel size."""
        return self.arguments.number("pipeline-parallel-size") or 1

    @property
    def data(self) -> int:
        """Data parallel ranks of one pod."""
        arguments = self.arguments
        local = arguments.number("data-parallel-size-local")
        return local or arguments.number("data-parallel-size") or 1

    @property
    def expert_parallel(self) -> bool:
        """Whether experts are spread whole over the ranks."""
        return bool(self.arguments.on("enable-expert-parallel"))

    @property
    def sizes(self) -> str:
        """For messages: ``tensor 4 x pipeline 2 x data 1``."""
        return f"tensor {self.tensor} x pipeline {self.pipeline} x data {self.data}"

    @property
    def context(self) -> int:
        """Tokens of one request that the engine serves."""
        if self.engine.name == "llamacpp":
            whole = self.arguments.number("ctx-size")
            return whole // self.slots if whole else self.stack.model.max_context
        if self.engine.name == "ollama":
            given = self.main.env.get("OLLAMA_CONTEXT_LENGTH", "")
            return int(given) if given.isdecimal() else self.stack.context_length
        given_length = self.arguments.number("max-model-len")
        known = given_length if given_length and given_length > 0 else None
        return known or self.stack.model.max_context

    @property
    def slots(self) -> int:
        """Requests that llama.cpp or Ollama works on at once."""
        if self.engine.name == "ollama":
            given = self.main.env.get("OLLAMA_NUM_PARALLEL", "")
            return max(int(given), 1) if given.isdecimal() else 1
        return max(self.arguments.number("parallel") or 1, 1)


def container_field(pod: Pod, container: Container, path: str) -> str:
    """Where a value of a pod's container stands in the object that owns it: what KServe merges stands in
    ``spec.predictor.model``, or is inherited from the runtime."""
    merged = pod.role == "model" and container is pod.main
    return f"spec.predictor.model.{path}" if merged else container.node.at(path)


def serving_container(runtime: Obj) -> Node:
    """The container of a (Cluster)ServingRuntime that serves the model."""
    found = runtime.each("spec.containers[]")
    return next((one for one in found if one.text("name") == SERVING), Node({}))


def quantity(value: object) -> float | None:
    """A Kubernetes quantity as a number in its base unit; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(quantities.parse(str(value)))
    except ValueError:
        return None


_SEEN: WeakKeyDictionary[ClusterView, Mapping[int, Deployment]] = WeakKeyDictionary()


def deployments(view: ClusterView) -> Mapping[int, Deployment]:
    """The InferenceServices of a cluster's stacks with their serving pods, by identity of the object."""
    if view not in _SEEN:
        found: dict[int, Deployment] = {}
        for service in view.of("InferenceService"):
            stack = view.stack_of(service)
            pod = next((one for one in view.pods_of(service) if one.role == "model"), None)
            if stack and pod and _readable(stack.runtime.version):
                found[id(service)] = Deployment(service, stack, pod)
        _SEEN[view] = found
    return _SEEN[view]


def _readable(version: str) -> bool:
    """Whether facts can be looked up for a version."""
    try:
        parse(version)
    except VersionError:
        return False
    return True


def deployment(service: Obj, view: ClusterView) -> Deployment | None:
    """The deployment of one InferenceService; None where its target declares no stack, or a version of the engine
    that nobody can read."""
    return deployments(view).get(id(service))
