"""Routing by prefixes: what the Endpoint Picker and the engines must have in common."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.check.deployment import Deployment
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, KeyPath
from scripts.check.node import Node
from scripts.check.picker_config import Picker, Plugin, pickers
from scripts.check.rule import rule
from scripts.check.served import json_of

_CONFIG: KeyPath = ("gateway", "epp", "config")
_PREFIX: KeyPath = ("gateway", "epp", "prefixCache")
_SCORER = "prefix-cache-scorer"
_PRECISE = "precise-prefix-cache-producer"
_APPROXIMATE = "approx-prefix-cache-producer"
_DEFAULT_BLOCK = 16
_DEFAULT_EVENTS_PORT = 5557


@rule(
    "prefix-caching-on",
    scope="cluster",
    level="warning",
    why="The Endpoint Picker sends requests to the pod that has their prefix, and the pod has kept nothing.",
    fix="Remove --no-enable-prefix-caching, or set gateway.epp.prefixCache: off.",
    source="gateway.md 33; inference-stacks.md 3 idea 9",
    cause=_PREFIX,
)
def caching_on(view: ClusterView) -> Iterator[Hit]:
    """Engines keep prefixes where requests are routed by them."""
    for one in _known(view):
        if next(one.of_type(_SCORER), None) is None:
            continue
        for model in one.models:
            if model.arguments.on("enable-prefix-caching") is False:
                said = f"{model.name} keeps no prefixes, and its Endpoint Picker scores them"
                yield Hit(model.service, model.field_of("enable-prefix-caching"), said)


@rule(
    "prefix-auto-tune-measured",
    scope="cluster",
    level="warning",
    why="The producer guesses how much each pod's cache holds, and sends requests after what is long gone.",
    fix="Set autoTune: false with blockSizeTokens and lruCapacityPerServer.",
    source="gateway.md 3.8 and 34",
    cause=_CONFIG,
)
def auto_tune_measured(view: ClusterView) -> Iterator[Hit]:
    """The prefix producer tunes itself only by engines that tell the size of their cache."""
    for one, plugin in _plugins(view):
        if plugin.type != _APPROXIMATE or not plugin.parameters.flag("autoTune", True):
            continue
        for model in one.models:
            if model.engine.metric(model.version, "cache_info") is None:
                said = f"{plugin.type} tunes itself by the cache's size, which {model.name} does not export"
                yield Hit(one.at, plugin.node.field, said)


@rule(
    "prefix-precise-complete",
    scope="cluster",
    why="Precise matching falls back to guesses without a word, or the Endpoint Picker hears of no cached block.",
    fix="Add what is missing: token-producer with vllm.url, a source of KV events, and the scorer's producer name.",
    source="gateway.md 33 and 3.7; kserve#5011; llm-d#1290",
    cause=_CONFIG,
)
def precise_complete(view: ClusterView) -> Iterator[Hit]:
    """The precise prefix cache has tokens, events, and a scorer that reads it."""
    for one, plugin in _plugins(view):
        if plugin.type == _PRECISE:
            for lacks in _lacks(one, plugin):
                yield Hit(one.at, plugin.node.field, f"{plugin.name} {lacks}")


def _lacks(one: Picker, plugin: Plugin) -> Iterator[str]:
    tokens = next(one.of_type("token-producer", "tokenizer"), None)
    if tokens is None:
        yield "has no token-producer"
    elif not tokens.parameters.text("vllm.url") and not tokens.parameters.has("estimate"):
        yield f"gets estimated tokens: {tokens.name} has no vllm.url"
    listens = [
        each.text("pluginRef")
        for source in one.root.each("dataLayer.sources[]")
        for each in source.each("extractors[]")
    ]
    if plugin.name not in listens and not plugin.parameters.text("kvEventsConfig.zmqEndpoint"):
        yield "hears no KV events: it is no extractor of endpoint-notification-source, and has no zmqEndpoint"
    named = [scorer.parameters.text("prefixMatchInfoProducerName") for scorer in one.of_type(_SCORER)]
    if named and plugin.name not in named:
        yield f"is read by no scorer: {_SCORER} has no prefixMatchInfoProducerName: {plugin.name}"


@rule(
    "prefix-events-published",
    scope="cluster",
    why="The Endpoint Picker hears of no cached block, and precise routing routes by nothing.",
    fix="Add serving.args.kv-events-config with the port that the Endpoint Picker subscribes to.",
    source="gateway.md 33; vllm#51875",
    cause=("serving", "args"),
)
def events_published(view: ClusterView) -> Iterator[Hit]:
    """Where prefixes are matched precisely, engines publish KV events on the port that is listened on."""
    for one, plugin in _plugins(view):
        if plugin.type != _PRECISE or plugin.parameters.text("kvEventsConfig.zmqEndpoint"):
            continue
        wanted = (
            plugin.parameters.number("kvEventsConfig.podDiscoveryConfig.socketPort") or _DEFAULT_EVENTS_PORT
        )
        for model in one.models if plugin.parameters.flag("kvEventsConfig.discoverPods", True) else ():
            events = _events(model)
            said = None
            if events is None or not events.flag("enable_kv_cache_events"):
                said = f"publishes no KV events, and {plugin.name} waits for them"
            elif (port := _port(events.text("endpoint"))) is not None and port != wanted:
                said = f"publishes KV events on port {port}, {plugin.name} listens on {wanted}"
            if said and model.engine.name == "vllm":
                yield Hit(model.service, model.field_of("kv-events-config"), f"{model.service.ref} {said}")


@rule(
    "prefix-blocks-equal",
    scope="cluster",
    level="warning",
    why="Hashes of blocks of another size match nothing, and precise routing routes by nothing.",
    fix="Give blockSizeTokens and --block-size the same number.",
    source="inference-stacks.md 4 row 17 and 3 idea 9; gateway.md 3.7",
    cause=("serving", "args", "block-size"),
)
def blocks_equal(view: ClusterView) -> Iterator[Hit]:
    """Where prefixes are matched precisely, engine and Endpoint Picker cut them into equal blocks."""
    for one, plugin in _plugins(view):
        config = plugin.parameters.node("tokenProcessorConfig")
        size = config.number("blockSizeTokens") or config.number("blockSize")
        for model in one.models if plugin.type == _PRECISE and size else ():
            own = model.arguments.number("block-size") or _DEFAULT_BLOCK
            if model.engine.name == "vllm" and own != size:
                said = f"{plugin.name} has blocks of {size} tokens, {model.service.ref} of {own}"
                yield Hit(one.at, config.field, said)


def _events(model: Deployment) -> Node | None:
    """What ``--kv-events-config`` says; None where it is absent or no JSON."""
    text = model.arguments.text("kv-events-config")
    found = json_of(text) if text else None
    return found if found is not None and found.value is not None else None


def _port(endpoint: str) -> int | None:
    port = endpoint.rpartition(":")[2]
    return int(port) if port.isdecimal() else None


def _known(view: ClusterView) -> Iterator[Picker]:
    return (one for one in pickers(view) if one.known)


def _plugins(view: ClusterView) -> Iterator[tuple[Picker, Plugin]]:
    return ((one, plugin) for one in _known(view) for plugin in one.plugins)
