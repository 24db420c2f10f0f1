"""Write the JSON Schemas that editors complete and check the inventory with, or check both.

Without options the schemas are written to docs/schemas/, one for each folder of the inventory;
.vscode/settings.json names them for the YAML language server. With --check nothing is written: every file
of the inventory is held against the schema of its folder, and the written schemas against the code.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator

from jsonschema import Draft7Validator

from components.inventory.inventory import Inventory
from components.inventory.layout import Unit
from components.inventory.problem import Problem, render_problems
from scripts.fragment_errors import problems_of
from scripts.fragments import FOLDERS, fragment
from scripts.generated import Generated, stale, write
from scripts.project import Project

FOLDER = "docs/schemas"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's own arguments."""
    parser.add_argument("--check", action="store_true", help="write nothing, report what is wrong")


def run(options: argparse.Namespace, project: Project) -> int:
    """Write the schemas, or check them and the inventory."""
    if not options.check:
        write(project, schemas(), FOLDER)
        return 0
    found = [*stale(project, schemas(), FOLDER), *inventory_problems(Inventory(project.inventory))]
    if found:
        print(render_problems(found), file=sys.stderr)
    return 1 if found else 0


def schemas() -> Generated:
    """The schema of each folder."""
    return {f"{FOLDER}/{folder}.json": json.dumps(fragment(folder), indent=1) + "\n" for folder in FOLDERS}


def inventory_problems(inventory: Inventory) -> Iterator[Problem]:
    """What is wrong with each file of the inventory by itself."""
    validators = {folder: Draft7Validator(fragment(folder)) for folder in FOLDERS}
    layout = inventory.layout
    yield from layout.problems
    for unit in layout.targets.values():
        yield from _file_problems(inventory, unit, validators["targets"])
    for unit in layout.classes.values():
        folder = unit.name.partition(".")[0]
        if folder in validators:
            yield from _file_problems(inventory, unit, validators[folder])
        else:
            known = ", ".join(sorted(validators.keys() - {"targets"}))
            yield Problem(unit.shown, 0, 0, f"no such axis: {folder}", f"classes lie in {known}", "folder")


def _file_problems(inventory: Inventory, unit: Unit, validator: Draft7Validator) -> Iterator[Problem]:
    source = inventory.source(unit)
    yield from source.problems
    if source.is_usable:
        yield from problems_of(source, validator)
