"""Parts of an Endpoint Picker's configuration that must be there, be there once, and have values that can be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from components.facts.suggest import did_you_mean
from components.facts.tables import table
from scripts.check.fleet import ClusterView, StackView
from scripts.check.model import Hit
from scripts.check.node import Node
from scripts.check.picker_config import METRICS_EXTRACTOR, Picker, pickers
from scripts.check.rule import rule

_CAUSE = ("gateway", "epp", "config")
_LISTS = (
    "schedulingProfiles[].plugins",
    "requestHandler.parsers",
    "dataLayer.sources",
    "dataLayer.sources[].extractors",
)
_SERIES = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})?")
_COUNTS = ("maxNumOfEndpoints", "lruCapacityPerServer", "blockSizeTokens", "maxPrefixBlocksToMatch")


def _known(view: ClusterView) -> Iterator[Picker]:
    return (picker for picker in pickers(view) if picker.known)


@rule(
    "picker-part-once",
    scope="cluster",
    level="warning",
    why="The Endpoint Picker refuses the second one, or counts it twice.",
    fix="Take the second one away.",
    source="llm-d-router v0.10 pkg/epp/config/loader; gateway.md 18",
    cause=_CAUSE,
)
def part_once(view: ClusterView) -> Iterator[Hit]:
    """A profile, a list of parsers, sources or extractors, and the feature gates name nothing twice."""
    for picker in _known(view):
        for path in _LISTS:
            parent, _, key = path.rpartition(".")
            for holder in picker.root.each(parent):
                names = [one.text("pluginRef") for one in holder.each(f"{key}[]")]
                yield from _twice(picker, holder.at(key), names)
        yield from _twice(picker, picker.root.at("featureGates"), picker.root.strings("featureGates"))


def _twice(picker: Picker, field: str, names: list[str]) -> Iterator[Hit]:
    for name, count in Counter(names).items():
        if count > 1:
            yield Hit(picker.at, field, f"{name} is there {count} times")


@rule(
    "picker-source-has-extractors",
    scope="cluster",
    why="What is scraped is thrown away, and scorers see every pod alike.",
    fix="Name the extractors of the source, each by `pluginRef`.",
    source="llm-d-router v0.10 pkg/epp/config/loader; gateway.md 20",
    cause=_CAUSE,
)
def source_has_extractors(view: ClusterView) -> Iterator[Hit]:
    """A source of the data layer that scrapes has extractors."""
    for picker in _known(view):
        for source in picker.root.each("dataLayer.sources[]"):
            named = [one.text("pluginRef") for one in source.each("extractors[]")]
            if source.text("pluginRef").endswith("data-source") and not any(named):
                said = f"{source.text('pluginRef')} has no extractor"
                yield Hit(picker.at, source.at("extractors"), said)


@rule(
    "picker-engine-configured",
    scope="cluster",
    why="The Endpoint Picker looks for series that the engine does not export, and sees every pod idle.",
    fix="Write `defaultEngine`, and its entry with queuedRequestsSpec and runningRequestsSpec.",
    source="llm-d-router v0.10 core-metrics-extractor; gateway.md 21",
    cause=_CAUSE,
)
def engine_configured(view: ClusterView) -> Iterator[Hit]:
    """An extractor's default engine is one that it knows, and an entry has the names that scorers need."""
    keys = tuple(table("epp-plugins")["engine_config_keys"].values())
    built_in = table("epp")["engine_types"]
    for picker in _known(view):
        for plugin in picker.of_type(METRICS_EXTRACTOR):
            entries = list(plugin.parameters.each("engineConfigs[]"))
            names = [one.text("name") for one in entries]
            at = picker.at
            default = plugin.parameters.text("defaultEngine")
            if entries and default not in {*names, *built_in}:
                said = f"there is no engine {default or '(none)'}{did_you_mean(default, names)}"
                yield Hit(at, plugin.parameters.at("defaultEngine"), said)
            yield from _twice(picker, plugin.parameters.at("engineConfigs"), names)
            for one in entries:
                yield from _engine(picker, one, keys)


def _engine(picker: Picker, entry: Node, keys: tuple[str, ...]) -> Iterator[Hit]:
    at = picker.at
    for key in entry.map(""):
        if key not in ("name", *keys):
            yield Hit(at, entry.at(key), f"an engine has no {key}{did_you_mean(key, keys)}")
    for key in ("queuedRequestsSpec", "runningRequestsSpec"):
        if not entry.text(key):
            yield Hit(at, entry.at(key), f"engine {entry.text('name')} has no {key}")
        elif not _SERIES.fullmatch(entry.text(key)):
            yield Hit(at, entry.at(key), f"{entry.text(key)} is no name of a series")


@rule(
    "picker-count-positive",
    scope="cluster",
    why="The Endpoint Picker ends at its start, or picks nothing.",
    fix="Give a whole number from 1 on.",
    source="llm-d-router v0.10 pkg/epp/framework/plugins",
    cause=_CAUSE,
)
def count_positive(view: ClusterView) -> Iterator[Hit]:
    """Parameters of plugins that count something are whole numbers from 1 on."""
    for picker in _known(view):
        for plugin in picker.plugins:
            for key in _COUNTS:
                number = plugin.parameters.number(key)
                if plugin.parameters.has(key) and (number is None or number < 1):
                    said = f"{plugin.name}: {key} is {plugin.parameters.raw(key)}"
                    yield Hit(picker.at, plugin.parameters.at(key), said)


@rule(
    "picker-has-profile",
    scope="cluster",
    level="warning",
    why="The scorers that are listed score nothing: the Endpoint Picker makes a profile of its own.",
    fix="List the scorers with their weights in a profile of schedulingProfiles.",
    source="llm-d-router v0.10 pkg/epp/config/loader defaults.go; gateway.md 18",
    cause=_CAUSE,
)
def has_profile(view: ClusterView) -> Iterator[Hit]:
    """A configuration that lists scorers has a profile, in which scorers have weights."""
    for picker in _known(view):
        profiles, at = list(picker.root.each("schedulingProfiles[]")), picker.at
        scorers = {plugin.name for plugin in picker.of_kind("scorer")}
        if scorers and not profiles:
            yield Hit(at, picker.root.at("schedulingProfiles"), "there is no profile")
        for one in (one for profile in profiles for one in profile.each("plugins[]")):
            weight = one.raw("weight")
            if one.text("pluginRef") in scorers and not (
                isinstance(weight, int | float) and 0 < weight <= 100
            ):
                said = (
                    f"{one.text('pluginRef')} has the weight {weight}"
                    if weight is not None
                    else "it has no weight"
                )
                yield Hit(at, one.at("weight"), said)


@rule(
    "picker-gates-declared",
    scope="stack",
    why="Requests do not queue in the Endpoint Picker although the inventory says so, or queue although it does not.",
    fix="Set `gateway.epp.flowControl`.",
    source="llm-d-router v0.10 pkg/epp/config/loader; gateway.md 22",
    cause=("gateway", "epp", "flowControl"),
)
def gates_declared(view: StackView) -> Iterator[Hit]:
    """Flow control is switched on exactly where the stack says so."""
    wanted = view.stack.gateway.epp.flow_control
    own = view.stack.gateway.epp.config
    for picker in pickers(view.cluster):
        if picker.known and picker.pod.owner.target == view.target and "featureGates" not in own:
            on = picker.gates.get("flowControl", False)
            if on != wanted:
                said = f"flowControl is {'on' if on else 'off'}, the stack says {'on' if wanted else 'off'}"
                yield Hit(picker.at, picker.root.at("featureGates"), said)
