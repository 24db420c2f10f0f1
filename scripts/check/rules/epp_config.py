"""The EndpointPickerConfig by itself: keys, plugins, references, profiles, gates. The EPP reads it strictly, and
ends at start over anything that it does not know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from components.facts import epp
from components.facts.suggest import did_you_mean
from components.facts.tables import table
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, KeyPath
from scripts.check.picker_config import INJECTED, Picker, Plugin, pickers
from scripts.check.rule import rule

_CONFIG: KeyPath = ("gateway", "epp", "config")
_SCORERS: KeyPath = ("gateway", "epp", "scorers")
_ENDS = "The Endpoint Picker ends at start, and the gateway answers 500 or picks any pod."


@rule(
    "picker-config-readable",
    scope="cluster",
    why=_ENDS,
    fix="Correct gateway.epp.config.",
    source="gateway.md 29",
    cause=_CONFIG,
)
def readable(view: ClusterView) -> Iterator[Hit]:
    """The configuration of an Endpoint Picker is strict YAML."""
    for one in pickers(view):
        if one.problem:
            yield Hit(one.at, one.root.field, one.problem)


@rule(
    "picker-config-kind",
    scope="cluster",
    why=_ENDS,
    fix="Write apiVersion llm-d.ai/v1alpha1 and kind EndpointPickerConfig.",
    source="gateway.md 29 and 3.7",
    cause=_CONFIG,
)
def config_kind(view: ClusterView) -> Iterator[Hit]:
    """The configuration is an EndpointPickerConfig in the version that the Endpoint Picker reads."""
    facts = table("epp")["config_api"]
    for one in _known(view):
        version, kind = one.root.text("apiVersion"), one.root.text("kind")
        if kind != facts["kind"]:
            yield Hit(one.at, one.root.at("kind"), f"the kind is {kind or 'missing'}")
        if version == facts["legacy"]:
            said = f"{version} is the old name of {facts['group_version']}"
            yield Hit(one.at, one.root.at("apiVersion"), said, level="warning")
        elif version != facts["group_version"]:
            yield Hit(one.at, one.root.at("apiVersion"), f"the apiVersion is {version or 'missing'}")


@rule(
    "picker-config-keys",
    scope="cluster",
    why=_ENDS,
    fix="Correct or remove the key.",
    source="gateway.md 29",
    cause=_CONFIG,
)
def config_keys(view: ClusterView) -> Iterator[Hit]:
    """Every key of the configuration is one that the Endpoint Picker knows."""
    for one in _known(view):
        if not epp.reads_config(one.version):
            continue
        for path, allowed in epp.config_sections().items():
            for node in one.root.each(path):
                for key in node.map(""):
                    if key not in allowed:
                        said = f"{node.field} has no key {key}{did_you_mean(key, allowed)}"
                        yield Hit(one.at, node.at(key), said)


@rule(
    "picker-config-key-ending",
    scope="cluster",
    level="warning",
    why="A later Endpoint Picker refuses the key and ends at start.",
    fix="Write it where it belongs now.",
    source="gateway.md 3.7; llm-d-router#1308",
    cause=_CONFIG,
)
def key_ending(view: ClusterView) -> Iterator[Hit]:
    """No key of the configuration is deprecated."""
    for one in _known(view):
        for key, instead in table("epp")["deprecated_config_keys"].items():
            if one.root.has(key):
                yield Hit(
                    one.at, one.root.at(key), f"{key} is deprecated; use {instead}", f"Move it to {instead}."
                )


@rule("picker-plugin-known", scope="cluster", why=_ENDS, fix="Use a plugin type that the version registers.",
      source="gateway.md 29; llm-d-router runner.go; router#2172", cause=_SCORERS)  # fmt: skip
def plugin_known(view: ClusterView) -> Iterator[Hit]:
    """Every plugin is of a type that the pinned version registers."""
    for one, plugin in _plugins(view):
        problem = epp.plugin_problem(plugin.type, one.version)
        if problem:
            yield Hit(one.at, plugin.node.at("type"), problem)


@rule("picker-plugin-parameters", scope="cluster", why=_ENDS, fix="Correct or remove the parameter.",
      source="gateway.md 29 (parameters are decoded strictly)", cause=_CONFIG)  # fmt: skip
def plugin_parameters(view: ClusterView) -> Iterator[Hit]:
    """Every parameter of a plugin is one that it has."""
    for one, plugin in _plugins(view):
        if plugin.facts is None:
            continue
        problem = epp.plugin_problem(plugin.type, one.version, plugin.parameters.map(""))
        if problem:
            yield Hit(one.at, plugin.node.at("parameters"), problem)


@rule(
    "picker-plugin-experimental",
    scope="cluster",
    why=_ENDS,
    fix="Add gateway.epp.flags.allow-experimental-plugins: true, or do without the plugin.",
    source="gateway.md 29; llm-d-router#2073",
    cause=_SCORERS,
)
def plugin_experimental(view: ClusterView) -> Iterator[Hit]:
    """Experimental plugins are allowed where they are used."""
    for one, plugin in _plugins(view):
        if plugin.facts and plugin.facts.experimental and not one.arguments.on("allow-experimental-plugins"):
            said = f"{plugin.type} is experimental (Alpha), and --allow-experimental-plugins is not set"
            yield Hit(one.at, plugin.node.at("type"), said)


@rule(
    "picker-plugin-ending",
    scope="cluster",
    level="warning",
    why="The next Endpoint Picker does not know the plugin and ends at start.",
    fix="Use the plugin that takes its place.",
    source="gateway.md 29; llm-d-router runner.go (removed in v0.11)",
    cause=_CONFIG,
)
def plugin_ending(view: ClusterView) -> Iterator[Hit]:
    """No plugin is deprecated."""
    for one, plugin in _plugins(view):
        if plugin.facts and plugin.facts.stage == "Deprecated":
            until = f" and goes in {plugin.facts.span.until}" if plugin.facts.span.until else ""
            said = f"{plugin.type} is deprecated{until}; use {plugin.facts.use}"
            yield Hit(one.at, plugin.node.at("type"), said, f"Use {plugin.facts.use}.")


@rule("picker-plugin-once", scope="cluster", why=_ENDS, fix="Give one of them a name of its own.",
      source="gateway.md 30", cause=_CONFIG)  # fmt: skip
def plugin_once(view: ClusterView) -> Iterator[Hit]:
    """Plugins have different names."""
    for one in _known(view):
        seen: set[str] = set()
        for plugin in one.plugins:
            if plugin.name in seen:
                yield Hit(one.at, plugin.node.field, f"two plugins are called {plugin.name}")
            seen.add(plugin.name)


@rule("picker-plugin-referenced-exists", scope="cluster", why=_ENDS, fix="List the plugin, or correct the reference.",
      source="gateway.md 30; inference-stacks.md 3 idea 1", cause=_CONFIG)  # fmt: skip
def reference_exists(view: ClusterView) -> Iterator[Hit]:
    """Every reference in the configuration is to a plugin that it lists, or that the Endpoint Picker makes."""
    for one in _known(view):
        for reference in one.references:
            if reference.name not in one.by_name and reference.name not in INJECTED:
                said = f"no plugin is called {reference.name}{did_you_mean(reference.name, one.by_name)}"
                yield Hit(one.at, reference.field, said)


@rule("picker-plugin-referenced-fits", scope="cluster", why=_ENDS, fix="Refer to a plugin of the right kind.",
      source="gateway.md 30; llm-d-router configloader.go", cause=_CONFIG)  # fmt: skip
def reference_fits(view: ClusterView) -> Iterator[Hit]:
    """Every reference is to a plugin of the kind that belongs there."""
    for one in _known(view):
        for reference in one.references:
            plugin = one.by_name.get(reference.name)
            if plugin and plugin.kind and reference.kinds and plugin.kind not in reference.kinds:
                said = (
                    f"{reference.name} is a {plugin.kind}; there belongs a {' or '.join(reference.kinds[:3])}"
                )
                yield Hit(one.at, reference.field, said)


@rule(
    "picker-plugin-used",
    scope="cluster",
    level="warning",
    why="The plugin is made and never asked: what it was to do does not happen.",
    fix="Refer to it, or take it out.",
    source="gateway.md 30; inference-stacks.md 3 idea 9",
    cause=_CONFIG,
)
def plugin_used(view: ClusterView) -> Iterator[Hit]:
    """Every scorer, filter, picker, parser, detector and data source that is listed is used."""
    kinds = ("scorer", "filter", "picker", "parser", "saturation-detector", "data-source")
    for one in _known(view):
        used = {reference.name for reference in one.references}
        if not one.root.items("schedulingProfiles"):
            continue  # the EPP puts every scorer, filter and picker into a profile of its own
        for plugin in one.of_kind(*kinds):
            if plugin.name not in used:
                yield Hit(one.at, plugin.node.field, f"nothing refers to {plugin.kind} {plugin.name}")


@rule("picker-profile-handler", scope="cluster", why=_ENDS, fix="Keep one profile handler that fits the profiles.",
      source="gateway.md 30; llm-d-router configloader.go", cause=_CONFIG)  # fmt: skip
def profile_handler(view: ClusterView) -> Iterator[Hit]:
    """There is one profile handler, and it handles the profiles that there are."""
    for one in _known(view):
        handlers = list(one.of_kind("profile-handler"))
        profiles = [profile.text("name") for profile in one.root.each("schedulingProfiles[]")]
        if len(handlers) > 1:
            names = ", ".join(plugin.name for plugin in handlers)
            yield Hit(one.at, handlers[1].node.field, f"{names} are profile handlers; one is allowed")
        if not handlers and len(profiles) > 1:
            said = f"profiles {', '.join(profiles)} and no profile handler"
            yield Hit(one.at, one.root.at("schedulingProfiles"), said)
        for plugin in handlers:
            if plugin.type == "single-profile-handler" and len(profiles) > 1:
                said = f"{plugin.type} handles one profile; there are {', '.join(profiles)}"
                yield Hit(one.at, plugin.node.field, said)
            if plugin.type == "disagg-profile-handler" and not _disaggregated(plugin, profiles):
                said = f"{plugin.type} needs profiles decode and prefill; there are {', '.join(profiles) or 'none'}"
                yield Hit(one.at, plugin.node.field, said)


@rule("picker-profile-complete", scope="cluster", why=_ENDS, fix="Give each profile a name of its own and one picker.",
      source="gateway.md 30; llm-d-router scheduler_profile.go", cause=_CONFIG)  # fmt: skip
def profile_complete(view: ClusterView) -> Iterator[Hit]:
    """Every profile has a name of its own and at most one picker."""
    for one in _known(view):
        names = Counter(profile.text("name") for profile in one.root.each("schedulingProfiles[]"))
        for profile in one.root.each("schedulingProfiles[]"):
            name = profile.text("name")
            if not name or names[name] > 1:
                said = f"two profiles are called {name}" if name else "a profile has no name"
                yield Hit(one.at, profile.at("name"), said)
            referred = [one.by_name.get(ref.text("pluginRef")) for ref in profile.each("plugins[]")]
            picking = [plugin.name for plugin in referred if plugin and plugin.kind == "picker"]
            if len(picking) > 1:
                yield Hit(
                    one.at, profile.at("plugins"), f"{' and '.join(picking)} both pick in profile {name}"
                )


@rule(
    "picker-weights-count",
    scope="cluster",
    level="warning",
    why="The weight changes nothing, or the scorer works against its purpose.",
    fix="Give scorers weights above 0, and nothing else a weight.",
    source="gateway.md 3.7; llm-d-router configloader.go",
    cause=_SCORERS,
)
def weights_count(view: ClusterView) -> Iterator[Hit]:
    """Weights are of scorers, and above zero."""
    for one in _known(view):
        for ref in one.root.each("schedulingProfiles[].plugins[]"):
            plugin, weight = one.by_name.get(ref.text("pluginRef")), ref.raw("weight")
            if plugin is None or weight is None:
                continue
            if plugin.kind and plugin.kind != "scorer":
                yield Hit(one.at, ref.at("weight"), f"{plugin.name} is a {plugin.kind}, and has a weight")
            elif isinstance(weight, bool) or not isinstance(weight, int | float) or weight <= 0:
                yield Hit(one.at, ref.at("weight"), f"the weight of {plugin.name} is {weight}")


@rule("picker-gate-known", scope="cluster", why=_ENDS, fix="Remove the feature gate.", source="gateway.md 31",
      cause=_CONFIG)  # fmt: skip
def gate_known(view: ClusterView) -> Iterator[Hit]:
    """Every feature gate is one that the pinned version has."""
    for one in _known(view):
        for entry in one.root.strings("featureGates"):
            problem = epp.feature_gate_problem(entry, one.version)
            if problem:
                yield Hit(one.at, one.root.at("featureGates"), problem)


@rule(
    "picker-flow-control-gated",
    scope="cluster",
    level="warning",
    why="Requests are not queued: the section is read only with its feature gate.",
    fix="Set gateway.epp.flowControl: true, or take the section out.",
    source="gateway.md 31",
    cause=("gateway", "epp", "flowControl"),
)
def flow_control_gated(view: ClusterView) -> Iterator[Hit]:
    """Flow control is switched on where it is configured, and no priority has two bands."""
    for one in _known(view):
        section = set(one.root.map("flowControl")) - {"saturationDetector"}
        if section and not one.flow_control:
            said = f"flowControl sets {', '.join(sorted(section))}, and the gate flowControl is off"
            yield Hit(one.at, one.root.at("flowControl"), said)
        bands = Counter(band.number("priority") for band in one.root.each("flowControl.priorityBands[]"))
        for priority, count in bands.items():
            if count > 1:
                said = f"{count} bands have priority {priority}"
                yield Hit(one.at, one.root.at("flowControl.priorityBands"), said, level="error")


def _known(view: ClusterView) -> Iterator[Picker]:
    """Pickers with a configuration that parses."""
    return (one for one in pickers(view) if one.known)


def _plugins(view: ClusterView) -> Iterator[tuple[Picker, Plugin]]:
    return ((one, plugin) for one in _known(view) for plugin in one.plugins)


def _disaggregated(plugin: Plugin, profiles: list[str]) -> bool:
    """Whether the profiles are there that a disaggregating handler runs."""
    named = {str(name) for name in plugin.parameters.map("profiles").values()} or {"decode", "prefill"}
    return named <= set(profiles)
