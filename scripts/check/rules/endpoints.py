"""What a gateway sends requests to: the same pods as the pool's, over the protocol that they speak."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.check.edges.gateways import backend_refs, reference, service_of_host
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.rule import rule
from scripts.check.rules.picker import is_on
from scripts.check.rules.services import target_of, words

_HEALTH_PORT = 9003
"""Where GKE asks an Endpoint Picker for its health (gateway.md 54)."""


@rule(
    "endpoints-are-the-pools",
    kinds=("HTTPRoute",),
    why="The Endpoint Picker picks pods that the gateway does not know, so its picks are ignored.",
    fix="Let the endpoints Service have the pool's selector.",
    source="gateway.md 49",
    cause=("gateway", "pool"),
)
def same_pods(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """Where a route asks an Endpoint Picker, its backend Service selects exactly the pool's pods."""
    for pool in view.wires.processor_pools(route):
        wanted = pool.texts("spec.selector.matchLabels")
        for ref, service in _services(route, view):
            found = service.texts("spec.selector")
            if found != wanted:
                yield Hit(route, ref, f"{service.ref} selects {words(found)}, {pool.ref} {words(wanted)}")


@rule(
    "endpoints-on-the-pools-port",
    kinds=("HTTPRoute",),
    why="The addresses that the Endpoint Picker writes are no member of the gateway's cluster, and are ignored.",
    fix="Let the Service's target port be a target port of the pool.",
    source="gateway.md 49",
    cause=("gateway", "pool"),
)
def same_port(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """Where a route asks an Endpoint Picker, the port of its backend leads to a target port of the pool."""
    for pool in view.wires.processor_pools(route):
        ports = [one.number("number") for one in pool.each("spec.targetPorts[]")]
        for node in backend_refs(route):
            edge = reference(route, node, ())
            service = view.compiled("Service", edge.namespace, edge.name)
            for port in service.each("spec.ports[]") if service else ():
                target = target_of(port)
                if port.number("port") == edge.port and isinstance(target, int) and target not in ports:
                    has = ", ".join(map(str, ports))
                    yield Hit(route, node.field, f"port {edge.port} leads to {target}, {pool.ref} has {has}")


@rule(
    "endpoints-ready-only",
    kinds=("Service",),
    level="warning",
    why="The gateway sends requests to pods that still load their weights.",
    fix="Leave `publishNotReadyAddresses` out.",
    source="gateway.md 49",
    cause=("gateway",),
)
def ready_only(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A Service in front of model pods publishes ready pods only."""
    pods = view.select(service.namespace, service.texts("spec.selector"))
    if service.flag("spec.publishNotReadyAddresses") and any(pod.role == "model" for pod in pods):
        yield Hit(service, "spec.publishNotReadyAddresses", "it publishes pods that are not ready")


def _services(route: Obj, view: ClusterView) -> Iterator[tuple[str, Obj]]:
    """(field, compiled Service) of a route's backends."""
    for ref in backend_refs(route):
        edge = reference(route, ref, ())
        service = view.compiled(edge.kind, edge.namespace, edge.name)
        if service is not None and service.kind == "Service":
            yield ref.field, service


@rule(
    "picker-tls-fits-gateway",
    kinds=("InferencePool",),
    why="Gateway and Endpoint Picker disagree about TLS: no request gets through, although all is Ready.",
    fix="Leave `gateway.epp.tls` to what the wiring needs.",
    source="gateway.md 46, 0.6",
    cause=("gateway", "epp", "tls"),
)
def tls_fits(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """The Endpoint Picker serves TLS exactly where its gateway speaks TLS to it."""
    service = view.compiled("Service", pool.namespace, pool.text("spec.endpointPickerRef.name"))
    for picker in view.wires.picker_of(pool):
        serves = is_on(picker, "--secure-serving", True)
        for route in view.wires.routes_of_pool(pool):
            for who in view.wires.controllers(route):
                wanted = _speaks_tls(who, route, service, view)
                if wanted is not None and wanted != serves:
                    has = "TLS" if serves else "plain text"
                    expects = "TLS" if wanted else "plain text"
                    message = f"the {picker.name} serve {has}, the gateway of {route.ref} speaks {expects}"
                    yield Hit(pool, "spec.endpointPickerRef", message)


def _speaks_tls(who: str, route: Obj, service: Obj | None, view: ClusterView) -> bool | None:
    """Whether a gateway speaks TLS to an Endpoint Picker; None when it is not known."""
    if who in ("agentgateway", "gke"):
        return True
    if who == "istio":
        return service is not None and any(
            _simple(rule, service, view) for rule in view.of("DestinationRule")
        )
    if who != "envoyGateway":
        return None
    if view.wires.backend_pools(route):
        return True  # Envoy AI Gateway's extension server: always TLS, never verified
    if service is not None and view.wires.policies(service, "BackendTLSPolicy"):
        return True
    return _through_backend(route, view)


def _simple(rule_: Obj, service: Obj, view: ClusterView) -> bool:
    host = service_of_host(rule_.text("spec.host"), rule_.namespace, view)
    mode = rule_.text("spec.trafficPolicy.tls.mode")
    return host == (service.namespace, service.name) and mode in ("SIMPLE", "MUTUAL")


def _through_backend(route: Obj, view: ClusterView) -> bool:
    """Whether the route's processor is a Backend that speaks TLS."""
    for policy in view.wires.policies(route, "EnvoyExtensionPolicy"):
        for ref in policy.each("spec.extProc[].backendRefs[]"):
            backend = view.compiled("Backend", policy.namespace, ref.text("name"))
            if ref.text("kind") == "Backend" and backend and backend.has("spec.tls"):
                return True
    return False


@rule(
    "tls-policy-name-on-certificate",
    kinds=("BackendTLSPolicy",),
    why="The gateway refuses the Endpoint Picker's certificate, because it is made out to another name.",
    fix="Let the policy's host name be one of the certificate's `dnsNames`.",
    source="gateway.md 55",
    cause=("gateway", "epp", "tls"),
)
def name_on_certificate(policy: Obj, view: ClusterView) -> Iterator[Hit]:
    """The host name that a BackendTLSPolicy verifies stands on the certificate that the pods serve."""
    host = policy.text("spec.validation.hostname")
    for ref in policy.each("spec.targetRefs[]"):
        service = view.compiled("Service", policy.namespace, ref.text("name"))
        for pod in view.select(policy.namespace, service.texts("spec.selector")) if service else ():
            for volume in pod.spec.each("volumes[]"):
                for certificate in view.wires.certificates(
                    policy.namespace, volume.text("secret.secretName")
                ):
                    names = certificate.strings("spec.dnsNames")
                    if host not in names:
                        message = (
                            f"{certificate.ref} is made out to {', '.join(names) or 'nobody'}, not to {host}"
                        )
                        yield Hit(policy, "spec.validation.hostname", message)


@rule(
    "gke-health-check-fits-server",
    kinds=("HealthCheckPolicy",),
    why="GKE takes every pod for unhealthy, and answers 503 to every request.",
    fix="Check the port and path of the server's readiness probe.",
    source="gateway.md 54",
    cause=("gateway", "wiring"),
)
def health_check_fits(policy: Obj, view: ClusterView) -> Iterator[Hit]:
    """GKE's health check asks a port of the pool, under a path that the pods' probes use."""
    check = policy.node("spec.default.config.httpHealthCheck")
    target = policy.node("spec.targetRef")
    pool = view.compiled("InferencePool", policy.namespace, target.text("name"))
    if pool is None or target.text("kind") != "InferencePool":
        return
    ports = [one.number("number") for one in pool.each("spec.targetPorts[]")]
    if check.has("port") and check.number("port") not in ports:
        has = ", ".join(map(str, ports))
        yield Hit(policy, check.at("port"), f"it asks port {check.raw('port')}, {pool.ref} has {has}")
    paths = {
        pod.main.node.text(f"{probe}.httpGet.path")
        for pod in view.select(pool.namespace, pool.texts("spec.selector.matchLabels"))
        for probe in ("readinessProbe", "livenessProbe", "startupProbe")
    } - {""}
    path = check.text("requestPath", "/")
    if paths and path not in paths:
        yield Hit(
            policy, check.at("requestPath"), f"it asks {path}, the pods' probes {', '.join(sorted(paths))}"
        )


@rule(
    "gke-picker-health-port",
    kinds=("InferencePool",),
    why="GKE asks the Endpoint Picker for its health on port 9003, and takes it for dead on another.",
    fix="Leave `grpc-health-port` alone, or write a HealthCheckPolicy for the Endpoint Picker's Service.",
    source="gateway.md 54",
    cause=("gateway", "epp", "flags"),
)
def gke_health_port(pool: Obj, view: ClusterView) -> Iterator[Hit]:
    """On GKE an Endpoint Picker answers for its health on port 9003, or a policy says where."""
    who = {one for route in view.wires.routes_of_pool(pool) for one in view.wires.controllers(route)}
    service = view.compiled("Service", pool.namespace, pool.text("spec.endpointPickerRef.name"))
    if "gke" not in who or (service and view.wires.policies(service, "HealthCheckPolicy")):
        return
    for picker in view.wires.picker_of(pool):
        port = picker.main.flag("--grpc-health-port") or str(_HEALTH_PORT)
        if port != str(_HEALTH_PORT):
            yield Hit(pool, "spec.endpointPickerRef", f"the {picker.name} answer for their health on {port}")


@rule(
    "gke-policy-lets-requests-finish",
    kinds=("HTTPRoute",),
    level="warning",
    why="Google's load balancer cuts requests after 30 seconds when nothing says otherwise.",
    fix="Set `timeoutSec` in the pool's GCPBackendPolicy to what the model needs.",
    source="gateway.md 50, 5.E",
    cause=("serving", "requestTimeoutSeconds"),
)
def gke_lets_requests_finish(route: Obj, view: ClusterView) -> Iterator[Hit]:
    """On GKE a policy gives the backend of a route the time that the model's stack says."""
    stack = view.stack_of(route)
    if stack is None or "gke" not in view.wires.controllers(route):
        return
    for ref in backend_refs(route):
        edge = reference(route, ref, ())
        backend = view.compiled(edge.kind, edge.namespace, edge.name)
        policies = view.wires.policies(backend, "GCPBackendPolicy") if backend else []
        allowed = max((one.number("spec.default.timeoutSec") or 0 for one in policies), default=0)
        wanted = stack.serving.request_timeout_seconds
        if backend and allowed < wanted:
            told = f"{allowed} s" if allowed else "no time, which is 30 s"
            yield Hit(
                route, ref.field, f"the policy of {backend.ref} gives {told}, the stack needs {wanted} s"
            )


@rule(
    "destination-rule-takes-certificate",
    kinds=("DestinationRule",),
    why="The gateway refuses the Endpoint Picker's self-signed certificate, and every request fails with 503.",
    fix="Write `insecureSkipVerify: true`, or give the Endpoint Picker a certificate and the rule its authority.",
    source="gateway.md 46, 5.C",
    cause=("gateway", "epp", "tls"),
)
def takes_certificate(rule_: Obj, view: ClusterView) -> Iterator[Hit]:
    """A DestinationRule accepts the certificate that the Endpoint Picker signs itself."""
    tls = rule_.node("spec.trafficPolicy.tls")
    host = service_of_host(rule_.text("spec.host"), rule_.namespace, view)
    service = view.compiled("Service", *host) if host else None
    if service is None or tls.flag("insecureSkipVerify") or tls.text("mode") not in ("SIMPLE", "MUTUAL"):
        return
    for pod in view.select(service.namespace, service.texts("spec.selector")):
        if pod.role == "epp" and is_on(pod, "--secure-serving", True) and not pod.main.flag("--cert-path"):
            field = "spec.trafficPolicy.tls.insecureSkipVerify"
            yield Hit(rule_, field, f"the {pod.name} sign their certificate themselves, and it is verified")
