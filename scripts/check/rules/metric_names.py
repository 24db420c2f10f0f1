"""Names of metrics in rules and dashboards: whether what is scraped exports them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from components.facts import Metric, VersionError, engine, parse
from components.facts.engines import metric_of
from components.facts.suggest import did_you_mean
from components.facts.tables import table
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.rule import rule

_NAME = re.compile(
    r"(?:vllm|llamacpp):[a-z0-9_]+|llm_d_epp_[a-z0-9_]+|inference_(?:pool|objective|extension)_[a-z0-9_]+"
)
_STACK = re.compile(r'stack="([^"]+)"')
_PARTS = ("_bucket", "_sum", "_count", "_created")
_PREFIXES = {"vllm": "vllm", "llamacpp": "llamacpp", "llm_d_epp": "epp"}
_DASHBOARD = '"panels"'


@rule(
    "metric-exported",
    kinds=("PrometheusRule", "ConfigMap"),
    why="The alert never fires and the panel stays empty, and nobody notices.",
    fix="Use the series that carries the same in the pinned version.",
    source="inference-stacks.md 3 idea 16; production-stack#989; llm-d#2536",
    cause=("cluster", "monitoring"),
)
def metric_exported(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Every series in a rule or dashboard is exported by a pinned version of what it is scraped from."""
    for field, text in _expressions(obj):
        for name in sorted(set(_NAME.findall(text)) - _legacy().keys()):
            problem = _problem(name, text, view)
            if problem:
                yield Hit(obj, field, problem)


@rule(
    "metric-not-legacy",
    kinds=("PrometheusRule", "ConfigMap"),
    level="warning",
    why="A later Endpoint Picker drops the old name, and the alert falls silent.",
    fix="Use the name that begins with llm_d_epp_.",
    source="llm-d-router#1070; inference-stacks.md 3 idea 16",
    cause=("cluster", "monitoring"),
)
def metric_not_legacy(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """No rule or dashboard uses a name that the Endpoint Picker only exports beside the new one."""
    legacy = _legacy()
    for field, text in _expressions(obj):
        for name in sorted(legacy.keys() & set(_NAME.findall(text))):
            said = f"{name} is the old name of {legacy[name]}"
            yield Hit(obj, field, said, f"Use {legacy[name]}.")


def _expressions(obj: Obj) -> Iterator[tuple[str, str]]:
    """(field, text) of what holds series: expressions of rules, dashboards as a whole."""
    if obj.kind == "PrometheusRule":
        for one in obj.each("spec.groups[].rules[]"):
            yield one.at("expr"), one.text("expr")
        return
    for key, text in obj.texts("data").items():
        if key.endswith(".json") and _DASHBOARD in text:
            yield f'data["{key}"]', text


def _problem(name: str, text: str, view: ClusterView) -> str | None:
    who = _PREFIXES.get(name.partition(":")[0]) or "epp"
    series = _series(who).get(_base(name, _series(who)))
    versions = _versions(who, text, view)
    title = table("epp")["title"] if who == "epp" else engine(who).title
    if series is None:
        known = [known for known, rows in _series(who).items() if not versions or _any(rows, versions)]
        return f"no {title} is known to export {name}{did_you_mean(name, known)}"
    if not versions or _any(series, versions):
        return None
    instead = _instead(who, name, versions)
    spans = " or ".join(str(row.span) for row in series)
    return f"{name} is in {title} {spans}, here runs {', '.join(versions)}{instead}"


def _any(rows: tuple[Metric, ...], versions: list[str]) -> bool:
    return any(parse(version) in row.span for row in rows for version in versions)


def _instead(who: str, name: str, versions: list[str]) -> str:
    """What carries the same in the first of some versions."""
    rows = table("epp")["metrics"] if who == "epp" else table(f"engines/{who}")["metrics"]
    for logical in rows.values():
        named = [metric_of(row) for row in logical]
        if any(row.name == _base(name, _series(who)) for row in named):
            found = next((row.name for row in named if parse(versions[0]) in row.span), None)
            return f"; use {found}" if found else ""
    return ""


def _base(name: str, known: Mapping[str, object]) -> str:
    """The series that a name is of: a histogram's without its part."""
    part = next((end for end in _PARTS if name.endswith(end)), "")
    return name if name in known or not part else name.removesuffix(part)


@cache
def _series(who: str) -> Mapping[str, tuple[Metric, ...]]:
    """Every series that a table knows, by name."""
    rows = table("epp")["metrics"] if who == "epp" else table(f"engines/{who}")["metrics"]
    found: dict[str, tuple[Metric, ...]] = {}
    for logical in rows.values():
        for row in map(metric_of, logical):
            found[row.name] = (*found.get(row.name, ()), row)
    return found


def _legacy() -> Mapping[str, str]:
    legacy: Mapping[str, str] = table("epp")["legacy_metrics"]
    return legacy


def _versions(who: str, text: str, view: ClusterView) -> list[str]:
    """Versions that run: of the stacks that an expression names, else of all; none where none is known."""
    if who == "epp":
        given = [view.facts.versions.get("llmdRouter", "")]
    else:
        named = set(_STACK.findall(text))
        stacks = [stack for stack in view.stacks.values() if stack.runtime.engine == who]
        chosen = [stack for stack in stacks if stack.name in named] or stacks
        given = sorted({stack.runtime.version for stack in chosen})
    return [version for version in given if _readable(version)]


def _readable(version: str) -> bool:
    try:
        parse(version)
    except VersionError:
        return False
    return True
