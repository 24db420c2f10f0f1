"""Edges of InferenceServices, of Services by name, and of what scrapes and scales."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scripts.check.edges.gateways import service_of_host
from scripts.check.graph import Edge
from scripts.check.model import Obj

if TYPE_CHECKING:
    from scripts.check.fleet import ClusterView


def runtime(service: Obj, view: ClusterView) -> Iterator[Edge]:
    """InferenceService → the runtime that it names; a ServingRuntime of its namespace goes before the
    cluster's."""
    name = service.text("spec.predictor.model.runtime")
    if name:
        own = view.find("ServingRuntime", service.namespace, name)
        kind, namespace = ("ServingRuntime", service.namespace) if own else ("ClusterServingRuntime", "")
        field = "spec.predictor.model.runtime"
        yield Edge(service, field, kind, namespace, name, "serving.kserve.io", cause=("serving", "runtime"))


def storage_claim(service: Obj, view: ClusterView) -> Iterator[Edge]:
    """InferenceService → the claim that its weights lie on."""
    for path in ("spec.predictor.model.storageUri", "spec.predictor.storageUri"):
        claim = claim_of(service.text(path))
        if claim:
            cause = ("serving", "storage", "uri")
            yield Edge(service, path, "PersistentVolumeClaim", service.namespace, claim, "", cause=cause)


def claim_of(uri: str) -> str:
    """The claim of ``pvc://<claim>/<path>``; empty for another scheme."""
    return uri.removeprefix("pvc://").partition("/")[0] if uri.startswith("pvc://") else ""


def external_name(service: Obj, view: ClusterView) -> Iterator[Edge]:
    """Service of type ExternalName → the Service that it is another name of."""
    if service.text("spec.type") != "ExternalName":
        return
    found = service_of_host(service.text("spec.externalName"), service.namespace, view)
    if found:
        yield Edge(service, "spec.externalName", "Service", *found, "", cause=("cluster", "envoyGateway"))


def scale_target(scaler: Obj, view: ClusterView) -> Iterator[Edge]:
    """ScaledObject and HorizontalPodAutoscaler → the workload that they scale."""
    ref = scaler.node("spec.scaleTargetRef")
    if ref.text("name"):
        group = ref.text("apiVersion").rpartition("/")[0]
        kind = ref.text("kind", "Deployment")
        yield Edge(scaler, ref.field, kind, scaler.namespace, ref.text("name"), group or None)


def monitor_credentials(monitor: Obj, view: ClusterView) -> Iterator[Edge]:
    """ServiceMonitor and PodMonitor → the Secret with what they present."""
    for path in ("spec.endpoints[]", "spec.podMetricsEndpoints[]"):
        for endpoint in monitor.each(path):
            ref = endpoint.node("authorization.credentials")
            if ref.text("name"):
                keys = (ref.text("key"),)
                yield Edge(monitor, ref.field, "Secret", monitor.namespace, ref.text("name"), "", keys=keys)
