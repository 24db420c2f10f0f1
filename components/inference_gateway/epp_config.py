"""The EndpointPickerConfig: which scorers pick a pod, and what feeds them.

Read strictly by the EPP (llm-d-router v0.10 apix/config/v1alpha1): an unknown key stops it at start.
"""

from __future__ import annotations

from typing import Any

from components.common.place import merge_patch
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
    plugins: list[dict[str, Any]] = []
    for name, parameters in engine["plugins"].items():
        plugins.append({"type": name, **({"parameters": parameters} if parameters else {})})
    if _PREFIX_SCORER in chosen:
        producer = engine["producer"]
        plugins.append({"type": _PREFIX_PRODUCER, **({"parameters": producer} if producer else {})})
    plugins.extend({"type": name} for name in chosen)
    plugins.append({"type": _PICKER, **({"parameters": {"maxNumOfEndpoints": 1}} if single_pick else {})})
    plugins.extend({"type": name} for name in _PARSERS)
    flow_control: dict[str, Any] = {}
    if stack.gateway.epp.flow_control:
        flow_control["featureGates"] = ["flowControl"]
        if engine["detector"]:
            plugins.append({"type": _DETECTOR, "parameters": engine["detector"]})
            flow_control["flowControl"] = {"saturationDetector": {"pluginRef": _DETECTOR}}
    built: dict[str, Any] = {
        "apiVersion": "llm-d.ai/v1alpha1",
        "kind": "EndpointPickerConfig",
        **flow_control,
        "plugins": plugins,
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


def data_layer(engine: dict[str, Any]) -> dict[str, Any]:
    """Where metrics come from: nothing for an engine without metrics, so that the EPP does not scrape it."""
    if engine.get("no_metrics"):
        return {"dataLayer": {"injectDefaults": False}}
    if engine["sources"]:
        return {"dataLayer": {"sources": engine["sources"]}}
    return {}
