"""The monitoring mixin, evaluated for many variants of its parameters at once and only as far as it is asked.

go-jsonnet takes most of its time to read the mixin; one evaluation of a list of variants reads it once, and Jsonnet
computes nothing that is not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.cluster.params import Fleet
from components.common.manifest import Manifest
from components.monitoring import build as monitoring
from components.monitoring.mixin import Alert, Monitoring, jsonnet, read_alerts
from scripts.explain.keyed import Path, Steps, steps

Parameters = str
"""The mixin's argument as JSON text, so that equal variants are told by it."""
FEW = 2
"""Up to so many variants are evaluated without looking at what they have in common."""
ANOTHER = "another-1"
"""Name of a stack."""
HEAD = ("apiVersion", "kind", "metadata")
Kinds = frozenset[tuple[str, str]]
_OBJECTS = """
local mixin = import 'main.jsonnet';
local objects(params) = local m = mixin(params); m.monitors + m.rules + m.dashboards;
local kinds(params) = std.set([o.apiVersion + '/' + o.kind for o in objects(params)]);
local one(params, kind, name, index, count) =
  local same = [o for o in objects(params) if o.kind == kind];
  local named = [o for o in same if o.metadata.name == name];
  if named != [] then named[0] else if std.length(same) == count then same[index] else null;
local head(object) =
  if object == null then null else { [key]: object[key] for key in ['apiVersion', 'kind', 'metadata'] };
local is_of(stem, object) =
  std.endsWith(stem, '-' + std.strReplace(std.strReplace(object.metadata.name, ':', '-'), '.', '-'));
local at(value, steps) =
  if steps == [] then [value] else
    local step = steps[0];
    local next =
      if std.isString(step) then
        if std.isObject(value) && std.objectHas(value, step) then [value[step]] else []
      else if !std.isArray(value) then []
      else if std.objectHas(step, 'index') then
        if std.length(value) == step.count then [value[step.index]] else []
      else [item for item in value if std.isObject(item) && std.get(item, step.key) == step.value];
    if std.length(next) == 1 then at(next[0], steps[1:]) else [];
local part(object, steps) = local found = at(object, steps); [found, if found == [] then object else null];
"""
Step = str | dict[str, Any]
"""A step that Jsonnet takes: a key, ``{key, value}`` for the only item that has it, ``{index, count}`` for an item of a
list of so many."""


@dataclass(frozen=True, slots=True)
class Part:
    """What stands at a place of an object."""

    found: list[Any]
    """Empty where the steps do not lead on."""
    object: Manifest | None
    """The whole object, where nothing was found; None also where it is gone."""


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


def objects(
    variants: Iterable[Parameters], which: Wanted, base: Parameters | None = None
) -> dict[Parameters, Manifest | None]:
    """One object in each variant; None where it is gone. Variants that the mixin refuses are left out."""
    return _many(sorted(set(variants)), f"function(params) one(params, {_arguments(which)})", base)


def heads(
    variants: Iterable[Parameters], which: Wanted, base: Parameters | None = None
) -> dict[Parameters, Manifest | None]:
    """Like ``objects``, with ``apiVersion``, ``kind`` and ``metadata`` alone."""
    return _many(sorted(set(variants)), f"function(params) head(one(params, {_arguments(which)}))", base)


def parts(
    variants: Iterable[Parameters], which: Wanted, steps: Sequence[Step], base: Parameters | None = None
) -> dict[Parameters, Part]:
    """What stands at a place of one object in each variant. Variants that the mixin refuses are left out."""
    source = f"function(params) part(one(params, {_arguments(which)}), {json.dumps(steps)})"
    return {params: Part(*made) for params, made in _many(sorted(set(variants)), source, base).items()}


def steps_to(manifest: Manifest, path: Path) -> tuple[list[Step], Any]:
    """The steps that Jsonnet takes towards a field, as far as items are told apart by one key or by their place, and
    what stands there."""
    value: Any = manifest
    found: list[Step] = []
    for step in path:
        if isinstance(value, dict) and step in value:
            found.append(step)
            value = value[step]
        elif isinstance(value, list):
            index = steps(value).index(step)
            key, _, name = step[1:-1].partition("=")
            if step == f"[{index}]" and not isinstance(value[index], str):
                found.append({"index": index, "count": len(value)})
            elif [item for item in value if isinstance(item, dict) and item.get(key) == name] == [
                value[index]
            ]:
                found.append({"key": key, "value": name})
            else:
                break
            value = value[index]
        else:  # into a text
            break
    return found, value


def kinds(variants: Iterable[Parameters], base: Parameters | None = None) -> dict[Parameters, Kinds]:
    """(group, kind) of what is compiled in each variant. Variants that the mixin refuses are left out."""
    found = _many(sorted(set(variants)), "kinds", base)
    return {params: frozenset(map(_kind, these)) for params, these in found.items()}


def alerts(
    variants: Iterable[Parameters], base: Parameters | None = None
) -> dict[Parameters, tuple[Alert, ...]]:
    """What runbooks say of the alerts in each variant. Variants that the mixin refuses are left out."""
    found = _many(sorted(set(variants)), "function(params) mixin(params).alerts", base)
    return {params: read_alerts(rows) for params, rows in found.items()}


def around(params: Parameters, file: str) -> Monitoring | None:
    """What the mixin makes, all of it among the rules; of objects that ``file`` is not named after, ``apiVersion``,
    ``kind`` and ``metadata`` alone. None where it refuses the parameters."""
    stem = json.dumps(f"-{file.rpartition('/')[2].rpartition('.')[0]}")
    source = f"function(params) [if is_of({stem}, o) then o else head(o) for o in objects(params)]"
    found = _evaluated([params], source).get(params)
    return None if found is None else Monitoring((), tuple(found), (), ())


def _arguments(which: Wanted) -> str:
    return json.dumps([which.kind, which.name, which.index, which.count])[1:-1]


def _kind(text: str) -> tuple[str, str]:
    version, _, kind = text.rpartition("/")
    return version.rpartition("/")[0], kind


def _many(variants: Sequence[Parameters], function: str, base: Parameters | None) -> dict[Parameters, Any]:
    """What a function makes of each variant. One that differs from ``base`` only in what the function does not look
    at for it is not evaluated."""
    traces = _traced([base], function) if base is not None and len(variants) > FEW else []
    if not traces:
        return _evaluated(variants, function)
    left = {params: json.loads(params) for params in variants}
    if sum(map(traces[0].is_renamed, left.values())) > FEW:
        traces, left = _of_any_name(traces[0], function, left)
    found: dict[Parameters, Any] = {}
    for traced in traces:
        alike = [params for params, one in left.items() if traced.is_same(one)]
        found |= dict.fromkeys(alike, traced.result)
        left = {params: one for params, one in left.items() if params not in found}
    return found | _evaluated(list(left), function)


def _of_any_name(
    base: _Traced, function: str, variants: Mapping[Parameters, Any]
) -> tuple[list[_Traced], dict[Parameters, Any]]:
    """Single stacks that differ in what ``base`` looked at are of a few shapes, each traced once; all have the name of
    that of ``base`` where it makes no difference."""
    named = {params: base.named_back(one) for params, one in variants.items() if base.is_renamed(one)}
    shapes: dict[str, list[Any]] = {}
    for one in named.values():
        shapes.setdefault(base.seen(one), []).append(one)
    shapes.pop(base.seen(base.parameters), None)
    firsts = [json.dumps(these[0]) for these in shapes.values() if len(these) > FEW]
    traces = [base, *(_traced(firsts, function) if firsts else ())]
    renamed = {traced: json.dumps(traced.named(ANOTHER)) for traced in traces}
    shown = _evaluated(list(renamed.values()), function)
    nameless = [traced for traced, params in renamed.items() if shown.get(params) == traced.result]
    return (nameless, {**variants, **named}) if base in nameless else ([base], dict(variants))


def _evaluated(variants: Sequence[Parameters], function: str) -> dict[Parameters, Any]:
    if not variants:
        return {}
    try:
        each = "function(variants) [f(params) for params in std.parseJson(variants)]"
        source = f"{_OBJECTS} local f = {function}; {each}"
        texts = {"variants": f"[{', '.join(variants)}]"}
        found = json.loads(jsonnet(source, tla_vars=texts))
    except RuntimeError:
        if len(variants) == 1:
            return {}
        half = len(variants) // 2
        return _evaluated(variants[:half], function) | _evaluated(variants[half:], function)
    return dict(zip(variants, found, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class _Traced:
    """What a function makes of some parameters, and what of them it looked at."""

    parameters: Any
    read: frozenset[Steps]
    result: Any

    def is_renamed(self, other: Any) -> bool:
        """Whether other parameters have one stack, as these, under another name."""
        own, theirs = self.parameters["stacks"], other["stacks"]
        return len(own) == len(theirs) == 1 and own.keys() != theirs.keys()

    def named_back(self, other: Any) -> Any:
        """Other parameters, with the name of these for the only stack."""
        (name,), (stack,) = self.parameters["stacks"], other["stacks"].values()
        return {**other, "stacks": {name: stack}}

    def named(self, name: str) -> Any:
        """The parameters with another name for the only stack. A trace does not see names, for they are keys."""
        (stack,) = self.parameters["stacks"].values()
        return {**self.parameters, "stacks": {name: stack}}

    def seen(self, other: Any) -> str:
        """What of other parameters stands where it looked."""
        return json.dumps(self._seen(other, ()))

    def _seen(self, value: Any, path: Steps) -> Any:
        if path not in self.read:
            return None
        if isinstance(value, dict):
            return {key: self._seen(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._seen(item, (*path, index)) for index, item in enumerate(value)]
        return [value]

    def is_same(self, other: Any) -> bool:
        """Whether other parameters make the same: Jsonnet evaluates what is looked at and nothing else."""
        return self._is_same(self.parameters, other, ())

    def _is_same(self, own: Any, other: Any, path: Steps) -> bool:
        if path not in self.read or (type(own) is type(other) and own == other):
            return True
        if isinstance(own, dict) and isinstance(other, dict) and own.keys() == other.keys():
            return all(self._is_same(own[key], other[key], (*path, key)) for key in own)
        if isinstance(own, list) and isinstance(other, list) and len(own) == len(other):
            pairs = enumerate(zip(own, other, strict=True))
            return all(self._is_same(one, two, (*path, index)) for index, (one, two) in pairs)
        return False


def _traced(bases: Sequence[Parameters], function: str) -> list[_Traced]:
    """A function, watched for each of some parameters; nothing where it refuses one of them."""
    every = [json.loads(base) for base in bases]
    paths: list[tuple[int, Steps]] = []
    read: list[set[Steps]] = [set() for _ in bases]

    def note(index: float, value: Any) -> Any:
        number, path = paths[int(index)]
        read[number].add(path)
        return value

    watched = ", ".join(_watched(one, (), number, paths) for number, one in enumerate(every))
    source = (
        f"{_OBJECTS} local n = std.native('n'); local f = {function}; [f(params) for params in [{watched}]]"
    )
    try:
        found = json.loads(jsonnet(source, native_callbacks={"n": (("index", "value"), note)}))
    except RuntimeError:
        return []
    each = zip(every, read, found, strict=True)
    return [_Traced(parameters, frozenset(these), result) for parameters, these, result in each]


def _watched(value: Any, path: Steps, number: int, paths: list[tuple[int, Steps]]) -> str:
    """A value of the ``number``-th parameters as Jsonnet in which each part tells when it is looked at."""
    index = len(paths)
    paths.append((number, path))
    if isinstance(value, dict):
        items = (
            f"{json.dumps(key)}: {_watched(item, (*path, key), number, paths)}" for key, item in value.items()
        )
        return f"(if n({index}, true) then {{{', '.join(items)}}} else null)"
    if isinstance(value, list):
        items = (_watched(item, (*path, place), number, paths) for place, item in enumerate(value))
        return f"(if n({index}, true) then [{', '.join(items)}] else null)"
    return f"n({index}, {json.dumps(value)})"
