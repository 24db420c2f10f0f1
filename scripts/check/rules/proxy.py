"""LiteLLM: every public name leads to a server that answers to the model which is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.cluster.params import TARGET
from components.facts.suggest import did_you_mean
from scripts.check.durations import seconds
from scripts.check.fleet import ClusterView, StackView
from scripts.check.model import Hit, KeyPath
from scripts.check.paths import Request, follow
from scripts.check.pods import Pod
from scripts.check.proxy import Entry, Proxy
from scripts.check.rule import rule
from scripts.check.servers import engine_of, served_names

_ANY_NAME = ("llamacpp",)
"""Engines that answer whatever model is asked for (serving.md 2.2)."""
_VARIABLE = re.compile(r"os\.environ/([A-Za-z_][A-Za-z0-9_]*)")
_ENTRY: KeyPath = ("cluster", "litellm")


def _stack_target(entry: Entry, view: ClusterView) -> str:
    """The target of the stack that an entry is made of, for its cause."""
    for stack in view.stacks.values():
        if stack.public_name == entry.name:
            return f"{view.name}.{stack.name}"
    return view.target


def _request(entry: Entry) -> Request:
    return Request(entry.api_base, entry.path, entry.headers)


@rule(
    "proxy-config-readable",
    scope="cluster",
    why="LiteLLM does not start.",
    fix="Correct the text: run `make compile`.",
    source="serving.md 3.3",
    cause=_ENTRY,
)
def readable(view: ClusterView) -> Iterator[Hit]:
    """LiteLLM's configuration is strict YAML."""
    for proxy in view.proxies:
        if proxy.problem:
            yield Hit(proxy.config_map, 'data["config.yaml"]', f"line {proxy.line}: {proxy.problem}")


@rule(
    "proxy-entry-leads-to-pods",
    scope="cluster",
    why="LiteLLM answers 404 or 503 to every request for this public name.",
    fix="Correct the gateway's name, its namespace, the port or the route.",
    source="serving.md 60; gateway.md 44; inference-stacks.md idea 1",
    cause=("gateway",),
)
def leads_to_pods(view: ClusterView) -> Iterator[Hit]:
    """The api_base of an entry leads to a Service that exists, over a route that matches, to pods."""
    for proxy in view.proxies:
        for entry in proxy.entries:
            lead = follow(_request(entry), proxy.config_map.namespace, view)
            if lead.broken:
                field = entry.node.at("litellm_params.api_base")
                message = f"{entry.name}: {entry.api_base}: {lead.broken}"
                yield Hit(proxy.config_map, field, message, target=_stack_target(entry, view))


@rule(
    "proxy-entry-reaches-model",
    scope="cluster",
    why='The server answers 404: "The model does not exist".',
    fix="Ask for a name that the server is started with (`--served-model-name`).",
    source="serving.md 41; vllm#3486, litellm#7744; inference-stacks.md idea 14",
    cause=("model", "name"),
)
def reaches_model(view: ClusterView) -> Iterator[Hit]:
    """The server behind an entry answers to the model name that LiteLLM asks for."""
    for proxy in view.proxies:
        for entry in proxy.entries:
            lead = follow(_request(entry), proxy.config_map.namespace, view)
            for pod in lead.pods:
                names = served_names(pod, view)
                if names is None or engine_of(pod, view) in _ANY_NAME or entry.asked in names:
                    continue
                field = entry.node.at("litellm_params.model")
                message = (
                    f"{entry.name} asks for {entry.asked!r}, the {pod.name} answer to {', '.join(names)}"
                )
                yield Hit(proxy.config_map, field, message, target=_stack_target(entry, view))


@rule(
    "proxy-entry-reaches-serving-pods",
    scope="cluster",
    why="Requests go to something that serves no model.",
    fix="Let `api_base` lead to the model's gateway or Service.",
    source="inference-stacks.md idea 1; gateway.md 2",
    cause=("gateway",),
)
def reaches_serving_pods(view: ClusterView) -> Iterator[Hit]:
    """The pods behind an entry are pods of a model."""
    for proxy in view.proxies:
        for entry in proxy.entries:
            for pod in follow(_request(entry), proxy.config_map.namespace, view).pods:
                if pod.role not in ("model", "transformer"):
                    field = entry.node.at("litellm_params.api_base")
                    message = f"{entry.name}: {entry.api_base} leads to the {pod.role} {pod.name}"
                    yield Hit(proxy.config_map, field, message, target=_stack_target(entry, view))


@rule(
    "proxy-fallback-exists",
    scope="cluster",
    why="When the model fails, LiteLLM answers 400 instead of asking another one.",
    fix="Name an entry of `model_list`.",
    source="serving.md 61; inference-stacks.md idea 14",
    cause=_ENTRY,
)
def fallback_exists(view: ClusterView) -> Iterator[Hit]:
    """Every name in a fallback is a public name of the same proxy, and none falls back to itself."""
    for proxy in view.proxies:
        known = proxy.names | proxy.aliases.keys()
        for field, name, others in proxy.fallbacks():
            target = _stack_of_name(name, view)
            for wrong in [one for one in (name, *others) if one not in known and one != "*"]:
                message = f"no entry is called {wrong!r}{did_you_mean(wrong, known)}"
                cause: KeyPath = ("litellm", "fallbacks", wrong)
                yield Hit(proxy.config_map, field, message, target=target, cause=cause)
            if name in others:
                yield Hit(proxy.config_map, field, f"{name!r} falls back to itself", target=target)


def _stack_of_name(name: str, view: ClusterView) -> str:
    stacks = view.stacks.values()
    found = next((stack.name for stack in stacks if stack.public_name == name), "cluster")
    return f"{view.name}.{found}"


@rule(
    "proxy-alias-exists",
    scope="cluster",
    why="LiteLLM answers 400 to every request for the alias.",
    fix="Let the alias lead to an entry of `model_list`.",
    source="serving.md 61",
    cause=("cluster", "litellm", "modelGroupAliases"),
)
def alias_exists(view: ClusterView) -> Iterator[Hit]:
    """Every alias leads to a public name of the same proxy, and hides none."""
    for proxy in view.proxies:
        field = f"{proxy.root.at('router_settings.model_group_alias')}"
        for alias, name in proxy.aliases.items():
            if name not in proxy.names:
                message = f"alias {alias!r}: no entry is called {name!r}{did_you_mean(name, proxy.names)}"
                yield Hit(proxy.config_map, field, message)
            if alias in proxy.names:
                yield Hit(proxy.config_map, field, f"alias {alias!r} is also the name of an entry")


@rule(
    "proxy-variable-set",
    scope="cluster",
    why="LiteLLM starts without the value: no master key, or no key for the backend.",
    fix="Set the variable in the Deployment, from a Secret.",
    source="serving.md 64",
    cause=_ENTRY,
)
def variable_set(view: ClusterView) -> Iterator[Hit]:
    """Every `os.environ/X` in LiteLLM's configuration is a variable of its Deployment, where that is compiled."""
    for proxy in view.proxies:
        pods = [pod for pod in view.pods_in(proxy.config_map.namespace) if _runs(pod_volumes(pod), proxy)]
        for pod in pods:
            known = {one.text("name") for one in pod.main.node.each("env[]")}
            wanted = set(_VARIABLE.findall(proxy.config_map.texts("data").get("config.yaml", "")))
            if pod.main.node.has("envFrom"):
                continue
            for name in sorted(wanted - known):
                field = 'data["config.yaml"]'
                yield Hit(proxy.config_map, field, f"os.environ/{name} is no variable of the {pod.name}")


def pod_volumes(pod: Pod) -> set[str]:
    """The ConfigMaps that a pod mounts."""
    return {one.text("configMap.name") for one in pod.spec.each("volumes[]")}


def _runs(config_maps: set[str], proxy: Proxy) -> bool:
    return proxy.config_map.name in config_maps


@rule(
    "model-has-a-proxy-entry",
    scope="stack",
    level="warning",
    why="Clients cannot ask for the model: it takes its GPUs for nobody.",
    fix="Set `litellm.enabled: true`, or remove the stack.",
    source="gateway.md 44; inference-stacks.md idea 14",
    cause=("litellm", "enabled"),
)
def has_a_proxy_entry(view: StackView) -> Iterator[Hit]:
    """The model of every stack has an entry in its cluster's LiteLLM, unless the stack says no."""
    if not view.stack.params.litellm.enabled or not view.cluster.proxies:
        return
    if not any(view.stack.public_name in proxy.names for proxy in view.cluster.proxies):
        yield Hit(
            view.target, "litellm.modelName", f"no proxy has an entry called {view.stack.public_name!r}"
        )


@rule(
    "route-used-by-proxy",
    scope="cluster",
    level="warning",
    why="Nobody asks for what the route leads to: the model takes its GPUs for nobody.",
    fix="Set `litellm.enabled: true`, or remove the stack.",
    source="gateway.md 44",
    cause=("litellm", "enabled"),
)
def used_by_proxy(view: ClusterView) -> Iterator[Hit]:
    """LiteLLM reaches a model over every route that leads to one, unless the stack says no."""
    used = {
        id(rule_.value)
        for proxy in view.proxies
        for entry in proxy.entries
        for rule_ in follow(_request(entry), proxy.config_map.namespace, view).rules
    }
    for route in view.of("HTTPRoute") if view.proxies else ():
        stack = view.stack_of(route)
        own = [one.value for one in route.each("spec.rules[]")]
        if stack and stack.params.litellm.enabled and own and not any(id(one) in used for one in own):
            yield Hit(route, "spec.rules", "no entry of LiteLLM leads over it")


@rule(
    "proxy-waits-no-longer-than-route",
    scope="cluster",
    level="warning",
    why="The gateway cuts the request while LiteLLM still waits, and LiteLLM tries it again from the start.",
    fix="Give both the stack's `serving.requestTimeoutSeconds`.",
    source="gateway.md 50; serving.md 57, 3.3",
    cause=("serving", "requestTimeoutSeconds"),
)
def waits_no_longer(view: ClusterView) -> Iterator[Hit]:
    """LiteLLM waits for an answer no longer than the route on which it asks."""
    for proxy in view.proxies:
        for entry in proxy.entries:
            waits = entry.node.number("litellm_params.timeout")
            for taken in follow(_request(entry), proxy.config_map.namespace, view).rules:
                limit = seconds(taken.text("timeouts.request"))
                if waits and limit and waits > limit:
                    field = entry.node.at("litellm_params.timeout")
                    message = f"{entry.name}: LiteLLM waits {waits} s, the route {limit:g} s"
                    yield Hit(proxy.config_map, field, message, target=_stack_target(entry, view))


@rule(
    "proxy-reached-by-hostname",
    scope="cluster",
    why="Clients get 404 or somebody else's answer: the public host name does not lead to LiteLLM.",
    fix="Let LiteLLM's route have the declared host name, the path `/` and LiteLLM's port.",
    source="inference-stacks.md idea 1; serving.md 55",
    cause=("cluster", "litellm", "hostname"),
)
def reached_by_hostname(view: ClusterView) -> Iterator[Hit]:
    """The public host name of a cluster's LiteLLM leads to the port on which it serves."""
    host = view.facts.litellm.hostname
    if not (host and view.facts.litellm.deploy and view.of_stack(TARGET)):
        return
    for request in (Request(f"https://{host}/v1", path, {}) for path in ("/chat/completions", "/models")):
        lead = follow(request, view.facts.infrastructure_namespace, view)
        told = lead.broken or ("no route has that host name" if lead.unknown else "")
        told = told or next((f"it leads to the {pod.name}" for pod in lead.pods if pod.role != "litellm"), "")
        if told:
            yield Hit(view.target, "cluster.litellm.hostname", f"{host}{request.path}: {told}")
            return
