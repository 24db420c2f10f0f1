"""Whether the settings make a plain `kapitan compile` the right one: `.kapitan`, and no `reclass-config.yml`.

Kapitan 0.36.3 ignores unknown keys and keys in the wrong section without a word, checks no value, and fails
with a traceback on an empty file. Sections and keys are those that `from_dot_kapitan` reads in its `cli.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from components.inventory.node import Entry, MappingNode, Node, ScalarNode, child, plain_data
from components.inventory.problem import Problem, did_you_mean, quoted, sort_problems
from components.inventory.source import SourceFile, load

KAPITAN_VERSION: Final = "0.36.3"
FILE: Final = ".kapitan"
#: Read by Kapitan from the inventory folder and put over its own settings.
RECLASS_CONFIG: Final = "reclass-config.yml"

#: The keys of each section.
SECTIONS: Final[Mapping[str, frozenset[str]]] = {
    section: frozenset(keys.split())
    for section, keys in {
        "global": "mp-method compose-target-name",
        "inventory_backend": "inventory-backend migrate enable-class-wildcards",
        "compile": "search-paths jinja2-filters verbose prune quiet output-path fetch force-fetch force "
        "validate parallelism indent refs-path reveal embed-refs inventory-path inventory-pool-cache cache "
        "targets labels ignore-version-check use-go-jsonnet yaml-multiline-string-style "
        "yaml-dump-null-as-empty yaml-use-rapidyaml compose-node-name",
        "inventory": "target-name inventory-path flat pattern verbose indent multiline-string-style",
        "searchvar": "inventory-path verbose pretty-print",
        "refs": "update-targets validate-targets base64 binary reveal inventory-path recipients key "
        "vault-auth vault-mount vault-path vault-key refs-path verbose",
        "lint": "fail-on-warning skip-class-checks skip-yamllint search-secrets refs-path compiled-path "
        "inventory-path",
        "eval": "output vars search-paths",
        "validate": "schemas-path",
    }.items()
}
#: `global` gives any key to all sections that do not set it.
GLOBAL_KEYS: Final = frozenset().union(*SECTIONS.values())


class _Rule(NamedTuple):
    """A setting that decides what is compiled. Where it may be absent, Kapitan's default is right."""

    section: str
    key: str
    allowed: tuple[object, ...]
    may_be_absent: bool
    why: str


_RULES: Final = (
    _Rule("inventory_backend", "inventory-backend", ("reclass-rs",), False, "the inventory is YAML 1.2"),
    _Rule("global", "compose-target-name", (True,), False, "a target is <cluster>.<stack>"),
    _Rule("global", "mp-method", ("fork",), False, "each worker would import Kapitan again"),
    _Rule("compile", "use-go-jsonnet", (True,), False, "the C++ interpreter is many times slower"),
    _Rule("compile", "inventory-path", ("./inventory", "inventory"), True, "nothing else is checked"),
    _Rule("compile", "output-path", (".", "./"), True, "compiled/ is what Argo CD syncs"),
    _Rule("compile", "targets", ([],), True, "the other targets would not be compiled"),
    _Rule("compile", "labels", ([],), True, "the other targets would not be compiled"),
    _Rule("compile", "cache", (False,), True, "it serves output that is out of date"),
    _Rule("compile", "fetch", (False,), True, "a compile needs no network"),
    _Rule("compile", "force-fetch", (False,), True, "a compile needs no network"),
    _Rule("compile", "force", (False,), True, "a compile needs no network"),
    _Rule("compile", "reveal", (False,), True, "secrets never enter compiled/"),
    _Rule("compile", "yaml-use-rapidyaml", (False,), True, "it loses characters"),
    _Rule("compile", "ignore-version-check", (False,), True, "another Kapitan compiles other bytes"),
    _Rule("inventory_backend", "migrate", (False,), True, "it rewrites the inventory"),
    _Rule(
        "inventory_backend", "enable-class-wildcards", (False,), True, "a class would be included by accident"
    ),
)


def guard_settings(repo_root: Path | str) -> list[Problem]:
    """All problems of the settings of a repository. Never raises."""
    root = Path(repo_root).absolute()
    source = load(root / FILE, FILE)
    problems = [*source.problems, *_settings(source)]
    config = root / "inventory" / RECLASS_CONFIG
    if config.exists():
        message = "it changes how the inventory is read"
        problems.append(
            Problem(f"inventory/{RECLASS_CONFIG}", 0, 0, message, "remove it", "settings-reclass")
        )
    return sort_problems(problems)


def _settings(source: SourceFile) -> Iterator[Problem]:
    root = source.root
    if root is None and source.problems:
        return
    if not isinstance(root, MappingNode):
        message = "no settings: Kapitan fails on an empty file" if root is None else "not a mapping"
        yield Problem(FILE, 0, 0, message, "write `version:`, `global:` and `compile:`", "settings-missing")
        return
    yield from _version(root)
    for entry in root.entries.values():
        if entry.text != "version":
            yield from _section(entry)
    for rule in _RULES:
        yield from _rule(root, rule)


def _version(root: MappingNode) -> Iterator[Problem]:
    node = child(root, "version")
    if node is None:
        message = "`version` is not set"
        yield Problem(FILE, 1, 1, message, f"add `version: {KAPITAN_VERSION}`", "settings-version")
    elif not isinstance(node, ScalarNode) or node.text != KAPITAN_VERSION:
        message = f"`version` is {_shown(node)}"
        remedy = f"write `version: {KAPITAN_VERSION}`, the version that is locked"
        yield Problem(FILE, node.line, node.column, message, remedy, "settings-version")


def _section(entry: Entry) -> Iterator[Problem]:
    if entry.text not in SECTIONS:
        remedy = did_you_mean(entry.text, SECTIONS, "Kapitan ignores it: remove it")
        yield _problem(entry, f"unknown section {quoted(entry.text)}", remedy, "settings-key")
    elif not isinstance(entry.node, MappingNode):
        yield _problem(
            entry, f"section `{entry.text}` is not a mapping", "write `key: value` lines", "settings-key"
        )
    else:
        known = GLOBAL_KEYS if entry.text == "global" else SECTIONS[entry.text]
        for below in entry.node.entries.values():
            if below.text not in known:
                remedy = _home(below.text) or did_you_mean(below.text, known, "Kapitan ignores it: remove it")
                message = f"unknown key {quoted(below.text)} in section `{entry.text}`"
                yield _problem(below, message, remedy, "settings-key")


def _home(key: str) -> str | None:
    return "Kapitan reads it in `global`: move it there" if key in GLOBAL_KEYS else None


def _rule(root: MappingNode, rule: _Rule) -> Iterator[Problem]:
    entry = _entry(root, rule.section, rule.key) or _entry(root, "global", rule.key)
    wanted = plain_data(entry.node) if entry else None
    good = str(rule.allowed[0]).lower() if isinstance(rule.allowed[0], bool) else rule.allowed[0]
    if entry is None and not rule.may_be_absent:
        message = f"`{rule.key}` is not set: {rule.why}"
        yield Problem(FILE, 1, 1, message, f"write `{rule.key}: {good}` in `global`", "settings-value")
    elif entry is not None and not any(
        wanted is allowed or _equal(wanted, allowed) for allowed in rule.allowed
    ):
        message = f"`{rule.key}` is {_shown(entry.node)}: {rule.why}"
        yield _problem(entry, message, f"write `{rule.key}: {good}`", "settings-value")


def _equal(value: object, allowed: object) -> bool:
    return type(value) is type(allowed) and value == allowed


def _entry(root: MappingNode, section: str, key: str) -> Entry | None:
    node = child(root, section)
    return node.entries.get(key) if isinstance(node, MappingNode) else None


def _shown(node: Node) -> str:
    if isinstance(node, ScalarNode):
        return quoted(node.text if node.plain else f'"{node.text}"')
    return quoted(plain_data(node))


def _problem(entry: Entry, message: str, remedy: str, rule: str) -> Problem:
    return Problem(FILE, entry.line, entry.column, message, remedy, rule)
