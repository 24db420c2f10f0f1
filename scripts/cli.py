"""The command line: finds the verb, runs it, prints what went wrong.

A verb is a module of this package with ``arguments(parser)`` and ``run(options, project) -> exit code``; its
docstring is what ``inferstack <verb> --help`` says. It is imported when it is called, so that help and shell
completion stay fast.

Exit codes: 0 done, 1 the input is wrong or something was found, 2 the command was used wrongly, 3 a fault of
this program.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from components.common.errors import InferstackError
from scripts.project import MisuseError, Project, find_project

VERBS = {
    "compile": "compile what changed, check it, and put it in place at once",
    "check": "prove that everything that is compiled can work",
    "explain": "say where a value comes from, and what a line of the inventory reaches",
    "rules": "list the rules of check, or explain one",
    "review": "say what a change does, why, and what follows",
    "map": "show the fleet as it stands: clusters, models, who routes to whom, free GPUs",
    "guard": "find what Kapitan would crash on or pass over in silence",
    "schemas": "get the CRDs of the operators that clusters declare, to check against",
    "schema": "write or check the JSON Schemas that editors complete the inventory from",
    "docs": "write or check the reference pages that are generated from the code",
    "new": "add a model, a target or a cluster to the inventory",
    "bench": "compile synthetic fleets and print what it costs",
}
"""What each verb does, in the order of ``--help``."""

DONE, FOUND, MISUSE, FAULT = 0, 1, 2, 3


class Verb(Protocol):
    """What the module of a verb offers."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the verb's own arguments."""

    def run(self, options: argparse.Namespace, project: Project) -> int:
        """Do it; returns the exit code. Raises InferstackError for a user's mistake."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; ``arguments`` default to those of the process."""
    # Where the shell sets RUST_BACKTRACE, reclass-rs walks the stack for every reference: a fifth of a compile.
    os.environ.setdefault("RUST_LIB_BACKTRACE", "0")
    # Or pydantic reads the metadata of every installed package, a tenth of the start.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    try:
        return _run(words)
    except InferstackError as error:
        if debug:
            traceback.print_exc()
        print(f"inferstack: {error}", file=sys.stderr)
        return MISUSE if isinstance(error, MisuseError) else FOUND
    except BrokenPipeError:  # the reader of a pipe has seen enough
        sys.stderr.close()
        return DONE
    except KeyboardInterrupt:
        print("inferstack: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        if debug:
            raise
        told = f"{type(error).__name__}: {error}".splitlines()[0]
        print(f"inferstack: a fault of inferstack, not of your input: {told}", file=sys.stderr)
        print("inferstack: please report it with what `--debug` prints", file=sys.stderr)
        return FAULT


def _run(words: list[str]) -> int:
    common = _common()
    top = argparse.ArgumentParser(
        prog="inferstack",
        parents=[common],
        description="Compiles, checks and explains the inference stacks of a fleet.",
        epilog=_verbs(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("verb", nargs="?", metavar="VERB", help="what to do; see below")
    top.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    asked = top.parse_args(words)
    if asked.verb is None:
        top.print_help()
        return MISUSE
    verb = _verb(asked.verb)
    parser = argparse.ArgumentParser(
        prog=f"inferstack {asked.verb}",
        parents=[common],
        description=sys.modules[f"scripts.{asked.verb}"].__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.arguments(parser)
    options = parser.parse_args(asked.rest, argparse.Namespace(**vars(asked)))
    return verb.run(options, find_project(getattr(options, "root", None)))


def _common() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    parser.add_argument(
        "--root", type=Path, metavar="DIR", help="the project; found from here upwards if absent"
    )
    parser.add_argument("--debug", action="store_true", help="show a traceback when something fails")
    return parser


def _verbs() -> str:
    width = max(map(len, VERBS))
    return "verbs:\n" + "\n".join(f"  {verb:{width}}  {what}" for verb, what in VERBS.items())


def _verb(name: str) -> Verb:
    if name not in VERBS:
        from components.facts.suggest import nearest

        near = nearest(name, sorted(VERBS))
        known = f"did you mean {near!r}?" if near else f"there are {', '.join(VERBS)}"
        raise MisuseError(f"unknown verb {name!r}; {known}")
    return cast(Verb, import_module(f"scripts.{name}"))


if __name__ == "__main__":
    sys.exit(main())
