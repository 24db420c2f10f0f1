"""Combinations of valid values that cannot work. Each function yields the mistakes of one concern."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from components.common.cluster import Cluster
from components.common.errors import Mistake
from components.facts import metric as metric_name
from components.facts.suggest import nearest
from components.inference_gateway.wiring import WIRINGS
from components.model_service.build import TOKEN_PURPOSE
from components.stack.params import Stack, StackParams


def references(params: StackParams) -> Iterator[Mistake]:
    """Names in the parameters that must exist elsewhere in them. Nothing else can be derived before they do."""
    cluster, serving = params.cluster, params.serving
    if serving.runtime not in params.runtimes:
        yield _unknown(("serving", "runtime"), "runtime", serving.runtime, list(params.runtimes))
    elif not (params.runtimes[serving.runtime].namespaced or cluster.runtimes.get(serving.runtime)):
        yield Mistake(
            ("serving", "runtime"),
            f"runtime {serving.runtime!r} is switched off on cluster {cluster.name}",
            f"set cluster.runtimes.{serving.runtime}: true, or choose one of {_on(cluster)}",
        )
    if serving.pool not in cluster.pools:
        yield _unknown(("serving", "pool"), "accelerator pool", serving.pool, list(cluster.pools))
    elif cluster.pools[serving.pool].accelerator not in params.accelerators:
        wanted = cluster.pools[serving.pool].accelerator
        path = ("cluster", "pools", serving.pool, "accelerator")
        yield _unknown(path, "accelerator", wanted, list(params.accelerators))
    shared = params.gateway.shared
    if shared and shared not in cluster.shared_gateways:
        yield _unknown(("gateway", "shared"), "shared gateway", shared, list(cluster.shared_gateways))


def combinations(stack: Stack) -> Iterator[Mistake]:
    """All other mistakes of a stack whose references resolve."""
    for concern in _CONCERNS:
        yield from concern(stack)


def _unknown(path: tuple[str | int, ...], what: str, name: str, known: list[str]) -> Mistake:
    near = nearest(name, known)
    hint = f"did you mean {near!r}? " if near else ""
    return Mistake(path, f"there is no {what} {name!r}", f"{hint}known: {', '.join(sorted(known)) or 'none'}")


def _on(cluster: Cluster) -> str:
    return ", ".join(sorted(name for name, on in cluster.runtimes.items() if on)) or "none"


def _names(stack: Stack) -> Iterator[Mistake]:
    for what, name, limit in stack.names.limits():
        if len(name) > limit:
            over = len(name) - limit
            yield Mistake(
                ("serving", "name") if stack.serving.name else ("kapitan", "vars", "target"),
                f"the {what} would be called {name!r}: {len(name)} characters, {limit} are allowed",
                f"shorten the stack's, service's or namespace's name by {over}",
            )


def _parallelism(stack: Stack) -> Iterator[Mistake]:
    serving, accelerator = stack.serving, stack.accelerator
    path = ("serving", "gpus")
    sizes = (serving.tensor_parallel_size, serving.pipeline_parallel_size, serving.data_parallel_size)
    product = " x ".join(str(size) for size in sizes)
    if not accelerator.is_gpu:
        if serving.gpus:
            yield Mistake(
                path,
                f"{serving.gpus} GPUs in pool {serving.pool!r}, which has none",
                "remove the key, or choose a GPU pool",
            )
        if stack.world_size > 1:
            yield Mistake(
                ("serving", "tensorParallelSize"), f"parallel size {product} in a CPU pool", "use 1"
            )
        return
    if stack.runtime.engine == "vllm" and serving.gpus is not None and serving.gpus != stack.world_size:
        yield Mistake(
            path,
            f"gpus is {serving.gpus}, but tensor x pipeline x data parallel size is {product} = {stack.world_size}",
            f"set gpus: {stack.world_size}, or remove it: it is derived",
        )
    if stack.runtime.engine != "vllm" and stack.world_size > 1:
        yield Mistake(
            ("serving", "tensorParallelSize"),
            f"{stack.runtime.engine} has no parallel sizes",
            "set serving.gpus instead",
        )
    if accelerator.per_node and stack.gpus_per_pod > accelerator.per_node:
        yield Mistake(
            path if serving.gpus else ("serving", "tensorParallelSize"),
            f"a pod of {stack.gpus_per_pod} GPUs fits no node of pool {serving.pool!r}"
            f" ({accelerator.per_node} GPUs a node)",
            "use smaller parallel sizes: one pod lies on one node",
        )
    architecture = stack.model.architecture
    if architecture and architecture.attention_heads % serving.tensor_parallel_size:
        yield Mistake(
            ("serving", "tensorParallelSize"),
            f"{architecture.attention_heads} attention heads cannot be split over {serving.tensor_parallel_size} ranks",
            "use a divisor of the number of heads",
        )


def _device(stack: Stack) -> Iterator[Mistake]:
    device = stack.runtime.device
    kind = stack.accelerator.kind
    if device not in ("any", kind):
        yield Mistake(
            ("serving", "pool"),
            f"runtime {stack.serving.runtime!r} runs on {device}, pool {stack.serving.pool!r} is {kind}",
            "choose a pool or a runtime that fits",
        )


def _replicas(stack: Stack) -> Iterator[Mistake]:
    serving = stack.serving
    if serving.max_replicas is not None and serving.max_replicas < serving.min_replicas:
        yield Mistake(
            ("serving", "maxReplicas"),
            f"maxReplicas {serving.max_replicas} is below minReplicas {serving.min_replicas}",
            "raise maxReplicas or lower minReplicas",
        )
    if serving.min_replicas == 0 and not stack.is_knative and stack.scaler != "keda":
        yield Mistake(
            ("serving", "minReplicas"),
            "only KEDA scales a Standard InferenceService to zero; KServe would make this 1",
            "set serving.autoscaling.scaler: keda, or minReplicas: 1",
        )
    if stack.max_surge == 0 and stack.max_unavailable == 0:
        yield Mistake(
            ("serving", "rollout"),
            "maxSurge and maxUnavailable are both 0, so no pod could ever be replaced",
            "set one of them to 1",
        )


def _scaling(stack: Stack) -> Iterator[Mistake]:
    wanted = stack.serving.autoscaling
    path = ("serving", "autoscaling", "scaler")
    if stack.is_knative:
        if wanted.scaler is not None:
            yield Mistake(path, "Knative scales by itself: KServe refuses a scaler here", "remove the key")
        return
    if stack.scaler == "none" and stack.max_replicas != max(stack.serving.min_replicas, 1):
        yield Mistake(
            ("serving", "maxReplicas"),
            f"nothing scales this stack from {stack.serving.min_replicas} to {stack.max_replicas} replicas",
            "declare cluster.versions.keda and cluster.prometheusUrl, choose another scaler, or set both numbers equal",
        )
    if stack.scaler != "keda":
        return
    if not (stack.cluster.has("keda") and stack.cluster.prometheus_url):
        yield Mistake(
            path,
            f"cluster {stack.cluster.name} declares no KEDA or no Prometheus",
            "set cluster.versions.keda and cluster.prometheusUrl",
        )
    metric = metric_name(stack.runtime.engine, stack.runtime.version, wanted.metric)
    if metric is None:
        yield Mistake(
            ("serving", "autoscaling", "metric"),
            f"{stack.runtime.engine} {stack.runtime.version} has no metric for {wanted.metric}",
            "choose another metric, or the scaler hpa",
        )


def _weights(stack: Stack) -> Iterator[Mistake]:
    model, runtime = stack.model, stack.runtime
    if runtime.engine == "ollama":
        if not model.ollama_tag:
            yield Mistake(
                ("model", "ollamaTag"),
                "Ollama needs the name under which it pulls the model",
                "set model.ollamaTag: name:tag",
            )
        return
    if stack.storage_uri is None:
        yield Mistake(
            ("model", "weights", "uri"),
            "nothing says where the weights come from",
            "set model.weights.uri or serving.storage.uri",
        )
        return
    if runtime.engine == "llamacpp" and not (model.weights.file or "").endswith(".gguf"):
        yield Mistake(
            ("model", "weights", "file"), "llama.cpp needs the name of a .gguf file", "set model.weights.file"
        )
    if stack.needs_token:
        yield from _token(stack)


def _claim(stack: Stack) -> Iterator[Mistake]:
    claim, uri = stack.serving.storage.claim, stack.storage_uri
    path = ("serving", "storage", "claim")
    if claim is None:
        return
    if uri is not None and uri.removeprefix("pvc://").split("/")[0] != claim.name:
        yield Mistake(
            (*path, "name"),
            f"the weights come from {uri}, not from claim {claim.name!r}",
            f"set serving.storage.uri: pvc://{claim.name}/<folder>",
        )
    if claim.create and not claim.size:
        yield Mistake(
            (*path, "size"), "a claim that is created needs a size", "set its size, for example 200Gi"
        )
    if claim.access_mode == "ReadWriteOnce" and stack.max_replicas > 1:
        yield Mistake(
            (*path, "accessMode"),
            f"a ReadWriteOnce claim mounts on one node, but there may be {stack.max_replicas} pods",
            "use ReadOnlyMany or ReadWriteMany",
        )


def _token(stack: Stack) -> Iterator[Mistake]:
    cluster = stack.cluster
    if cluster.secret_store is None or TOKEN_PURPOSE not in cluster.secrets:
        yield Mistake(
            ("cluster", "secrets"),
            f"{stack.model.name} is gated, and cluster {cluster.name} does not say where its access token is kept",
            f"set cluster.secretStore and cluster.secrets.{TOKEN_PURPOSE}",
        )


def _context(stack: Stack) -> Iterator[Mistake]:
    wanted = stack.serving.max_model_len
    if wanted and wanted > stack.model.max_context:
        yield Mistake(
            ("serving", "maxModelLen"),
            f"{wanted} tokens, but {stack.model.name} was made for {stack.model.max_context}",
            "lower it, or raise model.maxContext if the model's card says so",
        )


def _adapters(stack: Stack) -> Iterator[Mistake]:
    if stack.model.adapters and stack.runtime.engine != "vllm":
        yield Mistake(
            ("model", "adapters"),
            f"{stack.runtime.engine} serves no LoRA adapters here",
            "use a vLLM runtime",
        )
    if stack.model.adapters and stack.is_knative:
        yield Mistake(
            ("model", "adapters"), "Knative mode cannot mount several storage URIs", "use Standard mode"
        )


def _gateway(stack: Stack) -> Iterator[Mistake]:
    gateway, cluster = stack.gateway, stack.cluster
    if not gateway.enabled:
        return
    if stack.is_knative:
        yield Mistake(
            ("gateway", "enabled"),
            "an Endpoint Picker that talks to pods would blind Knative's autoscaler",
            "set gateway.enabled: false (LiteLLM then calls the Knative Service), or serving.mode: Standard",
        )
        return
    wiring = WIRINGS[gateway.wiring]
    for component in wiring.NEEDS if stack.has_pool else ():
        if not cluster.has(component):
            yield Mistake(
                ("gateway", "wiring"),
                f"wiring {gateway.wiring} needs {component}, which cluster {cluster.name} does not declare",
                f"set cluster.versions.{component}, or choose another wiring",
            )
    if gateway.shared and cluster.shared_gateways[gateway.shared].wiring != gateway.wiring:
        other = cluster.shared_gateways[gateway.shared].wiring
        yield Mistake(
            ("gateway", "wiring"),
            f"the stack is wired by {gateway.wiring}, its shared gateway {gateway.shared!r} by {other}",
            "use one wiring for all stacks of a shared gateway",
        )
    if gateway.wiring == "gke" and not gateway.hostname:
        yield Mistake(
            ("gateway", "hostname"),
            "GKE makes no Service for a Gateway, so LiteLLM needs a name for it",
            "set gateway.hostname",
        )
    if gateway.pool.failure_mode == "FailOpen" and wiring.FAILURE_MODE == "FailClose":
        yield Mistake(
            ("gateway", "pool", "failureMode"),
            f"wiring {gateway.wiring} always fails closed: FailOpen would be a promise that nobody keeps",
            "remove the key",
        )
    yield from _tls(stack)


def _tls(stack: Stack) -> Iterator[Mistake]:
    epp = stack.gateway.epp
    path = ("gateway", "epp", "tls")
    real = WIRINGS[stack.gateway.wiring].tls(stack)
    if epp.tls is not None and epp.tls != real:
        yield Mistake(path, f"wiring {stack.gateway.wiring} only works with tls: {real}", "remove the key")
    if real == "cert-manager" and not (epp.issuer and stack.cluster.has("certManager")):
        yield Mistake(
            ("gateway", "epp", "issuer"),
            "a certificate needs cert-manager and an issuer",
            "set gateway.epp.issuer and cluster.versions.certManager",
        )
    if (
        epp.tls == "self-signed"
        and stack.gateway.wiring == "envoy-extension-policy"
        and not stack.cluster.envoy_gateway.backend_api
    ):
        yield Mistake(
            path,
            "TLS to a self-signed EPP needs Envoy Gateway's Backend API",
            "set cluster.envoyGateway.backendApi: true if it is switched on, or tls: off",
        )


def _knative(stack: Stack) -> Iterator[Mistake]:
    if not stack.is_knative:
        return
    cluster, path = stack.cluster, ("serving", "mode")
    if not cluster.has("knative"):
        yield Mistake(
            path,
            f"cluster {cluster.name} declares no Knative",
            "set cluster.versions.knative, or mode: Standard",
        )
    needed = {
        "kubernetes.podspec-nodeselector": bool(stack.accelerator.node_selector | stack.pool.node_selector),
        "kubernetes.podspec-tolerations": bool(stack.accelerator.tolerations),
        "kubernetes.podspec-priorityclassname": bool(stack.serving.priority_class),
        "kubernetes.podspec-persistent-volume-claim": bool(stack.serving.storage.claim),
    }
    for feature, wanted in needed.items():
        if wanted and not cluster.knative.features.get(feature):
            yield Mistake(
                ("cluster", "knative", "features"),
                f"Knative refuses this pod without its feature {feature}",
                f"set cluster.knative.features.{feature}: true if it is switched on there",
            )
    if stack.serving.request_timeout_seconds > cluster.knative.max_timeout_seconds:
        yield Mistake(
            ("serving", "requestTimeoutSeconds"),
            f"Knative allows {cluster.knative.max_timeout_seconds} s at most on cluster {cluster.name}",
            "lower it, or raise cluster.knative.maxTimeoutSeconds if it was raised there",
        )


_CONCERNS: tuple[Callable[[Stack], Iterator[Mistake]], ...] = (
    _names,
    _parallelism,
    _device,
    _replicas,
    _scaling,
    _weights,
    _claim,
    _context,
    _adapters,
    _gateway,
    _knative,
)
