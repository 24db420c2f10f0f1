"""Write the reference pages that are made from the code, or check that they are fresh.

docs/parameters.md lists every inventory key with its type, default and meaning, docs/rules.md every rule of
`inferstack check`.
"""

from __future__ import annotations

import argparse
import sys

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from components.inventory.problem import render_problems
from scripts import reference
from scripts.check import docs as check_docs
from scripts.fragments import home
from scripts.generated import Generated, stale, write
from scripts.project import Project


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's own arguments."""
    parser.add_argument("--check", action="store_true", help="write nothing, report what is stale")


def run(options: argparse.Namespace, project: Project) -> int:
    """Write the pages, or check them."""
    pages_now = pages(project)
    if not options.check:
        write(project, pages_now)
        return 0
    found = list(stale(project, pages_now))
    if found:
        print(render_problems(found), file=sys.stderr)
    return 1 if found else 0


def pages(project: Project) -> Generated:
    """The text of every page."""
    parameters = _environment(project).get_template("docs/parameters.md.j2")
    return {
        "docs/parameters.md": parameters.render(sections=reference.sections(), types=reference.named_types()),
        "docs/rules.md": check_docs.page(project.root),
    }


def _environment(project: Project) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(project.templates),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown, never HTML
    )
    environment.filters["cell"] = reference.cell
    environment.filters["home"] = home
    return environment
