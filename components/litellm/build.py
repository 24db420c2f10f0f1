"""The LiteLLM proxy of one cluster: its configuration always, the proxy with ``cluster.litellm.deploy``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from components.cluster.params import Fleet
from components.common import emit
from components.common.cluster import Cluster, pull_secrets
from components.common.manifest import Manifest
from components.common.secrets import external_secret
from components.inference_gateway.build import rule_name
from components.litellm import workload
from components.litellm.proxy_config import longest_request_seconds, proxy_config
from components.litellm.workload import config_map_name, metadata, selector

MASTER_KEY_PURPOSE = "litellm-master-key"
SALT_KEY_PURPOSE = "litellm-salt-key"
"""Entries of ``cluster.secrets`` that the keys come from."""


def build(fleet: Fleet) -> Iterator[Manifest]:
    """Everything of the cluster's LiteLLM, in the namespace of the infrastructure release."""
    text = emit.dump(proxy_config(fleet))
    yield config_map(fleet.cluster, text)
    if not fleet.cluster.litellm.deploy:
        return
    yield service_account(fleet.cluster)
    yield from external_secrets(fleet.cluster)
    yield service(fleet.cluster)
    yield workload.deployment(fleet, config_hash=hashlib.sha256(text.encode()).hexdigest()[:16])
    if fleet.cluster.litellm.replicas > 1:
        yield disruption_budget(fleet.cluster)
    if fleet.cluster.litellm.hostname:
        yield route(fleet)


def config_map(cluster: Cluster, text: str) -> Manifest:
    """The proxy_config, for the proxy here or for that of the infrastructure release."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(cluster, config_map_name(cluster)),
        "data": {workload.CONFIG_FILE: text},
    }


def service_account(cluster: Cluster) -> Manifest:
    """An identity without rights: the proxy never calls the API server."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(cluster, cluster.litellm_service),
        **pull_secrets(cluster),
        "automountServiceAccountToken": False,
    }


def external_secrets(cluster: Cluster) -> Iterator[Manifest]:
    """Keys that the secret store holds; other releases bring the rest (see ``mistakes.py``)."""
    store, proxy = cluster.secret_store, cluster.litellm
    for name, field, purpose in (
        (proxy.master_key_secret, workload.MASTER_KEY_FIELD, MASTER_KEY_PURPOSE),
        (proxy.salt_key_secret, workload.SALT_KEY_FIELD, SALT_KEY_PURPOSE),
    ):
        if name and store and purpose in cluster.secrets:
            yield external_secret(metadata(cluster, name), store, field, cluster.secrets[purpose])


def service(cluster: Cluster) -> Manifest:
    """Where clients and the external gateway call the proxy. No route leads to its keyless metrics."""
    ports = ((workload.PORT_NAME, workload.PORT), (workload.METRICS_PORT_NAME, workload.METRICS_PORT))
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(cluster, cluster.litellm_service),
        "spec": {
            "type": "ClusterIP",
            "selector": selector(cluster),
            "ports": [
                {"name": name, "port": port, "targetPort": port, "protocol": "TCP"} for name, port in ports
            ],
        },
    }


def route(fleet: Fleet) -> Manifest:
    """The way in from the external gateway, with every default of the API server written out."""
    cluster = fleet.cluster
    listener = cluster.litellm.external_listener
    parent = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "name": cluster.external_gateway,
        "namespace": cluster.infrastructure_namespace,
        **({"sectionName": listener} if listener else {}),
    }
    backend = {
        "group": "",
        "kind": "Service",
        "name": cluster.litellm_service,
        "port": workload.PORT,
        "weight": 1,
    }
    rule = {
        **rule_name(cluster, "litellm"),
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "backendRefs": [backend],
        "timeouts": {"request": f"{longest_request_seconds(fleet)}s"},
    }
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": metadata(cluster, cluster.litellm_service),
        "spec": {"parentRefs": [parent], "hostnames": [cluster.litellm.hostname], "rules": [rule]},
    }


def disruption_budget(cluster: Cluster) -> Manifest:
    """Lets a drain take one pod at a time."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(cluster, cluster.litellm_service),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": selector(cluster)},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }
