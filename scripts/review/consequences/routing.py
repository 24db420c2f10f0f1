"""Who reaches what: names in LiteLLM, hostnames, routes, served model names, ways of wiring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from scripts.review.change import Consequence, ObjectChange
from scripts.review.consequences.words import place, several
from scripts.review.fate import stays
from scripts.review.semantic import embedded, shown
from scripts.review.view import View, at

MANY = 8
"""Names that one sentence lists."""
_ROUTES = ("HTTPRoute", "AIGatewayRoute")
_KEEP_NAME = "Keep the old name as an alias (cluster.litellm.modelGroupAliases) until nobody asks for it."


def _config(doc: Mapping[str, Any] | None) -> dict[str, Any]:
    text = (at(doc, "data") or {}).get("config.yaml")
    value = embedded(text) if isinstance(text, str) else None
    return value if isinstance(value, dict) else {}


def _configs(view: View) -> Iterator[tuple[ObjectChange, dict[str, Any], dict[str, Any]]]:
    for one in view.of("ConfigMap"):
        if one.id.name.endswith("litellm-proxy-config") and not (
            one.status == "removed" and stays(view, one)
        ):
            yield one, _config(one.old), _config(one.new)


@lru_cache(maxsize=8)
def _offered(view: View) -> dict[tuple[str, str], set[str]]:
    """The stacks of either side by what LiteLLM calls them: (cluster, public name of the model or of an adapter)."""
    found: dict[tuple[str, str], set[str]] = {}
    for stacks in (view.stacks_before, view.stacks_after):
        for target, stack in stacks.items():
            for name in (stack.public_name, *stack.model.adapters) if stack.params.litellm.enabled else ():
                found.setdefault((stack.cluster.name, name), set()).add(target)
    return found


def _called(view: View, cluster: str, *names: object) -> tuple[str, ...]:
    """The stacks that LiteLLM of a cluster offers, or offered, under some names."""
    offered = _offered(view)
    return tuple(sorted({target for name in names for target in offered.get((cluster, str(name)), ())}))


def _models(config: Mapping[str, Any]) -> dict[str, set[tuple[str, str]]]:
    """(model, address) of every public name."""
    found: dict[str, set[tuple[str, str]]] = {}
    for entry in config.get("model_list") or ():
        parameters = entry.get("litellm_params") or {}
        ends = (str(parameters.get("model")), str(parameters.get("api_base")))
        found.setdefault(str(entry.get("model_name")), set()).add(ends)
    return found


def litellm(view: View) -> Iterator[Consequence]:
    """Public model names that come, go, or lead elsewhere."""
    for one, old, new in _configs(view):
        cluster = (one.id.cluster,)
        before, after = _models(old), _models(new)
        aliases = (new.get("router_settings") or {}).get("model_group_alias") or {}
        if added := sorted(after.keys() - before.keys()):
            sentence = f"LiteLLM of {one.id.cluster} offers {several(added, MANY)}."
            yield Consequence("name-added", "routine", sentence, cluster, _called(view, *cluster, *added))
        lost = sorted(before.keys() - after.keys())
        for name in (name for name in lost if name in aliases):
            sentence = (
                f"{name} is an alias of {aliases[name]} in LiteLLM of {one.id.cluster}, no model any more."
            )
            yield Consequence("name-moved", "look", sentence, cluster, _called(view, *cluster, name))
        if gone_names := [name for name in lost if name not in aliases]:
            it = "it" if len(gone_names) == 1 else "them"
            what = f"LiteLLM of {one.id.cluster} offers {several(gone_names, MANY)} no more"
            sentence = f"{what}: clients that ask for {it} get an error."
            remedy = "" if one.status == "removed" else _KEEP_NAME
            stacks = _called(view, *cluster, *gone_names)
            yield Consequence("name-lost", "dangerous", sentence, cluster, stacks, remedy)
        for name in sorted(name for name in before.keys() & after.keys() if before[name] != after[name]):
            gone, come = sorted(before[name] - after[name]), sorted(after[name] - before[name])
            sentence = f"{name} in LiteLLM of {one.id.cluster} {_elsewhere(gone, come)}."
            yield Consequence("name-moved", "look", sentence, cluster, _called(view, *cluster, name))


def _elsewhere(gone: list[tuple[str, str]], come: list[tuple[str, str]]) -> str:
    if not gone:
        return f"leads to {several(base for _, base in come)} too"
    if not come:
        return f"leads to {several(base for _, base in gone)} no more"
    if [model for model, _ in gone] != [model for model, _ in come]:
        return (
            f"asks for {several(model for model, _ in come)} instead of {several(model for model, _ in gone)}"
        )
    return f"leads to {several(base for _, base in come)} instead of {several(base for _, base in gone)}"


def aliases(view: View) -> Iterator[Consequence]:
    """Aliases and fallbacks that change."""
    for one, old, new in _configs(view):
        if one.status not in ("changed", "renamed"):
            continue
        cluster = one.id.cluster
        before, after = old.get("router_settings") or {}, new.get("router_settings") or {}
        names, now = before.get("model_group_alias") or {}, after.get("model_group_alias") or {}
        for name in sorted(names.keys() | now.keys()):
            if names.get(name) == now.get(name):
                continue
            if name not in now and name not in _models(new):
                gone = f"Alias {name} of {names[name]} goes from LiteLLM of {cluster}"
                sentence = f"{gone}: clients that use it get an error."
                stacks = _called(view, cluster, names[name])
                yield Consequence("alias-lost", "dangerous", sentence, (cluster,), stacks)
            elif name in now:
                was = f" instead of {names[name]}" if name in names else ""
                sentence = f"Alias {name} of LiteLLM of {cluster} means {now[name]}{was}."
                stacks = _called(view, cluster, now[name], *([names[name]] if was else []))
                yield Consequence("alias", "look" if was else "routine", sentence, (cluster,), stacks)
        lost = sorted(_fallbacks(before).items() - _fallbacks(after).items())
        left = {
            name: f"{name} (was {to})"
            for name, to in lost
            if name in _models(new) and name not in _fallbacks(after)
        }
        if left:
            sentence = f"No model of {cluster} stands in any more for {several(left.values())}."
            yield Consequence("fallback-lost", "look", sentence, (cluster,), _called(view, cluster, *left))


def _fallbacks(settings: Mapping[str, Any]) -> dict[str, str]:
    return {
        str(name): ", ".join(map(str, models))
        for entry in settings.get("fallbacks") or ()
        for name, models in entry.items()
    }


def hostnames(view: View) -> Iterator[Consequence]:
    """Hostnames that come or go on routes and listeners."""
    before: dict[str, dict[str, ObjectChange]] = {}
    after: dict[str, dict[str, ObjectChange]] = {}
    for one in view.of(*_ROUTES, "Gateway"):
        if one.status == "removed" and stays(view, one):
            continue
        for doc, found in ((one.old, before), (one.new, after)):
            for name in _hosts(doc):
                found.setdefault(one.id.cluster, {})[name] = one
    for cluster in sorted(before.keys() | after.keys()):
        old, new = before.get(cluster, {}), after.get(cluster, {})
        for name in sorted(new.keys() - old.keys()):
            sentence = (
                f"{new[name].id} of {cluster} answers for {name}: DNS and a certificate must lead there."
            )
            yield Consequence("hostname-added", "look", sentence, (cluster,), (new[name].target,))
        for name in sorted(old.keys() - new.keys()):
            sentence = f"Nothing of {cluster} answers for {name} any more (it was {old[name].id})."
            yield Consequence("hostname-lost", "dangerous", sentence, (cluster,), (old[name].target,))


def _hosts(doc: Mapping[str, Any] | None) -> Iterator[str]:
    for name in at(doc, "spec.hostnames") or ():
        yield str(name)
    for listener in at(doc, "spec.listeners") or ():
        if isinstance(listener, Mapping) and listener.get("hostname"):
            yield str(listener["hostname"])


def routes(view: View) -> Iterator[Consequence]:
    """Routes that hang on another gateway or lead to another backend."""
    for one in view.of(*_ROUTES):
        if one.status != "changed":
            continue
        paths = [shown(change.path) for change in one.fields]
        old = several(str(ref.get("name")) for ref in at(one.old, "spec.parentRefs") or ())
        new = several(str(ref.get("name")) for ref in at(one.new, "spec.parentRefs") or ())
        where = f"{one.id} of {one.id.cluster}"
        if old != new:
            what = f"{where} leaves gateway {old} for {new}"
            sentence = f"{what}: open connections end, and requests fail until it is accepted."
            yield Consequence("route-moved", "look", sentence, (one.id.cluster,), (one.target,))
        elif any(".matches" in path or ".backendRefs" in path for path in paths):
            sentence = f"{where} matches or leads otherwise ({several(paths, 2)})."
            yield Consequence("route-changed", "look", sentence, (one.id.cluster,), (one.target,))


def served_names(view: View) -> Iterator[Consequence]:
    """Model names that the pods answer to."""
    apart = {one.target for one in view.of("InferenceService") if one.status == "renamed"}
    for target, stack in sorted(view.stacks_after.items()):
        before = view.stacks_before.get(view.twins.get(target, target))
        if before is None:
            continue
        adapters = {name for name in before.model.adapters if name not in stack.model.adapters}
        lost = [name for name in before.served_names if name not in stack.served_names] + sorted(adapters)
        added = [name for name in stack.served_names if name not in before.served_names]
        added += sorted(name for name in stack.model.adapters if name not in before.model.adapters)
        if lost:
            asked = before.served_names[0] in lost and target not in apart
            mixed = ", those of LiteLLM too as long as old and new pods serve side by side" if asked else ""
            it = "it" if len(lost) == 1 else "them"
            sentence = f"{place(target)} answers to {several(lost)} no more: requests for {it} fail{mixed}."
            yield Consequence("served-name-lost", "look", sentence, (stack.cluster.name,), (target,))
        if added:
            sentence = f"{place(target)} answers to {several(added)} too."
            yield Consequence("served-name-added", "routine", sentence, (stack.cluster.name,), (target,))


def wiring(view: View) -> Iterator[Consequence]:
    """Stacks whose Endpoint Picker is wired in otherwise, and gateways that are shared or split: those whose route is
    there on both sides are told by it."""
    moved = {one.target for one in view.of(*_ROUTES) if one.status == "changed"}
    for target, stack in sorted(view.stacks_after.items()):
        before = view.stacks_before.get(view.twins.get(target, target))
        if before is None:
            continue
        if before.gateway.wiring != stack.gateway.wiring and stack.gateway.enabled:
            sentence = (
                f"{place(target)} is wired by {stack.gateway.wiring} instead of {before.gateway.wiring}: another "
                "gateway serves it, and requests fail while the one replaces the other."
            )
            yield Consequence("wiring", "dangerous", sentence, (stack.cluster.name,), (target,))
        old = before.names.gateway if before.gateway.enabled else "no gateway"
        new = stack.names.gateway if stack.gateway.enabled else "no gateway"
        shared = before.gateway.shared != stack.gateway.shared and target not in moved
        if shared or before.gateway.enabled != stack.gateway.enabled:
            what = f"{place(target)} goes through {new} instead of {old}"
            how = (
                "requests fail until its route is accepted there"
                if stack.gateway.enabled
                else "LiteLLM calls its pods"
            )
            sentence = f"{what}: {how}."
            yield Consequence("gateway-moved", "look", sentence, (stack.cluster.name,), (target,))
        if before.has_pool != stack.has_pool:
            what = (
                "gets an Endpoint Picker"
                if stack.has_pool
                else "loses its Endpoint Picker: requests go to any pod"
            )
            yield Consequence("pool", "look", f"{place(target)} {what}.", (stack.cluster.name,), (target,))
