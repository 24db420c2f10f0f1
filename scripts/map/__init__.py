"""Show the fleet as it stands, on one page that works offline: clusters, pools, models, who routes to whom, free GPUs,
versions.

The same page as that of a review, without a comparison.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.project import Project

FORMATS = ("html", "text", "json")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's own arguments."""
    parser.add_argument("--format", choices=FORMATS, default="text", help="what is written (default: text)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of standard output")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the page too")


def run(options: argparse.Namespace, project: Project) -> int:
    """Write the map."""
    from scripts.map import write
    from scripts.map.fleet import fleet
    from scripts.review import save
    from scripts.terminal import harmless

    found = fleet(project)
    if options.html:
        save(options.html, write.page(found))
    text = {"html": write.page, "text": write.text, "json": write.as_json}[options.format](found)
    if options.output or options.format != "text":
        sys.stderr.write(harmless("".join(f"note: {note}\n" for note in found.notes)))
    if options.output:
        save(options.output, text)
    else:
        sys.stdout.write(text)
    return 0
