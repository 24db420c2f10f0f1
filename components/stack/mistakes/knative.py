"""What Knative Serving refuses."""

from __future__ import annotations

from collections.abc import Iterator

from components.common.errors import Mistake
from components.stack.params import Stack


def knative(stack: Stack) -> Iterator[Mistake]:
    """Knative is there, and accepts such a pod."""
    if not stack.is_knative:
        return
    cluster, path = stack.cluster, ("serving", "mode")
    if not cluster.has("knative"):
        yield Mistake(
            path,
            f"cluster {cluster.name} declares no Knative",
            "set cluster.versions.knative, or mode: Standard",
        )
    claim = _own_claim(stack)
    needed = {
        "kubernetes.podspec-nodeselector": bool(stack.accelerator.node_selector | stack.pool.node_selector),
        "kubernetes.podspec-tolerations": bool(stack.accelerator.tolerations),
        "kubernetes.podspec-priorityclassname": bool(stack.serving.priority_class),
        "kubernetes.podspec-persistent-volume-claim": claim,
        "kubernetes.podspec-persistent-volume-write": claim,
        # The group by which the engine's user may write to the claim.
        "kubernetes.podspec-securitycontext": claim,
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


def _own_claim(stack: Stack) -> bool:
    """Whether the pod itself names a claim; a ``pvc://`` URI is mounted by KServe's pod webhook."""
    return stack.runtime.engine == "ollama" and stack.serving.storage.claim is not None
