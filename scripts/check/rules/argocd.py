"""Argo CD Applications: what they sync from, with which options, in which order, and what their deletion deletes."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.params import TARGET
from components.common import labels
from components.common.place import SYNC_OPTIONS, SYNC_WAVE
from components.facts import argocd
from components.facts.tables import table
from scripts.check import scan
from scripts.check.applications import Synced, folder_of
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.rule import ALL, rule
from scripts.check.rules.drift import wave

_APP = ("Application",)
_CAUSE = ("cluster", "argocd")
_OPTIONS = "spec.syncPolicy.syncOptions"
_FINALIZER = "resources-finalizer.argocd.argoproj.io"
_COMPARE = "argocd.argoproj.io/compare-options"
_FIRST = "platform"
"""The component that everything else stands on."""
_WANTED = {
    "ServerSideApply=true": "every sync fights over fields that others own, and large objects are refused",
    "SkipDryRunOnMissingResource=true": "the first sync fails while a CRD is not there yet",
    "FailOnSharedResource=true": "two Applications that own one object undo each other",
    "RespectIgnoreDifferences=true": "every sync writes the fields back that are ignored in the comparison",
}
_REFUSED = ("Replace=true", "Force=true", "Validate=false")
_MODEL_NAME = "/spec/predictor/model/name"
_PROVED = {
    ("serving.kserve.io", "InferenceService"): (_MODEL_NAME,),
    ("apps", "Deployment"): ("/spec/replicas",),
}
"""Differences that somebody else makes in fields which are compiled (serving.md 4.6)."""


def part(application: Obj, view: ClusterView) -> str:
    """The stack, or the component of the cluster, whose folder an Application syncs."""
    return folder_of(application, view).rpartition("/")[2]


def _options(application: Obj) -> list[str]:
    return application.node("spec.syncPolicy").strings("syncOptions")


@rule(
    "application-source-declared",
    kinds=_APP,
    why="The cluster follows another repository or branch than the one where changes are reviewed.",
    fix="Run `make compile`; to change it set `cluster.argocd.repoUrl` or `targetRevision`.",
    source="serving.md 4.1, 70",
    cause=("cluster", "argocd", "repoUrl"),
)
def source_declared(application: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Application follows the repository and the revision that the cluster declares."""
    declared = view.facts.argocd
    for key, wanted in (("repoURL", declared.repo_url), ("targetRevision", declared.target_revision)):
        given = application.text(f"spec.source.{key}")
        if given != wanted:
            message = f"it is {given or 'not set'}, the inventory says {wanted}"
            yield Hit(application, f"spec.source.{key}", message)


@rule(
    "sync-option-known",
    kinds=(ALL,),
    why="Argo CD ignores the option, and what it was to prevent happens.",
    fix="Correct its name, and give it a value.",
    source="serving.md 4.1; argo-cd docs sync-options.md",
)
def option_known(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Sync options of Applications and of objects are ones that Argo CD has."""
    for index, option in enumerate(_options(obj) if obj.kind == "Application" else ()):
        if problem := argocd.sync_option_problem(option):
            yield Hit(obj, f"{_OPTIONS}[{index}]", problem)
    for option in filter(None, obj.annotations.get(SYNC_OPTIONS, "").split(",")):
        if problem := argocd.sync_option_problem(option.strip(), on_resource=True):
            yield Hit(obj, f'metadata.annotations["{SYNC_OPTIONS}"]', problem)


@rule(
    "application-options-sound",
    kinds=_APP,
    level="warning",
    why="Argo CD applies objects otherwise than they were made for.",
    fix="Run `make compile`; do not override the sync options.",
    source="serving.md 71, 72, 4.1; argo-cd#15095, #2873, #21790",
    cause=_CAUSE,
)
def options_sound(application: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Application applies on the server, fails on shared objects, keeps what is ignored, and replaces nothing."""
    given = _options(application)
    for option, happens in _WANTED.items():
        if option not in given:
            yield Hit(application, _OPTIONS, f"without {option} {happens}")
    for option in sorted(set(_REFUSED) & set(given)):
        yield Hit(application, _OPTIONS, f"{option} deletes or bypasses what it should change", level="error")


@rule(
    "application-policy-declared",
    kinds=_APP,
    why="Argo CD prunes, heals or empties otherwise than the environment demands.",
    fix="Run `make compile`; to change it set `environment.prune` or `environment.selfHeal`.",
    source="serving.md 81, 4.1",
    cause=("environment",),
)
def policy_declared(application: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Application syncs by itself, prunes and heals as its environment says, and never syncs nothing."""
    environment = view.environment
    wanted = {
        "enabled": True,
        "prune": environment.prune,
        "selfHeal": environment.self_heal,
        "allowEmpty": False,
    }
    automated = application.node("spec.syncPolicy.automated")
    for key, value in wanted.items():
        given = automated.raw(key)
        if given is not value:
            said = f"it is {str(given).lower() if given is not None else 'not set'}, wanted is {str(value).lower()}"
            yield Hit(application, f"spec.syncPolicy.automated.{key}", said)


@rule(
    "application-deletes-its-own",
    kinds=_APP,
    level="warning",
    why="Without the finalizer a removed stack keeps its GPUs; with it the platform takes all namespaces along.",
    fix="Run `make compile`: stacks have the finalizer where `environment.prune` is on, the platform has none.",
    source="serving.md 4.1, 81; argo-cd app_deletion.md",
    cause=("environment", "prune"),
)
def deletes_its_own(application: Obj, view: ClusterView) -> Iterator[Hit]:
    """Deleting the Application of a stack deletes the stack; deleting the platform's deletes nothing."""
    wanted = view.environment.prune and part(application, view) != _FIRST
    has = any(one.startswith(_FINALIZER) for one in application.node("metadata").strings("finalizers"))
    if wanted != has:
        what = "it has no finalizer: its objects stay" if wanted else "its finalizer deletes what others need"
        yield Hit(application, "metadata.finalizers", what)


@rule(
    "application-order",
    scope="cluster",
    level="warning",
    why="Stacks are synced before their namespaces and runtimes, or one stack without GPUs holds up all others.",
    fix="Run `make compile`: the platform comes first, everything else together and last.",
    source="serving.md 79, 4.3; gateway.md 57",
    cause=_CAUSE,
)
def order(view: ClusterView) -> Iterator[Hit]:
    """The platform's Application comes before all others, which share one wave."""
    by_part = {part(one, view): one for one in view.of("Application")}
    first = by_part.pop(_FIRST, None)
    latest = max((wave(one) for one in by_part.values()), default=0)
    field = f'metadata.annotations["{SYNC_WAVE}"]'
    for one in by_part.values():
        if first and wave(one) <= wave(first):
            yield Hit(one, field, f"wave {wave(one)} is not after wave {wave(first)} of {first.ref}")
        elif wave(one) < latest:
            yield Hit(one, field, f"wave {wave(one)}: all others wait until it is healthy")


@rule(
    "application-named-by-part",
    kinds=_APP,
    level="warning",
    why="Whoever looks for the stack in Argo CD, by name or by label, does not find it.",
    fix="Run `make compile`; do not override name and labels.",
    source="serving.md 4.8",
    cause=_CAUSE,
)
def named_by_part(application: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Application is called after its cluster and its folder, and carries the labels to filter by."""
    own = part(application, view)
    if application.name != f"{view.name}-{own}":
        yield Hit(
            application, "metadata.name", f"it syncs {own} of {view.name}: {view.name}-{own} is its name"
        )
    wanted = {labels.CLUSTER: view.name, labels.ENVIRONMENT: view.environment.name}
    wanted |= {labels.STACK: own} if own in view.stacks else {}
    for key, value in wanted.items():
        if application.labels.get(key) != value:
            given = application.labels.get(key, "not set")
            yield Hit(application, f'metadata.labels["{key}"]', f"it is {given}, not {value}")


@rule(
    "application-compares-on-server",
    kinds=_APP,
    level="warning",
    why="Every default that a CRD or a webhook fills in counts as a difference.",
    fix="Run `make compile`; to change it set `cluster.argocd.serverSideDiff`.",
    source="serving.md 4.6; argo-cd server-side-diff",
    cause=("cluster", "argocd", "serverSideDiff"),
)
def compares_on_server(application: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Application compares on the server, with webhooks, where the cluster says so."""
    given = [one.strip() for one in application.annotations.get(_COMPARE, "").split(",")]
    wanted = ("ServerSideDiff=true", "IncludeMutationWebhook=true")
    missing = [one for one in wanted if one not in given] if view.facts.argocd.server_side_diff else []
    if missing:
        field = f'metadata.annotations["{_COMPARE}"]'
        yield Hit(application, field, f"it lacks {', '.join(missing)}")


@rule(
    "ignored-difference-proved",
    kinds=_APP,
    level="warning",
    why="A real difference in that field is hidden, and a change in Git may never be applied.",
    fix="Compile the field as the server stores it, instead of ignoring it.",
    source="serving.md 4.6; inference-stacks.md idea 12; kserve#5353",
    cause=_CAUSE,
)
def difference_proved(application: Obj, view: ClusterView) -> Iterator[Hit]:
    """Only differences are ignored that somebody else is known to make."""
    for entry in application.each("spec.ignoreDifferences[]"):
        proved = _PROVED.get((entry.text("group"), entry.text("kind")), ())
        for pointer in entry.strings("jsonPointers"):
            if pointer not in proved:
                yield Hit(application, entry.at("jsonPointers"), f"nobody is known to change {pointer}")
        for key in ("jqPathExpressions", "managedFieldsManagers"):
            if entry.has(key):
                yield Hit(application, entry.at(key), f"{', '.join(entry.strings(key))} is not proved")


@rule(
    "ignored-difference-complete",
    scope="cluster",
    level="warning",
    why='KServe\'s webhook writes `name: ""` into the model, and the Application is OutOfSync for ever.',
    fix=f"Ignore {_MODEL_NAME} of every InferenceService.",
    source="serving.md 4.6; kserve#3176",
    cause=_CAUSE,
)
def difference_complete(view: ClusterView) -> Iterator[Hit]:
    """The one difference that nobody can compile away is ignored: the model's empty name."""
    for one in view.synced:
        for service in one.objects:
            if service.kind == "InferenceService" and not _ignores_name(one.application, service):
                message = f"{_MODEL_NAME} of {service.ref} is not ignored"
                yield Hit(one.application, "spec.ignoreDifferences", message)


def _ignores_name(application: Obj, service: Obj) -> bool:
    return any(
        (entry.text("group"), entry.text("kind")) == (service.group, service.kind)
        and entry.text("name", service.name) == service.name
        and entry.text("namespace", service.namespace) == service.namespace
        and _MODEL_NAME in entry.strings("jsonPointers")
        for entry in application.each("spec.ignoreDifferences[]")
    )


@rule(
    "prune-last-has-room",
    scope="cluster",
    level="warning",
    why="The replacement of a model needs GPUs that the old one holds until it is healthy: the sync never ends.",
    fix="Run `make compile`: `PruneLast` follows from the pool's `rolloutReserve`.",
    source="inference-stacks.md ideas 3, 7; serving.md 27",
    cause=("cluster", "pools"),
)
def prune_last_has_room(view: ClusterView) -> Iterator[Hit]:
    """What is pruned last leaves its GPUs to its replacement, or the pool keeps enough of them free."""
    for one in view.synced:
        stack = view.stacks.get(part(one.application, view))
        if stack is None or "PruneLast=true" not in _options(one.application) or not _serves(one):
            continue
        needed = max(stack.gpus_per_pod, 1) * max(stack.serving.min_replicas, 1)
        if stack.pool.rollout_reserve < needed:
            message = f"a replacement needs {needed}, pool {stack.serving.pool} keeps {stack.pool.rollout_reserve} free"
            yield Hit(one.application, _OPTIONS, message)


def _serves(one: Synced) -> bool:
    return any(obj.kind == "InferenceService" for obj in one.objects)


@rule(
    "object-fits-annotation",
    scope="cluster",
    why="Client-side apply keeps a copy of the object in an annotation, which the API server refuses at this size.",
    fix="Keep `ServerSideApply=true`.",
    source="serving.md 72; kserve#3487, #4377; kedacore/charts#580",
    cause=_CAUSE,
)
def fits_annotation(view: ClusterView) -> Iterator[Hit]:
    """An object of more than 262,144 bytes is applied on the server."""
    limit = int(table("argocd")["annotation_limit_bytes"])
    for one in view.synced:
        if "ServerSideApply=true" in _options(one.application):
            continue
        for obj in one.objects:
            own = obj.annotations.get(SYNC_OPTIONS, "")
            size = sum(len(text.encode()) for text in scan.texts(obj.doc))
            if size > limit and "ServerSideApply=true" not in own:
                yield Hit(obj, "", f"{size} bytes, and {one.application.ref} does not apply on the server")


@rule(
    "kind-is-synced",
    kinds=(ALL,),
    why="Argo CD neither applies nor shows the object, by its default `resource.exclusions`.",
    fix="Leave it to its controller.",
    source="serving.md 4.7; argo-cd argocd-cm.yaml",
)
def kind_is_synced(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """No object is of a kind that Argo CD leaves out."""
    version = view.versions.get("argocd", "3.0.0")
    if argocd.is_excluded(obj.group, obj.kind, version):
        yield Hit(obj, "kind", f"Argo CD {version} excludes {obj.kind}")


@rule(
    "namespace-made-once",
    scope="cluster",
    level="warning",
    why="Argo CD makes the namespace without its labels: pods run before Pod Security is enforced.",
    fix="Take CreateNamespace=true out: the platform's Application makes the namespaces.",
    source="serving.md 83",
    cause=_CAUSE,
)
def made_once(view: ClusterView) -> Iterator[Hit]:
    """No Application creates a namespace that is compiled."""
    for application in view.of("Application"):
        name = application.text("spec.destination.namespace")
        made = view.compiled("Namespace", "", name)
        if made and "CreateNamespace=true" in _options(application):
            yield Hit(application, _OPTIONS, f"it creates {name}, and {made.path} does")


@rule(
    "folder-of-the-cluster",
    kinds=_APP,
    why="The Application of one cluster syncs what was compiled for another.",
    fix="Run `make compile`.",
    source="serving.md 4.8",
    cause=("cluster", "argocd", "pathPrefix"),
)
def folder_of_cluster(application: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Application syncs a folder of its own cluster: that of a stack, or of a component."""
    path = folder_of(application, view)
    words = path.split("/")
    deep = 4 if words[2:3] == [TARGET] else 3
    if words[:2] != ["compiled", view.name] or len(words) != deep:
        yield Hit(application, "spec.source.path", f"{path} is no stack or component of {view.name}")
