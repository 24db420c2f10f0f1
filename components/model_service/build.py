"""Manifests of one model service. One function an object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from components.common import labels, names, quantities
from components.common.cluster import pull_secrets
from components.common.manifest import Manifest
from components.common.place import KEEP, SYNC_OPTIONS
from components.common.secrets import external_secret
from components.facts import metric as metric_name
from components.facts.tables import table
from components.model_service.params import Claim
from components.serving_runtimes.build import stack_runtime
from components.serving_runtimes.engines import ENGINES
from components.serving_runtimes.engines.protocol import USER, http_probe, variables
from components.stack import sizing
from components.stack.params import Stack

TOKEN_SECRET = "hugging-face-token"
"""Secret with key HF_TOKEN, where KServe's storage initializer looks for it (KServe v0.20 hf_secret.go)."""
TOKEN_PURPOSE = "hugging-face"
"""Entry of ``cluster.secrets`` that the token comes from."""


def build(stack: Stack) -> Iterator[Manifest]:
    """Everything that runs the model."""
    if stack.runtime.namespaced:
        yield stack_runtime(stack.runtime_object, stack.namespace, stack.runtime)
    store = stack.cluster.secret_store
    if stack.needs_token and store:
        yield external_secret(
            {"name": token_name(stack)}, store, "HF_TOKEN", stack.cluster.secrets[TOKEN_PURPOSE]
        )
    claim = stack.serving.storage.claim
    if claim is not None and claim.create:
        yield weights_claim(claim)
    yield service_account(stack)
    yield inference_service(stack)
    if stack.serving.min_replicas > 1 and not stack.is_knative:
        yield disruption_budget(stack)


def service_account(stack: Stack) -> Manifest:
    """Identity of the model's pods. It carries the token, because the storage initializer reads no pod
    environment (kserve#4400)."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": stack.names.service_account},
        **({"secrets": secrets} if (secrets := _secrets(stack)) else {}),
        **pull_secrets(stack.cluster),
        "automountServiceAccountToken": False,
    }


def _secrets(stack: Stack) -> list[dict[str, str]]:
    token = token_name(stack) if stack.needs_token else None
    return [{"name": name} for name in (token, stack.serving.storage.secret) if name]


def token_name(stack: Stack) -> str:
    """Name of the stack's token Secret: one a stack, so that two stacks of a namespace share no object."""
    return f"{stack.names.service}-{TOKEN_SECRET}"


def weights_claim(claim: Claim) -> Manifest:
    """The claim for weights. Argo CD never deletes it: refilling it can take hours."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": claim.name, "annotations": {SYNC_OPTIONS: KEEP}},
        "spec": {
            "accessModes": [claim.access_mode],
            **({"storageClassName": claim.storage_class} if claim.storage_class else {}),
            "resources": {"requests": {"storage": quantities.memory(str(claim.size))}},
            "volumeMode": "Filesystem",
        },
    }


def inference_service(stack: Stack) -> Manifest:
    """The InferenceService."""
    annotations: dict[str, str] = {"serving.kserve.io/deploymentMode": stack.serving.mode}
    if stack.is_knative:
        # Counts the wait for a GPU and the fetch of the weights too (kserve#1247).
        budget = sizing.startup_seconds(stack) * 2
        annotations |= {"serving.knative.dev/progress-deadline": f"{budget}s"}
    else:
        annotations["serving.kserve.io/autoscalerClass"] = stack.scaler
    annotations |= _gpu_resource_types(stack)
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": stack.names.service,
            # KServe publishes nothing: clients come through LiteLLM.
            "labels": {"networking.kserve.io/visibility": "cluster-local"},
            "annotations": annotations,
        },
        "spec": {"predictor": predictor(stack)},
    }


def _gpu_resource_types(stack: Stack) -> dict[str, str]:
    """Tells KServe that a resource such as a MIG slice is a GPU: it knows the whole cards of four vendors."""
    name = stack.accelerator.resource_name
    if not (name and stack.gpus_per_pod) or name in table("kserve")["gpu_resources"]:
        return {}
    return {"serving.kserve.io/gpu-resource-types": json.dumps([name])}


def predictor(stack: Stack) -> dict[str, Any]:
    """The predictor: pod, scaling and model."""
    accelerator = stack.accelerator
    selector = accelerator.node_selector | stack.pool.node_selector
    tolerations = [
        {"key": taint, **toleration.model_dump(exclude_none=True)}
        for taint, toleration in sorted(accelerator.tolerations.items())
    ]
    return {
        "serviceAccountName": stack.names.service_account,
        "automountServiceAccountToken": False,
        # A Service called vllm would set VLLM_PORT to a URL, and vLLM would die (vllm#34199).
        "enableServiceLinks": False,
        **({"nodeSelector": dict(sorted(selector.items()))} if selector else {}),
        **({"tolerations": tolerations} if tolerations else {}),
        **({"labels": pod_labels(stack)} if pod_labels(stack) else {}),
        **({"priorityClassName": stack.serving.priority_class} if stack.serving.priority_class else {}),
        **_scaling(stack),
        **({"securityContext": security} if (security := _pod_security(stack)) else {}),
        **({"volumes": volumes} if (volumes := ENGINES[stack.runtime.engine].pod_volumes(stack)) else {}),
        **({"storageUris": storage_uris(stack)} if stack.storage_uri and stack.model.adapters else {}),
        "model": model(stack),
    }


def _pod_security(stack: Stack) -> dict[str, Any]:
    """A new claim belongs to root; the group lets the engine's user keep models in it."""
    if stack.runtime.engine != "ollama" or stack.serving.storage.claim is None:
        return {}
    return {"fsGroup": USER, "fsGroupChangePolicy": "OnRootMismatch"}


def pod_labels(stack: Stack) -> dict[str, str]:
    """Labels by which the Endpoint Picker knows the engine; vLLM is its default."""
    engine = stack.runtime.engine
    return {} if engine == "vllm" or not stack.has_pool else {labels.ENGINE_TYPE: engine}


def _scaling(stack: Stack) -> dict[str, Any]:
    serving = stack.serving
    replicas = {"minReplicas": serving.min_replicas, "maxReplicas": stack.max_replicas}
    if stack.is_knative:
        return {
            **replicas,
            "timeout": serving.request_timeout_seconds,
            "containerConcurrency": serving.parallel_requests if stack.runtime.engine != "vllm" else 0,
        }
    return {
        "terminationGracePeriodSeconds": stack.termination_grace_seconds,
        **replicas,
        **_autoscaling(stack),
        "deploymentStrategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": stack.max_surge, "maxUnavailable": stack.max_unavailable},
        },
    }


def _autoscaling(stack: Stack) -> dict[str, Any]:
    if stack.scaler == "hpa":
        return {
            "scaleMetric": "cpu",
            "scaleMetricType": "Utilization",
            "scaleTarget": int(stack.scale_target),
        }
    if stack.scaler == "keda":
        return {"autoScaling": {"metrics": [keda_metric(stack)]}}
    return {}


def keda_metric(stack: Stack) -> dict[str, Any]:
    """The Prometheus query that KEDA scales on: the sum over the stack's pods, held at ``target`` a replica."""
    # stack/mistakes refuses a metric that the engine lacks.
    metric = metric_name(stack.runtime.engine, stack.runtime.version, stack.serving.autoscaling.metric)
    query = f'sum({metric}{{namespace="{stack.namespace}",stack="{stack.name}"}})'
    return {
        "type": "External",
        "external": {
            "metric": {
                "backend": "prometheus",
                "serverAddress": stack.cluster.prometheus_url,
                "query": query,
            },
            # KServe hands only this value to KEDA, as the threshold of a trigger whose metric type stays KEDA's
            # default, AverageValue: replicas = sum / value (kserve keda_reconciler.go).
            "target": {"type": "Value", "value": quantities.number(stack.scale_target)},
        },
    }


def model(stack: Stack) -> dict[str, Any]:
    """The model container, merged by KServe over the runtime's: arguments are appended, variables merge by name."""
    engine = ENGINES[stack.runtime.engine]
    environment = engine.environment(stack)
    period = 10
    return {
        "modelFormat": dict(engine.MODEL_FORMAT),
        # KServe's defaulter writes v2 for the format vLLM; written here so that Argo CD sees no drift.
        **({"protocolVersion": "v2"} if engine.MODEL_FORMAT["name"] == "vLLM" else {}),
        "runtime": stack.runtime_object,
        **({"storageUri": stack.storage_uri} if stack.storage_uri and not stack.model.adapters else {}),
        **({"args": arguments} if (arguments := engine.arguments(stack)) else {}),
        **({"env": variables(environment)} if environment else {}),
        "resources": resources(stack),
        "startupProbe": startup_probe(stack, period),
        **(
            {}
            if stack.is_knative
            else {"lifecycle": {"preStop": {"exec": {"command": ["/bin/sleep", "15"]}}}}
        ),
    }


def storage_uris(stack: Stack) -> list[dict[str, str]]:
    """Weights and LoRA adapters with their mount paths; KServe wants one common parent folder, not ``/``."""
    adapters = sorted(stack.model.adapters.items())
    return [
        {"uri": str(stack.storage_uri), "mountPath": "/mnt/models"},
        *(
            {"uri": adapter.storage_uri, "mountPath": names.adapter_folder(name)}
            for name, adapter in adapters
        ),
    ]


def resources(stack: Stack) -> dict[str, Any]:
    """Requests, and limits for what must not be shared: memory, GPUs, node storage. CPU may burst."""
    memory, ephemeral = sizing.memory(stack), sizing.ephemeral_storage(stack)
    name = stack.accelerator.resource_name
    gpu = {name: str(stack.gpus_per_pod)} if name and stack.gpus_per_pod else {}
    return {
        "requests": {"cpu": sizing.cpu(stack), "memory": memory, "ephemeral-storage": ephemeral, **gpu},
        "limits": {"memory": memory, "ephemeral-storage": ephemeral, **gpu},
    }


def startup_probe(stack: Stack, period: int) -> dict[str, Any]:
    """Gives the engine ``startup_seconds`` before liveness counts (kserve#5062)."""
    engine = ENGINES[stack.runtime.engine]
    failures = -(-sizing.startup_seconds(stack) // period)
    ready = engine.container(stack.runtime)["readinessProbe"]
    if "httpGet" in ready:
        return http_probe(ready["httpGet"]["path"], engine.PORT, period=period, failures=failures)
    return {**ready, "periodSeconds": period, "failureThreshold": failures}


def disruption_budget(stack: Stack) -> Manifest:
    """Lets a drain take one pod at a time."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": stack.names.predictor},
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": labels.predictor_selector(stack.names.predictor_app)},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }
