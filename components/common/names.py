"""Every derived name, in one place. Names are never cut: one that is too long is a mistake to report.

The promises of the Helm chart are kept: ``<stack>-inference-gateway``, ``<stack>-inference-gateway-epp``,
``<infra>-litellm-proxy``, ``<infra>-networking-layer-gateway``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LABEL_LIMIT = 63
"""Longest DNS-1123 label: Service names, label values."""


def gateway(owner: str) -> str:
    """The internal Gateway of a stack or of a shared gateway."""
    return f"{owner}-inference-gateway"


def cluster_runtime(prefix: str, runtime: str) -> str:
    """A ClusterServingRuntime. The prefix keeps it apart from KServe's own."""
    return f"{prefix}-{runtime}"


def stack_runtime(prefix: str, service: str, runtime: str) -> str:
    """The ServingRuntime of one stack: its own name, because a namespace may hold several stacks."""
    return f"{prefix}-{service}-{runtime}"


def adapter_folder(adapter: str) -> str:
    """Folder of a LoRA adapter in the pod. KServe makes the name of a volume of it, so it is a DNS-1123 label."""
    return f"/mnt/adapters/{re.sub('[^a-z0-9]+', '-', adapter.lower()).strip('-')}"


@dataclass(frozen=True, slots=True)
class StackNames:
    """The names of one stack's objects."""

    stack: str
    service: str
    """The InferenceService."""
    namespace: str
    gateway_owner: str
    """The stack, or the shared gateway that it uses."""

    @property
    def gateway(self) -> str:
        """The Gateway that the stack's route attaches to, and the Service that LiteLLM calls."""
        return gateway(self.gateway_owner)

    @property
    def epp(self) -> str:
        """Deployment, Service, ServiceAccount, Role and ConfigMap of the Endpoint Picker."""
        return f"{self.stack}-inference-gateway-epp"

    @property
    def epp_metrics_auth(self) -> str:
        """Cluster-scoped, so it carries the namespace."""
        return f"{self.namespace}-{self.epp}-metrics-auth"

    @property
    def epp_metrics_token(self) -> str:
        """Secret with the token that Prometheus presents to the EPP."""
        return f"{self.epp}-metrics-token"

    @property
    def pool(self) -> str:
        """The InferencePool."""
        return self.service

    @property
    def route(self) -> str:
        """The HTTPRoute, and the policies that target it."""
        return self.service

    @property
    def predictor(self) -> str:
        """Deployment and Service that KServe makes (KServe v0.20 constants.go)."""
        return f"{self.service}-predictor"

    @property
    def predictor_app(self) -> str:
        """Value of the ``app`` label of KServe's predictor pods in Standard mode."""
        return f"isvc.{self.predictor}"

    @property
    def endpoints(self) -> str:
        """Headless Service that holds exactly the pool's pods."""
        return f"{self.service}-endpoints"

    @property
    def service_account(self) -> str:
        """ServiceAccount of the model's pods."""
        return f"{self.service}-model"

    def limits(self) -> Iterator[tuple[str, str, int]]:
        """(what, name, longest allowed length) of every name that a length limit can break."""
        yield "Gateway", self.gateway, LABEL_LIMIT
        yield "EPP Service", self.epp, LABEL_LIMIT
        yield "endpoints Service", self.endpoints, LABEL_LIMIT
        yield "predictor Service", self.predictor, LABEL_LIMIT
        yield "pod label app", self.predictor_app, LABEL_LIMIT
        # KServe's host label of a Standard InferenceService (kserve#4807)
        yield "KServe host label", f"{self.predictor}-{self.namespace}", LABEL_LIMIT
        yield "EPP ClusterRole", self.epp_metrics_auth, 253
