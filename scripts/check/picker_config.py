"""The Endpoint Picker's configuration (EndpointPickerConfig) with what it runs beside: its flags, its pool, the
models behind it; and what the EPP adds by itself where the configuration says nothing (llm-d-router v0.10
pkg/epp/config/loader).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

from components.facts import VersionError, epp, parse
from components.facts.tables import table
from scripts.check.argv import Arguments
from scripts.check.deployment import Deployment, deployment
from scripts.check.edges.pools import mounted, pool_namespace
from scripts.check.fleet import ClusterView
from scripts.check.model import Obj
from scripts.check.node import Node
from scripts.check.pods import Pod
from scripts.check.text import TextError, document

METRICS_SOURCE, METRICS_EXTRACTOR = "metrics-data-source", "core-metrics-extractor"
DEFAULT_DETECTOR = "utilization-detector"
INJECTED = frozenset(
    {
        "single-profile-handler",
        "max-score-picker",
        "fcfs-ordering-policy",
        "global-strict-fairness-policy",
        "static-usage-limit-policy",
        DEFAULT_DETECTOR,
        METRICS_SOURCE,
        METRICS_EXTRACTOR,
    }
)
"""Plugins that the EPP makes by itself under their type's name where it needs one."""


@dataclass(frozen=True, eq=False)
class Plugin:
    """One entry of ``plugins``."""

    node: Node
    facts: epp.Plugin | None
    """None for a type that the version does not register."""

    @property
    def type(self) -> str:
        """The plugin's type."""
        return self.node.text("type")

    @property
    def name(self) -> str:
        """The name that others refer to: the type unless it has one."""
        return self.node.text("name") or self.type

    @property
    def kind(self) -> str:
        """``scorer``, ``parser``, …; empty for an unknown type."""
        return self.facts.kind if self.facts else ""

    @property
    def parameters(self) -> Node:
        """Its parameters."""
        return self.node.node("parameters")


@dataclass(frozen=True, slots=True)
class Reference:
    """One ``pluginRef``: where it stands, what it names, and which kinds of plugins may stand there."""

    field: str
    name: str
    kinds: tuple[str, ...]


_REFERENCES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "schedulingProfiles[].plugins[]": ("pluginRef", ("scorer", "filter", "picker", "test")),
    "dataLayer.sources[]": ("pluginRef", ("data-source",)),
    "dataLayer.sources[].extractors[]": ("pluginRef", ("extractor", "producer")),
    "dataLayer.discovery": ("pluginRef", ("discovery",)),
    "dataLayer": ("crossReplicaSyncerPluginRef", ()),
    "requestHandler.parsers[]": ("pluginRef", ("parser",)),
    "parser": ("pluginRef", ("parser",)),
    "saturationDetector": ("pluginRef", ("saturation-detector",)),
    "flowControl.saturationDetector": ("pluginRef", ("saturation-detector",)),
    "flowControl": ("usageLimitPolicyPluginRef", ("usage-limit-policy",)),
    "flowControl.priorityBands[]": ("fairnessPolicyRef", ("fairness-policy",)),
    "flowControl.defaultPriorityBand": ("fairnessPolicyRef", ("fairness-policy",)),
    "flowControl.defaultNegativePriorityBand": ("fairnessPolicyRef", ("fairness-policy",)),
}
_ORDERING = tuple(path for path in _REFERENCES if path.startswith("flowControl.") and "Band" in path)


class Picker:
    """One Endpoint Picker of a cluster whose version can be read."""

    def __init__(self, pod: Pod, view: ClusterView) -> None:
        """``pod`` is one of role ``epp``."""
        self.pod = pod
        self.version = view.facts.versions["llmdRouter"]
        self.at: Obj = pod.owner
        """The object that holds the configuration: the ConfigMap, or the Deployment itself."""
        self.problem = ""
        """Why it does not parse."""
        self.root = self._read(view)
        """The configuration; without a value where there is none, or where it does not parse."""
        name = pod.main.flag("--pool-name") or ""
        self.pool = view.compiled("InferencePool", pool_namespace(pod), name)
        """The pool that its flags name."""
        self.models = tuple(_models(self.pool, view)) if self.pool else ()
        """The models whose serving pods it picks from."""

    def _read(self, view: ClusterView) -> Node:
        text, path = self.pod.main.flag("--config-text") or "", self.pod.main.node.path
        file = self.pod.main.flag("--config-file")
        found = mounted(self.pod, file) if file and not text else None
        if found:
            volume, key = found
            config = view.compiled("ConfigMap", self.pod.namespace, volume.text("configMap.name"))
            if config is not None:
                self.at, text, path = config, config.texts("data").get(key, ""), ("data", key)
        try:
            return Node(document(text) if text else None, path)
        except TextError as error:
            self.problem = f"line {error.line}: {error}" if error.line else str(error)
            return Node(None, path)

    @property
    def known(self) -> bool:
        """Whether there is a configuration; without any the EPP takes its own."""
        return self.root.value is not None

    @cached_property
    def arguments(self) -> Arguments:
        """Its flags."""
        return Arguments(self.pod.main.args, epp.flags(), self.version)

    @cached_property
    def plugins(self) -> tuple[Plugin, ...]:
        """Configured plugins, in their order."""
        return tuple(
            Plugin(one, epp.plugin(one.text("type"), self.version)) for one in self.root.each("plugins[]")
        )

    @cached_property
    def by_name(self) -> Mapping[str, Plugin]:
        """Configured plugins by the name that others refer to."""
        return {plugin.name: plugin for plugin in self.plugins}

    def of_type(self, *types: str) -> Iterator[Plugin]:
        """Configured plugins of some types."""
        return (plugin for plugin in self.plugins if plugin.type in types)

    def of_kind(self, *kinds: str) -> Iterator[Plugin]:
        """Configured plugins of some kinds."""
        return (plugin for plugin in self.plugins if plugin.kind in kinds)

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """Every reference to a plugin."""
        found = []
        for path, (key, kinds) in _REFERENCES.items():
            pairs = [
                (key, kinds),
                *([("orderingPolicyRef", ("ordering-policy",))] if path in _ORDERING else []),
            ]
            for one in self.root.each(path):
                for each, allowed in pairs:
                    if one.text(each):
                        found.append(Reference(one.at(each), one.text(each), allowed))
        return tuple(found)

    @cached_property
    def gates(self) -> Mapping[str, bool]:
        """Feature gates with their defaults."""
        gates = {name: bool(row["default"]) for name, row in table("epp")["feature_gates"].items()}
        for entry in self.root.strings("featureGates"):
            name, assigned, value = entry.partition("=")
            gates[name] = value.strip().lower() in ("true", "t", "1") if assigned else True
        return gates

    @property
    def flow_control(self) -> bool:
        """Whether requests queue in the EPP."""
        return self.gates["flowControl"]

    @property
    def detector(self) -> str:
        """Type of the saturation detector that is in force."""
        name = self.root.text("flowControl.saturationDetector.pluginRef") or self.root.text(
            "saturationDetector.pluginRef", DEFAULT_DETECTOR
        )
        return self.by_name[name].type if name in self.by_name else name

    @property
    def scrapes(self) -> bool:
        """Whether the EPP reads metrics of the pods: by default, unless that is switched off."""
        named = {self.by_name[one.name].type for one in self.references if one.name in self.by_name}
        return METRICS_SOURCE in named or self.root.raw("dataLayer.injectDefaults") is not False

    @property
    def parsers(self) -> list[str]:
        """Types of the parsers, in their order."""
        named = [one.text("pluginRef") for one in self.root.each("requestHandler.parsers[]")]
        if not named and self.root.text("parser.pluginRef"):
            named = [self.root.text("parser.pluginRef")]
        types = [self.by_name[name].type if name in self.by_name else name for name in named]
        return types or list(table("epp")["default_parsers"])


def _models(pool: Obj, view: ClusterView) -> Iterator[Deployment]:
    seen = set()
    for pod in view.select(pool.namespace, pool.texts("spec.selector.matchLabels")):
        one = deployment(pod.owner, view) if pod.role == "model" else None
        if one and id(one) not in seen:
            seen.add(id(one))
            yield one


_SEEN: WeakKeyDictionary[ClusterView, tuple[Picker, ...]] = WeakKeyDictionary()


def pickers(view: ClusterView) -> tuple[Picker, ...]:
    """The Endpoint Pickers of a cluster; none where its version of them is not declared."""
    if view not in _SEEN:
        try:
            parse(view.facts.versions.get("llmdRouter", ""))
        except VersionError:
            _SEEN[view] = ()
        else:
            _SEEN[view] = tuple(Picker(pod, view) for pod in view.pods if pod.role == "epp")
    return _SEEN[view]
