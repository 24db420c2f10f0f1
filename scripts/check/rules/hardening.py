"""What pods may do to their node and to the API server, and who can reach what is compiled."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.check.deployment import container_field
from scripts.check.fleet import ClusterView
from scripts.check.made import controller
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.pods import WORKLOADS, Container, Pod
from scripts.check.rule import rule

_PODS = (*WORKLOADS, "InferenceService")
_ENFORCE = "pod-security.kubernetes.io/enforce"
_HOST = ("hostNetwork", "hostPID", "hostIPC")
_CAPABILITIES = frozenset(
    "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID"
    " SYS_CHROOT".split()
)
"""What Pod Security level baseline lets a container add."""
_VOLUMES = frozenset(
    "configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret name".split()
)
"""Volume sources of level restricted."""
_INTERNAL = "ClusterIP"
_ISTIO = "networking.istio.io/service-type"

Problem = tuple[str, str]
"""(field, what is wrong)."""


def _level(namespace: str, view: ClusterView) -> str:
    """The level that a compiled Namespace enforces; empty where none is known."""
    found = view.compiled("Namespace", "", namespace)
    return found.labels.get(_ENFORCE, "") if found else ""


def _security(pod: Pod, container: Container, key: str) -> object:
    """A value of the security context that takes effect: the container's, else the pod's."""
    own = container.node.raw(f"securityContext.{key}")
    return own if own is not None else pod.spec.raw(f"securityContext.{key}")


def _baseline(pod: Pod) -> Iterator[Problem]:
    """What level baseline refuses (Pod Security Standards)."""
    yield from ((pod.spec.at(key), f"{key} is on") for key in _HOST if pod.spec.flag(key))
    for volume in pod.spec.each("volumes[]"):
        if volume.has("hostPath"):
            yield volume.at("hostPath"), f"volume {volume.text('name')} is a folder of the node"
    for container in pod.containers:
        field = container_field(pod, container, "securityContext")
        if container.node.flag("securityContext.privileged"):
            yield field, f"container {container.name} is privileged"
        added = set(container.node.node("securityContext.capabilities").strings("add")) - _CAPABILITIES
        if added:
            yield field, f"container {container.name} adds {', '.join(sorted(added))}"
        if _security(pod, container, "seccompProfile.type") == "Unconfined":
            yield field, f"seccomp of container {container.name} is off"
        for port in container.node.each("ports[]"):
            if port.number("hostPort"):
                yield container_field(pod, container, "ports"), f"port {port.number('hostPort')} of the node"


def _restricted(pod: Pod) -> Iterator[Problem]:
    """What level restricted wants beside: of each container."""
    for volume in pod.spec.each("volumes[]"):
        for source in sorted(set(volume.map("")) - _VOLUMES - {"hostPath"}):
            yield volume.at(source), f"volume {volume.text('name')} is of type {source}"
    for container in pod.containers:
        field, missing = container_field(pod, container, "securityContext"), []
        if _security(pod, container, "runAsNonRoot") is not True:
            missing.append("runAsNonRoot: true")
        if _security(pod, container, "runAsUser") == 0:
            missing.append("a user that is not root")
        if container.node.raw("securityContext.allowPrivilegeEscalation") is not False:
            missing.append("allowPrivilegeEscalation: false")
        if "ALL" not in container.node.node("securityContext.capabilities").strings("drop"):
            missing.append("capabilities: {drop: [ALL]}")
        if _security(pod, container, "seccompProfile.type") not in ("RuntimeDefault", "Localhost"):
            missing.append("seccompProfile: {type: RuntimeDefault}")
        if missing:
            yield field, f"container {container.name} lacks {', '.join(missing)}"


@rule(
    "pod-security-level",
    kinds=_PODS,
    why="The API server refuses the pods in this namespace, and none is made.",
    fix="Take the right away from the pod, or relax `cluster.namespaces.podSecurity`.",
    source="serving.md 2.1 security; kubernetes Pod Security Standards; inference-stacks.md idea 19",
    cause=("cluster", "namespaces", "podSecurity"),
)
def security_level(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Pods keep to the Pod Security level that their namespace enforces."""
    for pod in view.pods_of(obj):
        level = _level(pod.namespace, view)
        problems = list(_baseline(pod)) if level in ("baseline", "restricted") else []
        if level == "restricted" and pod.known:
            problems += _restricted(pod)
            if pod.owner.text("spec.predictor.model.storageUri").startswith("oci://"):
                problems.append(("spec.predictor.model.storageUri", "oci:// takes the security context away"))
        for field, problem in problems:
            yield Hit(obj, field, f"{problem}, which level {level} of {pod.namespace} refuses")


@rule(
    "pod-isolated",
    kinds=_PODS,
    why="The container can read and change its node, and through it every other pod there.",
    fix="Take the right away from the pod.",
    source="inference-stacks.md idea 19; kubernetes Pod Security Standards",
)
def isolated(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Pods stay within themselves also where their namespace enforces nothing."""
    for pod in view.pods_of(obj):
        if _level(pod.namespace, view) not in ("baseline", "restricted"):
            yield from (Hit(obj, field, problem) for field, problem in _baseline(pod))


@rule(
    "container-hardened",
    kinds=_PODS,
    level="warning",
    relaxed={"dev": "note"},
    why="Whoever takes over the server gets rights that it never needs.",
    fix="Run `make compile`; do not override the security context.",
    source="serving.md 2.1 to 2.3 security; inference-stacks.md idea 19",
    cause=("runtimes",),
)
def hardened(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Containers fit level restricted, and write only where something is mounted, as far as their image allows."""
    for pod in view.pods_of(obj):
        if not pod.known or pod.role == "worker" or _level(pod.namespace, view) == "restricted":
            continue
        for field, problem in _restricted(pod):
            yield Hit(obj, field, problem)
        gpu = any("/" in name for name in pod.main.node.map("resources.limits"))
        fixed = pod.main.node.flag("securityContext.readOnlyRootFilesystem")
        if pod.containers and not gpu and not fixed:
            field = container_field(pod, pod.main, "securityContext.readOnlyRootFilesystem")
            yield Hit(obj, field, f"the root file system of the {pod.name} is writable")


@rule(
    "token-not-mounted",
    kinds=_PODS,
    level="warning",
    why="A process that never talks to the API server can be made to, with the rights of its account.",
    fix="Write `automountServiceAccountToken: false`.",
    source="inference-stacks.md idea 19; serving.md 1.3",
)
def token_not_mounted(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Only pods whose ServiceAccount is granted something hold its token."""
    for pod in view.pods_of(obj):
        name = pod.spec.text("serviceAccountName") or "default"
        account = view.compiled("ServiceAccount", pod.namespace, name)
        of_account = account.flag("automountServiceAccountToken", True) if account else True
        mounted = pod.spec.flag("automountServiceAccountToken", of_account)
        if pod.role != "worker" and mounted and not view.bindings_of(pod.namespace, name):
            field = pod.spec.at("automountServiceAccountToken")
            yield Hit(obj, field, f"the {pod.name} hold the token of {name}, which is granted nothing")


@rule(
    "namespace-level-declared",
    kinds=("Namespace",),
    why="The namespace refuses pods that the inventory permits, or permits what it refuses.",
    fix="Run `make compile`; to change the level set `cluster.namespaces.podSecurity`.",
    source="inference-stacks.md idea 19",
    cause=("cluster", "namespaces", "podSecurity"),
)
def level_declared(namespace: Obj, view: ClusterView) -> Iterator[Hit]:
    """A compiled Namespace enforces the declared Pod Security level."""
    wanted, given = view.facts.namespaces.pod_security, namespace.labels.get(_ENFORCE, "")
    if given != wanted:
        field = f'metadata.labels["{_ENFORCE}"]'
        yield Hit(namespace, field, f"it enforces {given or 'nothing'}, the inventory says {wanted}")


@rule(
    "role-without-wildcard",
    kinds=("Role", "ClusterRole"),
    why="The account may do everything, with kinds that nobody has thought of yet among it.",
    fix="List groups, resources and verbs.",
    source="gateway.md 3.5; inference-stacks.md idea 19",
)
def without_wildcard(role: Obj, view: ClusterView) -> Iterator[Hit]:
    """A role grants nothing by `*`."""
    for grant in role.each("rules[]"):
        for part in ("apiGroups", "resources", "verbs", "nonResourceURLs"):
            if "*" in grant.strings(part):
                yield Hit(role, grant.at(part), f"{part} holds *")


@rule(
    "role-without-takeover",
    kinds=("Role", "ClusterRole"),
    why="Whoever holds such a right can read every secret or give itself any other right.",
    fix="Take the right away: nothing that is compiled here needs it.",
    source="gateway.md 3.5; kubernetes RBAC good practices",
)
def without_takeover(role: Obj, view: ClusterView) -> Iterator[Hit]:
    """A role grants no secrets, no way into pods, and no right over rights."""
    for grant in role.each("rules[]"):
        for verb in sorted({"escalate", "bind", "impersonate"} & set(grant.strings("verbs"))):
            yield Hit(role, grant.at("verbs"), f"it grants {verb}")
        taken = {"secrets", "pods/exec", "pods/attach", "serviceaccounts/token", "nodes/proxy"}
        for resource in sorted(taken & set(grant.strings("resources"))):
            yield Hit(role, grant.at("resources"), f"it grants {resource}")


@rule(
    "binding-narrow",
    kinds=("RoleBinding", "ClusterRoleBinding"),
    why="People or pods get rights that nobody meant to give them.",
    fix="Bind a role of its own to one ServiceAccount.",
    source="gateway.md 3.5; kubernetes RBAC good practices",
)
def binding_narrow(binding: Obj, view: ClusterView) -> Iterator[Hit]:
    """Roles are bound to ServiceAccounts, other than default, and are none of Kubernetes' own wide ones."""
    name = binding.text("roleRef.name")
    if binding.text("roleRef.kind") == "ClusterRole" and name in ("cluster-admin", "admin", "edit"):
        yield Hit(binding, "roleRef.name", f"it binds {name}")
    for subject in binding.each("subjects[]"):
        if subject.text("kind") != "ServiceAccount":
            yield Hit(binding, subject.field, f"it binds {subject.text('kind')} {subject.text('name')}")
        elif subject.text("name") == "default":
            yield Hit(binding, subject.field, "it binds the account of every pod that names none")


@rule(
    "service-not-exposed",
    kinds=("Service",),
    why="Models, proxy or Endpoint Picker are open to the network of the nodes, without a key.",
    fix="Write `type: ClusterIP`: clients come through the external gateway and LiteLLM.",
    source="serving.md 2.5; inference-stacks.md ideas 19, 31",
)
def service_not_exposed(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """No Service is open to anything outside the cluster."""
    if (kind := service.text("spec.type")) in ("LoadBalancer", "NodePort"):
        yield Hit(service, "spec.type", f"it is of type {kind}")
    if service.node("spec").strings("externalIPs"):
        yield Hit(service, "spec.externalIPs", "it answers to addresses outside the cluster")


@rule(
    "gateway-stays-internal",
    kinds=("Gateway",),
    why="The controller makes a load balancer by default: the model is open to the network, without a key.",
    fix="Keep the compiled EnvoyProxy, annotation or parameters that make its Service a ClusterIP.",
    source="serving.md 2.5; gateway.md 5.B, 5.C, 5.D, 5.E",
    cause=("gateway",),
)
def stays_internal(gateway: Obj, view: ClusterView) -> Iterator[Hit]:
    """The proxy of an internal Gateway gets no address outside the cluster."""
    ref = gateway.text("spec.infrastructure.parametersRef.name")
    match controller(view, gateway):
        case "envoyGateway":
            given = _type_in("EnvoyProxy", gateway, ref, "spec.provider.kubernetes.envoyService.type", view)
        case "agentgateway":
            given = _type_in("AgentgatewayParameters", gateway, ref, "spec.service.spec.type", view)
        case "istio":
            given = gateway.annotations.get(_ISTIO, "LoadBalancer")
        case "gke":
            name = gateway.text("spec.gatewayClassName")
            given = _INTERNAL if "rilb" in name or "internal" in name else f"class {name}"
        case _:
            return
    if given != _INTERNAL:
        yield Hit(gateway, "spec", f"its Service is a {given}")


def _type_in(kind: str, gateway: Obj, name: str, path: str, view: ClusterView) -> str:
    found = view.compiled(kind, gateway.namespace, name)
    return found.text(path, "LoadBalancer") if found else "LoadBalancer"


@rule(
    "outside-only-through-proxy",
    kinds=("HTTPRoute", "GRPCRoute", "AIGatewayRoute"),
    why="Anybody outside reaches the model without a key, a limit or an account.",
    fix="Let the external gateway lead to LiteLLM only.",
    source="inference-stacks.md idea 31; serving.md 5.2",
    cause=("cluster", "infrastructure"),
)
def only_through_proxy(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """A route of the external gateway leads to LiteLLM and nothing else."""
    outside = (view.facts.infrastructure_namespace, view.facts.external_gateway)
    parents = [
        (one.text("namespace", route.namespace), one.text("name")) for one in route.each("spec.parentRefs[]")
    ]
    for ref in route.each("spec.rules[].backendRefs[]") if outside in parents else ():
        if not _is_proxy(ref, route, view):
            name = f"{ref.text('kind', 'Service')} {ref.text('name')}"
            yield Hit(route, ref.field, f"the external gateway leads to {name}")


def _is_proxy(ref: Node, route: Obj, view: ClusterView) -> bool:
    named = (ref.text("namespace", route.namespace), ref.text("name"))
    return named == (view.facts.infrastructure_namespace, view.facts.litellm_service)
