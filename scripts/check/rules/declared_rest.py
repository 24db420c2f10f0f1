"""What the inventory says, in places where a slip leaves everything Ready: rewrites, streams, stores, the proxy's own
variables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from scripts.check.durations import seconds
from scripts.check.fleet import ClusterView, StackView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.paths import Request, follow
from scripts.check.rule import rule
from scripts.check.rules.litellm import stack_of

_POLICIES = (
    "BackendTLSPolicy",
    "BackendTrafficPolicy",
    "ClientTrafficPolicy",
    "EnvoyExtensionPolicy",
    "GCPBackendPolicy",
    "HealthCheckPolicy",
)
_LISTS = (
    "targetRefs",
    "extProc",
    "validation.caCertificateRefs",
    "loadBalancer.endpointOverride.extractFrom",
)
_ANSWERED = "/v1"
"""What is in front of every path of OpenAI's API, which all engines answer."""
_KEYS = {
    "LITELLM_MASTER_KEY": "master-key",
    "LITELLM_SALT_KEY": "salt-key",
    "REDIS_HOST": "host",
    "REDIS_PASSWORD": "password",
    "DATABASE_URL": "uri",
}
"""The key of its Secret that a variable of LiteLLM is taken from (`cluster.litellm`, docs/parameters.md)."""


@rule(
    "policy-names-once",
    kinds=_POLICIES,
    level="warning",
    why="A processor is asked twice for every request, or the second entry is taken for another one.",
    fix="Take the second entry away.",
    source="gateway.md 5.B; envoy-proved.md 4",
)
def policy_once(policy: Obj, view: ClusterView) -> Iterator[Hit]:
    """A policy names each target, processor, certificate and header once."""
    spec = policy.node("spec")
    holders = [(spec, key) for key in _LISTS] + [(one, "backendRefs") for one in spec.each("extProc[]")]
    for holder, key in holders:
        texts = Counter(json.dumps(one.value, sort_keys=True) for one in holder.each(f"{key}[]"))
        if any(count > 1 for count in texts.values()):
            yield Hit(policy, holder.at(key), f"one of {key.rpartition('.')[2]} is there twice")


@rule(
    "retries-few",
    kinds=("BackendTrafficPolicy",),
    level="warning",
    why="Every request to a model that is away is sent thousands of times.",
    fix="Try at most ten times again.",
    source="envoy-proved.md 7",
)
def retries_few(policy: Obj, view: ClusterView) -> Iterator[Hit]:
    """A gateway tries a request few times again."""
    tries = policy.node("spec.retry").number("numRetries")
    if policy.has("spec.retry") and not 1 <= (2 if tries is None else tries) <= 10:
        yield Hit(policy, "spec.retry.numRetries", f"a request is tried {tries} times again")


@rule(
    "stream-idle-declared",
    scope="stack",
    why="Envoy closes a connection whose stream is silent while the model thinks.",
    fix="Run `make compile`; to change it set `gateway.streamIdle`.",
    source="envoy-proved.md 6; gateway.md 46",
    cause=("gateway", "streamIdle"),
)
def stream_idle(view: StackView) -> Iterator[Hit]:
    """A gateway keeps a silent connection as long as the stack declares."""
    wanted = seconds(view.stack.gateway.stream_idle)
    for policy in view.of("BackendTrafficPolicy"):
        own = policy.node("spec.timeout.http").text("connectionIdleTimeout")
        if seconds(own) != wanted:
            said = f"it is {own or 'not set'}, the stack says {view.stack.gateway.stream_idle}"
            yield Hit(policy, "spec.timeout.http.connectionIdleTimeout", said)


@rule(
    "external-secret-refresh-declared",
    kinds=("ExternalSecret",),
    level="warning",
    why="A token that was replaced in the store does not reach the pods, or the store is asked all the time.",
    fix="Run `make compile`; to change it set `cluster.secretStore.refreshInterval`.",
    source="external-secrets.io api; serving.md 1.5",
    cause=("cluster", "secretStore", "refreshInterval"),
)
def refresh_declared(secret: Obj, view: ClusterView) -> Iterator[Hit]:
    """An ExternalSecret is fetched as often as the cluster declares."""
    store, own = view.facts.secret_store, secret.text("spec.refreshInterval")
    if store is not None and seconds(own) != seconds(store.refresh_interval):
        said = f"it is {own or 'not set'}, the cluster says {store.refresh_interval}"
        yield Hit(secret, "spec.refreshInterval", said)


@rule(
    "proxy-path-answered",
    scope="cluster",
    why="The model's server answers 404 to every request.",
    fix="Rewrite the prefix of the route away: ReplacePrefixMatch with /.",
    source="gateway.md 44; serving.md 60",
    cause=("gateway",),
)
def path_answered(view: ClusterView) -> Iterator[Hit]:
    """What LiteLLM asks for is, after the route's rewrites, a path that engines answer."""
    for proxy in view.proxies:
        for entry in proxy.entries:
            request = Request(entry.api_base, entry.path, entry.headers)
            base = entry.api_base.partition("://")[2].partition("/")[2].strip("/")
            path = f"/{base}{entry.path}" if base else entry.path
            for taken in follow(request, proxy.config_map.namespace, view).rules:
                path = _rewritten(taken, path)
            if path != f"{_ANSWERED}{entry.path}":
                stack = stack_of(entry, view)
                target = f"{view.name}.{stack.name}" if stack else ""
                said = f"{entry.name}: the server is asked for {path}"
                yield Hit(proxy.config_map, entry.node.at("litellm_params.api_base"), said, target=target)


def _rewritten(rule_taken: Node, path: str) -> str:
    fitting = [
        value
        for match in rule_taken.each("matches[]")
        if path.startswith(value := match.text("path.value", "/").rstrip("/"))
    ]
    prefix = max(fitting, key=len, default="")
    for one in rule_taken.each("filters[]"):
        new = one.node("urlRewrite.path")
        if new.text("type") == "ReplacePrefixMatch":
            return f"{new.text('replacePrefixMatch').rstrip('/')}{path[len(prefix) :]}"
        if new.text("type") == "ReplaceFullPath":
            return new.text("replaceFullPath")
    return path


@rule(
    "proxy-asks-served-name",
    scope="cluster",
    why="vLLM answers 404; llama.cpp answers, and logs and limits name another model.",
    fix="Ask for a name that the stack serves.",
    source="serving.md 60 and 2.2",
    cause=("model", "name"),
)
def asks_served_name(view: ClusterView) -> Iterator[Hit]:
    """LiteLLM asks a server for a name that its stack serves, or for one of its adapters."""
    for proxy in view.proxies:
        for entry in proxy.entries:
            stack = stack_of(entry, view)
            if stack is None:
                continue
            served = [*stack.served_names, *stack.model.adapters]
            if entry.asked not in served:
                said = f"{entry.name}: {entry.asked or 'nothing'} is none of {', '.join(served)}"
                at = entry.node.at("litellm_params.model")
                yield Hit(proxy.config_map, at, said, target=f"{view.name}.{stack.name}")


@rule(
    "proxy-config-once",
    scope="cluster",
    level="warning",
    why="Nobody knows which of the two the proxy reads.",
    fix="Remove the copy.",
    source="serving.md 3.3",
    cause=("cluster", "litellm"),
)
def config_once(view: ClusterView) -> Iterator[Hit]:
    """There is one configuration of LiteLLM, under the name that its release expects."""
    wanted = f"{view.facts.litellm_service}-config"
    for proxy in view.proxies:
        if proxy.config_map.name != wanted:
            yield Hit(proxy.config_map, "metadata.name", f"LiteLLM reads {wanted}")


@rule(
    "proxy-variables-declared",
    scope="cluster",
    why="LiteLLM does not start, finds no key, logs too much, or drops connections in the middle of an answer.",
    fix="Run `make compile`.",
    source="serving.md 3.2 and 3.6; litellm proxy_cli.py",
    cause=("cluster", "litellm"),
)
def variables_declared(view: ClusterView) -> Iterator[Hit]:
    """Variables of LiteLLM are what the cluster declares, and secrets come from the key that is documented."""
    declared = view.facts.litellm
    own = [one.serving.request_timeout_seconds for one in view.stacks.values()]
    longest = max([declared.request_timeout_seconds, *own])
    exact = {
        "LITELLM_LOG": declared.log_level,
        "REDIS_PORT": str(declared.redis_port),
        "LITELLM_MODE": "PRODUCTION",
    }
    proxies = [pod for pod in view.pods if pod.role == "litellm"]
    for owner, one in ((pod.owner, one) for pod in proxies for one in pod.main.node.each("env[]")):
        name, value, key = one.text("name"), one.text("value"), one.text("valueFrom.secretKeyRef.key")
        if name in exact and value != exact[name]:
            yield Hit(owner, one.at("value"), f"{name} is {value or 'empty'}, not {exact[name]}")
        if name in _KEYS and key != _KEYS[name]:
            said = f"{name} is taken from key {key or '(none)'}, not {_KEYS[name]}"
            yield Hit(owner, one.at("valueFrom.secretKeyRef.key"), said)
        if name == "KEEPALIVE_TIMEOUT" and not (value.isdigit() and longest <= int(value) <= longest + 7200):
            said = f"connections are kept for {value} s, the longest request takes {longest} s"
            yield Hit(owner, one.at("value"), said)


@rule(
    "proxy-arguments-paired",
    scope="cluster",
    why="LiteLLM ends at its start, or listens on the port of its metrics.",
    fix="Run `make compile`.",
    source="serving.md 3.6; litellm proxy_cli.py",
    cause=("cluster", "litellm"),
)
def arguments_paired(view: ClusterView) -> Iterator[Hit]:
    """LiteLLM's arguments are flags with a value each, and its port is the one called http."""
    for pod in view.pods:
        words = pod.main.node.strings("args")
        if pod.role != "litellm":
            continue
        flags, values = words[::2], words[1::2]
        if len(words) % 2 or not all(one.startswith("--") for one in flags) or any(map(_is_flag, values)):
            yield Hit(pod.owner, pod.main.node.at("args"), "they are not flags with a value each")
        for flag in ("--config", "--host", "--port"):
            if flag not in words:
                yield Hit(pod.owner, pod.main.node.at("args"), f"there is no {flag}")
        http = [str(one.number) for one in pod.main.ports if one.name == "http"]
        port = pod.main.flag("--port")
        if port is not None and http and port not in http:
            yield Hit(
                pod.owner, pod.main.node.at("args"), f"it listens on {port}, the port http is {http[0]}"
            )


@rule(
    "proxy-probed-on-its-port",
    scope="cluster",
    why="The port of the metrics answers 404, and the kubelet takes the proxy for dead.",
    fix="Ask the port that LiteLLM listens on.",
    source="serving.md 65 and 3.6",
    cause=("cluster", "litellm"),
)
def probed_on_its_port(view: ClusterView) -> Iterator[Hit]:
    """Probes of LiteLLM ask the port that its --port says."""
    for pod in view.pods:
        port = pod.main.flag("--port") if pod.role == "litellm" else None
        for probe in ("startupProbe", "readinessProbe", "livenessProbe") if port else ():
            asked = pod.main.node.node(f"{probe}.httpGet")
            if asked.has("port") and str(asked.raw("port")) not in (port, "http"):
                yield Hit(
                    pod.owner,
                    asked.at("port"),
                    f"it asks port {asked.raw('port')}, LiteLLM listens on {port}",
                )


def _is_flag(word: str) -> bool:
    return word.startswith("--")
