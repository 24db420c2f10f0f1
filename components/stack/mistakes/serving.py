"""Names, parallelism, replicas and scaling of a stack."""

from __future__ import annotations

from collections.abc import Iterator

from components.common.errors import Mistake
from components.facts import metric as metric_name
from components.facts.tables import table
from components.stack.params import Stack


def names(stack: Stack) -> Iterator[Mistake]:
    """Derived names are never cut. Of several that are too long the worst is told: it decides how much is."""
    over = [(len(name) - limit, what, name, limit) for what, name, limit in stack.names.limits()]
    longest, what, name, limit = max(over)
    if longest > 0:
        yield Mistake(
            ("serving", "name") if stack.serving.name else (),
            f"the {what} would be called {name!r}: {len(name)} characters, {limit} are allowed",
            f"shorten the stack's, service's or namespace's name by {longest}",
        )


def parallelism(stack: Stack) -> Iterator[Mistake]:
    """GPUs, ranks and nodes agree."""
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


def device(stack: Stack) -> Iterator[Mistake]:
    """The image runs on what the pool has, and its engine does what the model is for."""
    if stack.model.kind == "rerank" and stack.runtime.engine != "vllm":
        yield Mistake(
            ("serving", "runtime"),
            f"LiteLLM sends no rerank requests to {stack.runtime.engine}",
            "serve the model with a vLLM runtime",
        )
    device = stack.runtime.device
    kind = stack.accelerator.kind
    if device not in ("any", kind):
        yield Mistake(
            ("serving", "pool"),
            f"runtime {stack.serving.runtime!r} runs on {device}, pool {stack.serving.pool!r} is {kind}",
            "choose a pool or a runtime that fits",
        )


def environment(stack: Stack) -> Iterator[Mistake]:
    """No variable is one that KServe, or Knative, refuses in a model's container."""
    facts = table("kserve")
    forbidden = dict.fromkeys(facts["forbidden_env"], "KServe")
    if stack.is_knative:
        forbidden |= dict.fromkeys(facts["knative"]["reserved_env"], "Knative")
    for path, given in (
        (("serving", "env"), stack.serving.env),
        (("runtimes", stack.serving.runtime, "env"), stack.runtime.env),
    ):
        for name in sorted(given.keys() & forbidden.keys()):
            yield Mistake((*path, name), f"{forbidden[name]} refuses the variable {name}", "remove it")


def replicas(stack: Stack) -> Iterator[Mistake]:
    """Replicas can be reached and replaced."""
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


def scaling(stack: Stack) -> Iterator[Mistake]:
    """What scales the stack is there."""
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
    if stack.scaler == "hpa" and (wanted.target is None or wanted.target % 1):
        yield Mistake(
            ("serving", "autoscaling", "target"),
            "the scaler hpa needs a CPU utilisation in whole percent",
            "set serving.autoscaling.target, for example 80",
        )
    if stack.scaler != "keda":
        return
    if wanted.metric != "requests_waiting" and wanted.target is None:
        yield Mistake(
            ("serving", "autoscaling", "target"),
            f"nothing says how much of {wanted.metric} a replica may have",
            "set serving.autoscaling.target (for kv_cache_usage a share, for example 0.8)",
        )
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
