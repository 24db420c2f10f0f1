"""Rules: one function each, with an id, what must hold, what happens otherwise, what to do, and where it
comes from.

The docstring's first paragraph says what must hold. A rule of scope ``object`` gets ``(obj, view)`` for every
object of its kinds, ``stack`` gets a :class:`~scripts.check.fleet.StackView`, ``cluster`` a
:class:`~scripts.check.fleet.ClusterView`, ``fleet`` a :class:`~scripts.check.fleet.FleetView`; each yields
hits.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Literal

from scripts.check.model import Hit, KeyPath, Level

Scope = Literal["inventory", "tree", "object", "stack", "cluster", "fleet", "waiver"]
Check = Callable[..., Iterator[Hit]]

ALL = "*"
"""In ``kinds``: objects of every kind."""
_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
_ARGUMENTS: Mapping[Scope, int] = {"object": 2}
"""How many arguments a check takes, where it is not one."""


class RuleError(Exception):
    """A rule is declared wrongly: a fault of its author, found when the rules are loaded."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in force."""

    id: str
    title: str
    """What must hold: the first paragraph of the function's docstring."""
    why: str
    """What happens otherwise: one sentence."""
    fix: str
    """What to do: one sentence."""
    source: str
    """Where it comes from: ``gateway.md 42; llm-d#2212``."""
    topic: str
    """Its module: ``pool``."""
    scope: Scope
    kinds: tuple[str, ...]
    """Kinds of objects that a rule of scope ``object`` sees."""
    level: Level
    relaxed: Mapping[str, Level]
    """Another level in an environment: ``{"dev": "note"}``."""
    cause: KeyPath
    """Key of the target's parameters that leads to a hit which names none."""
    check: Check

    @property
    def waivable(self) -> bool:
        """Whether a waiver can set it aside: not what keeps the check itself from working."""
        return self.scope not in ("inventory", "tree", "waiver")

    def level_in(self, environment: str) -> Level:
        """The level in an environment (``prod``); the rule's own where there is no other."""
        return self.relaxed.get(environment, self.level)


_RULES: dict[str, Rule] = {}


def rule(
    name: str,
    *,
    why: str,
    fix: str,
    source: str,
    kinds: tuple[str, ...] = (),
    scope: Scope = "object",
    level: Level = "error",
    relaxed: Mapping[str, Level] | None = None,
    cause: KeyPath = (),
) -> Callable[[Check], Check]:
    """Registers a function as the rule ``name``. Raises RuleError for a declaration that lacks something."""

    def register(check: Check) -> Check:
        title = " ".join((inspect.getdoc(check) or "").partition("\n\n")[0].split())
        texts = {"docstring": title, "why": why, "fix": fix, "source": source}
        missing = [what for what, text in texts.items() if not text.strip()]
        if missing:
            raise RuleError(f"rule {name}: no {', '.join(missing)}")
        if not _ID.fullmatch(name):
            raise RuleError(f"rule {name}: an id is two or more words in kebab-case")
        if name in _RULES and _RULES[name].check.__qualname__ != check.__qualname__:
            raise RuleError(f"rule {name} is declared twice")
        if (scope == "object") != bool(kinds):
            raise RuleError(f"rule {name}: a rule of scope object names its kinds, and no other does")
        wanted = _ARGUMENTS.get(scope, 1)
        if len(inspect.signature(check).parameters) != wanted:
            raise RuleError(f"rule {name}: a rule of scope {scope} takes {wanted} argument(s)")
        topic = check.__module__.rpartition(".")[2]
        levels = dict(relaxed or {})
        _RULES[name] = Rule(name, title, why, fix, source, topic, scope, kinds, level, levels, cause, check)
        return check

    return register


FIXTURES = Path(__file__).parents[2] / "tests" / "checks"
"""A folder a rule, with ``success.<case>.yaml`` and ``failure.<case>.yaml``."""
_OUTCOMES = frozenset(("success", "failure"))


@cache
def declared_rules() -> Mapping[str, Rule]:
    """Every rule that is declared below ``scripts/check/rules``, by id, sorted."""
    folder = Path(__file__).with_name("rules")
    for module in sorted(folder.glob("*.py")):
        if module.stem != "__init__":
            import_module(f"scripts.check.rules.{module.stem}")
    return dict(sorted(_RULES.items()))


@cache
def rules() -> Mapping[str, Rule]:
    """The rules in force, by id, sorted: in a checkout, those with a fixture that passes and one that fails. A rule
    that nobody has proved does not load; the tests name it."""
    declared = declared_rules()
    if not FIXTURES.is_dir():
        return declared
    return {name: rule for name, rule in declared.items() if _outcomes(FIXTURES / name) == _OUTCOMES}


def _outcomes(folder: Path) -> set[str]:
    try:
        names = [entry.name for entry in os.scandir(folder)]
    except OSError:
        return set()
    return {name.partition(".")[0] for name in names if name.endswith(".yaml")}
