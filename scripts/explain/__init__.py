"""Say where a value comes from, and what a line of the inventory reaches.

  inferstack explain eu-h100/llama-70b serving.tensorParallelSize
      the value, the line that set it, every value that it overrode
  inferstack explain eu-h100/llama-70b memory
      a computed value: its formula, its inputs and where they are set
  inferstack explain compiled/…/inferenceservice-llama-70b.yaml:42
  inferstack explain compiled/…/inferenceservice-llama-70b.yaml spec.predictor.model.args[3]
      the inventory values and lines that a compiled field comes from
  inferstack explain inventory/classes/models/llama-3-3-70b-instruct.yml:12
      the compiled fields, stacks and clusters that a line reaches

Nothing is written. Exit codes: 0 answered, 1 the inventory cannot be read, 2 there is no such thing.
"""

from __future__ import annotations

import argparse
import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.project import Project

FORMATS = ("text", "json")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's own arguments."""
    parser.add_argument(
        "what", metavar="WHAT", help="<cluster>/<stack>, a compiled file[:line], or an inventory file:line"
    )
    parser.add_argument(
        "key",
        nargs="?",
        default="",
        metavar="KEY",
        help="a key of the stack, or a field of the compiled file",
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="how it is told (default: text)")


def run(options: argparse.Namespace, project: Project) -> int:
    """Answer one question."""
    from scripts.explain import as_json, as_text
    from scripts.explain.question import answer
    from scripts.project import MisuseError
    from scripts.terminal import harmless

    # Many small objects live as long as the run: looking for cycles among them is a third of its time.
    gc.set_threshold(100_000, 50, 100)
    try:
        found = answer(project, options.what, options.key)
    except MisuseError as error:  # it may quote what was asked
        raise MisuseError(harmless(str(error))) from None
    sys.stdout.write(as_json.write(found) if options.format == "json" else as_text.write(found))
    gc.freeze()  # or Python looks at all of them once more when it ends
    return 0
