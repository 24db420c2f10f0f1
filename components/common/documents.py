"""Prose rendered from ``templates/`` with Jinja: runbooks and fragments that Argo CD never syncs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def cell(value: object) -> str:
    """A value in a Markdown table or sentence: one line, without what Markdown takes for a table or for HTML."""
    text = " ".join(str(value).split())
    for character, shown in (("&", "&amp;"), ("<", "&lt;"), ("|", "\\|"), ("`", "'")):
        text = text.replace(character, shown)
    return text


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown and YAML, never HTML
    )
    environment.filters["cell"] = cell
    return environment


def load_templates() -> Iterator[None]:
    """Loads the templates of the documents, one at each step, for whoever has time before there is one to write."""
    for name in _environment().list_templates(filter_func=_is_document):
        _environment().get_template(name)
        yield


def _is_document(name: str) -> bool:
    return name.endswith(".md.j2") and not name.startswith(("docs/", "scaffold/"))


def render(template: str, **values: Any) -> str:
    """The text of ``templates/<template>``. Raises jinja2.UndefinedError for a name that is not given."""
    return _environment().get_template(template).render(**values)
