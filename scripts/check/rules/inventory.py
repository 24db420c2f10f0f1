"""The inventory itself: what the guard finds in its files and settings, one rule a kind of problem, and what
the strict parameter models and the compiler refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from components.common.errors import Mistake
from components.inventory.problem import Problem
from scripts.check.model import Hit, Level, Place
from scripts.check.rule import rule
from scripts.check.stage import InventoryView

_YAML = (
    "reclass-rs refuses the file or reads it in another way than every other tool, and Kapitan names no file."
)
_SILENT = "reclass and Kapitan pass over it in silence, so what was written has no effect."
_RENDER = "The target cannot be rendered, and reclass-rs does not say which file is to blame."
_CRASH = "reclass-rs overflows its stack, and Kapitan ends without a word."
_NAME = (
    "Kapitan takes a dot for a folder and reclass-rs lists hidden files: targets get other names or vanish."
)
_SETTINGS = "`kapitan compile` gives another tree than the one that is committed, or fails with a traceback."
_HIDES = "The value stands elsewhere than where it is used, so that nobody can say what a line changes."


class _Kind(NamedTuple):
    """A kind of problem that the guard knows by ``guard``."""

    guard: str
    title: str
    why: str
    fix: str
    level: Level = "error"


_KINDS = (
    _Kind("yaml-syntax", "Every file of the inventory is YAML.", _YAML, "Correct the syntax."),
    _Kind("yaml-mapping", "Every file of the inventory is a mapping.", _YAML, "Start it with `classes:`."),
    _Kind("yaml-documents", "A file holds one document.", _YAML, "Remove what follows the first `---`."),
    _Kind("yaml-directive", "A file has no `%` directive.", _YAML, "Remove the directive."),
    _Kind("yaml-encoding", "A file is UTF-8.", _YAML, "Save the file as UTF-8."),
    _Kind("yaml-tag", "A value has no tag.", _YAML, "Remove the tag; quote the value if it is text."),
    _Kind("yaml-anchor", "A file has no anchor and no alias.", _HIDES, "Share values through a class."),
    _Kind("yaml-merge-key", "A file has no merge key `<<`.", _HIDES, "Share keys through a class."),
    _Kind("yaml-depth", "A file does not nest deeper than any parameter.", _CRASH, "Flatten the data."),
    _Kind("yaml-size", "A file is not larger than an inventory needs.", _YAML, "Split the file."),
    _Kind("duplicate-key", "A key stands once in its mapping.", _YAML, "Remove one of the two."),
    _Kind("key-type", "A key is text.", _YAML, "Quote the key."),
    _Kind("key-name", "A key has a name after its operator.", _YAML, "Name the key."),
    _Kind("top-level-key", "A file has the sections that reclass knows.", _SILENT, "Correct the section."),
    _Kind("section-type", "`classes` is a list and `parameters` a mapping.", _YAML, "Correct the section."),
    _Kind(
        "ambiguous-scalar",
        "A value is the same to YAML 1.1 and 1.2.",
        _YAML,
        "Quote it, or write true or false.",
    ),
    _Kind("number-range", "A number fits 64 bits.", _CRASH, "Quote it if it is text."),
    _Kind("number-version", "A version is quoted.", "`1.10` is the number 1.1.", "Quote it.", "warning"),
    _Kind("inventory-query", "A value holds no inventory query.", _YAML, "Write `\\$[` for the characters."),
    _Kind("class-entry", "An entry of `classes` is a name.", _RENDER, "Write a name."),
    _Kind(
        "class-unknown",
        "Every class that is included exists.",
        _RENDER,
        "Correct the name, or add the class.",
    ),
    _Kind("class-cycle", "No class includes itself.", _CRASH, "Remove one of the includes."),
    _Kind("class-depth", "Classes do not nest endlessly.", _CRASH, "Include them side by side."),
    _Kind(
        "class-reference",
        "A reference in a class name resolves.",
        _RENDER,
        "Set the key in an earlier class.",
    ),
    _Kind("class-twice", "A class is included once in a file.", _SILENT, "Remove one of the two.", "warning"),
    _Kind(
        "class-unused",
        "Every class is in a target.",
        "Nothing shows that it is wrong.",
        "Use or remove it.",
        "warning",
    ),
    _Kind(
        "reference-dangling",
        "Every reference leads to a key.",
        _RENDER,
        "Set the key, or correct the reference.",
    ),
    _Kind(
        "reference-syntax",
        "A reference is well formed.",
        _RENDER,
        "Write `${a:b}`, or `\\${` for the characters.",
    ),
    _Kind(
        "reference-type",
        "A reference leads to a value of the right type.",
        _RENDER,
        "Reference one of its values.",
    ),
    _Kind("reference-loop", "No reference ends in itself.", _RENDER, "Set one of the keys."),
    _Kind(
        "reference-depth",
        "References do not lead endlessly from one to the next.",
        _RENDER,
        "Reference the value.",
    ),
    _Kind(
        "reference-size", "References expand to what a stack can hold.", _CRASH, "Do not nest the reference."
    ),
    _Kind("constant-overwritten", "A constant (`=key`) is set once.", _RENDER, "Set it in one place."),
    _Kind(
        "merge-type",
        "A key has the same type in every class of a target.",
        _RENDER,
        "Use one type, or `~key`.",
    ),
    _Kind(
        "layout-missing",
        "The inventory has targets and classes.",
        "Nothing would compile.",
        "Create the folder.",
    ),
    _Kind("file-unreadable", "Every file of the inventory can be read.", _RENDER, "Check its permissions."),
    _Kind(
        "link-escape",
        "No link leaves the inventory.",
        "A checkout elsewhere lacks it.",
        "Replace the link by the file.",
    ),
    _Kind("name-slug", "A file name is a slug.", _NAME, "Rename it: a-z, 0-9 and `-`."),
    _Kind("name-hidden", "No file of the inventory is hidden.", _NAME, "Rename or remove it."),
    _Kind("name-suffix", "A file of the inventory ends in `.yml`.", _SILENT, "Rename it to `.yml`."),
    _Kind("name-collision", "A class or target has one file.", _SILENT, "Keep one of the two files."),
    _Kind("target-depth", "A target is `targets/<cluster>/<stack>.yml`.", _NAME, "Move the file."),
    _Kind(
        "cluster-target",
        "A cluster that has stacks has a target of its own.",
        "Nothing makes the namespaces and runtimes that the stacks need, and no Application syncs them.",
        "Write `targets/<cluster>/cluster.yml` with the classes `clusters.<cluster>` and `stacks.cluster`.",
    ),
    _Kind(
        "class-name",
        "A class states the name that its file is called after.",
        "Stacks that include it get the facts, or the policy, of something else.",
        "Give both the same name.",
    ),
    _Kind(
        "target-plumbing",
        "A target tells Kapitan to compile this project's components.",
        "Kapitan compiles nothing for the target, or something else, and says nothing.",
        "Include `stacks.stack`, or `stacks.cluster`.",
    ),
    _Kind(
        "settings-missing",
        "`.kapitan` holds settings.",
        _SETTINGS,
        "Write `version`, `global` and `compile`.",
    ),
    _Kind(
        "settings-version", "`.kapitan` names the version that is locked.", _SETTINGS, "Correct the version."
    ),
    _Kind(
        "settings-key",
        "`.kapitan` holds only keys that Kapitan reads.",
        _SILENT,
        "Correct or remove the key.",
    ),
    _Kind("settings-value", "`.kapitan` sets what decides the output.", _SETTINGS, "Correct the value."),
    _Kind("settings-reclass", "Nothing changes how the inventory is read.", _SETTINGS, "Remove the file."),
)
_KNOWN = frozenset(kind.guard for kind in _KINDS)


def _problems_of(guard: str) -> Callable[[InventoryView], Iterator[Hit]]:
    def check(view: InventoryView) -> Iterator[Hit]:
        return (_hit(problem) for problem in view.problems if problem.rule == guard)

    check.__qualname__ = f"inventory_{guard}"
    return check


def _hit(problem: Problem) -> Hit:
    place = Place(problem.file, problem.line, problem.column)
    return Hit(
        "", "", problem.message, fix=problem.remedy, place=place, chain=problem.chain, level=problem.level
    )


def _declare(kind: _Kind) -> None:
    check = _problems_of(kind.guard)
    check.__doc__ = kind.title
    rule(
        f"inventory-{kind.guard.removeprefix('inventory-')}",
        scope="inventory",
        why=kind.why,
        fix=kind.fix,
        level=kind.level,
        source="compilers.md 1D; kapitan.md 4 and 7",
    )(check)


for _kind in _KINDS:
    _declare(_kind)


@rule(
    "inventory-sound",
    scope="inventory",
    why=_RENDER,
    fix="See the message.",
    source="kapitan.md 4",
)
def sound(view: InventoryView) -> Iterator[Hit]:
    """The inventory has no problem that no other rule of this table names."""
    return (_hit(problem) for problem in view.problems if problem.rule not in _KNOWN)


@rule(
    "inventory-parameters",
    scope="inventory",
    why="The compile stops: a key that no component reads, or a value that no component can use.",
    fix="Correct the key or the value.",
    source="design 4.4; inference-stacks.md 3.1",
)
def parameters(view: InventoryView) -> Iterator[Hit]:
    """Every parameter is known, has its type, and none is missing."""
    return (_mistake(target, mistake) for target, mistake in view.parameters)


@rule(
    "inventory-combinations",
    scope="inventory",
    why="The compile stops: the parameters are valid one by one and cannot work together.",
    fix="Change one of them.",
    source="design 4.4; inference-stacks.md 3.1",
)
def combinations(view: InventoryView) -> Iterator[Hit]:
    """The parameters of a target, and those of a cluster's stacks, can work together."""
    return (_mistake(target, mistake) for target, mistake in view.combinations)


def _mistake(target: str, mistake: Mistake) -> Hit:
    field = ".".join(str(part) for part in mistake.path)
    return Hit(mistake.target or target, field, mistake.message, fix=mistake.remedy, cause=mistake.path)


@rule(
    "tree-holds-clusters-only",
    scope="inventory",
    why="No Application syncs it, and whoever finds it takes it for something that is in force.",
    fix="Remove it, or write it elsewhere.",
    source="compilers.md 1E",
)
def tree_holds_clusters(view: InventoryView) -> Iterator[Hit]:
    """The compiled tree holds one folder a cluster, and nothing else."""
    return (Hit("", "", flaw.message, file=flaw.path, place=Place(flaw.path)) for flaw in view.strays)
