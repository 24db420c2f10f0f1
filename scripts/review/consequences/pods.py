"""Pods that are replaced, made or gone: how the rollout runs, what it downloads, who is not served meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from components.inference_gateway.build import api_base
from components.stack import sizing
from components.stack.params import Stack
from scripts.review import restarts as rollouts
from scripts.review.change import Consequence, Severity
from scripts.review.consequences.words import are, counted, held, minutes, place, several
from scripts.review.fate import left
from scripts.review.view import View, at

_COPIED = ("hf://", "s3://", "gs://", "http://", "https://", "hdfs://", "webhdfs://")
"""Schemes that KServe's storage initializer copies into every new pod (KServe v0.20)."""


def restarts(view: View) -> Iterator[Consequence]:
    """Pods of which model are replaced, and how. Stacks of a cluster that roll out in the same way share a sentence."""
    alike: dict[tuple[str, str, Rollout], list[tuple[str, Stack]]] = {}
    for target, restart in sorted(rollouts.restarts(view).items()):
        stack = view.stacks_after.get(target)
        if stack is not None and restart.kind in ("own", "runtime"):
            key = (stack.cluster.name, restart.because, _rollout(view, stack))
            alike.setdefault(key, []).append((target, stack))
    for (cluster, because, rollout), found in alike.items():
        targets = tuple(target for target, _ in found)
        sentence = f"{_pods([stack for _, stack in found])} on {cluster} because {because}: {rollout.how}."
        yield Consequence("restart", rollout.severity, sentence, (cluster,), targets)


def _pods(stacks: list[Stack]) -> str:
    """``2 pods of llama-8b restart``; of several stacks their names."""
    if len(stacks) > 1:
        return f"The pods of {several((stack.name for stack in stacks), 6)} restart"
    low, high = stacks[0].serving.min_replicas, stacks[0].max_replicas
    if low == 0:
        return f"Up to {counted(high, 'pod')} of {stacks[0].name} {'restarts' if high == 1 else 'restart'}"
    more = f" (up to {high})" if high > low else ""
    return f"{counted(low, 'pod')}{more} of {stacks[0].name} {'restarts' if low == high == 1 else 'restart'}"


class Rollout(NamedTuple):
    """How pods are replaced."""

    severity: Severity
    how: str


def _rollout(view: View, stack: Stack) -> Rollout:
    """How the pods of a stack are replaced within the GPUs that are free, and how grave that is."""
    size = max(stack.gpus_per_pod, 1)
    unit, units = ("GPU", "GPUs") if stack.gpus_per_pod else ("place", "places")
    free = free_now(view, stack)
    running, pool = stack.serving.min_replicas, stack.serving.pool
    target = f"{stack.cluster.name}.{stack.name}"
    before = view.stacks_before.get(view.twins.get(target, target))
    if before is not None and before.serving.mode != stack.serving.mode:
        away = f"nobody answers for up to {minutes(sizing.startup_seconds(stack))}"
        how = f"somebody has to delete its InferenceService first, and from then on {away}"
        return Rollout(_outage(stack), f"{how}; {_meanwhile(stack)}")
    if (
        before is not None
        and before.serving.pool == pool
        and before.pool.accelerator != stack.pool.accelerator
    ):
        become = f"the {before.pool.accelerator} of pool {pool} become {stack.pool.accelerator}"
        return Rollout("look", f"{become}, and new pods wait until such nodes are there")
    if running == 0:
        return Rollout("routine", "only those that run now, which may be none")
    if stack.max_unavailable or not stack.max_surge:
        return _missing(stack)
    if free is None or free >= size:
        room = "what is free is not known"
        if free is not None:
            room = f"{counted(free, unit, units)} of pool {pool} {are(free)} free"
        pace = "one by one" if stack.max_surge == 1 else f"{stack.max_surge} at a time"
        fails = "" if _lost_names(before, stack) else ", so that no request fails"
        return Rollout("routine", f"{pace}, each new pod before an old one stops ({room}){fails}")
    need = counted(size, unit, units)
    return Rollout(
        "look", f"a new pod needs {need} of pool {pool} first and {free} {are(free)} free, so that it waits"
    )


def _missing(stack: Stack) -> Rollout:
    """How pods are replaced of which some may be missing: Kubernetes stops that many before any new one is ready."""
    running, missing = stack.serving.min_replicas, stack.max_unavailable
    stop = f"{counted(min(missing, running), 'old pod')} may stop before a new one is ready"
    why = f"{stop} (maxUnavailable {missing})" if stack.max_surge else "maxSurge is 0"
    if (left := running - missing) > 0:
        serve = "serves" if left == 1 else "serve"
        return Rollout("look", f"{why}, so that {left} of {running} pods {serve} meanwhile")
    first = "" if stack.max_surge else "the old pod stops first and "
    away = minutes(sizing.startup_seconds(stack))
    return Rollout(
        _outage(stack), f"{why}, so that {first}nobody answers for up to {away}; {_meanwhile(stack)}"
    )


def _lost_names(before: Stack | None, stack: Stack) -> bool:
    """Whether the new pods do not answer to a name that the old ones have: another rule tells which."""
    old, new = ({*one.served_names, *one.model.adapters} if one else set() for one in (before, stack))
    return bool(old - new)


def free_now(view: View, stack: Stack) -> int | None:
    """GPUs of the stack's pool that are free with every stack at its smallest number of replicas."""
    for row in view.change.ledger:
        if (row.cluster, row.pool) == (stack.cluster.name, stack.serving.pool) and row.after is not None:
            return None if row.after.free is None else max(row.after.free, 0)
    return None


def _outage(stack: Stack) -> Severity:
    """A model of production that nobody stands in for is grave."""
    alone = not stack.params.litellm.fallbacks
    return "dangerous" if alone and stack.params.environment.name == "prod" else "look"


def _meanwhile(stack: Stack) -> str:
    fallbacks = sorted(stack.params.litellm.fallbacks, key=lambda name: stack.params.litellm.fallbacks[name])
    return (
        f"LiteLLM falls back to {several(fallbacks)}"
        if fallbacks
        else "requests fail, as there is no fallback"
    )


def led_ahead(view: View) -> Iterator[Consequence]:
    """Stacks with another name whose address in LiteLLM changes too: it leads to pods that are not there yet."""
    for target, restart in sorted(rollouts.restarts(view).items()):
        stack = view.stacks_after.get(target)
        before = view.stacks_before.get(view.twins.get(target, target))
        if stack is None or before is None or restart.kind != "renamed":
            continue
        entries = (before.params.litellm, stack.params.litellm)
        if all(entry.enabled for entry in entries) and api_base(before) != api_base(stack):
            sentence = (
                f"LiteLLM of {stack.cluster.name} leads to {stack.names.service} at its new address as soon as it "
                f"reads that, while the pods there need up to {minutes(sizing.startup_seconds(stack))} to start; "
                f"{_meanwhile(stack)}."
            )
            yield Consequence("led-ahead", _outage(stack), sentence, (stack.cluster.name,), (target,))


def waits(view: View) -> Iterator[Consequence]:
    """New stacks, and the GPUs that they take. Those of one pool share a sentence: of models that are new on the
    cluster, and of those that it serves already."""
    alike: dict[tuple[str, str, bool], list[tuple[str, Stack]]] = {}
    served = _served(view)
    for target, restart in sorted(rollouts.restarts(view).items()):
        stack = view.stacks_after.get(target)
        if stack is not None and restart.kind == "new":
            known = (stack.cluster.name, stack.model.name) in served
            alike.setdefault((stack.cluster.name, stack.serving.pool, known), []).append((target, stack))
    for (cluster, pool, known), found in alike.items():
        stacks = [stack for _, stack in found]
        models = list(dict.fromkeys(stack.model.name for stack in stacks))
        if known:
            beside = several(name for model in models for name in served[cluster, model])
            more = "another stack" if len(stacks) == 1 else counted(len(stacks), "more stack")
            what = f"{several(models)} {'gets' if len(models) == 1 else 'get'} {more} on {cluster} beside {beside}"
        else:
            what = f"{several(models)} {'is' if len(models) == 1 else 'are'} new on {cluster}"
        size = sum(stack.gpu_demand.minimum for stack in stacks)
        gpus = f" on {counted(size, 'GPU')} of pool {pool}" if size else f" in pool {pool}"
        pods = counted(sum(max(stack.serving.min_replicas, 1) for stack in stacks), "pod")
        sentence = f"{what}: {pods} of {several((stack.name for stack in stacks), 6)}{gpus}."
        targets = tuple(target for target, _ in found)
        yield Consequence("new-model", "routine", sentence, (cluster,), targets)


def _served(view: View) -> dict[tuple[str, str], list[str]]:
    """Stacks that are there on both sides, by cluster and model."""
    found: dict[tuple[str, str], list[str]] = {}
    for target, stack in sorted(view.stacks_after.items()):
        before = view.stacks_before.get(view.twins.get(target, target))
        if before is not None and before.model.name == stack.model.name:
            found.setdefault((stack.cluster.name, stack.model.name), []).append(stack.name)
    return found


def weights(view: View) -> Iterator[Consequence]:
    """Models that serve other weights, and weights that new pods fetch again."""
    again: dict[str, list[tuple[str, Stack, float]]] = {}
    other: dict[tuple[str, str, bool], list[str]] = {}
    for target, restart in sorted(rollouts.restarts(view).items()):
        stack = view.stacks_after.get(target)
        if stack is None:
            continue
        before = view.stacks_before.get(view.twins.get(target, target))
        old = before.storage_uri if before else None
        if before is not None and old != stack.storage_uri:
            key = (old or "none", stack.storage_uri or "none", _only_moved(before, stack))
            other.setdefault(key, []).append(target)
        pulls = sizing.pulls_itself(stack) and stack.serving.storage.claim is None
        if restart.kind != "new" and ((stack.storage_uri or "").startswith(_COPIED) or pulls):
            again.setdefault(stack.cluster.name, []).append((target, stack, sizing.fetched_gib(stack)))
    for (old_uri, new_uri, moved), targets in sorted(other.items()):
        if moved:
            what = (
                "takes its weights from elsewhere"
                if len(targets) == 1
                else "take their weights from elsewhere"
            )
        else:
            what = f"{'serves' if len(targets) == 1 else 'serve'} other weights"
        sentence = f"{several(map(place, targets))} {what}: {old_uri} becomes {new_uri}."
        clusters = tuple(sorted({target.rpartition(".")[0] for target in targets}))
        yield Consequence("other-weights", "look", sentence, clusters, tuple(targets))
    for cluster, found in sorted(again.items()):
        pods = [max(stack.serving.min_replicas, 1) for _, stack, _ in found]
        sizes = [
            f"{stack.name} ({f'{count} pods of ' if count > 1 else ''}{size:,.0f} GiB)"
            for count, (_, stack, size) in zip(pods, found, strict=True)
        ]
        total = sum(count * size for count, (_, _, size) in zip(pods, found, strict=True))
        sentence = (
            f"New pods on {cluster} download their weights again, because nothing keeps them there: "
            f"{several(sizes, 6)}; {total:,.0f} GiB in all."
        )
        remedy = "A claim keeps them: serving.storage.claim."
        yield Consequence(
            "download", "routine", sentence, (cluster,), tuple(target for target, _, _ in found), remedy
        )


def _only_moved(before: Stack, stack: Stack) -> bool:
    """Whether a model that stays the same comes from a claim, or from no claim any more: what a claim holds is not
    known."""
    same = (before.model.name, before.model.storage_uri) == (stack.model.name, stack.model.storage_uri)
    uris = (before.storage_uri, stack.storage_uri)
    return same and all(uris) and any((uri or "").startswith("pvc://") for uri in uris)


def replicas(view: View) -> Iterator[Consequence]:
    """How many pods run."""
    for target, stack in sorted(view.stacks_after.items()):
        before = view.stacks_before.get(view.twins.get(target, target))
        if before is None:
            continue
        old = (before.serving.min_replicas, before.max_replicas)
        new = (stack.serving.min_replicas, stack.max_replicas)
        if old == new:
            continue
        severity: Severity = "look" if new[0] == 0 or new[1] < old[1] else "routine"
        sentence = f"{place(target)} runs {_range(new)} instead of {_range(old)}."
        remedy = ""
        if new[0] == 0 and _wakes(stack):
            sentence += " The first request after a pause waits for a pod to start."
        elif new[0] == 0:
            refused = "its Endpoint Picker refuses requests" if stack.has_pool else "requests fail"
            sentence += f" With no pod left {refused}, so that nothing ever asks for the first one."
            remedy = _HOLDS
            severity = "dangerous" if old[0] else severity
        yield Consequence("replicas", severity, sentence, (stack.cluster.name,), (target,), remedy)


_HOLDS = "Keep one replica, or let the Endpoint Picker hold requests: gateway.epp.flowControl."


def _wakes(stack: Stack) -> bool:
    """Whether something holds requests while no pod runs, and asks for the first."""
    epp = stack.gateway.epp
    return stack.is_knative or (stack.has_pool and (epp.flow_control or "flowControl" in str(epp.config)))


def _range(bounds: tuple[int, int]) -> str:
    low, high = bounds
    return counted(low, "pod") if low == high else f"{low} to {high} pods"


def removed(view: View) -> Iterator[Consequence]:
    """Models that are served no more."""
    renamed = set(view.twins.values())
    for target, stack in sorted(view.stacks_before.items()):
        if target in view.stacks_after or target in renamed or stack.cluster.name in view.clusters_gone:
            continue
        severity: Severity = "dangerous" if stack.params.environment.name == "prod" else "look"
        stay = left(view).get(target)
        goes = f"Argo CD leaves its objects, and {held(stay)}" if stay else "its pods and routes go"
        what = f"{stack.model.name} is no longer served by {place(target)}: {goes}"
        sentence = f"{what}; {_still(view, stack.model.name)}."
        yield Consequence("model-removed", severity, sentence, (stack.cluster.name,), (target,))


def swapped(view: View) -> Iterator[Consequence]:
    """Models in whose place their stacks serve another one."""
    alike: dict[tuple[str, str], list[str]] = {}
    for target, stack in sorted(view.stacks_after.items()):
        before = view.stacks_before.get(view.twins.get(target, target))
        if before is not None and before.model.name != stack.model.name:
            alike.setdefault((before.model.name, stack.model.name), []).append(target)
    for (old, new), targets in alike.items():
        what = f"{old} is no longer served by {several(map(place, targets))}: {new} takes its place"
        clusters = tuple(sorted({target.rpartition(".")[0] for target in targets}))
        yield Consequence("model-removed", "look", f"{what}; {_still(view, old)}.", clusters, tuple(targets))


def _still(view: View, model: str) -> str:
    """Which stacks go on serving a model."""
    stacks = _served_by(view, model)
    if not stacks:
        return "nothing else in the inventory serves it"
    is_new = any(
        one.model.name == model and target not in view.stacks_before
        for target, one in view.stacks_after.items()
    )
    still = "" if is_new else "still "
    return f"{several(stacks)} {still}{'serves' if len(stacks) == 1 else 'serve'} it"


def _served_by(view: View, model: str) -> list[str]:
    """Stacks of the head that serve a model, for people: those of the clusters that the change is in, else those of
    the others."""
    near = [place(target) for target, stack in view.stacks_after.items() if stack.model.name == model]
    if near:
        return sorted(near)
    head = view.pair.head
    far = sorted(head.targets - view.stacks_after.keys())
    return [place(target) for target in far if at(head.parameters(target), "model.name") == model]


def _moved(view: View, old: str, before: Stack, target: str, stack: Stack) -> Consequence:
    """A model that goes from one cluster to another, which sync on their own."""
    others = [
        place(name)
        for name, one in sorted(view.stacks_after.items())
        if name in view.stacks_before and one.model.name == stack.model.name
    ]
    severity: Severity = "look"
    remedy = ""
    if old in left(view):
        follows = f"{place(old)} runs on until somebody deletes it"
    elif others:
        serve = "serves" if len(others) == 1 else "serve"
        follows = (
            f"while the one has stopped and the other has not started, {several(others)} alone {serve} it"
        )
    else:
        severity = "dangerous"
        follows = "nobody serves it while the one has stopped and the other has not started"
        remedy = "Add it to the new cluster first, and remove it from the old one in a second change."
    sentence = (
        f"{stack.model.name} moves from {before.cluster.name} to {stack.cluster.name}. The two clusters sync on their "
        f"own: {follows}."
    )
    clusters = (before.cluster.name, stack.cluster.name)
    return Consequence("model-moved", severity, sentence, clusters, (old, target), remedy)


def moved(view: View) -> Iterator[Consequence]:
    """Models that go from one cluster, or from one kind of GPU, to another."""
    gone = {t: s for t, s in view.stacks_before.items() if t not in view.stacks_after}
    come = {t: s for t, s in view.stacks_after.items() if t not in view.stacks_before}
    for target, stack in sorted(come.items()):
        for old, before in sorted(gone.items()):
            if before.model.name == stack.model.name and before.cluster.name != stack.cluster.name:
                yield _moved(view, old, before, target, stack)
    for target, stack in sorted(view.stacks_after.items()):
        same = view.stacks_before.get(view.twins.get(target, target))
        if same is not None and same.pool.accelerator != stack.pool.accelerator:
            sentence = f"{place(target)} moves from {same.pool.accelerator} to {stack.pool.accelerator}."
            yield Consequence("accelerator", "look", sentence, (stack.cluster.name,), (target,))
