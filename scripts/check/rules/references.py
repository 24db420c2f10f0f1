"""References by name: one rule a kind of edge, made from the extractors in ``scripts/check/edges``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from scripts.check.edges import gateways, pods, pools, workloads
from scripts.check.fleet import ClusterView
from scripts.check.graph import Edge, Extractor, complaint
from scripts.check.model import Hit, Obj
from scripts.check.rule import rule

DECLARE = "Correct the name, or say in `cluster.provided` that another release brings it."
_NO_ROUTE = "The gateway answers 404 or 500 to every request of the model, although every object is Ready."
_NO_START = "The pods never start: the kubelet waits for what is missing."
_IGNORED = "The policy is attached to nothing, and the gateway behaves as if it were not there."


class Reference(NamedTuple):
    """A kind of edge."""

    id: str
    kinds: tuple[str, ...]
    edges: Extractor
    title: str
    why: str
    source: str
    fix: str = "Correct the name."


REFERENCES = (
    Reference(
        "route-parent-exists",
        gateways.ROUTES,
        gateways.parents,
        "A route's Gateway and listener exist.",
        _NO_ROUTE,
        "gateway.md 42; serving.md 55",
        DECLARE,
    ),
    Reference(
        "route-backend-exists",
        gateways.ROUTES,
        gateways.backends,
        "A route's backends exist, and a Service has the port.",
        _NO_ROUTE,
        "serving.md 55; inference-stacks.md idea 1",
    ),
    Reference(
        "gateway-class-exists",
        ("Gateway",),
        gateways.gateway_class,
        "A Gateway's class exists in the cluster.",
        "No controller takes the Gateway, so no proxy and no Service is made for it.",
        "gateway.md 42; serving.md 55",
        DECLARE,
    ),
    Reference(
        "gateway-parameters-exist",
        ("Gateway",),
        gateways.gateway_parameters,
        "What configures a Gateway's proxy exists.",
        "The controller refuses the Gateway (InvalidParameters), and no proxy is made.",
        "gateway.md 42",
    ),
    Reference(
        "gateway-certificate-exists",
        ("Gateway",),
        gateways.gateway_certificates,
        "The certificates of a Gateway's listeners exist.",
        "The listener is not programmed, and nobody can connect.",
        "gateway.md 42",
        DECLARE,
    ),
    Reference(
        "policy-target-exists",
        gateways.POLICIES,
        gateways.policy_targets,
        "What a policy is about exists in its namespace.",
        _IGNORED,
        "gateway.md 48",
    ),
    Reference(
        "extension-policy-processor-exists",
        ("EnvoyExtensionPolicy",),
        gateways.processors,
        "The Endpoint Picker that an EnvoyExtensionPolicy calls exists, with its port.",
        "Envoy Gateway answers 500 on the route, because the processor cannot be reached.",
        "gateway.md 47",
    ),
    Reference(
        "tls-policy-authority-exists",
        ("BackendTLSPolicy",),
        gateways.backend_certificates,
        "The certificate of the authority that a BackendTLSPolicy trusts exists, under `ca.crt`.",
        "The gateway refuses the backend's certificate, and every request fails with 503.",
        "gateway.md 55",
    ),
    Reference(
        "destination-rule-host-exists",
        ("DestinationRule",),
        gateways.destination_hosts,
        "The Service that a DestinationRule is about exists.",
        "The gateway speaks plain text to an Endpoint Picker that expects TLS, and every request fails.",
        "gateway.md 46",
    ),
    Reference(
        "pool-endpoint-picker-exists",
        ("InferencePool",),
        pools.endpoint_picker,
        "The Service of an InferencePool's Endpoint Picker exists in its namespace, with the port.",
        "The gateway marks the pool ResolvedRefs=False and answers 500 to every request.",
        "gateway.md 12; serving.md 51",
    ),
    Reference(
        "objective-pool-exists",
        ("InferenceObjective", "InferenceModelRewrite"),
        pools.pool_of_objective,
        "The pool of an InferenceObjective or InferenceModelRewrite exists in its namespace.",
        "The Endpoint Picker ignores it: no priority, no rewrite.",
        "gateway.md 40",
    ),
    Reference(
        "picker-pool-exists",
        ("Deployment",),
        pools.picker_pool,
        "The pool that an Endpoint Picker's flags name exists.",
        "The Endpoint Picker never becomes ready and restarts for ever (router health.go).",
        "gateway.md 14",
    ),
    Reference(
        "service-account-exists",
        pods.SPECS,
        pods.service_accounts,
        "A pod's ServiceAccount exists.",
        "No pod is created: the API server refuses a pod without its ServiceAccount.",
        "inference-stacks.md idea 1",
        DECLARE,
    ),
    Reference(
        "service-account-secret-exists",
        ("ServiceAccount",),
        pods.account_secrets,
        "The Secrets of a ServiceAccount exist.",
        "Gated weights or private images cannot be fetched, and the pods never start.",
        "serving.md 16; kserve#4400",
        DECLARE,
    ),
    Reference(
        "priority-class-exists",
        pods.SPECS,
        pods.priority_classes,
        "A pod's PriorityClass exists.",
        "No pod is created: the API server refuses a pod with an unknown PriorityClass.",
        "inference-stacks.md idea 1",
        DECLARE,
    ),
    Reference(
        "runtime-class-exists",
        pods.SPECS,
        pods.runtime_classes,
        "A pod's RuntimeClass exists.",
        "No pod is created: the API server refuses a pod with an unknown RuntimeClass.",
        "inference-stacks.md idea 1",
        DECLARE,
    ),
    Reference(
        "volume-claim-exists",
        pods.SPECS,
        pods.claims,
        "A claim that a pod mounts exists.",
        "The pods stay Pending for ever.",
        "inference-stacks.md idea 1",
        DECLARE,
    ),
    Reference(
        "config-map-exists",
        pods.SPECS,
        pods.config_maps,
        "A ConfigMap that a pod uses exists, with its keys.",
        _NO_START,
        "inference-stacks.md idea 1",
        DECLARE,
    ),
    Reference(
        "secret-exists",
        pods.SPECS,
        pods.secrets,
        "A Secret that a pod uses exists, with its keys.",
        _NO_START,
        "serving.md 64; inference-stacks.md idea 18",
        DECLARE,
    ),
    Reference(
        "token-account-exists",
        ("Secret",),
        pods.token_account,
        "The ServiceAccount of a token Secret exists.",
        "Kubernetes deletes the Secret again, and whoever presents the token is refused.",
        "gateway.md 24",
    ),
    Reference(
        "secret-store-exists",
        ("ExternalSecret",),
        pods.secret_store,
        "The store of an ExternalSecret exists.",
        "The Secret is never made, and the pods that need it never start.",
        "inference-stacks.md idea 18",
        "Declare it in `cluster.secretStore`, or correct the name.",
    ),
    Reference(
        "certificate-issuer-exists",
        ("Certificate",),
        pods.issuer,
        "The issuer of a Certificate exists.",
        "The certificate is never signed, and the pods that mount it never start.",
        "gateway.md 55",
        DECLARE,
    ),
    Reference(
        "storage-class-exists",
        ("PersistentVolumeClaim",),
        pods.storage_class,
        "A claim's StorageClass exists.",
        "The claim stays Pending, and so do the pods that mount it.",
        "inference-stacks.md idea 28",
        DECLARE,
    ),
    Reference(
        "binding-role-exists",
        ("RoleBinding", "ClusterRoleBinding"),
        pods.roles,
        "The role that is bound exists.",
        "The binding grants nothing, and the workload is refused by the API server.",
        "gateway.md 20, 24",
        DECLARE,
    ),
    Reference(
        "binding-subject-exists",
        ("RoleBinding", "ClusterRoleBinding"),
        pods.subjects,
        "The ServiceAccounts that a binding names exist.",
        "The binding grants nothing to the workload that needs it.",
        "gateway.md 20, 24; serving.md 53",
        DECLARE,
    ),
    Reference(
        "inference-service-runtime-exists",
        ("InferenceService",),
        workloads.runtime,
        "The runtime that an InferenceService names exists.",
        "KServe reports RuntimeNotRecognized, and no pod is made.",
        "serving.md 2; kserve#4464",
        "Switch the runtime on in `cluster.runtimes`, or correct `serving.runtime`.",
    ),
    Reference(
        "inference-service-claim-exists",
        ("InferenceService",),
        workloads.storage_claim,
        "The claim that weights lie on exists.",
        "The pods stay Pending for ever.",
        "inference-stacks.md ideas 1, 28",
        DECLARE,
    ),
    Reference(
        "external-name-exists",
        ("Service",),
        workloads.external_name,
        "The Service that an ExternalName leads to exists.",
        "The name resolves to nothing, and LiteLLM cannot reach the gateway.",
        "serving.md 60; EG resource_provider.go",
        "Correct `cluster.envoyGateway`, or name the proxy's Service.",
    ),
    Reference(
        "scale-target-exists",
        ("ScaledObject", "HorizontalPodAutoscaler"),
        workloads.scale_target,
        "What an autoscaler scales exists.",
        "The number of pods never changes, whatever the load.",
        "inference-stacks.md idea 1",
    ),
    Reference(
        "monitor-credentials-exist",
        ("ServiceMonitor", "PodMonitor"),
        workloads.monitor_credentials,
        "The Secret that a monitor presents exists, with its key.",
        "Prometheus cannot scrape, so autoscaling and alerts see nothing.",
        "gateway.md 24",
    ),
)


def edges(view: ClusterView) -> Iterator[tuple[str, Edge]]:
    """The graph of a cluster: (id of the rule, edge) of every reference by name."""
    for reference in REFERENCES:
        for found in _edges(reference, view).values():
            for edge in found:
                yield reference.id, edge


def draw(view: ClusterView) -> None:
    """Looks for every edge, so that the graph has a cost of its own. An extractor that fails does so again, and is
    told, in its rule."""
    for reference in REFERENCES:
        with suppress(Exception):
            _edges(reference, view)


def _edges(reference: Reference, view: ClusterView) -> Mapping[int, tuple[Edge, ...]]:
    """The edges of one kind by ``id`` of the object that holds them: looked for once, asked for by five rules."""
    return view.once(
        reference, lambda: {id(obj): tuple(reference.edges(obj, view)) for obj in view.of(*reference.kinds)}
    )


def _declare(reference: Reference) -> None:
    def check(obj: Obj, view: ClusterView) -> Iterator[Hit]:
        for edge in _edges(reference, view).get(id(obj), ()):
            message = complaint(edge, view)
            if message is not None:
                yield Hit(obj, edge.field, message, cause=edge.cause)

    check.__doc__ = reference.title
    check.__qualname__ = reference.id
    rule(
        reference.id,
        kinds=reference.kinds,
        why=reference.why,
        fix=reference.fix,
        source=reference.source,
    )(check)


for _reference in REFERENCES:
    _declare(_reference)
