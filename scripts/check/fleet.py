"""What rules look at: the objects of a cluster, indexed once, with what the inventory declares about it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from components.cluster.params import ClusterParams
from components.common.cluster import Cluster
from components.common.environment import Environment
from components.contracts import Violation, validate
from components.facts.suggest import nearest
from components.stack.params import Stack
from scripts.check import made, pods, rights
from scripts.check.applications import Synced, synced
from scripts.check.declared import Declared
from scripts.check.model import Key, Obj
from scripts.check.pods import Pod
from scripts.check.proxy import Proxy, proxies
from scripts.check.scrapes import Scrape, scrapes
from scripts.check.wires import Wires

T = TypeVar("T")
Validate = Callable[[Mapping[str, Any], str], list[Violation]]
"""What a Kubernetes version would refuse in an object."""
GKE_CLASSES = (
    "gke-l7-rilb",
    "gke-l7-regional-external-managed",
    "gke-l7-gxlb",
    "gke-l7-global-external-managed",
)
"""GatewayClasses that GKE brings itself (gateway.md 5.E)."""


class ClusterView:
    """One cluster. Every index is made when first asked for, in one pass over the objects."""

    def __init__(self, declared: Declared, objects: Iterable[Obj], validate: Validate = validate) -> None:
        """``objects`` are those that Argo CD syncs; ``declared`` must hold the cluster's facts. ``validate`` holds an
        object against the schema of its kind: the contracts, unless a folder of CRDs is given."""
        facts, environment = declared.facts, declared.environment
        if facts is None or environment is None:
            raise ValueError(f"nothing is known of cluster {declared.cluster}")
        self.name = declared.cluster
        self.validate = validate
        self.declared = declared
        self.facts: Cluster = facts
        """What the cluster is and has: ``view.facts.pools``, ``view.facts.provided``."""
        self.environment: Environment = environment
        self.stacks: Mapping[str, Stack] = declared.stacks
        """Stacks by name: their parameters and what is derived of them."""
        self.objects: tuple[Obj, ...] = tuple(objects)
        self._once: dict[Hashable, Any] = {}

    def once(self, what: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` works out of this cluster for several rules, or for every object anew; ``what`` names it."""
        if what not in self._once:
            self._once[what] = make()
        found: T = self._once[what]
        return found

    @property
    def params(self) -> ClusterParams | None:
        """The parameters of the cluster's own target."""
        return self.declared.params

    @property
    def target(self) -> str:
        """The cluster's own target, for hits: ``eu-h100.cluster``."""
        return f"{self.name}.cluster"

    @cached_property
    def versions(self) -> Mapping[str, str]:
        """What is installed, by component, with the Kubernetes minor under ``kubernetes``."""
        return {**self.facts.versions, "kubernetes": self.facts.kubernetes}

    def has(self, component: str) -> bool:
        """Whether a component is declared as installed."""
        return component in self.facts.versions

    def of(self, *kinds: str) -> Iterator[Obj]:
        """Compiled objects of some kinds."""
        for kind in kinds:
            yield from self._by_kind.get(kind, ())

    def of_stack(self, stack: str) -> tuple[Obj, ...]:
        """What one stack's target compiled."""
        return tuple(self._by_stack.get(stack, ()))

    def stack_of(self, obj: Obj) -> Stack | None:
        """The stack whose target compiled an object; None for the cluster's own objects."""
        return self.stacks.get(obj.stack)

    def compiled(self, kind: str, namespace: str, name: str) -> Obj | None:
        """A compiled object by identity."""
        return self._compiled.get((kind, namespace, name))

    def find(self, kind: str, namespace: str, name: str, group: str | None = None) -> Obj | None:
        """An object by identity: compiled, made by a controller, or provided (see ``Obj.origin``).
        ``namespace`` is empty for cluster-scoped kinds; without ``group`` any group will do."""
        if group is not None:
            found = self._by_key.get(Key(group, kind, namespace, name))
            if found is not None:
                return found
        else:
            named = self._by_name.get((kind, namespace, name))
            if named is not None:
                return named
        wanted = f"{namespace}/{name}" if namespace else name
        if not self.facts.provided.get(kind, {}).get(wanted) and (kind, wanted) not in self._implied:
            return None
        doc = {"kind": kind, "metadata": {"name": name, "namespace": namespace}}
        return Obj("", self.name, self.target, "", doc, "provided")

    def near(self, kind: str, namespace: str, name: str) -> str | None:
        """The name of that kind most like ``name``, in the namespace if there is one; with its namespace
        where it is another."""
        here = nearest(name, self._names.get((kind, namespace), ()))
        if here:
            return here
        others = sorted(
            (space, names) for (of, space), names in self._names.items() if of == kind and space != namespace
        )
        exact = next((space for space, names in others if name in names), None)
        if exact is not None:
            return f"{exact}/{name}" if exact else name
        for space, names in others:
            found = nearest(name, names)
            if found:
                return f"{space}/{found}" if space else found
        return None

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """Every namespace that an object lies in, or that a compiled Namespace makes."""
        own = {obj.namespace for obj in self.objects if obj.namespace}
        return frozenset(own | {obj.name for obj in self.of("Namespace")})

    @cached_property
    def pods(self) -> tuple[Pod, ...]:
        """Every pod template of the cluster."""
        found: list[Pod] = [pods.workload_pod(obj) for obj in self.of(*pods.WORKLOADS)]
        for obj in self.of("InferenceService"):
            found.extend(pods.service_pods(obj, self.runtime_of(obj)))
        return tuple(found)

    def runtime_of(self, service: Obj) -> Obj | None:
        """The compiled runtime that an InferenceService names; the namespaced one shadows the cluster's."""
        name = service.text("spec.predictor.model.runtime")
        namespaced = self.compiled("ServingRuntime", service.namespace, name)
        return namespaced or self.compiled("ClusterServingRuntime", "", name)

    def pods_of(self, owner: Obj) -> list[Pod]:
        """The pod templates of one Deployment or InferenceService."""
        return list(self._pods_by_owner.get(id(owner), ()))

    def pods_in(self, namespace: str) -> list[Pod]:
        """The pod templates of a namespace."""
        return list(self._pods_by_namespace.get(namespace, ()))

    def select(self, namespace: str, labels: Mapping[str, str]) -> list[Pod]:
        """Pods of a namespace that carry all of ``labels``; none for an empty selector."""
        buckets = [self._pods_by_label.get((namespace, key, value), []) for key, value in labels.items()]
        smallest = min(buckets, key=len, default=[])
        wanted = labels.items()
        return [pod for pod in smallest if all(pod.labels.get(key) == value for key, value in wanted)]

    def bindings_of(self, namespace: str, account: str) -> list[Obj]:
        """The RoleBindings and ClusterRoleBindings that name a ServiceAccount."""
        return self._bindings.get((namespace, account), [])

    @cached_property
    def made(self) -> tuple[Obj, ...]:
        """What controllers make of the compiled objects, as far as others refer to it."""
        return tuple(made.objects(self))

    @cached_property
    def proxies(self) -> tuple[Proxy, ...]:
        """The configurations of LiteLLM."""
        return tuple(proxies(self.of("ConfigMap")))

    @cached_property
    def synced(self) -> tuple[Synced, ...]:
        """Every Application with the objects in its folder."""
        return tuple(synced(self))

    @cached_property
    def scrapes(self) -> tuple[Scrape, ...]:
        """What Prometheus scrapes: every endpoint of every monitor."""
        return tuple(scrapes(self))

    def scrapes_of(self, monitor: Obj) -> list[Scrape]:
        """The endpoints of one monitor."""
        return self._scrapes_by_monitor.get(id(monitor), [])

    def services_with(
        self, namespace: str, labels: Mapping[str, str], names: tuple[str, ...] = ()
    ) -> list[Obj]:
        """Compiled Services of a namespace that carry all of ``labels`` and, where given, one of ``names``."""
        if names:
            named = (self.compiled("Service", namespace, name) for name in names)
            found = [one for one in named if one is not None]
        else:
            buckets = [self._services_by_label.get((namespace, *item), []) for item in labels.items()]
            found = min(buckets, key=len, default=self._services_by_label.get((namespace, "", ""), []))
        return [one for one in found if all(one.labels.get(key) == value for key, value in labels.items())]

    @cached_property
    def wires(self) -> Wires:
        """Who is wired to whom: routes, pools, Endpoint Pickers, policies."""
        return Wires(self)

    @cached_property
    def _by_kind(self) -> dict[str, list[Obj]]:
        found: dict[str, list[Obj]] = {}
        for obj in self.objects:
            found.setdefault(obj.kind, []).append(obj)
        return found

    @cached_property
    def _by_stack(self) -> dict[str, list[Obj]]:
        found: dict[str, list[Obj]] = {}
        for obj in self.objects:
            found.setdefault(obj.stack, []).append(obj)
        return found

    @cached_property
    def _by_key(self) -> dict[Key, Obj]:
        found: dict[Key, Obj] = {}
        for obj in (*self.objects, *self.made):
            found.setdefault(obj.key, obj)
        return found

    @cached_property
    def _compiled(self) -> dict[tuple[str, str, str], Obj]:
        found: dict[tuple[str, str, str], Obj] = {}
        for obj in self.objects:
            found.setdefault(obj.key[1:], obj)
        return found

    @cached_property
    def _by_name(self) -> dict[tuple[str, str, str], Obj]:
        found = dict(self._compiled)
        for obj in self.made:
            found.setdefault(obj.key[1:], obj)
        return found

    @cached_property
    def _implied(self) -> frozenset[tuple[str, str]]:
        """(kind, name) of what other facts of the cluster say is there."""
        facts, infra = self.facts, self.facts.infrastructure_namespace
        found = {("Gateway", f"{infra}/{facts.external_gateway}")}
        if not facts.litellm.deploy:
            found.add(("Service", f"{infra}/{facts.litellm_service}"))
        if facts.secret_store and facts.secret_store.kind == "ClusterSecretStore":
            found.add(("ClusterSecretStore", facts.secret_store.name))
        elif facts.secret_store:
            spaces = self.namespaces
            found.update(("SecretStore", f"{space}/{facts.secret_store.name}") for space in spaces)
        pulling = [name for name, there in facts.image_pull_secrets.items() if there]
        found.update(("Secret", f"{space}/{name}") for space in self.namespaces for name in pulling)
        found.update(("GatewayClass", name) for name in GKE_CLASSES)
        return frozenset(found)

    @cached_property
    def _names(self) -> dict[tuple[str, str], list[str]]:
        found: dict[tuple[str, str], list[str]] = {}
        for key in self._by_key:
            found.setdefault((key.kind, key.namespace), []).append(key.name)
        for kind, names in self.facts.provided.items():
            for name, there in names.items():
                if there:
                    space, _, own = name.rpartition("/")
                    found.setdefault((kind, space), []).append(own)
        return found

    @cached_property
    def _bindings(self) -> dict[tuple[str, str], list[Obj]]:
        found: dict[tuple[str, str], list[Obj]] = {}
        for binding in self.of("RoleBinding", "ClusterRoleBinding"):
            for account in rights.subjects(binding):
                found.setdefault(account, []).append(binding)
        return found

    @cached_property
    def _services_by_label(self) -> dict[tuple[str, str, str], list[Obj]]:
        """Services by namespace and label; under an empty label all of a namespace."""
        found: dict[tuple[str, str, str], list[Obj]] = {}
        for service in self.of("Service"):
            for key, value in (("", ""), *service.labels.items()):
                found.setdefault((service.namespace, key, value), []).append(service)
        return found

    @cached_property
    def _scrapes_by_monitor(self) -> dict[int, list[Scrape]]:
        found: dict[int, list[Scrape]] = {}
        for one in self.scrapes:
            found.setdefault(id(one.monitor), []).append(one)
        return found

    @cached_property
    def _pods_by_owner(self) -> dict[int, list[Pod]]:
        found: dict[int, list[Pod]] = {}
        for pod in self.pods:
            found.setdefault(id(pod.owner), []).append(pod)
        return found

    @cached_property
    def _pods_by_namespace(self) -> dict[str, list[Pod]]:
        found: dict[str, list[Pod]] = {}
        for pod in self.pods:
            found.setdefault(pod.namespace, []).append(pod)
        return found

    @cached_property
    def _pods_by_label(self) -> dict[tuple[str, str, str], list[Pod]]:
        found: dict[tuple[str, str, str], list[Pod]] = {}
        for pod in self.pods:
            for key, value in pod.labels.items():
                found.setdefault((pod.namespace, key, value), []).append(pod)
        return found


@dataclass(frozen=True, slots=True)
class StackView:
    """One stack, with the cluster that it runs on."""

    cluster: ClusterView
    stack: Stack

    @property
    def name(self) -> str:
        """The stack's name."""
        return self.stack.name

    @property
    def target(self) -> str:
        """The stack's target, for hits: ``eu-h100.llama-70b``."""
        return f"{self.cluster.name}.{self.stack.name}"

    @property
    def objects(self) -> tuple[Obj, ...]:
        """What the stack's target compiled."""
        return self.cluster.of_stack(self.stack.name)

    def of(self, *kinds: str) -> Iterator[Obj]:
        """Its objects of some kinds."""
        return (obj for obj in self.objects if obj.kind in kinds)


@dataclass(frozen=True, slots=True)
class FleetView:
    """All clusters as they are declared. Clusters are checked in separate processes, so there are no
    objects."""

    clusters: Mapping[str, Declared]

    @property
    def stacks(self) -> Iterator[tuple[str, Stack]]:
        """(target, stack) of every stack."""
        for name, cluster in self.clusters.items():
            for stack in cluster.stacks.values():
                yield f"{name}.{stack.name}", stack
