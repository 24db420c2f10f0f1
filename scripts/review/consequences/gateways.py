"""Internal gateways and what they ask: their class, the name that LiteLLM calls them by, the Endpoint Picker behind
them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.stack.params import Stack
from scripts.review.change import Consequence
from scripts.review.consequences.words import place, several
from scripts.review.fate import stays
from scripts.review.view import View, at

_PLAIN = "--secure-serving=false"


def classes(view: View) -> Iterator[Consequence]:
    """Gateways that another class, and so perhaps another controller, serves. A stack that is wired otherwise is told
    as that."""
    users = _users(view)
    alike: dict[tuple[str, str, str], list[tuple[str, list[str]]]] = {}
    for one in view.of("Gateway"):
        old, new = (str(at(doc, "spec.gatewayClassName")) for doc in (one.old, one.new))
        behind = users.get((one.id.cluster, one.id.namespace, one.id.name), [])
        is_told = bool(behind) and all(_rewired(view, target) for target in behind)
        if one.status == "changed" and old != new and not is_told:
            alike.setdefault((one.id.cluster, old, new), []).append((str(one.id), behind))
    for (cluster, old, new), found in alike.items():
        targets = tuple(target for _, behind in found for target in behind)
        stacks = several((view.stacks_after[target].name for target in targets), 6)
        who = f"all requests of {stacks} pass there" if stacks else "no stack's requests pass there yet"
        sentence = (
            f"{several(name for name, _ in found)} of {cluster}: spec.gatewayClassName goes from {old} to {new}; "
            f"{who}. Where another controller serves the new class, requests fail until it has taken over."
        )
        yield Consequence("gateway-class", "look", sentence, (cluster,), targets or (f"{cluster}.cluster",))


def _users(view: View) -> dict[tuple[str, str, str], list[str]]:
    """Stacks whose requests go through a Gateway, by its cluster, namespace and name."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for target, stack in sorted(view.stacks_after.items()):
        if stack.gateway.enabled:
            gateway = (stack.cluster.name, stack.gateway_namespace, stack.names.gateway)
            found.setdefault(gateway, []).append(target)
    return found


def _before(view: View, target: str) -> Stack | None:
    return view.stacks_before.get(view.twins.get(target, target))


def _rewired(view: View, target: str) -> bool:
    before = _before(view, target)
    return before is not None and before.gateway.wiring != view.stacks_after[target].gateway.wiring


def names(view: View) -> Iterator[Consequence]:
    """Hostnames that LiteLLM calls gateways by, where the gateway makes no Service in the cluster."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for target, stack in sorted(view.stacks_after.items()):
        before, name = _before(view, target), stack.gateway.hostname
        is_called = stack.gateway.enabled and stack.params.litellm.enabled
        was = before.gateway.hostname if before is not None and before.gateway.enabled else None
        if name and is_called and name != was:
            gateway = f"{stack.gateway_namespace}/{stack.names.gateway}"
            found.setdefault((stack.cluster.name, name, gateway), []).append(target)
    for (cluster, name, gateway), targets in found.items():
        sentence = (
            f"LiteLLM of {cluster} calls {several(view.stacks_after[one].name for one in targets)} by the name {name}: "
            f"DNS must lead from it to Gateway {gateway}, or requests fail."
        )
        yield Consequence("hostname-added", "look", sentence, (cluster,), tuple(targets))


def failure_modes(view: View) -> Iterator[Consequence]:
    """What becomes of requests while the Endpoint Picker is down."""
    path = "spec.endpointPickerRef.failureMode"
    alike: dict[tuple[str, str], list[str]] = {}
    for one in view.of("InferencePool"):
        old, new = at(one.old, path), at(one.new, path)
        if old and new and old != new:
            alike.setdefault((one.id.cluster, str(new)), []).append(one.target)
    for (cluster, mode), targets in sorted(alike.items()):
        how = "go to any pod instead of failing" if mode == "FailOpen" else "fail instead of going to any pod"
        sentence = (
            f"While no Endpoint Picker of {several(map(place, targets))} answers, requests {how} ({mode})."
        )
        yield Consequence("failure-mode", "look", sentence, (cluster,), tuple(targets))


def encryption(view: View) -> Iterator[Consequence]:
    """Endpoint Pickers that serve TLS no more, or from now on: where another wiring brings it, that is told instead."""
    refused = list(_left_policies(view))
    yield from refused
    told = {target for one in refused for target in one.stacks}
    alike: dict[tuple[str, bool], list[str]] = {}
    for one in view.of("Deployment"):
        old, new = _is_secure(one.old), _is_secure(one.new)
        is_picker = one.status == "changed" and one.id.name.endswith("-epp") and one.target not in told
        if is_picker and old != new and not (new and _rewired(view, one.target)):
            alike.setdefault((one.id.cluster, new), []).append(one.target)
    for (cluster, secure), targets in sorted(alike.items()):
        what = "TLS instead of plain text" if secure else "plain text instead of TLS"
        read = "" if secure else "prompts can be read on the cluster's network, and "
        sentence = (
            f"Gateway and Endpoint Picker of {several(map(place, targets))} speak {what}: {read}requests fail while "
            "only one of the two has changed."
        )
        yield Consequence("picker-tls", "look", sentence, (cluster,), tuple(targets))


def _left_policies(view: View) -> Iterator[Consequence]:
    """Policies that go on asking for TLS although their Endpoint Picker has none."""
    plain = {
        (one.id.cluster, one.id.namespace, one.id.name)
        for one in view.of("Deployment")
        if one.status == "changed" and _is_secure(one.old) and not _is_secure(one.new)
    }
    for one in view.of("BackendTLSPolicy"):
        services = [str(ref.get("name")) for ref in at(one.old, "spec.targetRefs") or ()]
        is_left = one.status == "removed" and stays(view, one)
        if is_left and any((one.id.cluster, one.id.namespace, name) in plain for name in services):
            sentence = (
                f"{one.id} of {one.id.cluster} stays, so that the gateway goes on speaking TLS to an Endpoint Picker "
                "that serves plain text from now on, and requests fail: delete it by hand."
            )
            yield Consequence("picker-tls", "dangerous", sentence, (one.id.cluster,), (one.target,))


def _is_secure(doc: Mapping[str, Any] | None) -> bool:
    """Whether an Endpoint Picker serves TLS, which it does unless it is told not to."""
    containers = at(doc, "spec.template.spec.containers") or ()
    return not any(_PLAIN in (container.get("args") or ()) for container in containers)
