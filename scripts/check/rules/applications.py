"""Argo CD: every compiled object is synced, once, by an Application whose project permits it."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.check.applications import (
    ROOT_FOLDER,
    Synced,
    admits_destination,
    admits_kind,
    admits_source,
)
from scripts.check.fleet import ClusterView
from scripts.check.graph import Edge, complaint
from scripts.check.model import Hit, Obj
from scripts.check.rule import rule

_CAUSE = ("cluster", "argocd")


def _project(application: Obj, view: ClusterView) -> Obj | None:
    found = view.find("AppProject", application.namespace, application.text("spec.project"))
    return found if found is not None and found.origin == "compiled" else None


@rule(
    "application-path-exists",
    scope="cluster",
    why='Argo CD reports "app path does not exist", and nothing of the Application is synced.',
    fix="Correct `cluster.argocd.pathPrefix`, or compile and commit what the Application is for.",
    source="serving.md 4.2; inference-stacks.md idea 1",
    cause=("cluster", "argocd", "pathPrefix"),
)
def path_exists(view: ClusterView) -> Iterator[Hit]:
    """The folder that an Application points to exists, and manifests lie in it."""
    for one in view.synced:
        if not one.objects:
            path = one.application.text("spec.source.path")
            recurse = (
                ""
                if one.application.flag("spec.source.directory.recurse")
                else " itself (it does not recurse)"
            )
            yield Hit(one.application, "spec.source.path", f"no manifest is compiled into {path}{recurse}")


@rule(
    "application-project-exists",
    kinds=("Application",),
    why='Argo CD reports "application references project which does not exist", and syncs nothing.',
    fix="Correct `cluster.argocd.project`.",
    source="serving.md 70; inference-stacks.md idea 1",
    cause=("cluster", "argocd", "project"),
)
def project_exists(application: Obj, view: ClusterView) -> Iterator[Hit]:
    """The AppProject of an Application exists beside it."""
    name = application.text("spec.project")
    edge = Edge(application, "spec.project", "AppProject", application.namespace, name)
    message = complaint(edge, view)
    if message and name != view.facts.argocd.root_project:
        yield Hit(application, "spec.project", message)


@rule(
    "project-admits-source",
    kinds=("Application",),
    why="Argo CD refuses the Application: its repository is not permitted.",
    fix="Let the project's `sourceRepos` hold the repository.",
    source="serving.md 70; argo-cd#970",
    cause=("cluster", "argocd", "repoUrl"),
)
def source_admitted(application: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Application's project permits its repository."""
    project = _project(application, view)
    if project and not admits_source(project, application):
        url = application.text("spec.source.repoURL")
        yield Hit(application, "spec.source.repoURL", f"{project.ref} does not permit {url}")


@rule(
    "project-admits-kinds",
    scope="cluster",
    why="Argo CD refuses the sync: a kind is not permitted in the project.",
    fix="Run `make compile`: the white list is computed from what is compiled.",
    source="serving.md 70; argo-cd#5540",
    cause=_CAUSE,
)
def kinds_admitted(view: ClusterView) -> Iterator[Hit]:
    """An Application's project permits every kind in its folder."""
    for one in view.synced:
        project = _project(one.application, view)
        for obj in _once_a_kind(one) if project else ():
            if project and not admits_kind(project, obj):
                scope = "namespaceResourceWhitelist" if obj.namespace else "clusterResourceWhitelist"
                what = f"{obj.group}/{obj.kind}" if obj.group else obj.kind
                yield Hit(
                    project, f"spec.{scope}", f"{what} is not listed, {one.application.ref} syncs {obj.ref}"
                )


def _once_a_kind(one: Synced) -> Iterator[Obj]:
    """The first namespaced object of each kind, and every cluster-scoped one: those are permitted by name."""
    seen: set[tuple[str, str]] = set()
    for obj in one.objects:
        if not obj.namespace:
            yield obj
        elif (obj.group, obj.kind) not in seen:
            seen.add((obj.group, obj.kind))
            yield obj


@rule(
    "project-admits-namespaces",
    scope="cluster",
    why="Argo CD refuses the sync: a namespace is not permitted in the project.",
    fix="Run `make compile`: the destinations are computed from what is compiled.",
    source="serving.md 70; argo-cd#4010",
    cause=_CAUSE,
)
def namespaces_admitted(view: ClusterView) -> Iterator[Hit]:
    """An Application's project permits every namespace that its objects go to."""
    for one in view.synced:
        project = _project(one.application, view)
        spaces = {obj.namespace or one.application.text("spec.destination.namespace") for obj in one.objects}
        for space in sorted(spaces) if project else ():
            if project and not admits_destination(project, one.application, space):
                message = f"{space} is not listed, {one.application.ref} syncs objects there"
                yield Hit(project, "spec.destinations", message)


@rule(
    "application-destination-declared",
    kinds=("Application",),
    why="The stack is synced to another cluster.",
    fix="Correct `cluster.argocd.destination`.",
    source="inference-stacks.md idea 1; serving.md 4.1",
    cause=("cluster", "argocd", "destination"),
)
def destination_declared(application: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Application syncs to the cluster whose folder it points to."""
    wanted = view.facts.argocd.destination
    name, server = application.text("spec.destination.name"), application.text("spec.destination.server")
    if (server if "://" in wanted else name) != wanted:
        field = "spec.destination"
        yield Hit(
            application,
            field,
            f"it syncs to {name or server or 'nowhere'}, {view.name} is {wanted} in Argo CD",
        )


@rule(
    "object-synced",
    scope="cluster",
    why="The object is reviewed and merged, and never applied.",
    fix="Run `make compile`: every folder has its Application, which includes and excludes no files.",
    source="inference-stacks.md idea 1",
    cause=_CAUSE,
)
def object_synced(view: ClusterView) -> Iterator[Hit]:
    """Every compiled object is synced by an Application; the Applications themselves by the root."""
    covered = {id(obj) for one in view.synced for obj in one.objects}
    in_part = {_folder(obj) for one in view.synced for obj in one.objects}
    told: set[str] = set()
    for obj in view.objects:
        what = obj.path if _folder(obj) in in_part else _folder(obj)
        if id(obj) not in covered and not _folder(obj).endswith(f"/{ROOT_FOLDER}") and what not in told:
            told.add(what)
            yield Hit(obj, "", f"no Application syncs {what}")


def _folder(obj: Obj) -> str:
    return obj.path.rpartition("/")[0]


@rule(
    "object-synced-once",
    scope="cluster",
    why="Two Applications own the object: each reports the other's change as drift, and either prunes it.",
    fix="Let each folder belong to one Application.",
    source="serving.md 69; argo-cd#2600, argo-cd#15467",
    cause=_CAUSE,
)
def object_synced_once(view: ClusterView) -> Iterator[Hit]:
    """No folder is synced by two Applications."""
    first: dict[int, Synced] = {}
    told: set[tuple[str, str]] = set()
    for one in view.synced:
        for obj in one.objects:
            other = first.setdefault(id(obj), one)
            if other is not one and (one.path, other.path) not in told:
                told.add((one.path, other.path))
                message = f"{obj.path.rpartition('/')[0]} is also synced by {other.application.ref}"
                yield Hit(one.application, "spec.source.path", message)


@rule(
    "ignored-difference-exists",
    scope="cluster",
    level="warning",
    why="What should be ignored is not, and the Application is out of sync for ever.",
    fix="Correct group, kind, name or namespace.",
    source="serving.md 4.6; inference-stacks.md idea 12",
    cause=_CAUSE,
)
def ignored_exists(view: ClusterView) -> Iterator[Hit]:
    """An entry of ignoreDifferences is about an object that its Application syncs."""
    for one in view.synced:
        for entry in one.application.each("spec.ignoreDifferences[]"):
            wanted = (entry.text("group"), entry.text("kind"))
            name, space = entry.text("name"), entry.text("namespace")
            if not any(
                (obj.group, obj.kind) == wanted and name in ("", obj.name) and space in ("", obj.namespace)
                for obj in one.objects
            ):
                told = " ".join(filter(None, (entry.text("kind"), "/".join(filter(None, (space, name))))))
                yield Hit(one.application, entry.field, f"it syncs no {told}")
