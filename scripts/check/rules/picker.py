"""The Endpoint Picker's object graph: Deployment, Service, pool, configuration, certificates, rights."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.check.edges.pools import POOL_GROUP, argument, mounted, pickers, pool_namespace
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.pods import Pod
from scripts.check.rights import missing_rights
from scripts.check.rule import rule
from scripts.check.rules.services import target_of

GRPC_PORT = 9002
"""Default of ``--grpc-port`` (llm-d-router v0.10 options.go)."""
_READS = (
    ("", "pods", ("get", "list", "watch")),
    (POOL_GROUP, "inferencepools", ("get", "list", "watch")),
    ("llm-d.ai", "inferenceobjectives", ("get", "list", "watch")),
    ("llm-d.ai", "inferencemodelrewrites", ("get", "list", "watch")),
)
_LEADS = (
    ("coordination.k8s.io", "leases", ("get", "list", "watch", "create", "update", "patch", "delete")),
    ("", "events", ("create", "patch")),
)
_AUTHENTICATES = (
    ("authentication.k8s.io", "tokenreviews", ("create",)),
    ("authorization.k8s.io", "subjectaccessreviews", ("create",)),
)


def is_on(pod: Pod, flag: str, default: bool) -> bool:
    """A boolean flag of an Endpoint Picker."""
    written = pod.main.flag(flag)
    return default if written is None else written not in ("false", "0", "f", "F", "FALSE", "False")


def _service(pool: Obj, view: ClusterView) -> Obj | None:
    return view.compiled("Service", pool.namespace, pool.text("spec.endpointPickerRef.name"))


@rule(
    "picker-service-has-pods",
    kinds=("InferencePool",),
    why="A name of another host has no endpoints, and the gateway cannot call the Endpoint Picker.",
    fix="Make it an ordinary Service that selects the Endpoint Picker.",
    source="gateway.md 12; serving.md 51",
    cause=("gateway", "epp"),
)
def service_has_pods(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """The Service of a pool's Endpoint Picker is not of type ExternalName."""
    service = _service(pool, view)
    if service and service.text("spec.type") == "ExternalName":
        yield Hit(pool, "spec.endpointPickerRef.name", f"{service.ref} is of type ExternalName")


@rule(
    "picker-service-selects-picker",
    kinds=("InferencePool",),
    why="The gateway asks a process that is no Endpoint Picker, or that of another model, and requests fail.",
    fix="Let the pool name the Service that selects its own Endpoint Picker.",
    source="gateway.md 13, 14",
    cause=("gateway", "epp"),
)
def service_selects_picker(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """The Service that a pool names selects the Endpoint Picker whose flags name that pool."""
    service = _service(pool, view)
    if service is None:
        return
    for pod in view.select(service.namespace, service.texts("spec.selector")):
        if pod.role != "epp":
            yield Hit(
                pool,
                "spec.endpointPickerRef.name",
                f"{service.ref} selects the {pod.name}, no Endpoint Picker",
            )
            continue
        named = (pool_namespace(pod), pod.main.flag("--pool-name") or "")
        if named != (pool.namespace, pool.name):
            message = f"{service.ref} selects the {pod.name}, which pick for pool {'/'.join(named)}"
            yield Hit(pool, "spec.endpointPickerRef.name", message)


@rule(
    "picker-service-port",
    kinds=("InferencePool",),
    why="The gateway calls a port on which the Endpoint Picker does not listen, and every request fails.",
    fix="Let the Service's target port be `--grpc-port`.",
    source="gateway.md 13; serving.md 51",
    cause=("gateway", "epp", "flags"),
)
def service_port(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """The port that a pool names leads to the port on which its Endpoint Picker serves."""
    service = _service(pool, view)
    if service is None:
        return
    number = pool.number("spec.endpointPickerRef.port.number")
    for port in service.each("spec.ports[]"):
        if port.number("port") == number:
            for pod in view.select(service.namespace, service.texts("spec.selector")):
                serves = grpc_port(pod)
                if pod.role == "epp" and _number(target_of(port), pod) != serves:
                    leads = f"port {number} of {service.ref} leads to {target_of(port)}"
                    message = f"{leads}, the {pod.name} serve on {serves}"
                    yield Hit(pool, "spec.endpointPickerRef.port.number", message)


def grpc_port(pod: Pod) -> int:
    """Where an Endpoint Picker serves."""
    written = pod.main.flag("--grpc-port") or ""
    return int(written) if written.isdecimal() else GRPC_PORT


def _number(target: int | str | None, pod: Pod) -> int | str | None:
    named = {port.name: port.number for port in pod.ports if port.name}
    return named.get(target, target) if isinstance(target, str) else target


@rule(
    "picker-named-by-its-pool",
    kinds=("Deployment",),
    why="The Endpoint Picker watches a pool whose gateway asks another one: it runs for nobody.",
    fix="Let pool and Endpoint Picker name each other.",
    source="gateway.md 14",
    cause=("gateway", "epp"),
)
def named_by_its_pool(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """The pool that an Endpoint Picker names refers back to a Service that selects it."""
    for pod in pickers(deployment, view):
        name = pod.main.flag("--pool-name") or ""
        pool = view.compiled("InferencePool", pool_namespace(pod), name)
        service = _service(pool, view) if pool else None
        if pool is None or service is None:
            continue
        chosen = view.select(service.namespace, service.texts("spec.selector"))
        if pod not in chosen:
            field = argument(pod.main, "--pool-name")
            yield Hit(deployment, field, f"{pool.ref} refers to {service.ref}, which does not select this")


@rule(
    "pool-has-a-picker",
    kinds=("InferencePool",),
    why="Nobody picks for the pool: the gateway gets no answer and fails every request.",
    fix="Compile the Endpoint Picker, or leave the pool out with `gateway.pool.enabled: false`.",
    source="gateway.md 12, 14",
    cause=("gateway", "pool"),
)
def has_a_picker(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker is compiled for every pool."""
    provided = view.find("Service", pool.namespace, pool.text("spec.endpointPickerRef.name"))
    if provided and provided.origin == "provided":
        return
    if not view.wires.picker_of(pool):
        yield Hit(pool, "metadata.name", f"no Endpoint Picker is started with --pool-name={pool.name}")


@rule(
    "picker-finds-pods-one-way",
    kinds=("Deployment",),
    why="The Endpoint Picker ends at once: it wants exactly one way to find its pods.",
    fix="Give `--pool-name`, or `--endpoint-selector` with `--endpoint-target-ports`.",
    source="gateway.md 15",
    cause=("gateway", "epp", "flags"),
)
def one_way(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker has exactly one of --pool-name and --endpoint-selector; the latter with one to eight
    ports and the variable POD_NAME."""
    for pod in pickers(deployment, view):
        pool, selector = pod.main.flag("--pool-name"), pod.main.flag("--endpoint-selector")
        if bool(pool) == bool(selector):
            both = "both --pool-name and --endpoint-selector are" if pool else "neither is"
            yield Hit(deployment, pod.main.node.at("args"), f"{both} given")
        elif selector:
            ports = [port for port in (pod.main.flag("--endpoint-target-ports") or "").split(",") if port]
            if not 1 <= len(ports) <= 8:
                message = f"--endpoint-selector needs one to eight --endpoint-target-ports, not {len(ports)}"
                yield Hit(deployment, argument(pod.main, "--endpoint-selector"), message)
            if not any(one.text("name") == "POD_NAME" for one in pod.main.node.each("env[]")):
                yield Hit(
                    deployment, pod.main.node.at("env"), "--endpoint-selector needs the variable POD_NAME"
                )


@rule(
    "picker-config-mounted",
    kinds=("Deployment",),
    why="The Endpoint Picker ends at once, because its configuration file is not there.",
    fix="Mount the ConfigMap where `--config-file` looks, with the key of that name.",
    source="gateway.md 16, 28; inference-stacks.md idea 1",
    cause=("gateway", "epp"),
)
def config_mounted(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """The file that an Endpoint Picker is configured by is mounted, from a ConfigMap that has it."""
    for pod in pickers(deployment, view):
        path = pod.main.flag("--config-file")
        if path:
            yield from _file(deployment, pod, "--config-file", path, view)


@rule(
    "picker-certificate-mounted",
    kinds=("Deployment",),
    why="The Endpoint Picker ends at once, because its certificate is not there.",
    fix="Mount the Secret with `tls.crt` and `tls.key` where `--cert-path` looks.",
    source="gateway.md 17",
    cause=("gateway", "epp", "tls"),
)
def certificate_mounted(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """The folder that an Endpoint Picker takes its certificate from is mounted, and holds tls.crt and
    tls.key."""
    for pod in pickers(deployment, view):
        path = pod.main.flag("--cert-path")
        if path:
            for name in ("tls.crt", "tls.key"):
                yield from _file(deployment, pod, "--cert-path", f"{path.rstrip('/')}/{name}", view)


def _file(deployment: Obj, pod: Pod, flag: str, path: str, view: ClusterView) -> Iterator[Hit]:
    """A file that a flag leads to and that is not mounted from a ConfigMap or Secret which has it."""
    field = argument(pod.main, flag)
    found = mounted(pod, path)
    if found is None:
        yield Hit(deployment, field, f"nothing is mounted at {path}")
        return
    volume, file = found
    kind, name = (
        ("ConfigMap", volume.text("configMap.name"))
        if volume.has("configMap")
        else (
            "Secret",
            volume.text("secret.secretName"),
        )
    )
    source = view.find(kind, pod.namespace, name)
    if source is None or source.origin == "provided":
        return
    items = {one.text("path"): one.text("key") for one in volume.each(f"{kind[0].lower()}{kind[1:]}.items[]")}
    key = items.get(file, "") if items else file
    if key not in source.map("data"):
        has = ", ".join(sorted(source.map("data"))) or "nothing"
        yield Hit(deployment, field, f"{path} is not there: {source.ref} has {has}")


@rule(
    "picker-may-read-pool",
    kinds=("Deployment",),
    why="The API server refuses the Endpoint Picker, which never becomes ready and restarts for ever.",
    fix="Bind a Role with these rights, in the pool's namespace, to the Endpoint Picker's ServiceAccount.",
    source="gateway.md 24; serving.md 53; GIE PR#1430",
    cause=("gateway", "epp"),
)
def may_read_pool(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker may read pods, pools, objectives and rewrites in its pool's namespace."""
    for pod in pickers(deployment, view):
        yield from _rights(deployment, pod, pool_namespace(pod), _READS, view)


@rule(
    "picker-may-lead",
    kinds=("Deployment",),
    why="No replica becomes leader, so none is ready, and every request fails.",
    fix="Add leases and events to the Role in the pool's namespace.",
    source="gateway.md 20",
    cause=("gateway", "epp", "replicas"),
)
def may_lead(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker that elects a leader may write leases and events in its pool's namespace."""
    for pod in pickers(deployment, view):
        if is_on(pod, "--ha-enable-leader-election", False):
            yield from _rights(deployment, pod, pool_namespace(pod), _LEADS, view)


@rule(
    "picker-may-check-tokens",
    kinds=("Deployment",),
    why="The Endpoint Picker answers 500 to every scrape, so alerts and dashboards of it stay empty.",
    fix="Bind a ClusterRole with these rights: a Role of a namespace has no effect here.",
    source="gateway.md 24",
    cause=("gateway", "epp", "metricsAuth"),
)
def may_check_tokens(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker that asks for a token on /metrics may review tokens and accesses."""
    for pod in pickers(deployment, view):
        if is_on(pod, "--metrics-endpoint-auth", True):
            yield from _rights(deployment, pod, "", _AUTHENTICATES, view)


def _rights(
    deployment: Obj,
    pod: Pod,
    namespace: str,
    wanted: tuple[tuple[str, str, tuple[str, ...]], ...],
    view: ClusterView,
) -> Iterator[Hit]:
    account = pod.spec.text("serviceAccountName") or "default"
    missing = missing_rights(view, pod.namespace, account, namespace, wanted)
    if missing:
        where = f"in {namespace}" if namespace else "cluster-wide"
        told = "; ".join(f"{', '.join(verbs)} {resource}" for resource, verbs in missing.items())
        field = pod.spec.at("serviceAccountName")
        yield Hit(deployment, field, f"ServiceAccount {pod.namespace}/{account} may not, {where}: {told}")
