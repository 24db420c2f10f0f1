"""The EndpointPickerConfig: which scorers pick a pod, and what feeds them.

Read strictly by the EPP (llm-d-router v0.10 apix/config/v1alpha1): an unknown key stops it at start.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from components.common.place import merge_patch
from components.facts import epp as facts
from components.serving_runtimes.engines import ENGINES
from components.stack.params import Stack

_PREFIX_SCORER = "prefix-cache-scorer"
_PREFIX_PRODUCER = "approx-prefix-cache-producer"
_PREFIX_WEIGHT = 3.0
_PICKER = "max-score-picker"
_DETECTOR = "concurrency-detector"
# The passthrough parser comes last: it claims what no other does (rerank, score, Ollama's own API), which
# llm-d-router v0.10 would answer with 400.
_PARSERS = ("openai-parser", "anthropic-parser", "vllmhttp-parser", "passthrough-parser")


def scorers(stack: Stack) -> dict[str, float]:
    """Weights by scorer: what the engine can report, prefix affinity, then the stack's own choice (0 removes)."""
    epp = stack.gateway.epp
    chosen: dict[str, float] = dict(ENGINES[stack.runtime.engine].epp_plugins(stack)["scorers"])
    if epp.prefix_cache == "approximate":
        chosen[_PREFIX_SCORER] = _PREFIX_WEIGHT
    return {name: weight for name, weight in (chosen | epp.scorers).items() if weight}


def config(stack: Stack, *, single_pick: bool) -> dict[str, Any]:
    """The configuration of one stack's EPP. ``single_pick``: the gateway understands one address only."""
    engine = ENGINES[stack.runtime.engine].epp_plugins(stack)
    chosen = scorers(stack)
    detector = engine["detector"] if stack.gateway.epp.flow_control else None
    built: dict[str, Any] = {
        "apiVersion": "llm-d.ai/v1alpha1",
        "kind": "EndpointPickerConfig",
        **_flow_control(stack, detector),
        "plugins": _plugins(stack, engine, chosen, detector, single_pick=single_pick),
        "schedulingProfiles": [
            {
                "name": "default",
                "plugins": [
                    *({"pluginRef": name, "weight": weight} for name, weight in chosen.items()),
                    {"pluginRef": _PICKER},
                ],
            }
        ],
        "requestHandler": {"parsers": [{"pluginRef": name} for name in _PARSERS]},
        **data_layer(engine),
    }
    merged: dict[str, Any] = merge_patch(built, stack.gateway.epp.config)
    return merged


def experimental(stack: Stack) -> bool:
    """Whether a chosen scorer is one that the EPP only loads with ``--allow-experimental-plugins``."""
    version = stack.cluster.versions["llmdRouter"]
    known = (facts.plugin(name, version) for name in scorers(stack))
    return any(plugin is not None and plugin.experimental for plugin in known)


def _flow_control(stack: Stack, detector: dict[str, Any] | None) -> dict[str, Any]:
    if not stack.gateway.epp.flow_control:
        return {}
    section = {"flowControl": {"saturationDetector": {"pluginRef": _DETECTOR}}} if detector else {}
    return {"featureGates": ["flowControl"], **section}


def _plugins(
    stack: Stack,
    engine: dict[str, Any],
    chosen: dict[str, float],
    detector: dict[str, Any] | None,
    *,
    single_pick: bool,
) -> list[dict[str, Any]]:
    parameters: dict[str, Any] = {
        **engine["plugins"],
        **dict.fromkeys(chosen),
        **({_DETECTOR: detector} if detector else {}),
    }
    producers = _producers(stack.cluster.versions["llmdRouter"], parameters)
    parameters |= {name: engine["producer"] if name == _PREFIX_PRODUCER else None for name in producers}
    parameters[_PICKER] = {"maxNumOfEndpoints": 1} if single_pick else None
    parameters |= dict.fromkeys(_PARSERS)
    return [{"type": name, **({"parameters": given} if given else {})} for name, given in parameters.items()]


def _producers(version: str, plugins: Iterable[str]) -> list[str]:
    """What feeds the plugins: for each that needs a producer, the first that the facts name."""
    known = (facts.plugin(name, version) for name in plugins)
    return sorted({plugin.producers[0] for plugin in known if plugin is not None and plugin.producers})


def data_layer(engine: dict[str, Any]) -> dict[str, Any]:
    """Where metrics come from: nothing for an engine without metrics, so that the EPP does not scrape it."""
    if engine.get("no_metrics"):
        return {"dataLayer": {"injectDefaults": False}}
    if engine["sources"]:
        return {"dataLayer": {"sources": engine["sources"]}}
    return {}
