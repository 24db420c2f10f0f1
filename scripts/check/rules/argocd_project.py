"""Argo CD's project, which permits what is compiled and no more, and the documents that a person applies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.cluster.params import TARGET
from components.facts import argocd
from scripts.check.applications import admits_destination, matches
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.rule import rule
from scripts.check.text import TextError, document
from scripts.check.tree import TreeView

_CAUSE = ("cluster", "argocd")
_HEALTH = "docs/argocd-cm-health.yaml"
_ROOT = "docs/root-application.yaml"
_ROOT_FOLDER = "cluster/argocd"
_SCRIPT = "resource.customizations.health."
_APPLICATION = ("argoproj.io", "Application")
_MODEL = ("serving.kserve.io", "InferenceService")
_SILENT = frozenset(
    "PodMonitor ServiceMonitor PrometheusRule ServingRuntime ClusterServingRuntime InferenceObjective"
    " InferenceModelRewrite AgentgatewayParameters AppProject".split()
)
"""Kinds whose status says nothing: healthy at once is right for them."""
_NAMED = ("Namespace", "ClusterRole", "ClusterRoleBinding", "ClusterServingRuntime")


@rule(
    "project-permits-nothing-else",
    scope="cluster",
    level="warning",
    why="Whoever can write to the repository can apply more than this cluster's stacks need.",
    fix="Run `make compile`; what is on its way out belongs into `cluster.argocd.retiring`.",
    source="serving.md 70, 4.4; inference-stacks.md idea 19",
    cause=_CAUSE,
)
def nothing_else(view: ClusterView) -> Iterator[Hit]:
    """A project permits only kinds, namespaces and repositories that its Applications use."""
    retiring = view.facts.argocd.retiring
    for project in view.of("AppProject"):
        own = [one for one in view.synced if one.application.text("spec.project") == project.name]
        kinds = {(obj.group, obj.kind) for one in own for obj in one.objects if obj.namespace}
        named = {(obj.group, obj.kind, obj.name) for one in own for obj in one.objects if not obj.namespace}
        spaces = {obj.namespace for one in own for obj in one.objects if obj.namespace}
        spaces |= {one.application.text("spec.destination.namespace") for one in own}
        spaces |= {name for name, on in retiring.namespaces.items() if on}
        urls = {one.application.text("spec.source.repoURL") for one in own}
        for entry in project.each("spec.namespaceResourceWhitelist[]"):
            kind = (entry.text("group"), entry.text("kind"))
            if kind not in kinds and not _retires(kind, view):
                yield Hit(project, entry.field, f"nothing of {'/'.join(filter(None, kind))} is compiled")
        for entry in project.each("spec.clusterResourceWhitelist[]"):
            kind = (entry.text("group"), entry.text("kind"))
            pattern = entry.text("name", "*")
            used = any(one[:2] == kind and matches(pattern, one[2]) for one in named)
            if not used and not _retires(kind, view):
                yield Hit(project, entry.field, f"no {entry.text('kind')} called {pattern} is compiled")
        for entry in project.each("spec.destinations[]"):
            if entry.text("namespace", "*") not in spaces:
                message = f"nothing is compiled into {entry.text('namespace', '*')}"
                yield Hit(project, entry.field, message)
        for index, url in enumerate(project.node("spec").strings("sourceRepos")):
            if url not in urls:
                yield Hit(project, f"spec.sourceRepos[{index}]", f"no Application follows {url}")


def _retires(kind: tuple[str, str], view: ClusterView) -> bool:
    return view.facts.argocd.retiring.kinds.get("/".join(filter(None, kind)), False)


@rule(
    "project-names-cluster-objects",
    kinds=("AppProject",),
    level="warning",
    why="Any namespace, role or runtime of the cluster may be taken over from this repository.",
    fix="Run `make compile`: cluster-scoped kinds are permitted by the names that are compiled.",
    source="serving.md 70, 4.4",
    cause=_CAUSE,
)
def names_cluster_objects(project: Obj, view: ClusterView) -> Iterator[Hit]:
    """A project permits cluster-scoped kinds one by one, and by name where names follow a rule."""
    for entry in project.each("spec.clusterResourceWhitelist[]"):
        kind, name = entry.text("kind"), entry.text("name", "*")
        if "*" in (entry.text("group"), kind):
            yield Hit(project, entry.field, f"it permits {entry.text('group')}/{kind}")
        elif kind in _NAMED and name == "*":
            yield Hit(project, entry.at("name"), f"it permits every {kind}")


@rule(
    "project-admits-destination",
    kinds=("Application",),
    why='Argo CD reports "application destination is not permitted in project", and syncs nothing.',
    fix="Run `make compile`.",
    source="serving.md 70; argo-cd#4010",
    cause=_CAUSE,
)
def destination_admitted(application: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Application's project permits the namespace that it names as its destination."""
    project = view.compiled("AppProject", application.namespace, application.text("spec.project"))
    space = application.text("spec.destination.namespace")
    if project and not admits_destination(project, application, space):
        message = f"{project.ref} does not permit namespace {space or '(none)'}"
        yield Hit(application, "spec.destination.namespace", message)


@rule(
    "project-in-use",
    kinds=("Application",),
    why="The Application runs with the rights of another project: of everything, in the case of default.",
    fix="Run `make compile`; to change the project set `cluster.argocd.project`.",
    source="serving.md 70",
    cause=("cluster", "argocd", "project"),
)
def in_use(application: Obj, view: ClusterView) -> Iterator[Hit]:
    """Every Application of a cluster is in the cluster's own project."""
    wanted = view.facts.argocd.project or f"inference-{view.name}"
    given = application.text("spec.project")
    if given != wanted:
        yield Hit(application, "spec.project", f"it is in {given or 'no project'}, not in {wanted}")


def _document(view: TreeView, path: str) -> Node:
    """A document that nothing syncs; empty where it cannot be read."""
    text = view.tree.document(f"compiled/{view.tree.cluster}/cluster/{path}")
    try:
        return Node(document(text)) if text is not None else Node({})
    except TextError:
        return Node({})


def _told(view: TreeView, path: str, field: str, message: str) -> Hit:
    return Hit(view.target, field, message, file=f"compiled/{view.tree.cluster}/cluster/{path}", cause=_CAUSE)


def _shipped(view: TreeView) -> frozenset[str]:
    """``<group>_<Kind>`` of the health checks in the fragment of argocd-cm."""
    keys = _document(view, _HEALTH).map("data")
    return frozenset(key.removeprefix(_SCRIPT) for key in keys if key.startswith(_SCRIPT))


@rule(
    "health-check-shipped",
    scope="tree",
    why="Argo CD calls the object healthy at once, or never: later waves start too early, or not at all.",
    fix="Run `make compile`, and give the new fragment to whoever owns argocd-cm.",
    source="serving.md 79, 4.5; gateway.md 23; argo-cd health.md; kserve#4791",
    cause=_CAUSE,
)
def health_shipped(view: TreeView) -> Iterator[Hit]:
    """The fragment of argocd-cm has a health check for every kind that Argo CD judges wrongly or not at all."""
    shipped = _shipped(view)
    for group, kind in sorted(_needed(view)):
        if f"{group}_{kind}" not in shipped:
            what = f"{group}/{kind} is compiled, and {_HEALTH} has no check for it"
            yield _told(view, _HEALTH, f'data["{_SCRIPT}{group}_{kind}"]', what)


def _needed(view: TreeView) -> Iterator[tuple[str, str]]:
    """Kinds that need a check of ours."""
    kinds = {(obj.group, obj.kind) for obj in view.tree.objects}
    for group, kind in kinds:
        builtin = "." not in group or (group.endswith(".k8s.io") and not group.startswith("inference."))
        if not builtin and kind not in _SILENT and not argocd.has_health_check(group, kind):
            yield group, kind
    if any(obj.kind == "Application" for obj in view.tree.objects):
        yield _APPLICATION
    if any(_has_standbys(obj) for obj in view.tree.objects):
        yield "apps", "Deployment"
    facts = view.declared.facts
    versions = facts.versions if facts else {}
    if _MODEL in kinds and "argocd" in versions:
        wrong = argocd.health_check_problem(*_MODEL, versions["argocd"], versions)
        yield from (_MODEL,) if wrong else ()


def _has_standbys(obj: Obj) -> bool:
    """Whether a Deployment has replicas that are never ready: an Endpoint Picker with a leader."""
    if obj.kind != "Deployment" or (obj.number("spec.replicas") or 1) < 2:
        return False
    words = [one.strings("args") for one in obj.each("spec.template.spec.containers[]")]
    return any("--ha-enable-leader-election=true" in args for args in words)


@rule(
    "health-script-returns",
    scope="tree",
    why="Argo CD calls every object of the kind Unknown, and the sync stops there.",
    fix="Run `make compile`.",
    source="serving.md 4.5; argo-cd lua.go",
    cause=_CAUSE,
)
def script_returns(view: TreeView) -> Iterator[Hit]:
    """Every health check in the fragment returns a status."""
    for key, text in _document(view, _HEALTH).map("data").items():
        if key.startswith(_SCRIPT) and not (isinstance(text, str) and "return" in text and "status" in text):
            yield _told(view, _HEALTH, f'data["{key}"]', "the script returns no status")


@rule(
    "root-application-declared",
    scope="tree",
    why="Whoever applies it makes Argo CD follow another repository, folder or project than the one reviewed.",
    fix="Run `make compile`.",
    source="serving.md 4.1, 4.8",
    cause=_CAUSE,
)
def root_declared(view: TreeView) -> Iterator[Hit]:
    """The root Application, which a person applies, syncs this cluster's Applications as the inventory declares."""
    facts, environment = view.declared.facts, view.declared.environment
    if facts is None or environment is None:
        return
    if f"{facts.name}.{TARGET}" not in view.tree.targets:
        return
    root, declared = _document(view, _ROOT), facts.argocd
    wanted: dict[str, Any] = {
        "kind": "Application",
        "metadata.name": f"{facts.name}-root",
        "metadata.namespace": declared.namespace,
        "spec.project": declared.root_project,
        "spec.source.repoURL": declared.repo_url,
        "spec.source.targetRevision": declared.target_revision,
        "spec.source.path": f"{declared.path_prefix}/{facts.name}/{_ROOT_FOLDER}",
        "spec.destination.namespace": declared.namespace,
        "spec.syncPolicy.automated.prune": environment.prune,
        "spec.syncPolicy.automated.selfHeal": environment.self_heal,
    }
    for path, value in wanted.items():
        if root.raw(path) != value:
            yield _told(view, _ROOT, path, f"it is {root.raw(path)!r}, the inventory says {value!r}")
    if root.node("metadata").strings("finalizers"):
        yield _told(view, _ROOT, "metadata.finalizers", "deleting it would delete every stack")
