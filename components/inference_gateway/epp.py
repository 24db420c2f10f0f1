"""The Endpoint Picker of one stack: configuration, identity, Deployment and Service."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from components.common import emit, flags, labels, quantities
from components.common.cluster import pull_secrets
from components.common.manifest import Manifest
from components.inference_gateway import epp_config
from components.inference_gateway.wiring.protocol import Wiring
from components.stack.params import Stack

EXT_PROC_PORT = 9002
HEALTH_PORT = 9003
METRICS_PORT = 9090
METRICS_PORT_NAME = "http-metrics"
CONFIG_HASH = "inferstack.io/config-hash"
_CONFIG_FILE = "epp.yaml"
_CERTIFICATES = "/certs"
_USER = 65532
"""The image's own user (distroless nonroot)."""


def build(stack: Stack, wiring: Wiring) -> Iterator[Manifest]:
    """Every object of the EPP."""
    text = emit.dump(epp_config.config(stack, single_pick=wiring.SINGLE_PICK))
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata(stack)}
    yield account | pull_secrets(stack.cluster)
    yield role(stack)
    yield _binding(stack, "RoleBinding", stack.names.epp, "Role")
    if stack.gateway.epp.metrics_auth:
        yield metrics_role(stack)
        yield _binding(stack, "ClusterRoleBinding", stack.names.epp_metrics_auth, "ClusterRole")
        if stack.is_monitored:
            yield metrics_token(stack)
    yield {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(stack),
        "data": {_CONFIG_FILE: text},
    }
    yield service(stack)
    yield deployment(stack, wiring, hashlib.sha256(text.encode()).hexdigest()[:16])


def _metadata(stack: Stack) -> dict[str, Any]:
    return {"name": stack.names.epp, "labels": labels.epp_selector(stack.name)}


def role(stack: Stack) -> Manifest:
    """What the EPP watches in the pool's namespace; with leader election also its lease."""
    read = ["get", "list", "watch"]
    rules: list[dict[str, Any]] = [
        {"apiGroups": [""], "resources": ["pods"], "verbs": read},
        {"apiGroups": ["inference.networking.k8s.io"], "resources": ["inferencepools"], "verbs": read},
        {
            "apiGroups": ["llm-d.ai"],
            "resources": ["inferenceobjectives", "inferencemodelrewrites"],
            "verbs": read,
        },
    ]
    if stack.gateway.epp.replicas > 1:
        write = ["get", "list", "watch", "create", "update", "patch", "delete"]
        rules.append({"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": write})
        rules.append({"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]})
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": _metadata(stack),
        "rules": rules,
    }


def metrics_role(stack: Stack) -> Manifest:
    """Token reviews for /metrics, and the right to read it. Cluster-wide, because the reviews are."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": stack.names.epp_metrics_auth, "labels": labels.epp_selector(stack.name)},
        "rules": [
            {"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]},
            {
                "apiGroups": ["authorization.k8s.io"],
                "resources": ["subjectaccessreviews"],
                "verbs": ["create"],
            },
            {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
        ],
    }


def _binding(stack: Stack, kind: str, name: str, role_kind: str) -> Manifest:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name, "labels": labels.epp_selector(stack.name)},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role_kind, "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": stack.names.epp, "namespace": stack.namespace}],
    }


def metrics_token(stack: Stack) -> Manifest:
    """An empty Secret that Kubernetes fills with a token, for Prometheus."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": stack.names.epp_metrics_token,
            "labels": labels.epp_selector(stack.name),
            "annotations": {"kubernetes.io/service-account.name": stack.names.epp},
        },
        "type": "kubernetes.io/service-account-token",
    }


def service(stack: Stack) -> Manifest:
    """Where the gateway calls the EPP."""
    ports: tuple[tuple[str, int, dict[str, str]], ...] = (
        ("grpc-ext-proc", EXT_PROC_PORT, {"appProtocol": "kubernetes.io/h2c"}),
        (METRICS_PORT_NAME, METRICS_PORT, {}),
    )
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(stack),
        "spec": {
            "type": "ClusterIP",
            "selector": labels.epp_selector(stack.name),
            "ports": [
                {"name": name, "port": port, "targetPort": port, "protocol": "TCP", **extra}
                for name, port, extra in ports
            ],
        },
    }


def arguments(stack: Stack, wiring: Wiring) -> list[str]:
    """Flags of llm-d-router v0.10 (pkg/epp/server/options.go). Booleans are written ``--flag=value``."""
    epp = stack.gateway.epp
    tls = wiring.tls(stack)
    chosen: dict[str, Any] = {
        "config-file": f"/config/{_CONFIG_FILE}",
        "metrics-endpoint-auth": epp.metrics_auth,
        "pool-name": stack.names.pool,
        "pool-namespace": stack.namespace,
        "secure-serving": tls != "off",
        "tracing": False,
        "v": epp.verbosity,
        "zap-encoder": "json",
    }
    if epp.replicas > 1:
        chosen["ha-enable-leader-election"] = True
    if tls == "cert-manager":
        chosen |= {"cert-path": _CERTIFICATES, "enable-cert-reload": True}
    if epp_config.experimental(stack):
        chosen["allow-experimental-plugins"] = True
    merged = chosen | epp.flags
    return flags.render({k: str(v).lower() if isinstance(v, bool) else v for k, v in merged.items()})


def deployment(stack: Stack, wiring: Wiring, config_hash: str) -> Manifest:
    """The EPP."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(stack),
        "spec": {
            "replicas": stack.gateway.epp.replicas,
            "revisionHistoryLimit": 3,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": _rollout(stack)},
            "selector": {"matchLabels": labels.epp_selector(stack.name)},
            "template": {
                "metadata": {
                    "labels": labels.epp_selector(stack.name),
                    "annotations": {CONFIG_HASH: config_hash},
                },
                "spec": pod(stack, wiring),
            },
        },
    }


def _rollout(stack: Stack) -> dict[str, Any]:
    """How a change replaces the pods.

    A single one makes way when the new one is ready. Of several only the leader is ever ready (router#2568), so a
    rollout that waits for readiness waits for ever; and ``Recreate`` makes no pod before the last old one is gone,
    which takes ``--drain-timeout`` (30 s) and then the longest stream (router#1885). So all may go at once: the
    leader gives up its lease at the signal to stop, a new pod takes it within seconds, and the old one still serves
    the connections that it has.
    """
    if stack.gateway.epp.replicas == 1:
        return {"maxSurge": 1, "maxUnavailable": 0}
    return {"maxSurge": 0, "maxUnavailable": "100%"}


def pod(stack: Stack, wiring: Wiring) -> dict[str, Any]:
    """The EPP's pod. It outlives the longest request of the pool's pods."""
    several = stack.gateway.epp.replicas > 1
    verified = wiring.tls(stack) == "cert-manager"
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels.epp_selector(stack.name)},
    }
    return {
        "serviceAccountName": stack.names.epp,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": stack.termination_grace_seconds + 10,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **({"topologySpreadConstraints": [spread]} if several else {}),
        "containers": [container(stack, wiring)],
        "volumes": [
            {"name": "config", "configMap": {"name": stack.names.epp}},
            *(
                [{"name": "certificates", "secret": {"secretName": f"{stack.names.epp}-tls"}}]
                if verified
                else []
            ),
        ],
    }


def container(stack: Stack, wiring: Wiring) -> dict[str, Any]:
    """The EPP's container."""
    verified = wiring.tls(stack) == "cert-manager"
    return {
        "name": "epp",
        "image": image(stack),
        "args": arguments(stack, wiring),
        "env": [_own_field("NAMESPACE", "namespace"), _own_field("POD_NAME", "name")],
        "ports": [
            {"name": "grpc", "containerPort": EXT_PROC_PORT, "protocol": "TCP"},
            {"name": "grpc-health", "containerPort": HEALTH_PORT, "protocol": "TCP"},
            {"name": "metrics", "containerPort": METRICS_PORT, "protocol": "TCP"},
        ],
        **probes(),
        "resources": resources(stack),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [
            {"name": "config", "mountPath": "/config", "readOnly": True},
            *([{"name": "certificates", "mountPath": _CERTIFICATES, "readOnly": True}] if verified else []),
        ],
    }


def image(stack: Stack) -> str:
    """The image of the cluster's version."""
    epp = stack.gateway.epp
    digest = f"@{epp.image_digest}" if epp.image_digest else ""
    return f"{epp.image_repository}:v{stack.cluster.versions['llmdRouter']}{digest}"


def probes() -> dict[str, Any]:
    """They ask the plaintext health port by the two service names that are right with and without leader election."""
    return {
        "livenessProbe": {
            "grpc": {"port": HEALTH_PORT, "service": "liveness"},
            "initialDelaySeconds": 5,
            "periodSeconds": 10,
            "timeoutSeconds": 5,
            "failureThreshold": 3,
            "successThreshold": 1,
        },
        "readinessProbe": {
            "grpc": {"port": HEALTH_PORT, "service": "readiness"},
            "periodSeconds": 2,
            "timeoutSeconds": 2,
            "failureThreshold": 3,
            "successThreshold": 1,
        },
    }


def resources(stack: Stack) -> dict[str, Any]:
    """Requests, and a limit for memory; CPU may burst."""
    wanted = stack.gateway.epp.resources
    return {
        "requests": {"cpu": quantities.cpu(wanted.cpu), "memory": quantities.memory(wanted.memory)},
        "limits": {"memory": quantities.memory(wanted.memory_limit)},
    }


def _own_field(variable: str, field: str) -> dict[str, Any]:
    """A variable with a field of the pod's own metadata."""
    reference = {"apiVersion": "v1", "fieldPath": f"metadata.{field}"}
    return {"name": variable, "valueFrom": {"fieldRef": reference}}
