"""What controllers make of compiled objects, as far as other objects refer to it.

KServe v0.20 (constants.go, service_reconciler.go), Envoy Gateway v1.9 (resource_provider.go), Istio 1.30
(deployment controller), agentgateway 1.4, cert-manager, External Secrets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from scripts.check.model import Obj
from scripts.check.pods import is_knative

if TYPE_CHECKING:
    from scripts.check.fleet import ClusterView

SERVING_PORT = 80
"""Port of the Service that KServe makes."""
_PARAMETERS = {"gateway.envoyproxy.io": "envoyGateway", "agentgateway.dev": "agentgateway"}
_CLASSES = {"gke-": "gke", "istio": "istio", "agentgateway": "agentgateway", "envoy": "envoyGateway"}


def objects(view: ClusterView) -> Iterator[Obj]:
    """Made objects; their ``path`` and ``target`` are those of what they are made of."""
    for obj in view.of("InferenceService"):
        yield from _of_service(view, obj)
    for obj in view.of("Gateway"):
        yield from _of_gateway(view, obj)
    for obj in view.of("Certificate"):
        yield _secret(obj, obj.text("spec.secretName"), ("tls.crt", "tls.key", "ca.crt"))
    for obj in view.of("ExternalSecret"):
        keys = [one.text("secretKey") for one in obj.each("spec.data[]")]
        yield _secret(obj, obj.text("spec.target.name") or obj.name, keys)


def controller(view: ClusterView, gateway: Obj) -> str:
    """Who runs a Gateway: ``envoyGateway``, ``istio``, ``agentgateway``, ``gke``, or empty when it is not
    known."""
    group = gateway.text("spec.infrastructure.parametersRef.group")
    if group in _PARAMETERS:
        return _PARAMETERS[group]
    name = gateway.text("spec.gatewayClassName")
    for start, who in (
        ("gke-", "gke"),
        ("istio", "istio"),
        ("agentgateway", "agentgateway"),
        ("envoy", "envoyGateway"),
    ):
        if name.startswith(start):
            return who
    return ""


def _of_service(view: ClusterView, obj: Obj) -> Iterator[Obj]:
    pod = next(iter(view.pods_of(obj)), None)
    ports = pod.main.ports if pod else ()
    target = ports[0].number if ports else 8080
    name = f"{obj.name}-predictor"
    selector = {} if is_knative(obj) else {"app": f"isvc.{obj.name}-predictor"}
    yield _service(obj, obj.namespace, name, {SERVING_PORT: target}, selector)
    if not is_knative(obj):
        yield _made(obj, ("apps/v1", "Deployment"), obj.namespace, name, {})


def _of_gateway(view: ClusterView, obj: Obj) -> Iterator[Obj]:
    ports = {port: port for one in obj.each("spec.listeners[]") if (port := one.number("port"))}
    match controller(view, obj):
        case "envoyGateway":
            envoy = view.facts.envoy_gateway
            beside = envoy.deploy == "GatewayNamespace"
            name = _envoy_service_name(view, obj) or (obj.name if beside else "")
            if name:
                yield _service(obj, obj.namespace if beside else envoy.namespace, name, ports, {})
        case "istio":
            name = f"{obj.name}-{obj.text('spec.gatewayClassName')}"
            yield _service(obj, obj.namespace, name, ports, {})
        case "agentgateway":
            yield _service(obj, obj.namespace, obj.name, ports, {})


def _envoy_service_name(view: ClusterView, gateway: Obj) -> str:
    """The name that the Gateway's EnvoyProxy gives the Service."""
    wanted = gateway.text("spec.infrastructure.parametersRef.name")
    proxy = view.compiled("EnvoyProxy", gateway.namespace, wanted)
    return proxy.text("spec.provider.kubernetes.envoyService.name") if proxy else ""


def _service(
    source: Obj, namespace: str, name: str, ports: Mapping[int, int], selector: Mapping[str, str]
) -> Obj:
    spec = {
        "selector": dict(selector),
        "ports": [{"port": port, "targetPort": to} for port, to in ports.items()],
    }
    return _made(source, ("v1", "Service"), namespace, name, {"spec": spec})


def _secret(source: Obj, name: str, keys: list[str] | tuple[str, ...]) -> Obj:
    return _made(source, ("v1", "Secret"), source.namespace, name, {"data": dict.fromkeys(keys, "")})


def _made(source: Obj, kind: tuple[str, str], namespace: str, name: str, rest: dict[str, Any]) -> Obj:
    metadata = {"name": name, "namespace": namespace}
    doc = {"apiVersion": kind[0], "kind": kind[1], "metadata": metadata, **rest}
    return Obj(source.path, source.cluster, source.target, source.component, doc, "made", source)
