"""Serving engines by version: flags, environment variables, metric names, ports and paths.

Tables: ``engines/<name>.yml`` for vllm, llamacpp and ollama. Ask ``engine(name)`` once and keep it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal

from components.facts.flags import Flag, FlagTable, flag_of
from components.facts.suggest import did_you_mean
from components.facts.tables import FactError, Table, table
from components.facts.versions import Range, Version, parse, range_of

ENGINES = ("vllm", "llamacpp", "ollama")


@dataclass(frozen=True)
class Server:
    """Where an engine listens and what it answers.

    ``metrics`` is None for an engine without a metrics endpoint; ``metrics_flag`` is the flag (no dashes)
    that switches it on, None if it is on by itself.
    """

    port: int
    host: str
    health: str
    models: str
    metrics: str | None
    metrics_flag: str | None
    served_name_flag: str | None
    api_prefix: str
    litellm_provider: str
    epp_engine: str | None


@dataclass(frozen=True)
class Metric:
    """One exported series. A histogram's ``name`` is the base of ``_bucket``, ``_sum`` and ``_count``."""

    name: str
    type: Literal["gauge", "counter", "histogram"]
    labels: tuple[str, ...] = ()
    span: Range = Range()
    verified: bool = True


@dataclass(frozen=True)
class EnvVar:
    """An environment variable and the versions that read it."""

    name: str
    span: Range = Range()
    verified: bool = True


@dataclass(frozen=True)
class Engine:
    """Everything known about one engine; ``first`` and ``last`` bound the versions read, None if unknown."""

    name: str
    title: str
    server: Server
    metrics: Mapping[str, tuple[Metric, ...]]
    first: Version | None
    last: Version | None

    @cached_property
    def flags(self) -> FlagTable:
        facts = table(f"engines/{self.name}")
        arguments = facts["arguments"]
        rows = {name: row for source in facts["flag_tables"] for name, row in table(source)["rows"].items()}
        inverse = arguments.get("inverse_since")
        return FlagTable(
            title=self.title,
            flags={name: flag_of(name, row) for name, row in rows.items()},
            style=arguments["style"],
            dotted=arguments["dotted"],
            shorthand=arguments.get("optimization_shorthand"),
            inverse_since=parse(inverse) if inverse else None,
            newest=self.last,
        )

    @cached_property
    def env(self) -> Mapping[str, EnvVar]:
        return {variable.name: variable for variable in _env_rows(self)}

    def flag(self, word: str) -> Flag | None:
        """The flag that ``word`` (``--x``, ``-x``, ``--x=value``, ``--no-x``) names in any version."""
        return self.flags.find(word)

    def flag_problem(self, word: str, version: str) -> str | None:
        """Why ``version`` would refuse the argument ``word``; see FlagTable.problem."""
        return self.flags.problem(word, version)

    def flag_warning(self, word: str, version: str) -> str | None:
        """A deprecation to report for a flag that ``version`` still takes."""
        return self.flags.warning(word, version)

    def argv_problems(self, argv: Sequence[str], version: str) -> list[str]:
        """Problems of a whole argument list (the part after the program and its positional model)."""
        return self.flags.argv_problems(argv, version)

    def env_problem(self, name: str, version: str) -> str | None:
        """Why ``version`` would not read the variable; only names with the engine's own prefix are judged."""
        prefix = table(f"engines/{self.name}")["env_prefix"]
        have = parse(version)
        found = self.env.get(name)
        unread = self.last is not None and have > self.last
        if not name.startswith(prefix) or (found is None and unread):
            return None
        if found is None:
            current = [row.name for row in self.env.values() if have in row.span]
            return f"{self.title} {version} reads no variable {name}{did_you_mean(name, current)}"
        if found.span.before(have):
            return f"{name} needs {self.title} {found.span.since} or newer (this is {version})"
        if found.span.after(have):
            return f"{name} was removed in {self.title} {found.span.until} (this is {version})"
        return None

    def series(self, version: str, logical: str) -> Metric | None:
        """The series that carries a logical metric in ``version``; None if that version exports none.

        Raises FactError if no engine has such a logical name.
        """
        if logical not in logical_metrics():
            raise FactError(f"no logical metric {logical!r}{did_you_mean(logical, logical_metrics())}")
        have = parse(version)
        return next((row for row in self.metrics.get(logical, ()) if have in row.span), None)

    def metric(self, version: str, logical: str) -> str | None:
        """The name of ``series``, or None."""
        found = self.series(version, logical)
        return found.name if found else None

    def default(self, name: str, version: str) -> Any:
        """The default of a flag (or Ollama variable) in ``version``; None if the table does not say."""
        have = parse(version)
        rows = table(f"engines/{self.name}")["defaults"]
        named = (row for row in rows if row["name"] == name)
        return next((row["value"] for row in named if have in _span(row)), None)

    def coverage_problem(self, version: str) -> str | None:
        """Says so if ``version`` is outside the versions read; then a flag's absence proves nothing."""
        have = parse(version)
        if self.first is not None and have < self.first:
            return f"{self.title} {version} is older than the fact table ({self.first} to {self.last})"
        if self.last is not None and have > self.last:
            return f"{self.title} {version} is newer than the fact table ({self.first} to {self.last})"
        return None


def _env_rows(engine: Engine) -> list[EnvVar]:
    facts = table(table(f"engines/{engine.name}")["env_table"])
    groups = facts.get("env", facts["rows"] if isinstance(facts.get("rows"), list) else [])
    named = [
        EnvVar(name, _span(group), group.get("verified", True)) for group in groups for name in group["names"]
    ]
    by_flag = (flag for flag in engine.flags.flags.values() if flag.env)
    return [*named, *(EnvVar(str(flag.env), flag.span, flag.verified) for flag in by_flag)]


def _span(row: Mapping[str, Any]) -> Range:
    return range_of(row.get("since"), row.get("until"))


def metric_of(row: Mapping[str, Any]) -> Metric:
    """A Metric from a table row."""
    return Metric(
        name=row["name"],
        type=row["type"],
        labels=tuple(row.get("labels", ())),
        span=_span(row),
        verified=row.get("verified", True),
    )


def _engine(name: str, facts: Table) -> Engine:
    first, last = (facts["versions"].get(end) for end in ("first", "last"))
    return Engine(
        name=name,
        title=facts["title"],
        server=Server(**facts["server"]),
        metrics={logical: tuple(map(metric_of, rows)) for logical, rows in facts["metrics"].items()},
        first=parse(first) if first else None,
        last=parse(last) if last else None,
    )


@cache
def engine(name: str) -> Engine:
    """The engine ``vllm``, ``llamacpp`` or ``ollama``. Raises FactError for any other name."""
    if name not in ENGINES:
        raise FactError(f"no engine {name!r} in the fact tables; there are {', '.join(ENGINES)}")
    return _engine(name, table(f"engines/{name}"))


def metric(engine_name: str, version: str, logical: str) -> str | None:
    """The metric name that carries ``logical`` in that engine and version, None if it exports none."""
    return engine(engine_name).metric(version, logical)


@cache
def logical_metrics() -> frozenset[str]:
    """All logical metric names, of all engines."""
    return frozenset(logical for name in ENGINES for logical in table(f"engines/{name}")["metrics"])
