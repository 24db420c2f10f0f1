"""What one cluster is and has: ``inventory/classes/clusters/<name>.yml``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from components.argocd.params import ArgoCd
from components.common.forms import text
from components.common.params import Hostname, Labels, Namespace, Params, Slug, Url, Version, WholeDuration
from components.contracts import supported_kubernetes
from components.inference_gateway.params import WiringName
from components.litellm.params import LiteLlm
from components.monitoring.params import Monitoring


def _supported(kubernetes: str) -> str:
    known = supported_kubernetes()
    if kubernetes not in known:
        raise ValueError(f"schemas are known for {known[0]} to {known[-1]}")
    return kubernetes


class AcceleratorPool(Params):
    """Nodes of one accelerator type; the pool's name is the entry's key."""

    accelerator: Slug
    """A name below ``accelerators``."""
    nodes: int = Field(ge=0, le=100_000)
    """How many nodes it has; what fits is counted from them."""
    rollout_reserve: int = Field(default=0, ge=0)
    """GPUs (for a CPU pool: pods) kept free so that a rollout can start a new pod before it stops an old one."""
    node_selector: Labels = Field(default_factory=dict)
    """Labels that pick this pool, added to the accelerator's own."""
    price_per_gpu_hour: float | None = Field(default=None, ge=0)
    """What one GPU costs an hour, in the currency of ``cluster.currency``."""


class Infrastructure(Params):
    """The sibling release that brings LiteLLM, the external gateway and the databases."""

    release_name: Slug = "infra"
    """Its Helm release; its objects are ``<release>-litellm-proxy``, ``<release>-networking-layer-gateway``."""
    namespace: Namespace | None = None
    """Where it is installed; the cluster's namespace when unset."""


class EnvoyGateway(Params):
    """How Envoy Gateway was installed in this cluster."""

    deploy: Literal["ControllerNamespace", "GatewayNamespace"] = "ControllerNamespace"
    """``provider.kubernetes.deploy.type``: where the proxies and their Services are created."""
    namespace: Namespace = "envoy-gateway-system"
    """Where its controller runs, and with ``deploy: ControllerNamespace`` the proxies too."""
    backend_api: bool = False
    """``extensionApis.enableBackend``: the Backend kind may be used."""


class Knative(Params):
    """Knative Serving, where it is installed (``cluster.versions.knative``)."""

    features: dict[str, bool] = Field(default_factory=dict)
    """Flags of ``config-features`` that were switched on: ``kubernetes.podspec-nodeselector: true``."""
    max_timeout_seconds: int = Field(default=600, ge=1)
    """``max-revision-timeout-seconds`` of ``config-defaults``."""


class SecretStore(Params):
    """The External Secrets store that tokens come from."""

    name: Slug
    """The store object's name."""
    kind: Literal["ClusterSecretStore", "SecretStore"] = "ClusterSecretStore"
    """Its kind; a ``SecretStore`` must exist in every namespace that takes a secret from it."""
    refresh_interval: WholeDuration = "1h"
    """How often secrets are read again."""


class RemoteSecret(Params):
    """One secret value in the store."""

    key: Annotated[str, Field(min_length=1, max_length=253)]
    """The entry in the store: ``llm/huggingface``."""
    property: str | None = None
    """The field of the entry, where it has several."""


class SharedGateway(Params):
    """An internal Gateway that several stacks share; its Gateway is ``<key>-inference-gateway``."""

    wiring: WiringName
    """The wiring of every stack that uses it."""
    class_name: Slug | None = None
    """GatewayClass; the wiring's own when unset."""
    namespace: Namespace | None = None
    """The cluster's namespace when unset."""


class Namespaces(Params):
    """Who makes the namespaces of the stacks."""

    create: bool = True
    """``false`` when another release owns them."""
    pod_security: Literal["privileged", "baseline", "restricted"] = "baseline"
    """The Pod Security level that is enforced. KServe takes the security context off pods whose weights come from
    ``oci://`` images, which ``restricted`` refuses."""


class Cluster(Params):
    """One cluster."""

    name: Slug
    """Its name here; its targets lie in ``inventory/targets/<name>``."""
    region: str | None = None
    """Where it stands, for people."""
    kubernetes: Annotated[
        str, text(r"^1\.[0-9]{2}$", "the minor version in quotes", '"1.36"'), AfterValidator(_supported)
    ]
    """The minor version of the API server, quoted: ``"1.36"``."""
    versions: dict[str, Version]
    """What is installed, by component: see ``components/facts/compatibility.yml`` for the names."""
    namespace: Namespace = "llm-platform"
    """Where stacks go that do not say otherwise."""
    namespaces: Namespaces = Namespaces()
    domain: Hostname = "cluster.local"
    """The cluster's DNS domain."""
    infrastructure: Infrastructure = Infrastructure()
    pools: dict[Slug, AcceleratorPool]
    """Accelerator pools, by name."""
    runtimes: dict[Slug, bool]
    """Which runtimes (names below ``runtimes``) are installed for the whole cluster."""
    runtime_prefix: Slug = "inferstack"
    """First part of every ClusterServingRuntime's name, so that none collides with KServe's own."""
    shared_gateways: dict[Slug, SharedGateway] = Field(default_factory=dict)
    """Internal Gateways that several stacks use (``gateway.shared``), by name."""
    envoy_gateway: EnvoyGateway = EnvoyGateway()
    knative: Knative = Knative()
    image_pull_secrets: dict[Slug, bool] = Field(default_factory=dict)
    """Secrets for private registries that every namespace holds; pods get them through their service accounts."""
    secret_store: SecretStore | None = None
    secrets: dict[Slug, RemoteSecret] = Field(default_factory=dict)
    """Secrets in the store, by purpose: ``hugging-face``, ``litellm-master-key``."""
    provided: dict[str, dict[str, bool]] = Field(default_factory=dict)
    """Objects that other releases bring, by kind, then ``namespace/name`` (or ``name``)."""
    prometheus_url: Url | None = None
    """Where autoscalers ask for metrics; no KEDA scaling without it."""
    weights_gib_per_second: float = Field(default=0.2, ge=0.001, le=1000)
    """How fast a pod loads weights from /mnt/models, in GiB/s; decides how long a start may take."""
    download_gib_per_second: float = Field(default=0.05, ge=0.001, le=1000)
    """How fast a pod that pulls its own weights (Ollama) downloads them, in GiB/s."""
    currency: str = "USD"
    """Currency of the prices, for people."""
    litellm: LiteLlm = LiteLlm()
    argocd: ArgoCd
    monitoring: Monitoring = Monitoring()

    @property
    def infrastructure_namespace(self) -> str:
        """Where the infrastructure release lives."""
        return self.infrastructure.namespace or self.namespace

    @property
    def litellm_service(self) -> str:
        """Service of the LiteLLM proxy: ``<infra>-litellm-proxy``."""
        return f"{self.infrastructure.release_name}-litellm-proxy"

    @property
    def external_gateway(self) -> str:
        """The external Gateway: ``<infra>-networking-layer-gateway``."""
        return f"{self.infrastructure.release_name}-networking-layer-gateway"

    def has(self, component: str) -> bool:
        """Whether a component is declared as installed."""
        return component in self.versions


def pull_secrets(cluster: Cluster) -> dict[str, list[dict[str, str]]]:
    """``imagePullSecrets`` of a ServiceAccount; nothing where the cluster needs none."""
    names = sorted(name for name, on in cluster.image_pull_secrets.items() if on)
    return {"imagePullSecrets": [{"name": name} for name in names]} if names else {}
