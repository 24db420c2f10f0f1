"""Names of models: of engines, adapters and rewrites, apart from each other on every gateway and proxy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from scripts.check.deployment import Deployment, deployment, deployments
from scripts.check.fleet import ClusterView, FleetView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.rule import rule
from scripts.check.served import adapter_paths, model_names

_ARGS = "spec.predictor.model.args"


@rule(
    "served-names-declared",
    kinds=("InferenceService",),
    why="LiteLLM, the gateway or clients ask for a name that the engine does not know, and get 404.",
    fix="Let the names be derived from model.name, serving.name and model.aliases.",
    source="serving.md 41; vllm#3486; litellm#7744",
    cause=("model", "name"),
)
def names_declared(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """An engine answers to the names that the inventory declares, and to no others."""
    one = deployment(service, view)
    if one is None or not one.declared or not one.pod.known:
        return
    wanted, has = one.stack.served_names, model_names(one)
    if one.engine.name == "llamacpp":
        wanted = wanted[:1]
    if set(wanted) != set(has) or wanted[0] != has[0]:
        said = ", ".join(has) or "no name"
        where = {"vllm": "served-model-name", "llamacpp": "alias"}.get(one.engine.name)
        yield Hit(
            service,
            one.field_of(where) if where else "spec.predictor.model.env",
            f"{one.name} answers to {said}; declared are {', '.join(wanted)}",
        )


@rule(
    "served-name-once",
    kinds=("InferenceService",),
    why="One of the two never gets a request: the engine takes the first, and that may be another model.",
    fix="Give the adapter or the alias another name.",
    source="inference-stacks.md 3 idea 2; kthena#142",
    cause=("model", "adapters"),
)
def name_once(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The names of a model and of its adapters are different."""
    one = deployment(service, view)
    if one is None:
        return
    seen: set[str] = set()
    for name in (*model_names(one), *adapter_paths(one)):
        if name in seen:
            yield Hit(service, one.field_of("lora-modules"), f"the name {name} stands for two things")
        seen.add(name)


@rule(
    "gateway-names-apart",
    scope="cluster",
    why="A client of the gateway that asks for the name may get either model.",
    fix="Rename one of them (serving.name, model.aliases, model.adapters), or give each stack its own gateway.",
    source="gateway.md 44 and 6; kserve#5800; kthena#142; MaaS#737",
    cause=("gateway", "shared"),
)
def gateway_names_apart(view: ClusterView) -> Iterator[Hit]:
    """On one gateway a name stands for one model, adapter or rewrite."""
    by_stack = defaultdict(list)
    for one in deployments(view).values():
        by_stack[one.service.stack].append(one)
    taken: dict[tuple[int, str], tuple[Deployment, str]] = {}
    for route in view.of("HTTPRoute", "AIGatewayRoute"):
        for gateway in view.wires.gateways(route):
            for one in by_stack.get(route.stack, ()):
                for name, meaning in _meanings(view, one):
                    other, its = taken.setdefault((id(gateway), name), (one, meaning))
                    if meaning != its:
                        said = f"{name} is {its} of {other.service.ref}, and {meaning} of {one.service.ref}"
                        yield Hit(one.service, _ARGS, f"{said}, both on {gateway.ref}")


def _meanings(view: ClusterView, one: Deployment) -> Iterator[tuple[str, str]]:
    """(name, what it stands for) of everything that a client can ask a stack for."""
    for name in model_names(one):
        yield name, f"model {one.stack.model.name}"
    for name, path in adapter_paths(one).items():
        declared = one.stack.model.adapters.get(name)
        yield name, f"adapter {declared.uri if declared else path}"
    for rewrite in view.of("InferenceModelRewrite"):
        if rewrite.stack == one.service.stack:
            for match in rewrite.each("spec.rules[].matches[]"):
                yield match.text("model.value"), f"rewrite {rewrite.name}"


@rule(
    "rewrite-target-served",
    kinds=("InferenceModelRewrite",),
    why="The Endpoint Picker sends requests on under a name that the engine does not know, and they get 404.",
    fix="Rewrite to a served name or an adapter of the pool's model.",
    source="gateway.md 40",
)
def rewrite_target_served(rewrite: Obj, view: ClusterView) -> Iterator[Hit]:
    """A rewrite leads to names that the pool's pods serve, and is not one of them itself."""
    pool = view.compiled("InferencePool", rewrite.namespace, rewrite.text("spec.poolRef.name"))
    if pool is None:
        return
    pods = view.select(pool.namespace, pool.texts("spec.selector.matchLabels"))
    behind = [one for pod in pods if (one := deployment(pod.owner, view))]
    served = {name for one in behind for name in (*model_names(one), *adapter_paths(one))}
    if not served:
        return
    for target in rewrite.each("spec.rules[].targets[]"):
        name = target.text("modelRewrite")
        if name not in served:
            said = f"{name} is no name that {pool.ref} serves ({', '.join(sorted(served))})"
            yield Hit(rewrite, target.at("modelRewrite"), said)


@rule(
    "rewrite-weights-complete",
    kinds=("InferenceModelRewrite",),
    why="A target without a weight beside others that have one gets no share that anybody chose.",
    fix="Give every target of a rule a weight, or none.",
    source="gateway.md 40",
)
def rewrite_weights(rewrite: Obj, view: ClusterView) -> Iterator[Hit]:
    """All targets of a rewrite rule have a weight, or none has."""
    for one in rewrite.each("spec.rules[]"):
        targets = list(one.each("targets[]"))
        with_weight = sum(target.has("weight") for target in targets)
        if 0 < with_weight < len(targets):
            yield Hit(rewrite, one.at("targets"), f"{with_weight} of {len(targets)} targets have a weight")


@rule(
    "proxy-name-one-model",
    scope="cluster",
    why="LiteLLM spreads requests over both, and a client gets the answer of another model than it asked for.",
    fix="Give one of the stacks another litellm.modelName.",
    source="serving.md 62; litellm#31661",
    cause=("litellm", "modelName"),
)
def proxy_name_one_model(view: ClusterView) -> Iterator[Hit]:
    """Entries of a LiteLLM proxy that share a public name serve one model."""
    adapters = frozenset(name for one in deployments(view).values() for name in adapter_paths(one))
    for proxy in view.proxies:
        first: dict[str, str] = {}
        for entry in (one.node for one in proxy.entries):
            name, base = entry.text("model_name"), _base(entry, adapters)
            other = first.setdefault(name, base)
            if other != base:
                said = f"the public name {name} stands for {other} and for {base}"
                yield Hit(proxy.config_map, entry.at("model_name"), said)


@rule(
    "proxy-id-unique",
    scope="cluster",
    why="LiteLLM keeps one of the two entries, and cooldowns, limits and metrics of both are mixed up.",
    fix="Give every entry its own model_info.id, or let it be derived from the stack.",
    source="serving.md 3.3; litellm docs (model_info.id)",
)
def proxy_id_unique(view: ClusterView) -> Iterator[Hit]:
    """Every entry of a LiteLLM proxy has its own id."""
    for proxy in view.proxies:
        seen: dict[str, str] = {}
        for entry in (one.node for one in proxy.entries):
            key = entry.text("model_info.id")
            if key and key in seen:
                said = f"the id {key} is that of {seen[key]} and of {entry.text('model_name')}"
                yield Hit(proxy.config_map, entry.at("model_info.id"), said)
            seen.setdefault(key, entry.text("model_name"))


@rule(
    "gateway-hostname-own",
    scope="fleet",
    why="DNS leads the name to one gateway, and requests for the other's model get there too.",
    fix="Give each gateway a name of its own.",
    source="gateway.md 5.E and 44",
)
def hostname_own(view: FleetView) -> Iterator[Hit]:
    """No two gateways of the fleet are reached under one host name."""
    taken: dict[str, str] = {}
    for target, stack in view.stacks:
        name = stack.gateway.hostname
        if name is None or not stack.gateway.enabled:
            continue
        owner = f"{stack.cluster.name}/{stack.gateway.shared}" if stack.gateway.shared else target
        other = taken.setdefault(name, owner)
        if other != owner:
            yield Hit(
                target,
                "gateway.hostname",
                f"{name} is the host name of {other} and of {owner}",
                cause=("gateway", "hostname"),
            )


@rule(
    "proxy-hostname-own",
    scope="fleet",
    why="Clients get to one of the proxies by chance of DNS, and miss the models of the other.",
    fix="Give each cluster's proxy a host name of its own, or waive this where a load balancer joins them.",
    source="inference-stacks.md 3 ideas 2 and 23",
    level="warning",
)
def proxy_hostname_own(view: FleetView) -> Iterator[Hit]:
    """No two LiteLLM proxies of the fleet have one public host name."""
    taken: dict[str, str] = {}
    for name, declared in sorted(view.clusters.items()):
        host = declared.facts.litellm.hostname if declared.facts else None
        if host and taken.setdefault(host, name) != name:
            yield Hit(
                f"{name}.cluster",
                "cluster.litellm.hostname",
                f"{host} is the host name of the proxies of {taken[host]} and {name}",
                cause=("cluster", "litellm", "hostname"),
            )


@rule(
    "listener-alone",
    kinds=("Gateway",),
    why="The controller refuses both listeners (Conflicted), and no route of theirs works.",
    fix="Give each listener its own name, and its own port, protocol or host name.",
    source="Gateway API v1 (distinct listeners)",
)
def listener_alone(gateway: Obj, view: ClusterView) -> Iterator[Hit]:
    """The listeners of a Gateway are apart by name, and by port, protocol and host name."""
    names: set[str] = set()
    places: dict[tuple[int | None, str, str], str] = {}
    for one in gateway.each("spec.listeners[]"):
        name = one.text("name")
        if name in names:
            yield Hit(gateway, one.at("name"), f"two listeners are called {name}")
        names.add(name)
        place = (one.number("port"), one.text("protocol"), one.text("hostname", "*"))
        if places.setdefault(place, name) != name:
            said = (
                f"listeners {places[place]} and {name} both take port {place[0]}, {place[1]}, host {place[2]}"
            )
            yield Hit(gateway, one.field, said)


@rule(
    "route-rule-name-once",
    kinds=("HTTPRoute", "GRPCRoute"),
    why="A policy that names the rule is about either of them, and status conditions mix them up.",
    fix="Give every rule of a route its own name.",
    source="inference-stacks.md 3 idea 2; Gateway API (rule names)",
)
def rule_name_once(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """The rules of a route have different names."""
    seen: set[str] = set()
    for one in route.each("spec.rules[]"):
        name = one.text("name")
        if name and name in seen:
            yield Hit(route, one.at("name"), f"two rules are called {name}")
        seen.add(name)


@rule(
    "route-catches-all-alone",
    scope="cluster",
    level="warning",
    why="A mistyped model's path is answered by another model instead of with 404.",
    fix="Give every route of a shared gateway a path of its own.",
    source="gateway.md 44 and 6",
    cause=("gateway", "shared"),
)
def catches_all_alone(view: ClusterView) -> Iterator[Hit]:
    """A route that takes every request is the only one on its gateway's listener and host name."""
    routes: dict[tuple[int, str, str], list[tuple[Obj, Node]]] = defaultdict(list)
    for route in view.of("HTTPRoute"):
        sections = {ref.text("name"): ref.text("sectionName") for ref in route.each("spec.parentRefs[]")}
        for gateway in view.wires.gateways(route):
            for host in route.strings("spec.hostnames") or ["*"]:
                key = (id(gateway), sections.get(gateway.name, ""), host)
                routes[key].extend((route, one) for one in route.each("spec.rules[]"))
    for found in routes.values():
        if len({route.stack for route, _ in found}) < 2:
            continue
        for route, one in found:
            if _takes_all(one):
                others = sorted({other.ref for other, _ in found if other is not route})
                yield Hit(route, one.at("matches"), f"takes every request that {', '.join(others)} does not")


def _takes_all(one: Node) -> bool:
    """Whether a rule matches every path without looking at anything else."""
    matches = list(one.each("matches[]"))
    return not matches or any(
        match.text("path.value", "/") == "/"
        and match.text("path.type", "PathPrefix") == "PathPrefix"
        and not (match.raw("headers") or match.raw("queryParams") or match.raw("method"))
        for match in matches
    )


def _base(entry: Node, adapters: frozenset[str]) -> str:
    """Which model or adapter an entry serves."""
    asked = entry.text("litellm_params.model").partition("/")[2]
    return asked if asked in adapters else entry.text("model_info.base_model") or asked
