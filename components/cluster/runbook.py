"""What a stack's runbook says, apart from its prose: every name in it comes from the objects that are compiled."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from components.argocd.applications import application_name
from components.cluster import platform
from components.cluster.params import Fleet
from components.cluster.stack_alerts import alerts_of
from components.common import labels
from components.common.manifest import Manifest
from components.contracts import is_cluster_scoped
from components.facts import epp as epp_facts
from components.facts.engines import engine as engine_facts
from components.inference_gateway import build as inference_gateway
from components.inference_gateway import epp
from components.inference_gateway.wiring import WIRINGS
from components.litellm.proxy_config import fallbacks, model_entries
from components.litellm.workload import MASTER_KEY_FIELD, PORT
from components.model_service.build import token_name
from components.monitoring.mixin import Alert
from components.serving_runtimes.engines import ENGINES
from components.stack import build as stack_build
from components.stack import sizing
from components.stack.params import Stack

_WITH_CONDITIONS = (
    "Gateway",
    "HTTPRoute",
    "AIGatewayRoute",
    "InferencePool",
    "EnvoyExtensionPolicy",
    "BackendTrafficPolicy",
    "ClientTrafficPolicy",
    "BackendTLSPolicy",
    "Backend",
    "Certificate",
    "HealthCheckPolicy",
    "GCPBackendPolicy",
    "AgentgatewayPolicy",
)
"""Kinds of the gateway whose status says whether their controller took them."""
_ROUTING = ("Gateway", "HTTPRoute", "InferencePool", "ClientTrafficPolicy")
_ASK: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("chat/completions", {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 16}),
    "completion": ("completions", {"prompt": "Hello", "max_tokens": 16}),
    "embedding": ("embeddings", {"input": "Hello"}),
    "rerank": (
        "rerank",
        {"query": "What is a pod?", "documents": ["Hello", "A pod is a group of containers."]},
    ),
}


@dataclass(frozen=True, slots=True)
class Object:
    """One compiled object, as kubectl names it."""

    kind: str
    resource: str
    """Kind and group, because ``gateway`` and ``service`` are kinds of several groups."""
    namespace: str
    """Empty for a cluster-scoped object."""
    name: str

    @property
    def scope(self) -> str:
        """``-n <namespace>``, or nothing."""
        return f" -n {self.namespace}" if self.namespace else ""


@dataclass(frozen=True, slots=True)
class Forward:
    """Where ``kubectl port-forward`` reaches a gateway's proxies."""

    namespace: str
    service: str


def values(fleet: Fleet, stack: Stack, alerts: tuple[Alert, ...]) -> dict[str, Any]:
    """What ``templates/runbook.md.j2`` is rendered with; ``alerts`` are those of the cluster."""
    gateways = list(gateway_manifests(fleet, stack))
    return {
        **_whereabouts(fleet, stack),
        **_pods(stack),
        **_objects(stack, gateways),
        **_routing(fleet, stack, gateways),
        **_proxy(fleet, stack),
        "alerts": alerts_of(stack, alerts),
    }


def _whereabouts(fleet: Fleet, stack: Stack) -> dict[str, Any]:
    """What is deployed, by which Application, and where."""
    restricted = fleet.cluster.namespaces.pod_security == "restricted"
    return {
        "fleet": fleet,
        "cluster": fleet.cluster,
        "stack": stack,
        "names": stack.names,
        "namespace": stack.namespace,
        "application": application_name(fleet, stack.name),
        "platform_application": application_name(fleet, "platform"),
        "self_heal": fleet.params.environment.self_heal,
        "probe_namespace": "default" if restricted else stack.namespace,
    }


def _pods(stack: Stack) -> dict[str, Any]:
    """The model's pods: engine, hardware, weights, sizes."""
    return {
        "selector": _selector(dict(sorted(node_selector(stack).items()))),
        "engine": ENGINES[stack.runtime.engine],
        "engine_title": engine_facts(stack.runtime.engine).title,
        "hardware": hardware(stack),
        "weights": weights(stack),
        "token_secret": token_name(stack) if stack.needs_token else None,
        "startup_seconds": sizing.startup_seconds(stack),
        "ephemeral_storage": sizing.ephemeral_storage(stack),
        "memory": sizing.memory(stack),
        "pods": pod_selector(stack),
    }


def _objects(stack: Stack, gateways: list[Manifest]) -> dict[str, Any]:
    """What is compiled, and which of it has a status to look at."""
    objects = [as_object(stack, one) for part in stack_build.built(stack) for one in part.manifests]
    conditions = [one for one in objects if one.kind in _WITH_CONDITIONS]
    shared = [one for one in gateways if stack.gateway.shared and one["kind"] in _WITH_CONDITIONS]
    return {
        "objects": objects,
        "conditions": conditions,
        "policies": [one for one in conditions if one.kind not in _ROUTING],
        "shared_conditions": [as_object(stack, one) for one in shared],
    }


def _routing(fleet: Fleet, stack: Stack, gateways: list[Manifest]) -> dict[str, Any]:
    """The way of a request from LiteLLM to a pod."""
    wiring = WIRINGS[stack.gateway.wiring]
    versions = fleet.cluster.versions
    return {
        "ready_metric": epp_facts.metric(versions["llmdRouter"], "pool_ready_endpoints")
        if stack.has_pool
        else None,
        "wiring": wiring,
        "wired": stack.has_pool and stack.gateway.extension_policy,
        "failure_mode": stack.gateway.pool.failure_mode or wiring.FAILURE_MODE,
        "routes_to_pool": inference_gateway.routes_to_pool(stack, wiring),
        "epp_selector": _selector(labels.epp_selector(stack.name)),
        "epp_ports": epp,
        "lease": f"epp-{stack.namespace}-{stack.names.pool}.llm-d.ai",
        "forward": forward(stack, gateways),
        "path_prefix": inference_gateway.path_prefix(stack).rstrip("/") if stack.gateway.enabled else "",
        "api_base": inference_gateway.api_base(stack),
    }


def _proxy(fleet: Fleet, stack: Stack) -> dict[str, Any]:
    """The stack in LiteLLM, and what to ask it for."""
    path, body = _ASK[stack.model.kind]
    asked = (*stack.served_names[:1], *stack.model.adapters, stack.public_name)
    return {
        "entries": model_entries(stack) if stack.params.litellm.enabled else [],
        "aliases": aliases(fleet, stack),
        "fallbacks": next(iter(fallbacks([stack], {})), {}).get(stack.public_name, []),
        "master_key_field": MASTER_KEY_FIELD,
        "litellm_port": PORT,
        "ask_path": path,
        "ask": {name: request(name, body) for name in asked},
    }


def _selector(wanted: Mapping[str, str]) -> str:
    """Labels as kubectl's ``-l`` takes them."""
    return ",".join(f"{key}={value}" for key, value in wanted.items())


def request(model: str, body: dict[str, Any]) -> str:
    """The JSON body of a test request."""
    return json.dumps({"model": model, **body})


def as_object(stack: Stack, manifest: Manifest) -> Object:
    """How kubectl finds a compiled object."""
    kind, group = manifest["kind"], manifest["apiVersion"].rpartition("/")[0]
    return Object(
        kind=kind,
        resource=f"{kind.lower()}.{group}" if "." in group else kind.lower(),
        namespace=""
        if is_cluster_scoped(group, kind)
        else manifest["metadata"].get("namespace", stack.namespace),
        name=manifest["metadata"]["name"],
    )


def gateway_manifests(fleet: Fleet, stack: Stack) -> Iterator[Manifest]:
    """The Gateway that the stack's route attaches to, with what belongs to it: its own, or the shared one."""
    wiring = WIRINGS[stack.gateway.wiring]
    if not stack.gateway.enabled:
        return
    if stack.gateway.shared:
        yield from wiring.gateway(platform.shared_gateway(fleet, stack.gateway.shared))
    else:
        yield from wiring.gateway(inference_gateway.own_gateway(stack, wiring))


def forward(stack: Stack, gateways: list[Manifest]) -> Forward | None:
    """The Service of the gateway's proxies: the one that the alias names, else the one under the Gateway's own name;
    none where the gateway lies outside the cluster."""
    if not stack.gateway.enabled or stack.gateway.hostname:
        return None
    for one in gateways:
        if one["kind"] == "Service" and one["spec"]["type"] == "ExternalName":
            service, namespace = one["spec"]["externalName"].split(".")[:2]
            return Forward(namespace, service)
    return Forward(stack.gateway_namespace, stack.names.gateway)


def pod_selector(stack: Stack) -> str:
    """What selects the model's pods: in Knative mode ``app`` is the name of the revision."""
    chosen = (
        {"serving.kserve.io/inferenceservice": stack.names.service, "component": "predictor"}
        if stack.is_knative
        else labels.predictor_selector(stack.names.predictor_app)
    )
    return _selector(chosen)


def node_selector(stack: Stack) -> dict[str, str]:
    """Labels of the nodes that the pods may run on."""
    return stack.accelerator.node_selector | stack.pool.node_selector


def hardware(stack: Stack) -> str:
    """What one pod asks for."""
    cpu, memory = sizing.cpu(stack), sizing.memory(stack)
    if not stack.gpus_per_pod:
        return f"{cpu} CPU cores, {memory} memory"
    product = f" ({stack.accelerator.product})" if stack.accelerator.product else ""
    return (
        f"{stack.gpus_per_pod} x {stack.accelerator.resource_name}{product}, {cpu} CPU cores, {memory} memory"
    )


def weights(stack: Stack) -> str:
    """How the weights come into the pod: ``copied``, ``claim``, ``image`` or ``pulled``."""
    if sizing.pulls_itself(stack):
        return "pulled"
    scheme = (stack.storage_uri or "").partition("://")[0]
    return {"pvc": "claim", "oci": "image", "oci+native": "image"}.get(scheme, "copied")


def aliases(fleet: Fleet, stack: Stack) -> list[str]:
    """Public aliases that lead to the stack."""
    every = fleet.cluster.litellm.model_group_aliases
    return sorted(alias for alias, public in every.items() if public == stack.public_name)
