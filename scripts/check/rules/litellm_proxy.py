"""The LiteLLM proxy itself: keys, routing, state that replicas share, probes, start and stop."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from components.facts import litellm
from components.facts.suggest import did_you_mean
from components.facts.tables import table
from scripts.check.edges.pools import argument, mounted
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.pods import Pod
from scripts.check.proxy import Proxy
from scripts.check.rule import rule

_DEPLOYMENT = ("Deployment",)
_CAUSE = ("cluster", "litellm")
_KEYS = re.compile(r"(^|_)(key|password|token|secret|database_url|redis_url|credentials)$")
_REFERENCE = "os.environ/"
_PLACEHOLDERS = ("none", "empty", "dummy", "not-needed")


def _pods(deployment: Obj, view: ClusterView) -> list[Pod]:
    return [pod for pod in view.pods_of(deployment) if pod.role == "litellm"]


def _proxy_of(pod: Pod, view: ClusterView) -> Proxy | None:
    """The configuration that a proxy's pods mount."""
    names = {one.text("configMap.name") for one in pod.spec.each("volumes[]")}
    return next(
        (
            one
            for one in view.proxies
            if one.config_map.name in names and one.config_map.namespace == pod.namespace
        ),
        None,
    )


@rule(
    "proxy-key-by-reference",
    scope="cluster",
    why="The key is in Git and in a ConfigMap, or LiteLLM refuses to start with a key that everybody knows.",
    fix="Write `os.environ/NAME`, and take the variable from a Secret.",
    source="serving.md 63, 64, 3.1; litellm#9147, #8954",
    cause=("cluster", "litellm", "masterKeySecret"),
)
def by_reference(view: ClusterView) -> Iterator[Hit]:
    """LiteLLM has a master key, and every key and password of its configuration is a variable."""
    for proxy in view.proxies:
        if proxy.problem:
            continue
        path = "general_settings.master_key"
        if not proxy.root.text(path):
            yield Hit(proxy.config_map, proxy.root.at(path), "there is no master key")
        for field, key, value in _texts(proxy.root):
            literal = not value.startswith(_REFERENCE) and value.lower() not in _PLACEHOLDERS
            if _KEYS.search(key) and value and literal:
                known = value in table("litellm")["refused_master_keys"]
                what = "is a key that LiteLLM refuses to start with" if known else "is written out"
                yield Hit(proxy.config_map, field, f"{key} {what}")


def _texts(node: Node) -> Iterator[tuple[str, str, str]]:
    """(field, key, text) of every text below a mapping."""
    open_nodes: list[Node] = [node]
    while open_nodes:
        one = open_nodes.pop()
        items: list[tuple[Any, Any]] = (
            list(one.value.items()) if isinstance(one.value, dict) else list(enumerate(one.value))
        )
        for key, value in items:
            below = Node(value, (*one.path, key))
            if isinstance(value, dict | list):
                open_nodes.append(below)
            elif isinstance(value, str) and isinstance(key, str):
                yield below.field, key, value


@rule(
    "proxy-routing-known",
    scope="cluster",
    why="LiteLLM refuses the setting and does not start, or shuffles whatever was meant.",
    fix="Choose one of LiteLLM's routing strategies.",
    source="serving.md 3.3",
    cause=("cluster", "litellm", "routingStrategy"),
)
def routing_known(view: ClusterView) -> Iterator[Hit]:
    """The routing strategy is one that LiteLLM has, and the one that the cluster declares."""
    for proxy in view.proxies:
        field, given = "router_settings.routing_strategy", proxy.root.text("router_settings.routing_strategy")
        known, wanted = litellm.routing_strategies(), view.facts.litellm.routing_strategy
        if given not in known:
            message = f"LiteLLM has no strategy {given or '(none)'}{did_you_mean(given, known)}"
            yield Hit(proxy.config_map, proxy.root.at(field), message)
        elif given != wanted:
            yield Hit(proxy.config_map, proxy.root.at(field), f"it is {given}, the cluster says {wanted}")


@rule(
    "proxy-models-in-git",
    scope="cluster",
    why="Models from the database override those of Git, or every model is asked a paid question all day.",
    fix="Write `store_model_in_db: false` and `background_health_checks: false`.",
    source="serving.md 3.3",
    cause=_CAUSE,
)
def models_in_git(view: ClusterView) -> Iterator[Hit]:
    """LiteLLM takes its models from Git alone, and asks them nothing by itself."""
    for proxy in view.proxies:
        for key in ("store_model_in_db", "background_health_checks"):
            if proxy.root.raw(f"general_settings.{key}") not in (False, None):
                yield Hit(proxy.config_map, proxy.root.at(f"general_settings.{key}"), f"{key} is on")


@rule(
    "proxy-replicas-share-state",
    kinds=_DEPLOYMENT,
    level="warning",
    why="Each replica counts limits and cooldowns for itself: a limit of 100 lets 200 through.",
    fix="Give them a Redis (`cluster.litellm.redisSecret`), or run one replica.",
    source="serving.md 67, 3.3",
    cause=("cluster", "litellm", "redisSecret"),
)
def share_state(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """Several replicas of LiteLLM share a Redis."""
    count = deployment.number("spec.replicas") or 1
    for pod in _pods(deployment, view):
        proxy = _proxy_of(pod, view)
        shared = proxy and any(
            proxy.root.has(f"router_settings.{key}")
            for key in ("redis_host", "redis_url", "redis_startup_nodes")
        )
        if proxy and count > 1 and not shared:
            yield Hit(
                deployment, "spec.replicas", f"{count} replicas, and {proxy.config_map.ref} names no Redis"
            )


@rule(
    "proxy-replicas-declared",
    kinds=_DEPLOYMENT,
    why="More or fewer proxies run than the inventory and its budget say.",
    fix="Run `make compile`; to change the number set `cluster.litellm.replicas`.",
    source="design 5; serving.md 67",
    cause=("cluster", "litellm", "replicas"),
)
def replicas_declared(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """LiteLLM has as many replicas as the cluster declares."""
    wanted, count = view.facts.litellm.replicas, deployment.number("spec.replicas")
    if _pods(deployment, view) and view.facts.litellm.deploy and count != wanted:
        yield Hit(deployment, "spec.replicas", f"{count} replicas, the inventory says {wanted}")


@rule(
    "proxy-probes-free",
    kinds=_DEPLOYMENT,
    why="/health sends a real request to every model, wants the master key, and fails when one model is down.",
    fix="Ask /health/liveliness and /health/readiness.",
    source="serving.md 65, 3.1; litellm#1688, #3957, #22348",
    cause=_CAUSE,
)
def probes_free(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """No probe asks LiteLLM for /health, and liveness does not ask for the database."""
    facts = table("litellm")["image"]
    for pod in _pods(deployment, view):
        for name in ("startupProbe", "readinessProbe", "livenessProbe"):
            get = pod.main.node.node(f"{name}.httpGet")
            path = get.text("path")
            if path == facts["costly"]:
                yield Hit(deployment, get.at("path"), f"{name} asks {path}, which calls every model")
            elif name == "livenessProbe" and path == facts["readiness"]:
                message = f"{path} fails with the database: all replicas restart at once"
                yield Hit(deployment, get.at("path"), message)


@rule(
    "proxy-config-mounted",
    kinds=_DEPLOYMENT,
    why="LiteLLM starts without a model, or does not start.",
    fix="Mount the ConfigMap where `--config` looks, with the key of that name.",
    source="serving.md 3.1; inference-stacks.md idea 1",
    cause=_CAUSE,
)
def config_mounted(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """The file that LiteLLM is configured by is mounted, from a ConfigMap that has it."""
    for pod in _pods(deployment, view):
        path = pod.main.flag("--config")
        if not path:
            yield Hit(deployment, pod.main.node.at("args"), "LiteLLM is given no --config")
            continue
        field, found = argument(pod.main, "--config"), mounted(pod, path)
        if found is None:
            yield Hit(deployment, field, f"nothing is mounted at {path}")
            continue
        volume, file = found
        name = volume.text("configMap.name")
        config = view.compiled("ConfigMap", pod.namespace, name)
        if config and file not in config.map("data"):
            has = ", ".join(sorted(config.map("data"))) or "nothing"
            yield Hit(deployment, field, f"{path} is not there: {config.ref} has {has}")


@rule(
    "proxy-port-declared",
    kinds=_DEPLOYMENT,
    why="The Service, the probes or Prometheus use a port on which LiteLLM does not listen.",
    fix="Give container port, `--port` and PROMETHEUS_METRICS_PORT the same numbers.",
    source="serving.md 3.1",
    cause=_CAUSE,
)
def port_declared(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """LiteLLM listens on the container's ports, for requests and for metrics."""
    for pod in _pods(deployment, view):
        declared = [port.number for port in pod.main.ports]
        port = str(table("litellm")["image"]["port"])
        metrics = pod.main.env.get("PROMETHEUS_METRICS_PORT")
        listens = [pod.main.flag("--port") or port, *([metrics] if metrics else [])]
        for one in listens:
            if not one.isdecimal() or int(one) not in declared:
                has = ", ".join(map(str, declared)) or "none"
                message = f"it listens on {one}, the container declares {has}"
                yield Hit(deployment, pod.main.node.at("ports"), message)


@rule(
    "proxy-outlives-requests",
    kinds=_DEPLOYMENT,
    level="warning",
    why="A rollout of the proxy cuts off every answer that takes longer than its grace.",
    fix="Run `make compile`: grace and GRACEFUL_SHUTDOWN_TIMEOUT follow from the longest request.",
    source="serving.md 3.1; inference-stacks.md idea 29",
    cause=_CAUSE,
)
def outlives_requests(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """A proxy that stops finishes its requests: it may take as long as the longest one."""
    timeouts = [
        stack.serving.request_timeout_seconds
        for stack in view.stacks.values()
        if stack.params.litellm.enabled
    ]
    longest = max([view.facts.litellm.request_timeout_seconds, *timeouts])
    for pod in _pods(deployment, view):
        grace = pod.spec.number("terminationGracePeriodSeconds") or 30
        given = pod.main.env.get("GRACEFUL_SHUTDOWN_TIMEOUT", "0")
        shutdown = int(given) if given.isdecimal() else 0
        if grace < longest:
            field = pod.spec.at("terminationGracePeriodSeconds")
            yield Hit(deployment, field, f"{grace} s of grace, a request may take {longest} s")
        if shutdown < longest:
            message = f"GRACEFUL_SHUTDOWN_TIMEOUT is {given}, a request may take {longest} s"
            yield Hit(deployment, pod.main.node.at("env"), message)


@rule(
    "proxy-starts-alone",
    kinds=_DEPLOYMENT,
    level="warning",
    why="LiteLLM fetches its table of hosted models from GitHub at every start, and waits for it.",
    fix="Set LITELLM_LOCAL_MODEL_COST_MAP to True.",
    source="serving.md 3.1",
    cause=_CAUSE,
)
def starts_alone(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """LiteLLM starts without a network beyond the cluster."""
    for pod in _pods(deployment, view):
        if pod.main.env.get("LITELLM_LOCAL_MODEL_COST_MAP", "").lower() != "true":
            yield Hit(deployment, pod.main.node.at("env"), "LITELLM_LOCAL_MODEL_COST_MAP is not True")
