"""Which versions belong together, and which version brings which API, field or wiring.

``versions`` is always a cluster's map of component to version text without a leading ``v``
(``{"kserve": "0.20.0"}``), with the Kubernetes minor under ``kubernetes``. A component that is not
declared is absent, never assumed.
Tables: ``compatibility.yml``, ``crds.yml``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from components.facts.suggest import did_you_mean
from components.facts.tables import FactError, Table, table
from components.facts.versions import Range, parse, range_of

Versions = Mapping[str, str]


@dataclass(frozen=True)
class Availability:
    """Whether a cluster serves a kind. ``needs`` says in words what would bring it, empty if ``ok``.

    ``component`` is None for kinds of Kubernetes or of the cloud, and for kinds that no table knows.
    """

    ok: bool
    needs: str = ""
    component: str | None = None


@dataclass(frozen=True)
class _Source:
    component: str | None
    version: str
    span: Range
    use: str | None


def components() -> Mapping[str, str]:
    """Title of every component key that a cluster may declare."""
    titles: Mapping[str, str] = table("compatibility")["components"]
    return titles


def title(component: str) -> str:
    """A component's name in messages."""
    return components().get(component, component)


@cache
def _sources() -> Mapping[tuple[str, str], tuple[_Source, ...]]:
    found: dict[tuple[str, str], tuple[_Source, ...]] = {}
    for row in table("crds")["rows"]:
        for api in row["apis"]:
            source = _Source(row["component"], api["version"], _span(api), api.get("use"))
            for kind in api["kinds"]:
                found[row["group"], kind] = (*found.get((row["group"], kind), ()), source)
    return found


def crd_available(group: str, version: str, kind: str, versions: Versions) -> Availability:
    """Whether a cluster with these component versions serves ``group/version`` ``kind``.

    Built-in groups are always available here (their schemas judge them), as are kinds that the cloud brings.
    """
    if group in table("crds")["builtin_groups"]:
        return Availability(ok=True)
    sources = _sources().get((group, kind))
    if sources is None:
        known = [other for other_group, other in _sources() if other_group == group]
        return Availability(False, f"a release that brings {kind} of {group}{did_you_mean(kind, known)}")
    serving = [source for source in sources if source.version == version]
    if not serving:
        offered = ", ".join(sorted({f"{group}/{source.version}" for source in sources}))
        return Availability(False, f"{kind} in a version that exists: {offered}", sources[0].component)
    source = serving[-1]
    if source.component is None or _satisfied(source.component, source.span, versions):
        return Availability(ok=True, component=source.component)
    instead = f"; use {source.use}" if source.use else ""
    return Availability(False, _need(source.component, source.span, versions) + instead, source.component)


def component_of(group: str, kind: str) -> str | None:
    """The component that brings a kind; None for a kind that no table knows, or that the cloud brings."""
    sources = _sources().get((group, kind))
    return sources[0].component if sources else None


def bringing() -> frozenset[str]:
    """The components that bring kinds."""
    return frozenset(source.component for own in _sources().values() for source in own if source.component)


def kinds_of(component: str) -> tuple[tuple[str, str, str], ...]:
    """``(group, version, kind)`` of every API that a component brings in any of its versions."""
    return tuple(
        (group, source.version, kind)
        for (group, kind), sources in _sources().items()
        for source in sources
        if source.component == component
    )


@cache
def _fields() -> Mapping[tuple[str, str], list[Table]]:
    found: dict[tuple[str, str], list[Table]] = {}
    for row in table("crds")["fields"]:
        found.setdefault((row["group"], row["kind"]), []).append(row)
    return found


def field_problems(manifest: Mapping[str, Any], versions: Versions) -> list[str]:
    """Fields of a manifest that the declared component version does not have yet."""
    named = (manifest["apiVersion"].rpartition("/")[0], manifest["kind"])
    rows = _fields().get(named)
    if rows is None:
        return []
    component = _sources()[named][0].component or ""
    return [
        f"{row['field']} needs {_need(component, range_of(row['since'], None), versions)}"
        for row in rows
        if _concerns(row, manifest) and not _satisfied(component, range_of(row["since"], None), versions)
    ]


def pin_set_problems(versions: Versions) -> list[str]:
    """Declared versions that do not belong together, and components unknown to the tables; one line each."""
    facts = table("compatibility")
    problems = [
        f"no component {name!r} is known{did_you_mean(name, facts['components'])}"
        for name in versions
        if name not in facts["components"]
    ]
    for rule in facts["requires"]:
        if _satisfied(rule["component"], _span(rule), versions):
            problems.extend(_unmet(rule, versions))
    return problems


def pin_set_notes(versions: Versions) -> list[str]:
    """What the declared versions lose together, and where they leave the sets that projects test with."""
    facts = table("compatibility")
    notes = [
        f"{_said(caution['when'], versions)}: {caution['message']} ({caution['source']})"
        for caution in facts["cautions"]
        if all(_satisfied(name, _span(span), versions) for name, span in caution["when"].items())
    ]
    for tested in facts["tested_with"]:
        if parse(versions.get(tested["component"], "0")).minor == parse(tested["version"]).minor:
            notes.extend(_untested(tested, versions))
    return notes


def wiring_problems(wiring: str, versions: Versions) -> list[str]:
    """What a way of wiring needs and the cluster does not declare. Raises FactError for an unknown wiring."""
    wirings = table("compatibility")["wirings"]
    if wiring not in wirings:
        raise FactError(f"no wiring {wiring!r}{did_you_mean(wiring, wirings)}")
    return [
        f"wiring {wiring} needs {_need(component, _span(span), versions)}: {span['why']}"
        for component, span in wirings[wiring].items()
        if not _satisfied(component, _span(span), versions)
    ]


def recommended(wiring: str) -> Mapping[str, str]:
    """The versions that the references recommend for a wiring. Raises FactError for an unknown wiring."""
    for pins in table("compatibility")["pin_sets"]:
        if pins["name"] == wiring:
            found: Mapping[str, str] = pins["versions"]
            return found
    raise FactError(f"no pin set for wiring {wiring!r}")


def _span(row: Table) -> Range:
    return range_of(row.get("since"), row.get("until"))


def _satisfied(component: str, span: Range, versions: Versions) -> bool:
    return component in versions and parse(versions[component]) in span


def _need(component: str, span: Range, versions: Versions) -> str:
    have = f"has {versions[component]}" if component in versions else "declares none"
    bounds = f" {span}" if span.since or span.until else ""
    return f"{title(component)}{bounds} (this cluster {have})"


def _unmet(rule: Table, versions: Versions) -> Iterator[str]:
    who = f"{title(rule['component'])} {versions[rule['component']]}"
    for other, bounds in rule["needs"].items():
        matters = other in versions or bounds.get("required", False)
        if matters and not _satisfied(other, _span(bounds), versions):
            yield f"{who} needs {_need(other, _span(bounds), versions)} ({rule['source']})"


def _untested(tested: Table, versions: Versions) -> Iterator[str]:
    for other, pin in tested["versions"].items():
        if other in versions and parse(versions[other]).minor != parse(pin).minor:
            who = f"{title(tested['component'])} {parse(tested['version']).minor}"
            yield f"{who} is tested with {title(other)} {pin}, not {versions[other]} ({tested['source']})"


def _said(when: Table, versions: Versions) -> str:
    return " with ".join(f"{title(name)} {versions[name]}" for name in when)


def _concerns(row: Table, manifest: Mapping[str, Any]) -> bool:
    found = list(_values(manifest, row["field"].split(".")))
    if row.get("absent", False):
        return not found
    if "items" in row:
        return any(isinstance(value, list) and len(value) >= row["items"] for value in found)
    return any(value == row["value"] for value in found) if "value" in row else bool(found)


def _values(node: Any, path: list[str]) -> Iterator[Any]:
    """Every value at a path; ``name[]`` opens a list."""
    if not path:
        yield node
        return
    key, rest = path[0].removesuffix("[]"), path[1:]
    child = node.get(key) if isinstance(node, Mapping) else None
    if child is None:
        return
    for each in child if path[0].endswith("[]") and isinstance(child, list) else [child]:
        yield from _values(each, rest)
