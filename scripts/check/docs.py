"""What is told about rules, in the terminal and in docs/rules.md: from the registry, examples from the fixtures."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scripts.check.rule import Rule, rules

FIXTURES = Path("tests") / "checks"
WIDTH = 100
_LEVELS = {"error": "", "warning": " (warning)", "note": " (note)"}


@dataclass(frozen=True, slots=True)
class Example:
    """A case in which a rule finds something, or does not."""

    about: str
    """What somebody did."""
    message: str
    """What the rule says; empty for a case that passes."""
    change: str
    """The change that leads to it, as YAML."""


def examples(root: Path, rule: Rule, outcome: str = "failure") -> list[Example]:
    """The fixtures of a rule in a checkout: ``failure`` or ``success``; none where there are no tests."""
    found = []
    for path in sorted((root / FIXTURES / rule.id).glob(f"{outcome}.*.yaml")):
        text = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) or {}
        case = path.stem.partition(".")[2].replace("-", " ")
        found.append(Example(text.get("about") or case, _message(text), _change(text)))
    return found


def _message(text: dict[str, Any]) -> str:
    expected = text.get("expect") or [{}]
    one = expected[0]
    about = " ".join(part for part in (one.get("object") or one.get("target"), one.get("field")) if part)
    return ": ".join(part for part in (about, str(one.get("message", ""))) if part)


def _change(text: dict[str, Any]) -> str:
    keys = ("inventory", "declared", "objects", "files", "links", "date")
    shown = {key: text[key] for key in keys if text.get(key)}
    return yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=WIDTH) if shown else ""


def listing() -> str:
    """All rules by topic, one line each."""
    lines: list[str] = []
    for topic, own in topics().items():
        lines.append(f"{topic}:")
        width = max(len(rule.id) for rule in own)
        lines.extend(f"  {rule.id:{width}}  {rule.level:7}  {rule.title}" for rule in own)
    return "\n".join([*lines, f"{len(rules())} rules; `inferstack rules <id>` explains one"]) + "\n"


def topics() -> dict[str, list[Rule]]:
    """The rules by topic, both sorted."""
    found: dict[str, list[Rule]] = {}
    for rule in rules().values():
        found.setdefault(rule.topic, []).append(rule)
    return dict(sorted(found.items()))


def explanation(root: Path, rule: Rule) -> str:
    """Everything about one rule: what must hold, why, an example that fails, the fix, where it comes from."""
    lines = [f"{rule.id}{_LEVELS[rule.level]}", *_wrapped(rule.title), ""]
    lines += _wrapped(f"Otherwise: {rule.why}")
    lines += _wrapped(f"Fix: {rule.fix}")
    lines += _wrapped(f"Source: {rule.source}")
    for environment, level in sorted(rule.relaxed.items()):
        lines += _wrapped(f"In {environment}: {level}.")
    if not rule.waivable:
        lines += _wrapped("It cannot be waived: the compiler or the check itself needs it.")
    lines += _examples(root, rule)
    return "\n".join(lines) + "\n"


def _examples(root: Path, rule: Rule) -> Iterator[str]:
    found = examples(root, rule)
    if found:
        yield ""
        yield "Fails:"
    for one in found:
        yield from textwrap.wrap(f"- {one.about}", WIDTH, initial_indent="  ", subsequent_indent="    ")
        yield from textwrap.wrap(one.message, WIDTH, initial_indent="    → ", subsequent_indent="      ")
    if found and found[0].change:
        yield ""
        yield "The first, as a change:"
        yield textwrap.indent(found[0].change.rstrip(), "    ")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


def page(root: Path) -> str:
    """docs/rules.md."""
    count = len(rules())
    lines = [
        "# Rules of `inferstack check`",
        "",
        f"{count} rules are in force. This page is made from them (`make docs`); `inferstack rules <id>` shows one",
        "with an example as a change. How levels, environments and waivers work: [check.md](check.md).",
        "",
    ]
    for topic, own in topics().items():
        lines += [f"## {topic.replace('_', ' ').capitalize()}", ""]
        for rule in own:
            lines += _section(root, rule)
    return "\n".join(lines).rstrip() + "\n"


def _section(root: Path, rule: Rule) -> list[str]:
    relaxed = "".join(f", {level} in {environment}" for environment, level in sorted(rule.relaxed.items()))
    lines = [
        f"### `{rule.id}`",
        "",
        f"{rule.title} *({rule.level}{relaxed})*",
        "",
        f"- Otherwise: {rule.why}",
        f"- Fix: {rule.fix}",
        f"- Source: {rule.source}",
    ]
    for one in examples(root, rule):
        says = f" → {_code(one.message)}" if one.message else ""
        lines.append(f"- Fails: {one.about}{says}")
    return [*lines, ""]


def _code(text: str) -> str:
    """``text`` as inline code, whatever backquotes it holds."""
    one_line = " ".join(text.split())
    return f"`` {one_line} ``" if "`" in one_line else f"`{one_line}`"
