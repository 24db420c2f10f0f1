"""The files of the compiled tree: each one object, in the place that its name says, of a target that
exists."""

from __future__ import annotations

from collections.abc import Iterator

from components.common.place import file_name
from components.facts.suggest import did_you_mean
from scripts.check.model import Hit, Place
from scripts.check.read import Flaw, Trouble
from scripts.check.rule import rule
from scripts.check.tree import TreeView

COMPILE = "Run `make compile` and commit the result."


def _flaws(view: TreeView, *troubles: Trouble) -> Iterator[Hit]:
    for flaw in view.tree.flaws:
        if flaw.trouble in troubles:
            yield _hit(view, flaw)


def _hit(view: TreeView, flaw: Flaw) -> Hit:
    return Hit(view.target, "", flaw.message, file=flaw.path, place=Place(flaw.path, flaw.line))


@rule(
    "file-is-one-object",
    scope="tree",
    why="Argo CD refuses the whole Application, or applies something else than what was reviewed.",
    fix=COMPILE,
    source="serving.md 77; kapitan.md 4",
)
def is_one_object(view: TreeView) -> Iterator[Hit]:
    """A compiled file is strict YAML of one object: no duplicate key, anchor, tag or second document."""
    yield from _flaws(view, "yaml", "unreadable")


@rule(
    "file-is-no-link",
    scope="tree",
    why="Argo CD refuses links that leave the repository, and a link shows another file than the one reviewed.",
    fix="Replace the link by the file: run `make compile`.",
    source="serving.md 4.2; argo-cd out-of-bounds symlinks",
)
def is_no_link(view: TreeView) -> Iterator[Hit]:
    """Nothing in the compiled tree is a symbolic link."""
    yield from _flaws(view, "link")


@rule(
    "file-is-a-manifest",
    scope="tree",
    why="Argo CD takes a folder with a Chart.yaml or kustomization.yaml for another tool's, or ignores the file.",
    fix="Remove it: whatever no component compiles has no place there.",
    source="serving.md 77",
)
def is_a_manifest(view: TreeView) -> Iterator[Hit]:
    """A folder that Argo CD syncs holds manifests only."""
    yield from _flaws(view, "stranger")


@rule(
    "file-names-its-object",
    scope="tree",
    why="Whoever looks for the object does not find it, and the next compile leaves a second copy beside it.",
    fix=COMPILE,
    source="design 2; compilers.md 3.8",
)
def names_its_object(view: TreeView) -> Iterator[Hit]:
    """A compiled file is called `<kind>-<name>.yaml` after its object, which has API version, kind and name."""
    for obj in view.tree.objects:
        if not (obj.text("apiVersion") and obj.kind and obj.name):
            yield Hit(obj, "", "it lacks apiVersion, kind or metadata.name")
            continue
        expected = file_name(obj.kind, obj.name)
        found = obj.path.rpartition("/")[2]
        if found != expected:
            yield Hit(obj, "metadata.name", f"the file is called {found}, not {expected}")


@rule(
    "file-of-a-target",
    scope="tree",
    why="What no target compiles is what somebody forgot to delete, and Argo CD keeps it running.",
    fix="Run `make compile`, which removes it, or bring the target back.",
    source="design 2; compilers.md 1E",
)
def of_a_target(view: TreeView) -> Iterator[Hit]:
    """Every folder of the compiled tree belongs to a target of the inventory."""
    for target in sorted(view.tree.targets - view.targets):
        path = f"compiled/{target.replace('.', '/')}"
        hint = did_you_mean(target, view.targets)
        yield Hit(target, "", f"the inventory has no target {target}{hint}", file=path, place=Place(path))


@rule(
    "target-is-compiled",
    scope="tree",
    why="The inventory promises something that no cluster gets.",
    fix=COMPILE,
    source="design 2; compilers.md 1E",
)
def is_compiled(view: TreeView) -> Iterator[Hit]:
    """Every target of the inventory has its folder in the compiled tree."""
    for target in sorted(view.targets - view.tree.targets):
        yield Hit(target, "", f"there is no compiled/{target.replace('.', '/')}")


@rule(
    "object-once-a-cluster",
    scope="tree",
    why="Two Applications, or two files of one, undo each other's changes for ever.",
    fix="Give one of them another name or namespace.",
    source="serving.md 68, 69; argo-cd#2600, argo-cd#6077",
)
def once_a_cluster(view: TreeView) -> Iterator[Hit]:
    """An object (group, kind, namespace, name) is compiled once a cluster."""
    for key, objects in view.by_key.items():
        for other in objects[1:] if key.kind and key.name else ():
            yield Hit(other, "metadata.name", f"{other.ref} is also in {objects[0].path}")
