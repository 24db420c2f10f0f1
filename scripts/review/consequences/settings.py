"""Settings that no pod, route or permission tells of: where Argo CD deploys to, what pods may do to their node, which
requests are refused, what is watched and what is pinned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from components.common.cluster import Cluster
from components.litellm.build import MASTER_KEY_PURPOSE, SALT_KEY_PURPOSE
from components.stack.params import Stack
from scripts.review.change import Consequence, ObjectChange, Severity
from scripts.review.consequences.words import several
from scripts.review.semantic import shown
from scripts.review.view import View, at

_HOST = ("hostNetwork", "hostPID", "hostIPC")
_MARKS = (*_HOST, "hostPath", "ecurityContext")
_LEVELS = ("restricted", "baseline", "privileged")


class Said(NamedTuple):
    """What follows for one stack; ``{who}`` stands for the stacks for which the same follows."""

    rule: str
    severity: Severity
    sentence: str


def _facts(view: View) -> Iterator[tuple[str, Cluster, Cluster]]:
    """Clusters of both sides."""
    for name in view.clusters:
        before, after = view.before.get(name), view.after.get(name)
        if before and after and before.facts is not None and after.facts is not None:
            yield name, before.facts, after.facts


def argocd(view: View) -> Iterator[Consequence]:
    """Clusters that Argo CD deploys elsewhere, or from elsewhere."""
    for name, before, after in _facts(view):
        was, now = before.argocd, after.argocd
        if was.destination != now.destination:
            sentence = (
                f"Applications of {name} deploy to {now.destination} instead of {was.destination}: everything starts "
                f"anew there, and what runs in {was.destination} is left to itself and deleted by nobody."
            )
            remedy = (
                "If it is one cluster under two names, nothing moves. Else move clients first, and delete what stays "
                "by hand."
            )
            yield Consequence("argocd-destination", "dangerous", sentence, (name,), (), remedy)
        if was.namespace != now.namespace:
            yield _argocd_moves(view, name, was.namespace, now.namespace)


def _argocd_moves(view: View, name: str, was: str, now: str) -> Consequence:
    environment = view.before[name].environment
    cascades = environment is None or environment.prune
    severity: Severity = "dangerous" if cascades else "look"
    lost = (
        f"the root in {was} deletes its Applications there, and they take along all that they have deployed, pods that "
        "serve too"
        if cascades
        else f"those in {was} stay and sync on"
    )
    sentence = f"Applications of {name} go to namespace {now} instead of {was}: {lost}."
    remedy = (
        f"Delete the root Application in {was} before the merge, which deletes nothing else; apply the new one in "
        f"{now} after it; then delete the old Applications with argocd app delete --cascade=false."
    )
    return Consequence("argocd-namespace", severity, sentence, (name,), (), remedy)


def pod_security(view: View) -> Iterator[Consequence]:
    """What namespaces let pods do."""
    for name, before, after in _facts(view):
        was, now = before.namespaces.pod_security, after.namespaces.pod_security
        if was == now or not after.namespaces.create:
            continue
        wider = _LEVELS.index(now) > _LEVELS.index(was)
        what = (
            "pods may take more power over their nodes" if wider else "new pods that ask for more are refused"
        )
        if now == "privileged":
            what = "pods may do anything to their nodes"
        sentence = f"Namespaces of {name} enforce Pod Security level {now} instead of {was}: {what}."
        severity: Severity = "dangerous" if now == "privileged" else "look"
        yield Consequence("pod-security", severity, sentence, (name,), (f"{name}.cluster",))


def privileges(view: View) -> Iterator[Consequence]:
    """Pods that get power over their node."""
    alike: dict[tuple[str, tuple[str, ...]], list[ObjectChange]] = {}
    for one in view.change.synced:
        if _may_gain(one) and (gained := sorted(set(_powers(one.new)) - set(_powers(one.old)))):
            alike.setdefault((one.id.cluster, tuple(gained)), []).append(one)
    for (cluster, powers), found in alike.items():
        who = several((str(one.id) for one in found), 4)
        sentence = f"Pods of {who} of {cluster} get more power over their node: {several(powers, 5)}."
        targets = tuple(dict.fromkeys(one.target for one in found))
        yield Consequence("privileges", "dangerous", sentence, (cluster,), targets)


def _may_gain(one: ObjectChange) -> bool:
    """Whether it is worth while to look through an object."""
    if one.new is None or one.id.kind == "CustomResourceDefinition":
        return False
    texts = (f"{shown(change.path)} {change.new}" for change in one.fields)
    return one.status == "added" or any(mark in text for text in texts for mark in _MARKS)


def _powers(value: Any) -> Iterator[str]:
    """What a document lets its pods do beyond their own container."""
    if isinstance(value, Mapping):
        yield from (key for key in _HOST if value.get(key) is True)
        if isinstance(path := value.get("hostPath"), Mapping):
            yield f"hostPath {path.get('path')}"
        if isinstance(context := value.get("securityContext"), Mapping):
            yield from _granted(context)
        for item in value.values():
            yield from _powers(item)
    elif isinstance(value, list):
        for item in value:
            yield from _powers(item)


def _granted(context: Mapping[str, Any]) -> Iterator[str]:
    yield from (key for key in ("privileged", "allowPrivilegeEscalation") if context.get(key) is True)
    if context.get("runAsUser") == 0:
        yield "runAsUser 0"
    if context.get("runAsNonRoot") is False:
        yield "runAsNonRoot false"
    yield from (f"capability {name}" for name in at(context, "capabilities.add") or ())


def stacks(view: View) -> Iterator[Consequence]:
    """What changes for requests to stacks. Stacks of a cluster for which the same follows share a sentence."""
    alike: dict[tuple[str, Said], list[Stack]] = {}
    for target, stack in sorted(view.stacks_after.items()):
        before = view.stacks_before.get(view.twins.get(target, target))
        if before is None:
            continue
        for said in (*_picked(before, stack), *_refused(before, stack), *_unwatched(before, stack)):
            alike.setdefault((stack.cluster.name, said), []).append(stack)
    for (cluster, said), found in alike.items():
        who = f"{several((stack.name for stack in found), 6)} ({cluster})"
        targets = tuple(f"{cluster}.{stack.name}" for stack in found)
        sentence = said.sentence.replace("{who}", who)
        yield Consequence(said.rule, said.severity, sentence, (cluster,), targets)


def _picked(before: Stack, after: Stack) -> Iterator[Said]:
    """How pods are chosen, and how they are replaced from now on."""
    both = before.has_pool and after.has_pool
    if both and before.gateway.extension_policy and not after.gateway.extension_policy:
        spread = "the gateway spreads requests without a look at load and prefixes"
        yield Said("picker-unasked", "look", f"The Endpoint Picker of {{who}} is asked no more: {spread}.")
    if both and before.gateway.epp.metrics_auth and not after.gateway.epp.metrics_auth:
        reach = "are open to whoever reaches its metrics port"
        yield Said("metrics-open", "look", f"Metrics of the Endpoint Picker of {{who}} {reach}.")
    if both and before.gateway.epp.image_digest and not after.gateway.epp.image_digest:
        yield Said("unpinned", "look", f"The Endpoint Picker of {{who}} {_UNPINNED}.")
    if before.max_surge and not after.max_surge:
        size, pool = max(after.gpus_per_pod, 1), after.pool
        reserve = (
            f"a pod takes {size} and rolloutReserve of pool {after.serving.pool} is {pool.rollout_reserve}"
        )
        derived = after.serving.rollout.max_surge is None and pool.rollout_reserve < size
        why = f", because {reserve}" if derived else ""
        nobody = 0 < after.serving.min_replicas <= after.max_unavailable
        serve = ", and nobody answers meanwhile" if nobody else ""
        what = "Rollouts of {who} stop an old pod before a new one starts from now on"
        yield Said("rollout-order", "look", f"{what}{why}{serve}.")


def _refused(before: Stack, after: Stack) -> Iterator[Said]:
    """Requests that were answered before."""
    was, now = before.serving.request_timeout_seconds, after.serving.request_timeout_seconds
    if now < was:
        sentence = f"Requests to {{who}} that take longer than {now:,} s fail (before: {was:,} s)."
        yield Said("requests-refused", "look", sentence)
    was, now = before.context_length, after.context_length
    if now < was:
        fate = "are cut" if after.runtime.engine == "ollama" else "fail"
        sentence = (
            f"Requests to {{who}} of more than {now:,} tokens with their answer {fate} (before: {was:,})."
        )
        yield Said("requests-refused", "look", sentence)
    old, new = before.params.litellm, after.params.litellm
    if not (old.enabled and new.enabled):
        return
    for noun, limit_was, limit in (("requests", old.rpm, new.rpm), ("tokens", old.tpm, new.tpm)):
        if limit is not None and (limit_was is None or limit < limit_was):
            told = "no limit" if limit_was is None else f"{limit_was:,}"
            sentence = f"LiteLLM lets {limit:,} {noun} a minute through to {{who}} (before: {told}) and refuses more."
            yield Said("requests-refused", "look", sentence)


def _unwatched(before: Stack, after: Stack) -> Iterator[Said]:
    if before.is_monitored and not after.is_monitored:
        blind = ", and KEDA has nothing to scale by" if after.scaler == "keda" else ""
        yield Said("unwatched", "look", f"Nothing watches {{who}} any more: no metrics and no alerts{blind}.")


_UNPINNED = "is pinned by no digest any more: whoever moves its tag decides what runs"


def pins(view: View) -> Iterator[Consequence]:
    """Images of runtimes and of LiteLLM whose digest goes."""
    lost: dict[str, list[str]] = {}
    for name, before, after in _facts(view):
        old, new = view.before[name].params, view.after[name].params
        for runtime in sorted(key for key, on in after.runtimes.items() if on and old and new):
            one, two = (params.runtimes.get(runtime) if params else None for params in (old, new))
            if one and two and one.image.digest and not two.image.digest:
                lost.setdefault(f"Runtime {runtime}", []).append(name)
        proxy, now = before.litellm, after.litellm
        if proxy.deploy and now.deploy and proxy.image.digest and not now.image.digest:
            lost.setdefault("LiteLLM", []).append(name)
    for what, clusters in sorted(lost.items()):
        sentence = f"{what} of {several(clusters, 6)} {_UNPINNED}."
        yield Consequence("unpinned", "look", sentence, tuple(clusters))


def salt_key(view: View) -> Iterator[Consequence]:
    """The key that encrypts what LiteLLM's database holds; the master key where there is no other."""
    for name, before, after in _facts(view):
        old, new = before.litellm, after.litellm
        was, now = _salt(before), _salt(after)
        kept = (
            old.deploy and new.deploy and old.database_secret and old.database_secret == new.database_secret
        )
        if kept and was != now:
            sentence = (
                f"LiteLLM of {name} encrypts by {now} instead of {was}: unless both hold the same key, it can "
                "read nothing of what its database holds."
            )
            remedy = "Keep the secret: what encrypts the database must never change."
            yield Consequence("salt-key", "dangerous", sentence, (name,), (f"{name}.cluster",), remedy)


def _salt(cluster: Cluster) -> str:
    """The secret that LiteLLM encrypts by, and the entry of the store that it comes from."""
    proxy = cluster.litellm
    entry = cluster.secrets.get(SALT_KEY_PURPOSE if proxy.salt_key_secret else MASTER_KEY_PURPOSE)
    parts = (entry.key, entry.property) if entry else ()
    told = f" ({'/'.join(part for part in parts if part)})" if entry else ""
    return f"secret {proxy.salt_key_secret or proxy.master_key_secret}{told}"
