"""What stands before the pods: Endpoint Pickers and LiteLLM."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.review.change import Consequence, ObjectChange, Severity
from scripts.review.consequences.words import place, several
from scripts.review.semantic import shown
from scripts.review.view import View, at


def picker(view: View) -> Iterator[Consequence]:
    """Endpoint Pickers that restart or decide otherwise."""
    changed: dict[str, list[str]] = {}
    for one in view.of("Deployment"):
        if one.status == "changed" and one.id.name.endswith("-epp") and _template(one):
            changed.setdefault(one.target, []).append("pods")
    for one in view.of("ConfigMap"):
        if one.status == "changed" and one.id.name.endswith("-epp") and one.fields:
            changed.setdefault(one.target, []).append("config")
    alike: dict[tuple[str, bool, bool], list[str]] = {}
    for target, what in sorted(changed.items()):
        stack = view.stacks_after.get(target)
        if stack is not None:
            key = (stack.cluster.name, "config" in what, stack.gateway.epp.replicas > 1)
            alike.setdefault(key, []).append(target)
    for (cluster, config, standby), targets in alike.items():
        many = len(targets) > 1
        their, each = ("their", "each") if many else ("its", "the")
        how = (
            f"{their} pods all stop at once, {each} leader finishes on the connections that it has, and a new pod "
            "takes over within seconds"
            if standby
            else f"{'of each ' if many else ''}a new pod starts first, and the old one stops when that is ready"
        )
        who = f"The Endpoint Picker{'s' if many else ''} of {several(map(place, targets))}"
        does = "restart" if many else "restarts"
        if config:
            does = f"{'pick' if many else 'picks'} endpoints by another configuration and {does}"
        sentence = f"{who} {does}: {how}; {_ANEW}."
        severity: Severity = "look" if config else "routine"
        yield Consequence("picker", severity, sentence, (cluster,), tuple(targets))


_ANEW = "the knowledge of which pod holds which prefix starts anew"


def _template(one: ObjectChange) -> bool:
    return any(shown(change.path).startswith("spec.template") for change in one.fields)


def proxy(view: View) -> Iterator[Consequence]:
    """LiteLLM proxies that restart, or that somebody has to restart."""
    for cluster in view.clusters:
        declared = view.after.get(cluster)
        if declared is None or declared.facts is None:
            continue
        own = f"{cluster}.cluster"
        config = any(
            one.target == own and one.status == "changed" and one.id.name.endswith("litellm-proxy-config")
            for one in view.of("ConfigMap")
        )
        pods = any(
            one.target == own
            and one.status == "changed"
            and one.id.name.endswith("litellm-proxy")
            and _template(one)
            for one in view.of("Deployment")
        )
        if any(one.target == own and _stops(one) for one in view.of("Deployment")):
            sentence = f"LiteLLM of {cluster} has no pods any more: every request through it fails."
            yield Consequence("proxy-stopped", "dangerous", sentence, (cluster,), (own,))
        elif declared.facts.litellm.deploy and pods:
            count = declared.facts.litellm.replicas
            severity: Severity = "routine" if count > 1 else "look"
            how = (
                "pod by pod, so that one always answers"
                if count > 1
                else "its only pod, beside which a new one starts"
            )
            yield Consequence("proxy", severity, f"LiteLLM of {cluster} restarts: {how}.", (cluster,), (own,))
        elif config and not declared.facts.litellm.deploy:
            sentence = (
                f"The LiteLLM of {cluster} belongs to another release and reads its configuration when it starts: "
                f"restart {declared.facts.litellm_service} by hand after the sync."
            )
            yield Consequence("proxy-by-hand", "look", sentence, (cluster,), (own,))


def _stops(one: ObjectChange) -> bool:
    """Whether a change leaves the proxy without pods."""
    before, after = (at(doc, "spec.replicas", 1) for doc in (one.old, one.new))
    return one.new is not None and one.id.name.endswith("litellm-proxy") and before != 0 and after == 0
