"""The monitoring mixin, evaluated for many variants of its parameters at once and only as far as it is asked.

go-jsonnet takes most of its time to read the mixin; one evaluation of a list of variants reads it once, and Jsonnet
computes nothing that is not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import _gojsonnet

from components.cluster.params import Fleet
from components.common.manifest import Manifest
from components.monitoring import build as monitoring
from components.monitoring.mixin import MAIN

Parameters = str
"""The mixin's argument as JSON text, so that equal variants are told by it."""
Kinds = frozenset[tuple[str, str]]
_OBJECTS = """
local mixin = import 'main.jsonnet';
local objects(params) = local m = mixin(params); m.monitors + m.rules + m.dashboards;
local kinds(params) = std.set([o.apiVersion + '/' + o.kind for o in objects(params)]);
local one(params, kind, name, index, count) =
  local same = [o for o in objects(params) if o.kind == kind];
  local named = [o for o in same if o.metadata.name == name];
  if named != [] then named[0] else if std.length(same) == count then same[index] else null;
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One object, and how to find it again when it is renamed: by its place among those of its kind."""

    kind: str
    name: str
    index: int
    count: int


def wanted(objects: Iterable[Manifest], one: Manifest) -> Wanted:
    """An object among all that the mixin made."""
    name = one["metadata"]["name"]
    same = [other["metadata"]["name"] for other in objects if other["kind"] == one["kind"]]
    return Wanted(one["kind"], name, same.index(name), len(same))


def parameters(fleet: Fleet) -> Parameters | None:
    """The mixin's argument for a fleet; None where nothing is monitored."""
    return json.dumps(monitoring.parameters(fleet)) if fleet.cluster.monitoring.enabled else None


def objects(variants: Iterable[Parameters], which: Wanted) -> dict[Parameters, Manifest | None]:
    """One object in each variant; None where it is gone. Variants that the mixin refuses are left out."""
    arguments = json.dumps([which.kind, which.name, which.index, which.count])[1:-1]
    return _many(sorted(set(variants)), lambda params: f"one({params}, {arguments})")


def kinds(variants: Iterable[Parameters]) -> dict[Parameters, Kinds]:
    """(group, kind) of what is compiled in each variant. Variants that the mixin refuses are left out."""
    found = _many(sorted(set(variants)), lambda params: f"kinds({params})")
    return {params: frozenset(map(_kind, these)) for params, these in found.items()}


def alerts(variants: Iterable[Parameters]) -> dict[Parameters, str]:
    """What runbooks need of the mixin's result in each variant, as the JSON text that it would be read from."""
    rest = "monitors: [], rules: [], dashboards: []"
    found = _many(sorted(set(variants)), lambda params: f"{{{rest}, alerts: mixin({params}).alerts}}")
    return {params: json.dumps(result) for params, result in found.items()}


def _kind(text: str) -> tuple[str, str]:
    version, _, kind = text.rpartition("/")
    return version.rpartition("/")[0], kind


def _many(variants: Sequence[Parameters], expression: Callable[[Parameters], str]) -> dict[Parameters, Any]:
    if not variants:
        return {}
    items = ", ".join(expression(params) for params in variants)
    try:
        found = json.loads(_gojsonnet.evaluate_snippet(str(MAIN), f"{_OBJECTS} [{items}]"))
    except RuntimeError:
        if len(variants) == 1:
            return {}
        half = len(variants) // 2
        return _many(variants[:half], expression) | _many(variants[half:], expression)
    return dict(zip(variants, found, strict=True))
