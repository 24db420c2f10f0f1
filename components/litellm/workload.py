"""The Deployment of the LiteLLM proxy.

Run for real: LiteLLM 1.106.2 with a compiled configuration and these variables, as UID 65534, on a read-only
root file system with nothing writable but /tmp.
"""

from __future__ import annotations

from typing import Any

from components.cluster.params import Fleet
from components.common import labels, quantities
from components.common.cluster import Cluster
from components.common.manifest import Manifest
from components.inference_gateway.epp import CONFIG_HASH
from components.litellm import proxy_config as config
from components.litellm.proxy_config import longest_request_seconds

PORT = 4000
PORT_NAME = "http"
METRICS_PORT = 4001
METRICS_PORT_NAME = "metrics"
NAME = "litellm-proxy"
"""``app.kubernetes.io/name`` of the proxy's objects."""
CONFIG_FILE = "config.yaml"
MASTER_KEY_FIELD = "master-key"
SALT_KEY_FIELD = "salt-key"
_CONFIG_FOLDER = "/etc/litellm"
_USER = 65534
"""USER of the non_root image (docker/Dockerfile.non_root)."""
_PAUSE_SECONDS = 15
"""Between a pod's leaving the Service and its SIGTERM, so that gateways learn of it first."""


def config_map_name(cluster: Cluster) -> str:
    """ConfigMap of the proxy_config: ``<infra>-litellm-proxy-config``."""
    return f"{cluster.litellm_service}-config"


def selector(cluster: Cluster) -> dict[str, str]:
    """What selects the proxy's pods, and nothing else."""
    return {labels.NAME: NAME, labels.INSTANCE: cluster.name, labels.COMPONENT: "litellm"}


def metadata(cluster: Cluster, name: str) -> dict[str, Any]:
    """Where the proxy's objects go: the namespace of the infrastructure release."""
    return {"name": name, "namespace": cluster.infrastructure_namespace}


def deployment(fleet: Fleet, config_hash: str) -> Manifest:
    """The proxy. A new configuration rolls it, because LiteLLM reads the file at its start only."""
    cluster = fleet.cluster
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(cluster, cluster.litellm_service),
        "spec": {
            "replicas": cluster.litellm.replicas,
            "revisionHistoryLimit": 3,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "selector": {"matchLabels": selector(cluster)},
            "template": {
                "metadata": {"labels": selector(cluster), "annotations": {CONFIG_HASH: config_hash}},
                "spec": pod(fleet),
            },
        },
    }


def pod(fleet: Fleet) -> dict[str, Any]:
    """The proxy's pod. It may finish its longest request after it was told to stop."""
    cluster = fleet.cluster
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": selector(cluster)},
    }
    return {
        "serviceAccountName": cluster.litellm_service,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": longest_request_seconds(fleet) + _PAUSE_SECONDS + 15,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **({"topologySpreadConstraints": [spread]} if cluster.litellm.replicas > 1 else {}),
        "containers": [container(fleet)],
        "volumes": [
            {"name": "config", "configMap": {"name": config_map_name(cluster)}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }


def container(fleet: Fleet) -> dict[str, Any]:
    """The proxy's container. No probe asks /health: that sends a real request to every model."""
    proxy = fleet.cluster.litellm
    return {
        "name": "litellm",
        "image": proxy.image.reference,
        "args": ["--config", f"{_CONFIG_FOLDER}/{CONFIG_FILE}", "--host", "0.0.0.0", "--port", str(PORT)],
        "env": environment(fleet),
        "ports": [
            {"name": PORT_NAME, "containerPort": PORT, "protocol": "TCP"},
            {"name": METRICS_PORT_NAME, "containerPort": METRICS_PORT, "protocol": "TCP"},
        ],
        # Replaying every migration on an empty database takes minutes.
        "startupProbe": _probe("/health/readiness", period=5, failures=180 if proxy.database_secret else 60),
        "readinessProbe": _probe("/health/readiness", period=10, failures=3),
        "livenessProbe": _probe("/health/liveliness", period=15, failures=5),
        "lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", f"sleep {_PAUSE_SECONDS}"]}}},
        "resources": {
            "requests": {
                "cpu": quantities.cpu(proxy.resources.cpu),
                "memory": quantities.memory(proxy.resources.memory),
            },
            "limits": {"memory": quantities.memory(proxy.resources.memory_limit)},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [
            {"name": "config", "mountPath": _CONFIG_FOLDER, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }


def _probe(path: str, *, period: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": PORT, "scheme": "HTTP"},
        "periodSeconds": period,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
        "successThreshold": 1,
    }


def environment(fleet: Fleet) -> list[dict[str, Any]]:
    """Variables by name: plain ones, then a source for every ``os.environ/X`` of the configuration.

    PRISMA_* stay as the image sets them: its database engine lies below /opt/prisma, and a cache elsewhere
    would hide it (litellm#34325).
    """
    proxy = fleet.cluster.litellm
    plain = {
        # Finishes running requests after SIGTERM, for this long.
        "GRACEFUL_SHUTDOWN_TIMEOUT": str(longest_request_seconds(fleet)),
        "HOME": "/tmp",
        # Envoy keeps idle connections for an hour; a server that closes one first resets the next request.
        "KEEPALIVE_TIMEOUT": "3630",
        "LITELLM_DISABLE_ACCESS_LOG_PATHS": "/health/liveliness,/health/readiness",
        # The table of hosted models is in the image; LiteLLM would fetch it from GitHub.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_LOG": proxy.log_level,
        "LITELLM_MODE": "PRODUCTION",
        # Metrics without the master key, on a port that no route leads to.
        "PROMETHEUS_METRICS_PORT": str(METRICS_PORT),
        "XDG_CACHE_HOME": "/tmp/cache",
    }
    if proxy.database_secret:
        plain["LITELLM_MIGRATION_DIR"] = "/tmp/migrations"
    if proxy.redis_secret:
        plain["REDIS_PORT"] = str(proxy.redis_port)
    secret = [
        (config.MASTER_KEY, proxy.master_key_secret, MASTER_KEY_FIELD),
        ("LITELLM_SALT_KEY", proxy.salt_key_secret, SALT_KEY_FIELD),
        (config.DATABASE_URL, proxy.database_secret, "uri"),
        (config.REDIS_HOST, proxy.redis_secret, "host"),
        (config.REDIS_PASSWORD, proxy.redis_secret, "password"),
    ]
    return [
        *({"name": name, "value": plain[name]} for name in sorted(plain)),
        *(_from_secret(name, holder, key) for name, holder, key in secret if holder),
    ]


def _from_secret(name: str, secret: str, key: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}
