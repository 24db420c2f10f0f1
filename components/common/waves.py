"""Argo CD sync waves by kind: what something needs comes before it.

InferenceServices come last, because a pod that waits for GPUs keeps its wave open. Endpoint Pickers share that
wave: they need the pool, and without the health check of ``components/argocd`` a standby would keep theirs open.
Monitors come before both, so that a model that never starts raises an alert.

What is not healthy before something else exists shares that one's wave: a claim whose volume is bound to its first
pod waits for the InferenceService (argo-cd#12840), a BackendTLSPolicy for the policy that names its Service (the
ancestor that Envoy Gateway writes into its status; argo-cd calls a policy without one Progressing).
"""

from __future__ import annotations

WAVES: dict[str, int] = {
    "Namespace": -10,
    "AppProject": -10,
    "ServiceAccount": -5,
    "Role": -5,
    "RoleBinding": -5,
    "ClusterRole": -5,
    "ClusterRoleBinding": -5,
    "Secret": -5,
    "ExternalSecret": -5,
    "ConfigMap": -5,
    "Certificate": -5,
    "ClusterServingRuntime": 0,
    "ServingRuntime": 0,
    "EnvoyProxy": 5,
    "AgentgatewayParameters": 5,
    "Gateway": 10,
    "Service": 10,
    "InferencePool": 10,
    "Backend": 10,
    "DestinationRule": 10,
    "NetworkPolicy": 10,
    "PodMonitor": 15,
    "ServiceMonitor": 15,
    "PrometheusRule": 15,
    "PodDisruptionBudget": 15,
    "HTTPRoute": 20,
    "AIGatewayRoute": 20,
    "BackendTLSPolicy": 20,
    "EnvoyExtensionPolicy": 20,
    "BackendTrafficPolicy": 20,
    "ClientTrafficPolicy": 20,
    "HealthCheckPolicy": 20,
    "GCPBackendPolicy": 20,
    "InferenceObjective": 20,
    "InferenceModelRewrite": 20,
    "PersistentVolumeClaim": 30,
    "InferenceService": 30,
    "Deployment": 30,
    "Application": 0,
}


def wave(kind: str) -> int:
    """The wave of a kind. Raises KeyError for a kind that has none: every compiled kind is listed."""
    return WAVES[kind]
