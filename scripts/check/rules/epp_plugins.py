"""The Endpoint Picker's configuration against the models behind it: what its plugins read, the engines export."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.facts import epp
from components.facts.tables import table
from scripts.check.deployment import Deployment
from scripts.check.durations import seconds
from scripts.check.fleet import ClusterView
from scripts.check.made import controller
from scripts.check.model import Hit, KeyPath
from scripts.check.picker_config import METRICS_EXTRACTOR, METRICS_SOURCE, Picker, Plugin, pickers
from scripts.check.rule import rule

_CONFIG: KeyPath = ("gateway", "epp", "config")
_SCORERS: KeyPath = ("gateway", "epp", "scorers")
_SERIES = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_PATHS = {
    "chat": "chat/completions",
    "completion": "completions",
    "embedding": "embeddings",
    "rerank": "rerank",
}
_MAPPED_SPECS = ("queuedRequestsSpec", "runningRequestsSpec", "kvUsageSpec", "loraSpec", "cacheInfoSpec")
_STALE_SECONDS = 0.2
"""The age at which the default detector takes metrics for stale (utilization-detector metricsStalenessThreshold)."""


@rule(
    "picker-metrics-exported",
    scope="cluster",
    why="The scorer sees the same value for every pod, or takes every pod for saturated.",
    fix="Leave the plugin out: set its weight to 0 in gateway.epp.scorers.",
    source="gateway.md 34 and 37; ollama#3144; llama.cpp#13660",
    cause=_SCORERS,
)
def metrics_exported(view: ClusterView) -> Iterator[Hit]:
    """The engines behind a pool export the metrics that the plugins of its Endpoint Picker read."""
    for one, plugin in _plugins(view):
        for model in one.models:
            missing = [what for what in _reads(plugin) if model.engine.metric(model.version, what) is None]
            if missing and plugin.kind != "extractor":
                said = f"{plugin.type} reads {', '.join(missing)}, which {model.name} does not export"
                yield Hit(one.at, plugin.node.field, said)


@rule(
    "picker-metrics-served",
    scope="cluster",
    why="The Endpoint Picker sees no load, takes all pods for equal or saturated, and picks badly.",
    fix="Remove --disable-log-stats from vLLM, and add --metrics to llama.cpp.",
    source="gateway.md 34; serving.md 47",
    cause=("serving", "args"),
)
def metrics_served(view: ClusterView) -> Iterator[Hit]:
    """Engines serve their metrics where an Endpoint Picker reads them."""
    for one in _known(view):
        readers = [plugin.type for plugin in one.plugins if _reads(plugin)]
        for model in one.models if one.scrapes and readers else ():
            off = model.arguments.on("disable-log-stats") if model.engine.name == "vllm" else False
            wanted = model.engine.server.metrics_flag
            silent = bool(wanted) and model.takes_flags and not model.arguments.on(wanted or "")
            if off or silent:
                said = "has --disable-log-stats" if off else f"lacks --{wanted}"
                yield Hit(
                    model.service,
                    model.field_of("disable-log-stats" if off else str(wanted)),
                    f"{model.name} {said}, and {', '.join(readers)} of its Endpoint Picker read its metrics",
                )


@rule(
    "picker-metrics-mapped",
    scope="cluster",
    why="The Endpoint Picker looks for vLLM's metrics on another engine, finds none, and picks blindly.",
    fix=f"Name the engine in {METRICS_EXTRACTOR}: defaultEngine with engineConfigs.",
    source="gateway.md 35 and 3.8",
    cause=_CONFIG,
)
def metrics_mapped(view: ClusterView) -> Iterator[Hit]:
    """The Endpoint Picker knows the names of the metrics of every engine behind its pool."""
    for one in _known(view):
        known = set(table("epp")["engine_types"])
        extractor = next(one.of_type(METRICS_EXTRACTOR), None)
        given = extractor.parameters if extractor else None
        own = {each.text("name") for each in given.each("engineConfigs[]")} if given else set()
        default = (given.text("defaultEngine") if given else "") or "vllm"
        for model in one.models if one.scrapes and any(map(_reads, one.plugins)) else ():
            label = model.pod.labels.get(table("epp")["labels"]["engine_type"], "")
            mapping = label if label in known | own else default
            if model.engine.metrics and mapping != (model.engine.server.epp_engine or model.engine.name):
                how = f"label {label}" if label == mapping else f"default {default}"
                said = f"metrics of {model.service.ref} ({model.name}) are read as those of {mapping} ({how})"
                yield Hit(one.at, extractor.node.field if extractor else one.root.at("plugins"), said)


@rule(
    "picker-engine-label-known",
    scope="cluster",
    level="warning",
    why="The Endpoint Picker falls back to its default engine without a word.",
    fix="Correct the label, or add the engine to engineConfigs.",
    source="gateway.md 35",
    cause=_CONFIG,
)
def engine_label_known(view: ClusterView) -> Iterator[Hit]:
    """The engine label of pods is one that the Endpoint Picker has names of metrics for."""
    key = table("epp")["labels"]["engine_type"]
    for one in _known(view):
        configs = [
            each
            for plugin in one.of_type(METRICS_EXTRACTOR)
            for each in plugin.parameters.each("engineConfigs[]")
        ]
        known = {*table("epp")["engine_types"], *(each.text("name") for each in configs)}
        for model in one.models:
            label = model.pod.labels.get(key)
            if label is not None and label not in known and one.scrapes:
                said = f"{key} is {label}; known are {', '.join(sorted(known))}"
                yield Hit(model.service, "spec.predictor.labels", said)


@rule(
    "picker-metric-names-exported",
    scope="cluster",
    why="The Endpoint Picker looks for a series that no pod has, and the scorers that need it see nothing.",
    fix="Write the name that the engine's pinned version exports.",
    source="inference-stacks.md 3 idea 16; gateway.md 3.8",
    cause=_CONFIG,
)
def metric_names_exported(view: ClusterView) -> Iterator[Hit]:
    """The series in engineConfigs are ones that the engine's pinned version exports."""
    wanted = {key: logical for logical, key in table("epp-plugins")["engine_config_keys"].items()}
    for one in _known(view):
        for plugin in one.of_type(METRICS_EXTRACTOR):
            for config in plugin.parameters.each("engineConfigs[]"):
                for model in one.models:
                    if config.text("name") != (model.engine.server.epp_engine or model.engine.name):
                        continue
                    for key in filter(config.text, _MAPPED_SPECS):
                        problem = _wrong_series(config.text(key), wanted[key], model)
                        if problem:
                            yield Hit(one.at, config.at(key), problem)


def _wrong_series(spec: str, logical: str, model: Deployment) -> str | None:
    found = _SERIES.match(spec)
    right = model.engine.metric(model.version, logical)
    if found and right and found[0] == right:
        return None
    exports = f"that is {right} there" if right else "which exports none"
    return f"{spec} as {logical} of {model.name}, {exports}"


@rule(
    "picker-detector-has-metrics",
    scope="cluster",
    why="Missing metrics count as saturated: the Endpoint Picker queues every request and sends none on.",
    fix="Use concurrency-detector, which counts by itself, or switch flow control off.",
    source="gateway.md 34 and 3.7",
    cause=("gateway", "epp", "flowControl"),
)
def detector_has_metrics(view: ClusterView) -> Iterator[Hit]:
    """Where requests queue in the Endpoint Picker, its saturation detector gets what it reads."""
    for one in _known(view):
        facts = epp.plugin(one.detector, one.version)
        for model in one.models if one.flow_control and facts and facts.metrics else ():
            missing = (
                [what for what in facts.metrics if model.engine.metric(model.version, what) is None]
                if facts
                else []
            )
            if missing or not one.scrapes:
                lacks = f"{model.name} exports no {', '.join(missing)}" if missing else "no metrics are read"
                yield Hit(one.at, one.root.at("flowControl"), f"the detector is {one.detector}, and {lacks}")


@rule(
    "picker-metrics-port-single",
    scope="cluster",
    why="The Endpoint Picker ends at start: one metrics port cannot be that of several servers in a pod.",
    fix="Leave the port out: each target port is asked for its own metrics.",
    source="gateway.md 36",
    cause=_CONFIG,
)
def metrics_port_single(view: ClusterView) -> Iterator[Hit]:
    """Metrics are read from a port of their own only where the pool has one target port."""
    for one, plugin in _plugins(view):
        if plugin.type == METRICS_SOURCE and plugin.parameters.has("port") and one.pool:
            ports = len(list(one.pool.each("spec.targetPorts[]")))
            if ports > 1:
                said = f"port {plugin.parameters.raw('port')}, and {one.pool.ref} has {ports} target ports"
                yield Hit(one.at, plugin.node.at("parameters.port"), said)


@rule(
    "picker-metrics-fresh",
    scope="cluster",
    level="warning",
    why="Metrics are always stale when the detector looks at them, and stale metrics count as saturated.",
    fix="Shorten the interval of metrics-data-source, or raise metricsStalenessThreshold.",
    source="gateway.md 36",
    cause=_CONFIG,
)
def metrics_fresh(view: ClusterView) -> Iterator[Hit]:
    """Metrics are read more often than the detector takes them for stale."""
    for one in _known(view):
        stale = next(
            (
                _seconds(plugin.parameters.text("metricsStalenessThreshold"))
                for plugin in one.of_type("utilization-detector")
            ),
            None,
        )
        for plugin in one.of_type(METRICS_SOURCE):
            every = _seconds(plugin.parameters.text("interval"))
            limit = stale or _STALE_SECONDS
            if every is not None and every >= limit and one.detector == "utilization-detector":
                said = f"metrics are read every {every:g} s, and stale after {limit:g} s"
                yield Hit(one.at, plugin.node.at("parameters.interval"), said)


@rule(
    "picker-metrics-scheme",
    scope="cluster",
    why="The Endpoint Picker reads no metrics: it speaks TLS to a plain server, or the other way round.",
    fix="Give metrics-data-source the scheme that the engines serve.",
    source="gateway.md 36",
    cause=_CONFIG,
)
def metrics_scheme(view: ClusterView) -> Iterator[Hit]:
    """Metrics are read by the scheme that the engines serve."""
    for one, plugin in _plugins(view):
        scheme = plugin.parameters.text("scheme", "http").lower() if plugin.type == METRICS_SOURCE else ""
        for model in one.models if scheme else ():
            serves = (
                "https"
                if model.arguments.find("ssl-certfile") or model.arguments.find("ssl-cert-file")
                else "http"
            )
            if scheme != serves:
                said = f"metrics are read by {scheme}, {model.service.ref} serves {serves}"
                yield Hit(one.at, plugin.node.at("parameters.scheme"), said)


@rule(
    "picker-scorer-useful",
    scope="cluster",
    level="warning",
    why="The scorer gives every pod the same, and only dilutes the others.",
    fix="Leave it out: set its weight to 0 in gateway.epp.scorers.",
    source="gateway.md 37",
    cause=_SCORERS,
)
def scorer_useful(view: ClusterView) -> Iterator[Hit]:
    """A scorer by LoRA adapters is for models that have some."""
    for one, plugin in _plugins(view):
        if "lora_info" in _reads(plugin):
            for model in one.models:
                if not model.arguments.on("enable-lora"):
                    said = f"{plugin.type} scores adapters, and {model.service.ref} has none"
                    yield Hit(one.at, plugin.node.field, said)


@rule(
    "picker-parsers-cover",
    scope="cluster",
    why="The Endpoint Picker answers 400 to every request of the model.",
    fix="Add the parser that claims the path, or passthrough-parser as the last one.",
    source="gateway.md 38 and 3.6",
    cause=_CONFIG,
)
def parsers_cover(view: ClusterView) -> Iterator[Hit]:
    """A parser claims the path under which the model is asked."""
    for one in _known(view):
        for model in one.models:
            path = _PATHS[model.stack.model.kind]
            if epp.parser_for(path, one.parsers) is None:
                said = f"none of {', '.join(one.parsers)} claims {path}, which {model.service.ref} serves"
                yield Hit(one.at, one.root.at("requestHandler.parsers"), said)


@rule(
    "picker-passthrough-last",
    scope="cluster",
    why="The passthrough parser claims every request, and the parsers after it never read a prompt.",
    fix="Put passthrough-parser last.",
    source="gateway.md 3.6 and 38",
    cause=_CONFIG,
)
def passthrough_last(view: ClusterView) -> Iterator[Hit]:
    """The parser that claims every path comes last."""
    for one in _known(view):
        if epp.PASSTHROUGH_PARSER in one.parsers[:-1]:
            after = one.parsers[one.parsers.index(epp.PASSTHROUGH_PARSER) + 1 :]
            said = f"{', '.join(after)} come after {epp.PASSTHROUGH_PARSER}"
            yield Hit(one.at, one.root.at("requestHandler.parsers"), said)


@rule(
    "picker-role-filter-has-pods",
    scope="cluster",
    why="The filter leaves no pod, and every request gets 503.",
    fix="Label the pods with llm-d.ai/role, or leave the filter out.",
    source="gateway.md 32",
    cause=_CONFIG,
)
def role_filter_has_pods(view: ClusterView) -> Iterator[Hit]:
    """A filter by role finds pods that have the role."""
    for one, plugin in _plugins(view):
        label = plugin.facts.requires_label if plugin.facts else None
        if label and one.models and not any(label in model.pod.labels for model in one.models):
            yield Hit(
                one.at, plugin.node.field, f"{plugin.type} keeps pods with label {label}, and none has it"
            )


@rule(
    "picker-one-endpoint",
    scope="cluster",
    level="warning",
    why="agentgateway understands one address, and answers 500 to a list.",
    fix="Set maxNumOfEndpoints: 1.",
    source="gateway.md 39",
    cause=_CONFIG,
)
def one_endpoint(view: ClusterView) -> Iterator[Hit]:
    """Behind agentgateway, an Endpoint Picker answers with one address."""
    for one in _known(view):
        routes = view.wires.routes_of_pool(one.pool) if one.pool else []
        gateways = [gateway for route in routes for gateway in view.wires.gateways(route)]
        if not any(controller(view, gateway) == "agentgateway" for gateway in gateways):
            continue
        for plugin in one.of_kind("picker"):
            if (plugin.parameters.number("maxNumOfEndpoints") or 1) > 1:
                said = f"{plugin.name} answers with {plugin.parameters.number('maxNumOfEndpoints')} addresses"
                yield Hit(one.at, plugin.node.at("parameters.maxNumOfEndpoints"), said)


def _known(view: ClusterView) -> Iterator[Picker]:
    return (one for one in pickers(view) if one.known)


def _plugins(view: ClusterView) -> Iterator[tuple[Picker, Plugin]]:
    return ((one, plugin) for one in _known(view) for plugin in one.plugins)


def _reads(plugin: Plugin) -> tuple[str, ...]:
    """Logical metrics that a plugin reads."""
    return plugin.facts.metrics if plugin.facts else ()


def _seconds(text: str) -> float | None:
    return seconds(text) if text else None
