"""Keys that are set and that nothing reads: whoever set them believes in an effect that is not there."""

from __future__ import annotations

from collections.abc import Iterator

from components.common.errors import Mistake
from components.common.params import Params, inventory_key
from components.stack.params import Stack


def unread(stack: Stack) -> Iterator[Mistake]:
    """Settings of other engines, other modes and parts that are switched off."""
    yield from _of_other_engines(stack)
    yield from _of_other_modes(stack)
    yield from _of_storage(stack)
    yield from _switched_off(stack)
    epp = stack.gateway.epp
    if epp.tls != "cert-manager":
        yield from _set(epp, ("gateway", "epp"), "only tls: cert-manager reads it", "issuer")
    if not stack.gateway.enabled:
        yield from _set(stack.gateway, ("gateway",), "gateway.enabled is false", "shared", "hostname")


def _switched_off(stack: Stack) -> Iterator[Mistake]:
    """Settings of what the stack or its cluster switches off."""
    entry, monitoring = stack.params.litellm, stack.params.monitoring
    if not entry.enabled:
        fields = sorted(entry.model_fields_set - {"enabled"})
        yield from _set(entry, ("litellm",), "litellm.enabled is false", *fields)
    if not stack.is_monitored:
        where = "monitoring" if stack.cluster.monitoring.enabled else "cluster.monitoring"
        yield from _set(monitoring, ("monitoring",), f"{where}.enabled is false", "slo")


def _of_other_engines(stack: Stack) -> Iterator[Mistake]:
    engine, serving = stack.runtime.engine, stack.serving
    if engine == "vllm":
        remedy = "set serving.args.max-num-seqs"
        yield from _set(serving, ("serving",), "vLLM batches by itself", "parallel_requests", remedy=remedy)
        return
    reason = f"{engine} does not read it"
    yield from _set(serving, ("serving",), reason, *_VLLM_ONLY)
    yield from _set(serving.resources, ("serving", "resources"), reason, "shared_memory")
    if engine == "ollama":
        for path, args in (
            (("serving", "args"), serving.args),
            (("model", "args", "ollama"), stack.model.args.get("ollama")),
            (("runtimes", serving.runtime, "args"), stack.runtime.args),
        ):
            if args:
                wrong = f"{'.'.join(path)} has no effect: Ollama is set by its environment"
                yield Mistake(path, wrong, "set serving.env, or env of the runtime")


def _of_other_modes(stack: Stack) -> Iterator[Mistake]:
    serving = stack.serving
    if stack.is_knative:
        reason = "Knative scales and replaces pods its own way"
        yield from _set(serving, ("serving",), reason, "autoscaling", "rollout", "termination_grace_seconds")
        return
    path = ("serving", "autoscaling")
    if stack.scaler in ("external", "none"):
        reason = f"the scaler is {stack.scaler}"
        yield from _set(serving.autoscaling, path, reason, "metric", "target")
    if stack.scaler == "hpa":
        yield from _set(serving.autoscaling, path, "the scaler hpa asks for CPU utilisation", "metric")


def _of_storage(stack: Stack) -> Iterator[Mistake]:
    storage, path = stack.serving.storage, ("serving", "storage")
    claim, ollama = storage.claim, stack.runtime.engine == "ollama"
    if ollama:
        yield from _set(storage, path, "Ollama pulls its models itself", "uri", "secret")
    if claim is not None and ollama:
        yield from _set(claim, (*path, "claim"), "Ollama uses the whole claim", "path")
    if claim is not None and not claim.create:
        yield from _set(claim, (*path, "claim"), "the claim is not created", "size", "storage_class")
    if stack.serving.access_token and not stack.needs_token:
        yield from _set(stack.serving, ("serving",), "nothing comes from Hugging Face", "access_token")


_VLLM_ONLY = ("kv_cache_dtype", "gpu_memory_utilization", "expert_parallel")


def _set(
    params: Params, path: tuple[str, ...], reason: str, *fields: str, remedy: str = "remove it"
) -> Iterator[Mistake]:
    for field in fields:
        if field in params.model_fields_set:
            key = (*path, inventory_key(field))
            yield Mistake(key, f"{'.'.join(key)} has no effect: {reason}", remedy)
