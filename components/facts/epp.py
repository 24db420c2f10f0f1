"""The endpoint picker (llm-d-router) by version: flags, plugins, feature gates, metrics, parsers.

Tables: ``epp.yml``, ``epp-plugins.yml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from components.facts.engines import Metric, metric_of
from components.facts.flags import FlagTable, flag_of
from components.facts.suggest import did_you_mean
from components.facts.tables import FactError, table
from components.facts.versions import Range, parse, range_of

PASSTHROUGH_PARSER = "passthrough-parser"


@dataclass(frozen=True)
class Plugin:
    """One plugin type. ``metrics`` are logical engine metrics it reads; ``parameters`` is None if unread.

    ``experimental``: this version refuses it without ``--allow-experimental-plugins``.
    """

    type: str
    kind: str
    stage: str
    span: Range
    experimental: bool
    metrics: tuple[str, ...] = ()
    producers: tuple[str, ...] = ()
    parameters: tuple[str, ...] | None = None
    requires_label: str | None = None
    use: str | None = None
    verified: bool = True


def _plugin(name: str, row: Mapping[str, Any], version: str) -> Plugin:
    staged = parse(version) >= parse(table("epp-plugins")["stages_since"])
    return Plugin(
        type=name,
        kind=row["kind"],
        stage=row["stage"],
        span=range_of(row.get("since"), row.get("until")),
        experimental=staged and row["stage"] == "Alpha",
        metrics=tuple(row.get("metrics", ())),
        producers=tuple(row.get("producers", ())),
        parameters=tuple(row["parameters"]) if "parameters" in row else None,
        requires_label=row.get("requires_label"),
        use=row.get("use"),
        verified=row.get("verified", True),
    )


@cache
def flags() -> FlagTable:
    """The EPP's flags. Its parser is pflag: a boolean is bare or ``--flag=false`` in one word."""
    facts = table("epp")
    rows = {name: flag_of(name, row) for name, row in facts["flags"].items()}
    return FlagTable(title=facts["title"], flags=rows, newest=parse(facts["versions"]["last"]))


def flag_problem(word: str, version: str) -> str | None:
    """Why the EPP of ``version`` would not start with the argument ``word``; None if it would."""
    return flags().problem(word, version)


def argv_problems(argv: Iterable[str], version: str) -> list[str]:
    """``flag_problem`` over a whole argument list, and booleans written as two words."""
    return flags().argv_problems(list(argv), version)


def plugin(type_: str, version: str) -> Plugin | None:
    """The plugin type if ``version`` registers it, else None."""
    row = table("epp-plugins")["rows"].get(type_)
    found = _plugin(type_, row, version) if row else None
    return found if found and parse(version) in found.span else None


def plugins(version: str, kind: str | None = None) -> tuple[Plugin, ...]:
    """All plugin types of ``version``, of one kind (``scorer``, ``parser``, …) if given."""
    found = (plugin(type_, version) for type_ in table("epp-plugins")["rows"])
    return tuple(each for each in found if each and kind in (None, each.kind))


def plugin_problem(type_: str, version: str, parameters: Iterable[str] = ()) -> str | None:
    """Why ``version`` would refuse a plugin of this type with these parameter names; None if it would not.

    Experimental plugins are no problem here: whether the flag is set is the caller's to know.
    """
    title = table("epp")["title"]
    found = plugin(type_, version)
    if found is None:
        row = table("epp-plugins")["rows"].get(type_)
        if row is None:
            known = (each.type for each in plugins(version))
            return f"{title} {version} registers no plugin type {type_}{did_you_mean(type_, known)}"
        span = range_of(row.get("since"), row.get("until"))
        if span.before(parse(version)):
            return f"plugin {type_} needs {title} {span.since} or newer (this is {version})"
        return f"plugin {type_} was removed in {title} {span.until} (this is {version}); use {row.get('use')}"
    allowed = found.parameters
    unknown = sorted(set(parameters) - set(allowed)) if allowed is not None else []
    if unknown and allowed is not None:
        return f"plugin {type_} has no parameter {unknown[0]}{did_you_mean(unknown[0], allowed)}"
    return None


def feature_gate_problem(entry: str, version: str) -> str | None:
    """Why ``version`` would refuse an entry of ``featureGates`` (``flowControl``, ``flowControl=false``)."""
    facts = table("epp")
    name, assigned, _ = entry.partition("=")
    row = facts["feature_gates"].get(name)
    if row is None:
        return f"EPP {version} has no feature gate {name}{did_you_mean(name, facts['feature_gates'])}"
    span = range_of(row.get("since"), row.get("until"))
    if span.before(parse(version)):
        return f"feature gate {name} needs EPP {span.since} or newer (this is {version})"
    if span.after(parse(version)):
        return f"feature gate {name} was removed in EPP {span.until} (this is {version}): {row['note']}"
    if assigned and parse(version) < parse(facts["gate_values_since"]):
        return f"EPP {version} takes gates by name alone; {entry!r} needs {facts['gate_values_since']}"
    return None


def config_sections() -> Mapping[str, tuple[str, ...]]:
    """Keys of every section of the configuration, by the section's path (``schedulingProfiles[].plugins[]``)."""
    return {path: tuple(keys) for path, keys in table("epp")["config_sections"].items()}


def reads_config(version: str) -> bool:
    """Whether the tables know the configuration of ``version``: of a newer one they may lack keys."""
    return parse(version) <= parse(table("epp")["versions"]["last"])


def unknown_config_keys(config: Any, version: str) -> Iterator[tuple[tuple[str | int, ...], tuple[str, ...]]]:
    """Path of each key of a configuration, or of a part of one, that ``version`` does not read, and what it reads
    there."""
    if not reads_config(version):
        return
    for section, allowed in config_sections().items():
        for path, found in _sections(config, section):
            yield from (((*path, key), allowed) for key in found if key not in allowed)


def _sections(config: Any, section: str) -> list[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    """The mappings that lie at a section's path, each with its own."""
    found: list[tuple[tuple[str | int, ...], Any]] = [((), config)]
    for step in section.split(".") if section else ():
        key = step.removesuffix("[]")
        inner = [((*path, key), one[key]) for path, one in found if isinstance(one, Mapping) and key in one]
        if step.endswith("[]"):
            lists = [(path, items) for path, items in inner if isinstance(items, list)]
            inner = [((*path, index), item) for path, items in lists for index, item in enumerate(items)]
        found = inner
    return [(path, one) for path, one in found if isinstance(one, Mapping)]


def series(version: str, logical: str) -> Metric | None:
    """The series that carries a logical EPP metric. Raises FactError for an unknown logical name."""
    rows = table("epp")["metrics"]
    if logical not in rows:
        raise FactError(f"no logical EPP metric {logical!r}{did_you_mean(logical, rows)}")
    return next((each for each in map(metric_of, rows[logical]) if parse(version) in each.span), None)


def metric(version: str, logical: str) -> str | None:
    """The name of ``series``, or None if that version does not export it."""
    found = series(version, logical)
    return found.name if found else None


def parser_for(path: str, parsers: Iterable[str] | None = None) -> str | None:
    """The parser, of those configured (by default the built-in ones), that claims a path by its suffix.

    None means that v0.10.0 answers 400, unless passthrough-parser is configured, which then claims it.
    """
    facts = table("epp")
    configured = list(parsers) if parsers is not None else facts["default_parsers"]
    trimmed = "/" + path.strip("/")
    for name in configured:
        if any(trimmed.endswith(f"/{suffix}") for suffix in facts["parsers"].get(name, ())):
            return str(name)
    return PASSTHROUGH_PARSER if PASSTHROUGH_PARSER in configured else None


def image_problem(repository: str, version: str) -> str | None:
    """Why this image repository has no EPP of ``version``; None if it has, or for a mirror's name."""
    rows = {row["name"]: range_of(row.get("since"), row.get("until")) for row in table("epp")["images"]}
    span = rows.get(repository)
    if span is None or parse(version) in span:
        return None
    home = next(name for name, bounds in rows.items() if parse(version) in bounds)
    return f"{repository} has no EPP {version}; it is in {home}"
