"""Small valid objects for the tests of validation, a way to change one field, and what is then said."""

from __future__ import annotations

import copy
import re
from typing import Any

from components.contracts import validate

Json = dict[str, Any]


def changed(obj: Json, path: str, value: Any) -> Json:
    """A copy of `obj` with one field set, or removed when `value` is `...`.

    `path` is like `spec.rules.0.name`; a dot in a name is written `\\.`.
    """
    copied = copy.deepcopy(obj)
    names = [name.replace("\\.", ".") for name in re.split(r"(?<!\\)\.", path)]
    *parents, last = [int(name) if name.isdigit() else name for name in names]
    node: Any = copied
    for key in parents:
        node = node[key]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return copied


def said(obj: Any, kubernetes: str = "1.36") -> list[str]:
    """What validation says of an object, a violation a line."""
    return [str(violation) for violation in validate(obj, kubernetes)]


POOL: Json = {
    "apiVersion": "inference.networking.k8s.io/v1",
    "kind": "InferencePool",
    "metadata": {"name": "llama-70b", "namespace": "llm"},
    "spec": {
        "selector": {"matchLabels": {"app": "isvc.llama-70b-predictor"}},
        "targetPorts": [{"number": 8080}],
        "appProtocol": "http",
        "endpointPickerRef": {"group": "", "kind": "Service", "name": "epp", "port": {"number": 9002}},
    },
}
ROUTE: Json = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "HTTPRoute",
    "metadata": {"name": "llama-70b", "namespace": "llm"},
    "spec": {
        "parentRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "inference"}],
        "rules": [
            {
                "name": "inference",
                "matches": [{"path": {"type": "PathPrefix", "value": "/llama-70b"}}],
                "filters": [
                    {
                        "type": "URLRewrite",
                        "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}},
                    }
                ],
                "timeouts": {"request": "600s"},
                "backendRefs": [{"group": "", "kind": "Service", "name": "llama-70b", "port": 8080}],
            }
        ],
    },
}
EXTENSION: Json = {
    "apiVersion": "gateway.envoyproxy.io/v1alpha1",
    "kind": "EnvoyExtensionPolicy",
    "metadata": {"name": "llama-70b", "namespace": "llm"},
    "spec": {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "llama-70b"}],
        "extProc": [
            {
                "backendRefs": [{"group": "", "kind": "Service", "name": "epp", "port": 9002}],
                "failOpen": False,
                "messageTimeout": "600s",
                "processingMode": {
                    "request": {"body": "FullDuplexStreamed"},
                    "response": {"body": "FullDuplexStreamed"},
                },
            }
        ],
    },
}
INFERENCE_SERVICE: Json = {
    "apiVersion": "serving.kserve.io/v1beta1",
    "kind": "InferenceService",
    "metadata": {
        "name": "llama-70b",
        "namespace": "llm",
        "annotations": {"serving.kserve.io/deploymentMode": "Standard"},
    },
    "spec": {
        "predictor": {
            "minReplicas": 1,
            "maxReplicas": 4,
            "deploymentStrategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1},
            },
            "model": {
                "modelFormat": {"name": "vLLM", "version": "1"},
                "runtime": "vllm-gpu",
                "storageUri": "hf://meta-llama/Llama-3.3-70B-Instruct",
                "args": ["--tensor-parallel-size=4"],
                "resources": {
                    "requests": {"cpu": "16", "memory": "192Gi", "nvidia.com/gpu": "4"},
                    "limits": {"memory": "192Gi", "nvidia.com/gpu": "4"},
                },
            },
        }
    },
}
RUNTIME: Json = {
    "apiVersion": "serving.kserve.io/v1alpha1",
    "kind": "ClusterServingRuntime",
    "metadata": {"name": "vllm-gpu"},
    "spec": {
        "supportedModelFormats": [{"name": "vLLM", "version": "1"}],
        "containers": [{"name": "kserve-container", "image": "vllm/vllm-openai:v0.33.0"}],
    },
}
SCALER: Json = {
    "apiVersion": "keda.sh/v1alpha1",
    "kind": "ScaledObject",
    "metadata": {"name": "llama-70b", "namespace": "llm"},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "llama-70b"},
        "minReplicaCount": 1,
        "maxReplicaCount": 4,
        "triggers": [
            {
                "type": "prometheus",
                "metadata": {"serverAddress": "http://p:9090", "query": "up", "threshold": "1"},
            }
        ],
    },
}
DEPLOYMENT: Json = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "epp", "namespace": "llm", "labels": {"app.kubernetes.io/name": "epp"}},
    "spec": {
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": {"app": "epp"}},
        "template": {
            "metadata": {"labels": {"app": "epp"}},
            "spec": {
                "containers": [
                    {
                        "name": "epp",
                        "image": "ghcr.io/llm-d/epp:v0.10.0",
                        "ports": [{"name": "grpc", "containerPort": 9002}],
                        "env": [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                        "readinessProbe": {"grpc": {"port": 9003, "service": "readiness"}},
                        "volumeMounts": [{"name": "config", "mountPath": "/config"}],
                    }
                ],
                "volumes": [{"name": "config", "configMap": {"name": "epp"}}],
            },
        },
    },
}
SERVICE: Json = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "epp", "namespace": "llm"},
    "spec": {
        "selector": {"app": "epp"},
        "ports": [
            {"name": "grpc", "port": 9002, "targetPort": 9002, "protocol": "TCP"},
            {"name": "metrics", "port": 9090, "targetPort": "metrics"},
        ],
    },
}
CONFIG: Json = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "epp", "namespace": "llm"},
    "data": {"epp.yaml": "plugins: []\n"},
}
ROLE: Json = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "system:epp", "namespace": "llm"},
    "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}],
}
BINDING: Json = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "llm-epp"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "epp"},
    "subjects": [{"kind": "ServiceAccount", "name": "epp", "namespace": "llm"}],
}
BUDGET: Json = {
    "apiVersion": "policy/v1",
    "kind": "PodDisruptionBudget",
    "metadata": {"name": "epp", "namespace": "llm"},
    "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "epp"}}},
}
CLAIM: Json = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "weights", "namespace": "llm"},
    "spec": {"accessModes": ["ReadOnlyMany"], "resources": {"requests": {"storage": "200Gi"}}},
}
VALID = (
    *(POOL, ROUTE, EXTENSION, INFERENCE_SERVICE, RUNTIME, SCALER),
    *(DEPLOYMENT, SERVICE, CONFIG, ROLE, BINDING, BUDGET, CLAIM),
)
