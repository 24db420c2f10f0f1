r"""Add a model, a target or a cluster to the inventory: files with the facts given. No file is overwritten.

inferstack new model llama-3-1-8b-instruct --model-name meta-llama/Llama-3.1-8B-Instruct \
      --uri hf://meta-llama/Llama-3.1-8B-Instruct --size-gib 15 --max-context 131072
inferstack new target eu-h100/llama-8b --model llama-3-1-8b-instruct
inferstack new cluster us-h100 --like eu-h100 --pool h100=h100-sxm:6
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from types import ModuleType

from scripts.project import MisuseError, Project
from scripts.scaffold import cluster, model, target
from scripts.scaffold.plan import Plan

KINDS: Mapping[str, ModuleType] = {"model": model, "target": target, "cluster": cluster}


def arguments(parser: argparse.ArgumentParser) -> None:
    """One sub-command a kind of file."""
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    for name, module in KINDS.items():
        summary = str(module.__doc__).partition(": ")[2].rstrip(".\n")
        module.arguments(
            kinds.add_parser(name, help=summary, description=f"{summary[:1].upper()}{summary[1:]}.")
        )


def run(options: argparse.Namespace, project: Project) -> int:
    """Write the files and say what comes next."""
    plan: Plan = KINDS[options.kind].plan(options, project)
    existing = [path for path in plan.files if (project.root / path).exists()]
    if existing:
        raise MisuseError(f"{', '.join(existing)} exists already; choose another name, or edit the file")
    for path, text in plan.files.items():
        (project.root / path).parent.mkdir(parents=True, exist_ok=True)
        (project.root / path).write_text(text, encoding="utf-8")
        print(f"wrote {path}")
    print("next:")
    for step in plan.next_steps:
        print(f"  - {step}")
    return 0
