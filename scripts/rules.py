"""List the rules of `inferstack check`, or explain one: why, examples that fail, the fix, where it comes from."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from components.facts.suggest import nearest
from scripts.check.docs import examples, explanation, listing
from scripts.check.rule import Rule, rules
from scripts.project import MisuseError, Project


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's own arguments."""
    parser.add_argument("rule", nargs="?", metavar="ID", help="the rule to explain; all are listed if absent")
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="how it is told (default: text)"
    )


def run(options: argparse.Namespace, project: Project) -> int:
    """Print what was asked for."""
    if options.rule is not None and options.rule not in rules():
        near = nearest(options.rule, rules())
        hint = f"did you mean {near!r}?" if near else "`inferstack rules` lists them"
        raise MisuseError(f"there is no rule {options.rule!r}; {hint}")
    wanted = [rules()[options.rule]] if options.rule else list(rules().values())
    if options.format == "json":
        records = [record(project.root, rule) for rule in wanted]
        text = json.dumps(records[0] if options.rule else records, indent=1, ensure_ascii=False) + "\n"
    else:
        text = explanation(project.root, wanted[0]) if options.rule else listing()
    sys.stdout.write(text)
    return 0


def record(root: Path, rule: Rule) -> dict[str, Any]:
    """A rule as plain data."""
    return {
        "id": rule.id,
        "topic": rule.topic,
        "title": rule.title,
        "level": rule.level,
        "environments": dict(rule.relaxed),
        "consequence": rule.why,
        "remedy": rule.fix,
        "source": rule.source,
        "scope": rule.scope,
        "kinds": list(rule.kinds),
        "waivable": rule.waivable,
        "failures": [{"about": one.about, "message": one.message} for one in examples(root, rule)],
    }
