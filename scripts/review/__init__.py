"""Say what a change does, why, and what follows, before it is merged.

Compares two revisions (default: where the working tree left the main branch, and the working tree itself) and reads the
base from git: nothing is checked out, and the base is not compiled. Every changed field is told with the line of the
inventory that changes it; consequences, the GPU ledger and a verdict follow. It is advice, not a gate.

Exit codes: 0 done, whatever the verdict; 2 misuse: an unknown revision, a shallow clone, an unfinished merge.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import re
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.project import MisuseError, Project

if TYPE_CHECKING:
    from scripts.review.change import Change

FORMATS = {"text": "text", "markdown": "markdown", "html": "page", "json": "as_json"}
"""Formats, and the module that writes each."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's own arguments."""
    parser.add_argument(
        "base", nargs="?", metavar="BASE", help="the revision to compare with (default: the merge base)"
    )
    parser.add_argument(
        "head", nargs="?", metavar="HEAD", help="the revision to look at (default: the working tree)"
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="what is written (default: text)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of standard output")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write the comment for a pull request too"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the page too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the JSON too")
    parser.add_argument(
        "--page-url", default="", metavar="URL", help="where the page can be read, for links to it"
    )
    parser.add_argument(
        "--source-url",
        default="",
        metavar="URL",
        help="where the head's files can be read, for links in the page",
    )
    parser.add_argument(
        "--main", action="append", metavar="BRANCH", help="the main branch (default: origin/main, main, …)"
    )
    parser.add_argument(
        "--date", metavar="YYYY-MM-DD", help="the day that waivers are held against (default: today)"
    )


def run(options: argparse.Namespace, project: Project) -> int:
    """Write the review; 0 whatever it says."""
    from scripts.review.build import build
    from scripts.review.git import MAIN
    from scripts.review.load import pair

    gc.disable()  # two trees live until the end: looking for garbage among them is a third of the time
    date = day(options.date)
    urls = {"markdown": address(options.page_url), "html": address(options.source_url)}
    with pair(project, options.base, options.head, options.main or MAIN) as both:
        change = build(both, date)
    for name, path in (("markdown", options.markdown), ("html", options.html), ("json", options.json)):
        if path:
            save(path, _write(name, urls)(change))
    text = _write(options.format, urls)(change)
    if options.output:
        save(options.output, text)
    else:
        sys.stdout.write(text)
    gc.freeze()  # or Python looks at all of them once more when it ends
    return 0


def _write(name: str, urls: Mapping[str, str]) -> Callable[[Change], str]:
    module = import_module(f"scripts.review.{FORMATS[name]}")
    if name in urls:
        return lambda change: str(module.write(change, urls[name]))
    found: Callable[[Change], str] = module.write
    return found


def address(text: str) -> str:
    """An address for links, without a slash at its end. Raises MisuseError."""
    if text and not re.fullmatch(r"https?://[^\s<>\"`|]+", text):
        raise MisuseError(f"{text!r} is no address; write https://…")
    return text.rstrip("/")


def day(text: str | None) -> datetime.date:
    """A day, today if none is given. Raises MisuseError."""
    if text is None:
        return datetime.datetime.now(datetime.UTC).date()
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise MisuseError(f"--date {text}: no such day; write YYYY-MM-DD") from None


def save(path: Path, text: str) -> None:
    """Write a file. Raises MisuseError."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MisuseError(f"{path}: {error.strerror or error}") from None
