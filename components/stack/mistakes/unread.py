"""Keys that are set and that nothing reads: whoever set them believes in an effect that is not there."""

from __future__ import annotations

from collections.abc import Iterator

from components.common.errors import Mistake
from components.common.params import Params, inventory_key
from components.stack.params import Stack


def unread(stack: Stack) -> Iterator[Mistake]:
    """Settings of other engines, other modes and parts that are switched off."""
    engine = stack.runtime.engine
    serving, epp = stack.serving, stack.gateway.epp
    if engine != "vllm":
        yield from _set(serving, ("serving",), f"{engine} does not read it", *_VLLM_ONLY)
    elif not stack.is_knative:
        remedy = "set serving.args.max-num-seqs"
        yield from _set(serving, ("serving",), "vLLM batches by itself", "parallel_requests", remedy=remedy)
    if stack.is_knative:
        reason = "Knative scales and replaces pods its own way"
        yield from _set(serving, ("serving",), reason, "autoscaling", "rollout", "termination_grace_seconds")
    if epp.tls != "cert-manager":
        yield from _set(epp, ("gateway", "epp"), "only tls: cert-manager reads it", "issuer")
    if not stack.gateway.enabled:
        yield from _set(stack.gateway, ("gateway",), "gateway.enabled is false", "shared", "hostname")
    if engine == "ollama" and serving.storage.claim and serving.storage.claim.path:
        yield Mistake(
            ("serving", "storage", "claim", "path"),
            "nothing reads it: Ollama uses the whole claim",
            "remove it",
        )


_VLLM_ONLY = ("kv_cache_dtype", "gpu_memory_utilization", "expert_parallel")


def _set(
    params: Params, path: tuple[str, ...], reason: str, *fields: str, remedy: str = "remove it"
) -> Iterator[Mistake]:
    for field in fields:
        if field in params.model_fields_set:
            key = (*path, inventory_key(field))
            yield Mistake(key, f"{'.'.join(key)} has no effect: {reason}", remedy)
