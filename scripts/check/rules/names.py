"""Names that are derived, by the compiler or by controllers: their length, and who else has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.cluster.params import TARGET
from components.common.names import LABEL_LIMIT
from scripts.check.fleet import ClusterView, FleetView
from scripts.check.model import Hit, Obj
from scripts.check.rule import ALL, rule

_NAME = "metadata.name"
_IN_CLUSTER = "in-cluster"
_PARTS = ("root", "platform", "litellm", "monitoring")
"""What a cluster has Applications for beside its stacks."""
_MADE_BY: Mapping[str, tuple[str, str]] = {
    "InferenceService": ("KServe", _NAME),
    "Gateway": ("its controller", _NAME),
    "Certificate": ("cert-manager", "spec.secretName"),
    "ExternalSecret": ("External Secrets", "spec.target.name"),
}


@rule(
    "service-derived-names-fit",
    kinds=("InferenceService",),
    why="KServe cannot make the Service or label it, and the model never gets an address.",
    fix="Shorten serving.name, the stack's file name or the namespace.",
    source="serving.md 7; kserve#4807; odh-dashboard#3062",
    cause=("serving", "name"),
)
def derived_names_fit(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """What KServe derives from an InferenceService's name fits a DNS label."""
    parts = ["predictor", *(part for part in ("transformer", "explainer") if service.has(f"spec.{part}"))]
    for part in parts:
        derived = {
            "Service": f"{service.name}-{part}",
            "pod label app": f"isvc.{service.name}-{part}",
            "host label": f"{service.name}-{part}-{service.namespace}",
        }
        for what, name in derived.items():
            if len(name) > LABEL_LIMIT:
                yield _too_long(service, what, name)
                break


@rule(
    "gateway-service-name-fits",
    scope="cluster",
    why="The gateway's controller cannot make the Service, and LiteLLM gets no connection.",
    fix="Shorten the stack's file name or the namespace: the name is made of both.",
    source="gateway.md 27; Envoy Gateway resource_provider.go; Istio deployment controller (<gateway>-<class>)",
    cause=("gateway",),
)
def gateway_service_fits(view: ClusterView) -> Iterator[Hit]:
    """The Service that a Gateway's controller makes has a name of at most 63 characters."""
    for made, source in _made(view):
        if made.kind == "Service" and source.kind == "Gateway" and len(made.name) > LABEL_LIMIT:
            yield _too_long(source, "gateway's Service", made.name)


@rule(
    "made-name-free",
    scope="cluster",
    why="Two owners fight over one object: the controller overwrites it, Argo CD puts it back, for ever.",
    fix="Rename one of them.",
    source="argo-cd#2600; gateway.md 5.B (Service names of Envoy Gateway)",
)
def made_name_free(view: ClusterView) -> Iterator[Hit]:
    """No object that a controller makes has the name of a compiled or a provided one."""
    taken: dict[tuple[str, str, str], str] = {}
    for made, source in _made(view):
        key = made.key[1:]
        who, field = _MADE_BY[source.kind]
        other = view.compiled(*key)
        mine = f"{who} makes {made.ref} of {source.ref}"
        if other is not None:
            yield Hit(source, field, f"{mine}, and {other.path} is one too")
        elif _provided(view, made):
            yield Hit(source, field, f"{mine}, and cluster.provided says that another release brings it")
        elif taken.setdefault(key, source.ref) != source.ref:
            yield Hit(source, field, f"{mine}, and of {taken[key]} too")


@rule(
    "object-not-provided",
    kinds=(ALL,),
    why="Two releases own one object: whoever syncs last wins, and deleting one release breaks the other.",
    fix="Take the entry out of cluster.provided, or rename the compiled object.",
    source="serving.md 69; argo-cd#2600, #15467",
)
def not_provided(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """What is compiled is not declared as provided by another release."""
    if _provided(view, obj):
        yield Hit(
            obj,
            _NAME,
            f"cluster.provided.{obj.kind} says that another release brings {obj.ref}",
            cause=("cluster", "provided", obj.kind),
            target=view.target,
        )


@rule(
    "cluster-role-named-apart",
    kinds=("ClusterRole", "ClusterRoleBinding"),
    why="A stack of the same name in another namespace or release overwrites these rights.",
    fix="Put namespace and stack into the name.",
    source="gateway.md 25",
)
def named_apart(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A cluster-scoped role of a stack carries the stack's namespace and name."""
    stack = view.stack_of(obj)
    missing = [part for part in (stack.namespace, stack.name) if part not in obj.name] if stack else []
    if missing:
        yield Hit(obj, _NAME, f"{obj.name} does not hold {' and '.join(missing)}")


@rule(
    "application-name-fits",
    kinds=("Application", "AppProject"),
    level="warning",
    why="Where Argo CD tracks by label, it cannot label the objects, and syncs fail.",
    fix="Shorten the cluster's or the stack's name.",
    source="serving.md 4.3 (tracking by label: app.kubernetes.io/instance)",
    cause=("cluster", "name"),
)
def application_fits(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """The name of an Application fits a label value."""
    if len(obj.name) > LABEL_LIMIT:
        yield _too_long(obj, obj.kind, obj.name)


@rule(
    "application-name-unique",
    scope="fleet",
    why="Two clusters overwrite each other's Application in the Argo CD that they share, and one stack is pruned.",
    fix="Rename the stack or the cluster: the name is <cluster>-<stack>.",
    source="serving.md 69; argo-cd#2600",
)
def application_unique(view: FleetView) -> Iterator[Hit]:
    """Clusters that share an Argo CD have no two Applications of one name."""
    taken: dict[tuple[str, str], str] = {}
    for name, declared in sorted(view.clusters.items()):
        facts = declared.facts
        if facts is None:
            continue
        central = "" if facts.argocd.destination != _IN_CLUSTER else name
        where = f"{central}/{facts.argocd.namespace}"
        own = [(part, f"{name}.{TARGET}") for part in _PARTS]
        for part, target in (*own, *((stack, f"{name}.{stack}") for stack in declared.stacks)):
            application = f"{name}-{part}"
            other = taken.setdefault((where, application), target)
            if other != target:
                yield Hit(target, "", f"Application {application} is that of {other} and of {target}")


@rule(
    "destination-one-cluster",
    scope="fleet",
    why="Two clusters of the inventory are one real cluster: their objects overwrite each other.",
    fix="Correct cluster.argocd.destination: it is the cluster's name in Argo CD.",
    source="serving.md 69 and 4.1",
)
def destination_one_cluster(view: FleetView) -> Iterator[Hit]:
    """No two clusters are synced to one destination of one Argo CD."""
    taken: dict[tuple[str, str, str], str] = {}
    for name, declared in sorted(view.clusters.items()):
        facts = declared.facts
        if facts is None or facts.argocd.destination == _IN_CLUSTER:
            continue
        argocd = facts.argocd
        other = taken.setdefault((argocd.repo_url, argocd.namespace, argocd.destination), name)
        if other != name:
            yield Hit(
                f"{name}.{TARGET}",
                "cluster.argocd.destination",
                f"clusters {other} and {name} are both synced to {argocd.destination!r}",
                cause=("cluster", "argocd", "destination"),
            )


def _made(view: ClusterView) -> Iterator[tuple[Obj, Obj]]:
    """What controllers make, with what they make it of."""
    sources = {obj.path: obj for obj in view.of(*_MADE_BY)}
    for made in view.made:
        source = sources.get(made.path)
        if source is not None:
            yield made, source


def _provided(view: ClusterView, obj: Obj) -> bool:
    named = f"{obj.namespace}/{obj.name}" if obj.namespace else obj.name
    return bool(view.facts.provided.get(obj.kind, {}).get(named))


def _too_long(obj: Obj, what: str, name: str) -> Hit:
    over = len(name) - LABEL_LIMIT
    message = f"the {what} would be called {name}: {len(name)} characters, {LABEL_LIMIT} are allowed"
    return Hit(obj, _NAME, message, f"Shorten what it is made of by {over}.")
