"""What the inventory says outright about a model's pods, found again in what is compiled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from components.common import flags
from components.facts import metric
from components.stack import sizing
from scripts.check.argv import Arguments
from scripts.check.deployment import Deployment, deployment, quantity
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.rule import rule

_ISVC = ("InferenceService",)
_RESOURCES = "spec.predictor.model.resources"
_LABEL = re.compile(r'\b(namespace|stack)="([^"]*)"')


@rule(
    "resources-declared",
    kinds=_ISVC,
    level="warning",
    why="The pod asks for something else than the inventory says, and no ledger or verdict knows of it.",
    fix="Set serving.resources; what an override changes is counted nowhere.",
    source="inference-stacks.md 3.1 point 5 and 3 idea 29",
    cause=("serving", "resources"),
)
def resources_declared(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """CPU, memory, node storage and /dev/shm are what the inventory says or what follows from it."""
    one = deployment(service, view)
    if one is None or not one.declared:
        return
    stack = one.stack
    memory, storage = sizing.memory(stack), sizing.ephemeral_storage(stack)
    wanted = {
        ("requests", "cpu"): sizing.cpu(stack),
        ("requests", "memory"): memory,
        ("limits", "memory"): memory,
        ("requests", "ephemeral-storage"): storage,
        ("limits", "ephemeral-storage"): storage,
    }
    for (part, key), value in wanted.items():
        compiled = service.map(f"{_RESOURCES}.{part}").get(key)
        if quantity(compiled) != quantity(value):
            field = f"{_RESOURCES}.{part}.{key}"
            yield Hit(
                service, field, f"{key} is {compiled or 'not set'}, stack {stack.name} declares {value}"
            )
    for volume in service.each("spec.predictor.volumes[]"):
        if volume.text("name") == "shm" and stack.runtime.engine == "vllm":
            size, declared = volume.raw("emptyDir.sizeLimit"), sizing.shared_memory(stack)
            if quantity(size) != quantity(declared):
                said = f"/dev/shm is {size or 'without a limit'}, stack {stack.name} declares {declared}"
                yield Hit(service, volume.at("emptyDir.sizeLimit"), said)


@rule(
    "settings-declared",
    kinds=_ISVC,
    level="warning",
    why="The pod behaves otherwise than the inventory says.",
    fix="Set the key of the inventory instead of an override.",
    source="inference-stacks.md 3.1 point 5",
    cause=("serving",),
)
def settings_declared(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Grace, priority, identity and timeout are what the inventory says."""
    one = deployment(service, view)
    if one is None or not one.declared:
        return
    stack = one.stack
    wanted: dict[str, Any] = {
        "serviceAccountName": stack.names.service_account,
        "priorityClassName": stack.serving.priority_class,
    }
    if stack.is_knative:
        wanted["timeout"] = stack.serving.request_timeout_seconds
    else:
        wanted["terminationGracePeriodSeconds"] = stack.termination_grace_seconds
    for key, value in wanted.items():
        compiled = service.raw(f"spec.predictor.{key}")
        if compiled != value:
            has = "not set" if compiled is None else compiled
            declared = "none" if value is None else value
            said = f"{key} is {has}, stack {stack.name} declares {declared}"
            yield Hit(service, f"spec.predictor.{key}", said)


@rule(
    "engine-flags-declared",
    kinds=_ISVC,
    why="The engine starts otherwise than the inventory says.",
    fix="Set the flag in serving.args, the model's args or the runtime's args; remove the override.",
    source="inference-stacks.md 3 idea 10",
)
def flags_declared(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Every flag that the inventory sets is on the command line, with its value."""
    one = deployment(service, view)
    if one is None or not one.declared or not one.takes_flags:
        return
    for name, value in sorted(_declared_flags(one).items()):
        words = flags.render({name: value}, separate=one.engine.flags.style == "separate")
        wanted = next(iter(Arguments(words, one.engine.flags, one.version).given), None)
        if wanted is None:
            continue
        found = one.arguments.find(wanted.name)
        if wanted.key:
            found = next((each for each in one.arguments.given if each.word == wanted.word), None)
        if found is None or (found.values, found.negated) != (wanted.values, wanted.negated):
            has = " ".join((found.word, *(() if "=" in found.word else found.values))) if found else "nothing"
            said = f"the inventory says {' '.join(words)}, the engine gets {has}"
            yield Hit(service, one.field_of(wanted.name), said, cause=one.cause(wanted.name))


def _declared_flags(one: Deployment) -> Mapping[str, Any]:
    stack = one.stack
    return {**stack.runtime.args, **stack.model.args.get(stack.runtime.engine, {}), **stack.serving.args}


@rule(
    "engine-variables-declared",
    kinds=_ISVC,
    why="The engine runs with other variables than the inventory says.",
    fix="Set the variable in serving.env or the runtime's env; remove the override.",
    source="inference-stacks.md 3 idea 10",
)
def variables_declared(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Every variable that the inventory sets is in the container, with its value."""
    one = deployment(service, view)
    if one is None or not one.declared or not one.pod.known:
        return
    for name, value in sorted({**one.stack.runtime.env, **one.stack.serving.env}.items()):
        compiled = one.main.env.get(name)
        if compiled != value:
            said = f"{name} is {'not set' if compiled is None else compiled}, the inventory says {value}"
            layer = "serving" if name in one.stack.serving.env else None
            cause = (
                ("serving", "env", name) if layer else ("runtimes", one.stack.serving.runtime, "env", name)
            )
            yield Hit(service, "spec.predictor.model.env", said, cause=cause)


@rule(
    "slots-declared",
    kinds=_ISVC,
    why="The memory verdict and the Endpoint Picker count on another number of requests at once.",
    fix="Set serving.parallelRequests.",
    source="serving.md 2.2 and 2.3; gateway.md 3.8 (maxConcurrency = OLLAMA_NUM_PARALLEL)",
    cause=("serving", "parallelRequests"),
)
def slots_declared(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """llama.cpp and Ollama work on as many requests at once as the inventory says."""
    one = deployment(service, view)
    if one is None or not one.declared or not one.pod.known or one.engine.name == "vllm":
        return
    wanted = one.stack.serving.parallel_requests
    given = "parallel" if one.engine.name == "llamacpp" else "OLLAMA_NUM_PARALLEL"
    written = one.arguments.text(given) if one.engine.name == "llamacpp" else one.main.env.get(given)
    if written != str(wanted):
        field = one.field_of(given) if one.engine.name == "llamacpp" else "spec.predictor.model.env"
        said = f"{given} is {written or 'not set'}, stack {one.stack.name} declares {wanted}"
        yield Hit(service, field, said)


@rule(
    "scale-target-declared",
    kinds=_ISVC,
    level="warning",
    why="The autoscaler adds and removes pods by another measure than the inventory says.",
    fix="Set serving.autoscaling.metric and target.",
    source="serving.md 1.5; inference-stacks.md 3 idea 16",
    cause=("serving", "autoscaling"),
)
def scale_target_declared(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """An autoscaler holds the declared target of the declared metric, of the stack's own pods."""
    one = deployment(service, view)
    if one is None or not one.declared or one.stack.scaler != "keda":
        return
    logical = one.stack.serving.autoscaling.metric
    series = metric(one.engine.name, one.version, logical)
    for each in service.each("spec.predictor.autoScaling.metrics[]"):
        target, query = each.raw("external.target.value"), each.text("external.metric.query")
        if quantity(target) != one.stack.scale_target:
            said = f"the target is {target}, stack {one.stack.name} declares {one.stack.scale_target:g}"
            yield Hit(service, each.at("external.target.value"), said)
        if series and series not in query:
            said = f"the query has no {series}, which carries {logical}: {query[:80]}"
            yield Hit(service, each.at("external.metric.query"), said)
        if any(query.count(opening) != query.count(closing) for opening, closing in ("()", "{}", "[]")):
            yield Hit(
                service, each.at("external.metric.query"), f"the query's brackets do not match: {query[:80]}"
            )
        own = {"namespace": service.namespace, "stack": one.stack.name}
        for label, value in _LABEL.findall(query):
            if value != own[label]:
                said = f'the query asks for {label}="{value}", the pods are of {own[label]}'
                yield Hit(service, each.at("external.metric.query"), said)
