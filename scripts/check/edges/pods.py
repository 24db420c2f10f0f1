"""Edges of pod specs, wherever they stand: identities, volumes, variables, classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scripts.check.graph import Edge
from scripts.check.model import Obj
from scripts.check.node import Node
from scripts.check.pods import WORKLOADS

if TYPE_CHECKING:
    from scripts.check.fleet import ClusterView

SPECS = (*WORKLOADS, "InferenceService", "ServingRuntime")
"""Kinds that hold pod specs of a namespace. A ClusterServingRuntime's is held by whoever uses it."""
_PATHS = {
    "InferenceService": ("spec.predictor", "spec.predictor.workerSpec", "spec.transformer"),
    "ServingRuntime": ("spec", "spec.workerSpec"),
}


def specs(obj: Obj) -> Iterator[Node]:
    """The pod specs in an object, as they are written."""
    for path in _PATHS.get(obj.kind, ("spec.template.spec",)):
        if obj.has(path):
            yield obj.node(path)


def containers(spec: Node) -> Iterator[Node]:
    """Everything that is written like a container."""
    for path in ("model", "containers[]", "initContainers[]"):
        yield from spec.each(path)


def service_accounts(obj: Obj, view: ClusterView) -> Iterator[Edge]:
    """Pod → ServiceAccount."""
    for spec in specs(obj):
        name = spec.text("serviceAccountName")
        if name and name != "default":
            yield Edge(obj, spec.at("serviceAccountName"), "ServiceAccount", obj.namespace, name, "")


def priority_classes(obj: Obj, view: ClusterView) -> Iterator[Edge]:
    """Pod → PriorityClass; those of Kubernetes itself exist everywhere."""
    for spec in specs(obj):
        name = spec.text("priorityClassName")
        if name and not name.startswith("system-"):
            field = spec.at("priorityClassName")
            yield Edge(obj, field, "PriorityClass", "", name, cause=("serving", "priorityClass"))


def runtime_classes(obj: Obj, view: ClusterView) -> Iterator[Edge]:
    """Pod → RuntimeClass."""
    for spec in specs(obj):
        if name := spec.text("runtimeClassName"):
            yield Edge(obj, spec.at("runtimeClassName"), "RuntimeClass", "", name)


def claims(obj: Obj, view: ClusterView) -> Iterator[Edge]:
    """Pod → PersistentVolumeClaim."""
    for spec in specs(obj):
        for volume in spec.each("volumes[]"):
            if name := volume.text("persistentVolumeClaim.claimName"):
                field = volume.at("persistentVolumeClaim.claimName")
                cause = ("serving", "storage", "claim")
                yield Edge(obj, field, "PersistentVolumeClaim", obj.namespace, name, "", cause=cause)


def config_maps(obj: Obj, view: ClusterView) -> Iterator[Edge]:
    """Pod → ConfigMaps in volumes and variables."""
    for spec in specs(obj):
        yield from _of_kind(obj, spec, "ConfigMap", ("configMap", "name"), "configMapKeyRef", "configMapRef")


def secrets(obj: Obj, view: ClusterView) -> Iterator[Edge]:
    """Pod → Secrets in volumes, variables and for pulling images."""
    for spec in specs(obj):
        yield from _of_kind(obj, spec, "Secret", ("secret", "secretName"), "secretKeyRef", "secretRef")
        for ref in spec.each("imagePullSecrets[]"):
            yield Edge(obj, ref.at("name"), "Secret", obj.namespace, ref.text("name"), "")


def _of_kind(
    obj: Obj, spec: Node, kind: str, volume: tuple[str, str], one_key: str, all_keys: str
) -> Iterator[Edge]:
    """References to ConfigMaps or Secrets, without those that may be absent."""
    for path in ("volumes[]", "volumes[].projected.sources[]"):
        for holder in spec.each(path):
            source = holder.node(volume[0])
            name = source.text(volume[1]) or source.text("name")
            if name and not source.flag("optional"):
                keys = tuple(item.text("key") for item in source.each("items[]"))
                yield Edge(obj, source.field, kind, obj.namespace, name, "", keys=keys)
    for container in containers(spec):
        for variable in container.each("env[]"):
            ref = variable.node(f"valueFrom.{one_key}")
            if ref.text("name") and not ref.flag("optional"):
                keys = (ref.text("key"),)
                yield Edge(obj, ref.field, kind, obj.namespace, ref.text("name"), "", keys=keys)
        for source in container.each("envFrom[]"):
            ref = source.node(all_keys)
            if ref.text("name") and not ref.flag("optional"):
                yield Edge(obj, ref.field, kind, obj.namespace, ref.text("name"), "")


def account_secrets(account: Obj, view: ClusterView) -> Iterator[Edge]:
    """ServiceAccount → Secrets that KServe and the kubelet take credentials from."""
    for path in ("secrets[]", "imagePullSecrets[]"):
        for ref in account.each(path):
            yield Edge(account, ref.at("name"), "Secret", account.namespace, ref.text("name"), "")


def token_account(secret: Obj, view: ClusterView) -> Iterator[Edge]:
    """Secret with a token → the ServiceAccount whose token it is."""
    if secret.text("type") == "kubernetes.io/service-account-token":
        name = secret.annotations.get("kubernetes.io/service-account.name", "")
        yield Edge(secret, "metadata.annotations", "ServiceAccount", secret.namespace, name, "")


def secret_store(secret: Obj, view: ClusterView) -> Iterator[Edge]:
    """ExternalSecret → the store that it is fetched from."""
    ref = secret.node("spec.secretStoreRef")
    kind = ref.text("kind", "SecretStore")
    namespace = secret.namespace if kind == "SecretStore" else ""
    yield Edge(secret, ref.field, kind, namespace, ref.text("name"), cause=("cluster", "secretStore"))


def issuer(certificate: Obj, view: ClusterView) -> Iterator[Edge]:
    """Certificate → who signs it."""
    ref = certificate.node("spec.issuerRef")
    kind = ref.text("kind", "Issuer")
    namespace = certificate.namespace if kind == "Issuer" else ""
    group = ref.text("group", "cert-manager.io")
    cause = ("gateway", "epp", "issuer")
    yield Edge(certificate, ref.field, kind, namespace, ref.text("name"), group, cause=cause)


def storage_class(claim: Obj, view: ClusterView) -> Iterator[Edge]:
    """PersistentVolumeClaim → StorageClass, where one is named."""
    if name := claim.text("spec.storageClassName"):
        cause = ("serving", "storage", "claim", "storageClass")
        yield Edge(claim, "spec.storageClassName", "StorageClass", "", name, cause=cause)


def roles(binding: Obj, view: ClusterView) -> Iterator[Edge]:
    """RoleBinding and ClusterRoleBinding → the role that they bind."""
    kind = binding.text("roleRef.kind")
    namespace = binding.namespace if kind == "Role" else ""
    yield Edge(binding, "roleRef", kind, namespace, binding.text("roleRef.name"))


def subjects(binding: Obj, view: ClusterView) -> Iterator[Edge]:
    """RoleBinding and ClusterRoleBinding → the ServiceAccounts that they bind."""
    for ref in binding.each("subjects[]"):
        name = ref.text("name")
        if ref.text("kind") == "ServiceAccount" and name != "default":
            namespace = ref.text("namespace", binding.namespace)
            yield Edge(binding, ref.field, "ServiceAccount", namespace, name, "")
