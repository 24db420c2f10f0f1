"""LiteLLM's settings: values of the right sort, what the inventory says about them, and none that is missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from components.facts.suggest import did_you_mean
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit
from scripts.check.node import Node
from scripts.check.proxy import Proxy
from scripts.check.rule import rule

_CAUSE = ("cluster", "litellm")
_NUMBERS = (
    ("router_settings", "timeout", 1),
    ("router_settings", "num_retries", 0),
    ("router_settings", "redis_port", 1),
    ("router_settings.retry_policy", "TimeoutErrorRetries", 0),
    ("litellm_settings", "request_timeout", 1),
    ("model_list[].litellm_params", "timeout", 1),
    ("model_list[].litellm_params", "stream_timeout", 1),
    ("model_list[].litellm_params", "rpm", 1),
    ("model_list[].litellm_params", "tpm", 1),
    ("model_list[].model_info", "max_input_tokens", 1),
)
"""(path, key, least value) of what must be a number where it is set (litellm types/router.py)."""
_VARIABLE = re.compile(r"os\.environ/(.*)")
_VARIABLES = {
    "master_key": "LITELLM_MASTER_KEY",
    "redis_host": "REDIS_HOST",
    "redis_password": "REDIS_PASSWORD",
    "database_url": "DATABASE_URL",
}
"""The variable behind a setting, which the infrastructure release sets too (serving.md 3.2)."""
_TIMEOUTS = (("router_settings", "timeout"), ("litellm_settings", "request_timeout"))
_ON = (("litellm_settings", "drop_params"), ("litellm_settings", "json_logs"))


def _configs(view: ClusterView) -> Iterator[Proxy]:
    return (proxy for proxy in view.proxies if not proxy.problem)


@rule(
    "proxy-number-valid",
    scope="cluster",
    why="LiteLLM does not start, or takes its default of 6,000 seconds.",
    fix="Give a number.",
    source="serving.md 3.3; litellm 1.106.2 types/router.py",
    cause=_CAUSE,
)
def number_valid(view: ClusterView) -> Iterator[Hit]:
    """Timeouts, retries, limits and ports of LiteLLM are whole numbers that can be."""
    for proxy in _configs(view):
        for path, key, least in _NUMBERS:
            for node in proxy.root.each(path):
                number = node.number(key)
                if node.has(key) and (number is None or number < least):
                    yield Hit(proxy.config_map, node.at(key), f"{key} is {node.raw(key)!r}")


@rule(
    "proxy-settings-complete",
    scope="cluster",
    level="warning",
    why="LiteLLM waits 6,000 seconds by default, keeps no metrics, and passes on what no model takes.",
    fix="Run `make compile`.",
    source="serving.md 3.3 and 66; litellm 1.106.2",
    cause=_CAUSE,
)
def settings_complete(view: ClusterView) -> Iterator[Hit]:
    """LiteLLM is told its timeouts, its metrics, its models' contexts, and to drop what a model does not take."""
    for proxy in _configs(view):
        root = proxy.root
        for section, key in _TIMEOUTS:
            if not root.has(f"{section}.{key}"):
                yield Hit(proxy.config_map, root.at(f"{section}.{key}"), f"{key} is not set")
        for section, key in _ON:
            if not root.flag(f"{section}.{key}"):
                yield Hit(proxy.config_map, root.at(f"{section}.{key}"), f"{key} is not on")
        wanted = ["prometheus"] if view.facts.monitoring.enabled else []
        if root.strings("litellm_settings.callbacks") != wanted:
            what = "prometheus alone" if wanted else "absent, as nothing is monitored"
            said = f"callbacks are {root.raw('litellm_settings.callbacks')}, not {what}"
            yield Hit(proxy.config_map, root.at("litellm_settings.callbacks"), said)
        for entry in proxy.entries:
            for path in (
                "litellm_params.timeout",
                "litellm_params.stream_timeout",
                "model_info.max_input_tokens",
            ):
                if not entry.node.has(path):
                    yield Hit(proxy.config_map, entry.node.at(path), f"{entry.name} has no {path}")


@rule(
    "proxy-timeouts-bounded",
    scope="cluster",
    level="warning",
    why="A request that hangs holds its connection for hours.",
    fix="Wait as long as the longest request takes (`serving.requestTimeoutSeconds`).",
    source="serving.md 66",
    cause=("cluster", "litellm", "requestTimeoutSeconds"),
)
def timeouts_bounded(view: ClusterView) -> Iterator[Hit]:
    """LiteLLM waits no hour longer than the longest request of any stack."""
    own = [one.serving.request_timeout_seconds for one in view.stacks.values()]
    longest = max([view.facts.litellm.request_timeout_seconds, *own]) + 3600
    for proxy in _configs(view):
        for path, key, _ in _NUMBERS:
            for node in proxy.root.each(path) if key.endswith("timeout") else ():
                number = node.number(key)
                if number is not None and number > longest:
                    yield Hit(proxy.config_map, node.at(key), f"{key} is {number} s")


@rule(
    "proxy-retries-declared",
    scope="cluster",
    why="A request that timed out is sent again, and every try takes as long.",
    fix="Run `make compile`; tries are `cluster.litellm.retries`, and none after a timeout.",
    source="serving.md 3.3 and 66",
    cause=("cluster", "litellm", "retries"),
)
def retries_declared(view: ClusterView) -> Iterator[Hit]:
    """LiteLLM tries as often as the cluster declares, and not again after a timeout."""
    wanted = view.facts.litellm.retries
    for proxy in _configs(view):
        router = proxy.root.node("router_settings")
        if router.number("num_retries") != wanted:
            said = f"it tries {router.raw('num_retries')} times more, the cluster says {wanted}"
            yield Hit(proxy.config_map, router.at("num_retries"), said)
        if router.number("retry_policy.TimeoutErrorRetries") != 0:
            said = (
                f"after a timeout it tries {router.raw('retry_policy.TimeoutErrorRetries')} times more, not 0"
            )
            yield Hit(proxy.config_map, router.at("retry_policy.TimeoutErrorRetries"), said)


@rule(
    "proxy-fallbacks-declared",
    scope="cluster",
    why="Requests for a model that fails are not sent to the one that the inventory names.",
    fix="Run `make compile`; fallbacks are `litellm.fallbacks` of a stack.",
    source="serving.md 3.3; inference-stacks.md idea 11",
    cause=("litellm", "fallbacks"),
)
def fallbacks_declared(view: ClusterView) -> Iterator[Hit]:
    """Every model, and every alias of it, falls back to the models that its stack names, in their order."""
    wanted = {
        stack.public_name: sorted(stack.params.litellm.fallbacks, key=_order(stack.params.litellm.fallbacks))
        for stack in view.stacks.values()
        if stack.params.litellm.enabled
    }
    aliases = view.facts.litellm.model_group_aliases
    wanted |= {alias: wanted[name] for alias, name in aliases.items() if name in wanted}
    for proxy in _configs(view):
        router = proxy.root.node("router_settings")
        own = [(field, name, tries) for field, name, tries in proxy.fallbacks() if ".fallbacks[" in field]
        found = {name: tries for _, name, tries in own}
        for name, tries in wanted.items():
            if found.get(name, []) != tries:
                said = f"{name} falls back to {_list(found.get(name, []))}, its stack says {_list(tries)}"
                yield Hit(proxy.config_map, router.at("fallbacks"), said, target=_target(view, name))
        for name in {name for _, name, _ in own if sum(one == name for _, one, _ in own) > 1}:
            yield Hit(proxy.config_map, router.at("fallbacks"), f"{name} is there twice")
        if proxy.aliases != aliases:
            said = f"aliases are {_list(sorted(proxy.aliases))}, the cluster says {_list(sorted(aliases))}"
            where = router.at("model_group_alias")
            yield Hit(proxy.config_map, where, said, cause=("cluster", "litellm", "modelGroupAliases"))


def _order(fallbacks: dict[str, int]) -> Callable[[str], tuple[int, str]]:
    return lambda name: (fallbacks[name], name)


def _list(names: list[str]) -> str:
    return ", ".join(names) or "nothing"


def _target(view: ClusterView, name: str) -> str:
    own = next((one.name for one in view.stacks.values() if one.public_name == name), "")
    return f"{view.name}.{own}" if own else view.target


@rule(
    "proxy-variable-known",
    scope="cluster",
    why="LiteLLM finds no such variable, and starts without the key, or not at all.",
    fix="Name the variable that the Deployment sets.",
    source="serving.md 3.2 and 63",
    cause=_CAUSE,
)
def variable_known(view: ClusterView) -> Iterator[Hit]:
    """Keys, passwords and addresses of LiteLLM are the variables that its Deployment sets from Secrets."""
    for proxy in _configs(view):
        for section in ("general_settings", "router_settings"):
            node = proxy.root.node(section)
            for key, wanted in _VARIABLES.items():
                if node.has(key) and not _is(node, key, wanted):
                    said = f"{key} is {node.raw(key)!r}, not os.environ/{wanted}"
                    yield Hit(proxy.config_map, node.at(key), said + _near(node.text(key)))
        shared = proxy.root.node("router_settings")
        secret = view.facts.litellm.redis_secret
        for key in ("redis_host", "redis_port", "redis_password"):
            if bool(secret) != shared.has(key):
                said = (
                    f"{key} is {'not ' if secret else ''}set, the cluster has {'a' if secret else 'no'} Redis"
                )
                yield Hit(proxy.config_map, shared.at(key), said)
        if secret and shared.number("redis_port") not in (None, view.facts.litellm.redis_port):
            said = f"it is {shared.raw('redis_port')}, the cluster says {view.facts.litellm.redis_port}"
            yield Hit(proxy.config_map, shared.at("redis_port"), said)


def _is(node: Node, key: str, wanted: str) -> bool:
    found = _VARIABLE.fullmatch(node.text(key))
    return found is not None and found.group(1) == wanted


def _near(text: str) -> str:
    return did_you_mean(text.rpartition("/")[2], _VARIABLES.values())


@rule(
    "proxy-entry-has-key",
    scope="cluster",
    why="OpenAI's client refuses to start without a key, also for a server that asks for none.",
    fix="Run `make compile`, which writes `none`.",
    source="serving.md 3.3; litellm llms/openai; openai-python",
    cause=_CAUSE,
)
def entry_has_key(view: ClusterView) -> Iterator[Hit]:
    """An entry that goes through OpenAI's client states a key."""
    for proxy in view.proxies:
        for entry in proxy.entries:
            key = entry.node.node("litellm_params").raw("api_key")
            if entry.provider == "openai" and entry.api_base and not key:
                said = f"{entry.name} has no api_key"
                yield Hit(proxy.config_map, entry.node.at("litellm_params.api_key"), said)
