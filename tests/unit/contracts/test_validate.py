"""What validation refuses, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from components.contracts import (
    Registry,
    UnsupportedKubernetes,
    Violation,
    compile_contracts,
    registry,
    supported_kubernetes,
    validate,
)
from components.contracts.documents import kinds as kinds_of_contracts
from tests.unit.contracts import samples as s
from tests.unit.contracts.samples import Json, changed, said


@pytest.mark.parametrize("obj", s.VALID, ids=lambda obj: obj["kind"])
@pytest.mark.parametrize("kubernetes", ["1.29", "1.36", "1.37"])
def test_a_good_object_has_no_violation(obj: Json, kubernetes: str) -> None:
    assert validate(obj, kubernetes) == []


@pytest.mark.parametrize("name", ["rdma/ib", "nvidia.com/mig-3g.40gb", "hugepages-2Mi", "habana.ai/gaudi"])
def test_a_device_plugin_may_call_its_resource_so(name: str) -> None:
    pod = changed(s.DEPLOYMENT, f"{CONTAINER}.resources", {"requests": {name: "1"}, "limits": {name: "1"}})
    assert validate(pod, "1.36") == []


PREDICTOR_BY_OVERRIDE: dict[str, Any] = {
    "hostNetwork": True,
    "hostIPC": True,
    "dnsPolicy": "ClusterFirstWithHostNet",
    "dnsConfig": {"nameservers": ["10.0.0.10"], "options": [{"name": "ndots", "value": "2"}]},
    "hostAliases": [{"ip": "10.0.0.7", "hostnames": ["minio.example.com"]}],
    "preemptionPolicy": "Never",
    "schedulingGates": [{"name": "example.com/quota"}],
    "resourceClaims": [{"name": "channel", "resourceClaimTemplateName": "compute-domain-channel"}],
}


@pytest.mark.parametrize("field", PREDICTOR_BY_OVERRIDE)
def test_an_override_may_set_what_only_some_pods_need(field: str) -> None:
    service = changed(s.INFERENCE_SERVICE, f"spec.predictor.{field}", PREDICTOR_BY_OVERRIDE[field])
    assert validate(service, "1.36") == []


AUTOSCALER = r"metadata.annotations.serving\.kserve\.io/autoscalerClass"
CONTAINER = "spec.template.spec.containers.0"
POOL_FIELD = "did you mean 'targetPorts'?"

REFUSED: list[tuple[Json, str, Any, str]] = [
    # metadata
    (s.POOL, "metadata.name", "Llama_70B", "metadata.name: must be a DNS name"),
    (s.POOL, "metadata.name", "x" * 254, "metadata.name: must be a DNS name"),
    (s.POOL, "metadata.name", ..., "metadata.name: is required"),
    (s.POOL, "metadata.namespace", ..., "metadata.namespace: is required"),
    (s.POOL, "metadata.namespace", "a.b", "metadata.namespace: must be a DNS label"),
    (s.POOL, "metadata.labels", {"-a": "b"}, "metadata.labels.-a: the key must be a name of at most 63"),
    (s.POOL, "metadata.labels", {"a": "-b"}, "metadata.labels.a: must be a label value"),
    (s.POOL, "metadata.labels", {"a": "b" * 64}, "metadata.labels.a: must be a label value"),
    (s.POOL, "metadata.labels", {"a.b/" + "c" * 64: ""}, 'metadata.labels["a.b/cccc'),
    (s.POOL, "metadata.labels", {"a": 1}, "metadata.labels.a: must be a label value"),
    (s.POOL, "metadata.annotations", {"a": True}, "metadata.annotations.a: must be a string, not true"),
    (s.POOL, "metadata.ownerReferences", [], "metadata.ownerReferences: unknown field"),
    (
        s.RUNTIME,
        "metadata.namespace",
        "llm",
        "metadata.namespace: is not allowed: ClusterServingRuntime has no",
    ),
    (s.SERVICE, "metadata.name", "9epp", "metadata.name: must start with a letter"),
    (s.ROLE, "metadata.name", "a/b", "metadata.name: must be a name without '/' and '%'"),
    (s.BINDING, "metadata.namespace", "llm", "metadata.namespace: is not allowed"),
    (s.CONFIG, "metadata.creationTimestamp", None, "metadata.creationTimestamp: unknown field"),
    # fields, types, values
    (s.POOL, "spec.targetPort", 8080, f"spec.targetPort: unknown field; {POOL_FIELD}"),
    (s.POOL, "spec.selector.app", "x", "spec.selector.app: unknown field; known here: matchLabels"),
    (s.POOL, "spec.targetPorts.0.number", 0, "spec.targetPorts[0].number: must be at least 1, not 0"),
    (s.POOL, "spec.targetPorts.0.number", "8080", 'number: must be a whole number, not "8080"'),
    (
        s.POOL,
        "spec.targetPorts.0.number",
        None,
        "must be a whole number, not null; leave the field out instead",
    ),
    (s.POOL, "spec.targetPorts", [], "spec.targetPorts: needs at least 1 item"),
    (
        s.POOL,
        "spec.appProtocol",
        "HTTP",
        'must be one of "http", "kubernetes.io/h2c", not "HTTP"; did you mean',
    ),
    (s.POOL, "spec.endpointPickerRef.port", ..., "spec.endpointPickerRef.port: is required"),
    (s.POOL, "spec.endpointPickerRef.failureMode", "FailClosed", "did you mean 'FailClose'?"),
    (s.POOL, "status", {}, "status: unknown field"),
    # conditions between fields
    (s.EXTENSION, "spec.extProc.0.failOpen", True, "failOpen must be false with body FullDuplexStreamed"),
    (s.EXTENSION, "spec.extProc.0.backendRefs.0.port", ..., "a Service needs group '' and a port"),
    (s.ROUTE, "spec.rules.0.matches.0.path.type", "Exact", "ReplacePrefixMatch needs exactly one match"),
    (s.ROUTE, "spec.rules.0.matches.0.path.value", "/llama-70b/", "does not end in '/', not \"/llama-70b/\""),
    (s.ROUTE, "spec.rules.0.matches.0.path.value", "/a/../b", "no empty, '.' or '..' part"),
    (
        s.ROUTE,
        "spec.rules.0.timeouts",
        {"request": "1s", "backendRequest": "1m"},
        "backendRequest (1m) is longer",
    ),
    (
        s.ROUTE,
        "spec.rules.0.backendRefs.0.kind",
        "InferencePool",
        "must be a Service (group '', with a port)",
    ),
    (
        s.ROUTE,
        "spec.rules.0.filters.0.type",
        "RequestHeaderModifier",
        "needs the one field that belongs to its",
    ),
    (s.INFERENCE_SERVICE, "spec.predictor.minReplicas", 5, "minReplicas (5) is above maxReplicas (4)"),
    (s.INFERENCE_SERVICE, "spec.predictor.model.name", "x", "spec.predictor.model.name: unknown field"),
    (
        s.INFERENCE_SERVICE,
        "spec.predictor.model.storageUri",
        "hf//x",
        "must be a URI that the storage initializer",
    ),
    (s.INFERENCE_SERVICE, "metadata.annotations", {}, 'deploymentMode"]: is required'),
    (s.INFERENCE_SERVICE, "metadata.name", "a" * 54, "metadata.name: must start with a letter"),
    (
        s.RUNTIME,
        "spec.containers.0.name",
        "main",
        "spec.containers: needs a container named kserve-container",
    ),
    (s.SCALER, "spec.minReplicaCount", 9, "spec: minReplicaCount (9) is above maxReplicaCount (4)"),
    (
        s.SCALER,
        "spec.triggers.0.metadata.threshold",
        ...,
        "a prometheus trigger needs serverAddress, query and",
    ),
    (
        s.INFERENCE_SERVICE,
        "metadata.annotations",
        {"serving.kserve.io/deploymentMode": "Knative"},
        "spec.predictor.deploymentStrategy: mode Knative takes no deploymentStrategy",
    ),
    (s.INFERENCE_SERVICE, "spec.predictor.canaryTrafficPercent", 5, "only mode Knative splits traffic"),
    (
        changed(s.INFERENCE_SERVICE, AUTOSCALER, "keda"),
        "spec.predictor.scaleMetric",
        "cpu",
        "spec.predictor.scaleMetric: autoscalerClass keda takes no scaleMetric",
    ),
    (
        changed(s.INFERENCE_SERVICE, AUTOSCALER, "hpa"),
        "spec.predictor.scaleMetric",
        "rps",
        "autoscalerClass hpa scales on cpu or memory",
    ),
    (s.RUNTIME, "spec.containers.0.env", [{"name": "PYTHONPATH"}], "env[0].name: must not be PYTHONPATH"),
    (
        s.INFERENCE_SERVICE,
        "spec.predictor.model.env",
        [{"name": "PYTHONPATH"}],
        "env[0].name: must not be PYTHONPATH",
    ),
    # core kinds, beyond their published schemas
    (s.CONFIG, "data", {"a": "x" * 2**20}, "data: holds 1,048,577 bytes; the API server takes 1,048,576"),
    (s.DEPLOYMENT, f"{CONTAINER}.imag", "x", "containers[0].imag: unknown field; did you mean 'image'?"),
    (s.DEPLOYMENT, f"{CONTAINER}.image", ..., "containers[0].image: is required"),
    (s.DEPLOYMENT, f"{CONTAINER}.ports.0.protocol", "tcp", "protocol: must be one of"),
    (s.DEPLOYMENT, f"{CONTAINER}.ports.0.containerPort", 70000, "must be at most 65535, not 70000"),
    (s.DEPLOYMENT, f"{CONTAINER}.ports.0.name", "much-too-long-name", "must be a port name"),
    (s.DEPLOYMENT, f"{CONTAINER}.env.0.value", "x", "env[0]: takes value or valueFrom, not both"),
    (
        s.DEPLOYMENT,
        f"{CONTAINER}.readinessProbe.httpGet",
        {"port": 1},
        "needs exactly one of httpGet, tcpSocket",
    ),
    (
        s.DEPLOYMENT,
        f"{CONTAINER}.livenessProbe",
        {"exec": {"command": ["a"]}, "successThreshold": 2},
        "must be 1 for",
    ),
    (
        s.DEPLOYMENT,
        f"{CONTAINER}.resources",
        {"limits": {"mem": "1Gi"}},
        "limits.mem: the key must be cpu, memory",
    ),
    (s.DEPLOYMENT, f"{CONTAINER}.resources", {"limits": {"memory": "1GiB"}}, "must be a quantity such as"),
    (
        s.DEPLOYMENT,
        f"{CONTAINER}.resources",
        {"requests": {"memory": "2Gi"}, "limits": {"memory": "1024Mi"}},
        "resources: the request for memory (2Gi) is above its limit (1024Mi)",
    ),
    (
        s.DEPLOYMENT,
        f"{CONTAINER}.resources",
        {"requests": {"nvidia.com/gpu": "1"}},
        "resources: nvidia.com/gpu needs a limit equal to its request (1)",
    ),
    (
        s.DEPLOYMENT,
        "spec.template.metadata.labels",
        {"app": "x"},
        "spec: the selector wants the label app=epp",
    ),
    (s.DEPLOYMENT, "spec.selector", {}, "spec: the selector is empty"),
    (s.DEPLOYMENT, "spec.strategy.rollingUpdate", {}, "rollingUpdate: type Recreate takes no rollingUpdate"),
    (s.DEPLOYMENT, "spec.replicas", -1, "spec.replicas: must be at least 0, not -1"),
    (
        s.DEPLOYMENT,
        "spec.template.spec.volumes.0.emptyDir",
        {},
        "volumes[0]: needs a name and exactly one source",
    ),
    (
        s.DEPLOYMENT,
        "spec.template.spec.tolerations",
        [{"operator": "Equal"}],
        "a toleration without a key needs",
    ),
    (s.DEPLOYMENT, "spec.template.metadata.namespace", "x", "template.metadata.namespace: unknown field"),
    (s.DEPLOYMENT, "spec", ..., "spec: is required"),
    (s.SERVICE, "spec.ports.1.name", "grpc", "spec.ports: items 0 and 1 have the same name"),
    (s.SERVICE, "spec.ports.1.port", 9002, "spec.ports: items 0 and 1 have the same port and protocol"),
    (s.SERVICE, "spec.ports.1.name", ..., "spec.ports[1].name: several ports each need a name"),
    (s.SERVICE, "spec.type", "ClusterIp", "spec.type: must be one of"),
    (s.SERVICE, "spec.ports", ..., "spec.ports: a Service needs ports unless it is headless"),
    (s.CONFIG, "data", {"a/b": ""}, 'data["a/b"]: the key must be a key of a ConfigMap'),
    (s.ROLE, "rules.0.verbs", [], "rules[0].verbs: needs at least 1 item"),
    (s.ROLE, "rules.0.apiGroups", ..., "rules[0]: needs apiGroups and resources, or nonResourceURLs alone"),
    (s.BINDING, "roleRef.kind", "Role", 'roleRef.kind: must be "ClusterRole", not "Role"'),
    (s.BINDING, "subjects.0.namespace", ..., "subjects[0].namespace: a ServiceAccount needs a namespace"),
    (s.BUDGET, "spec.maxUnavailable", 1, "spec: needs exactly one of minAvailable and maxUnavailable"),
    (s.CLAIM, "spec.accessModes.0", "ReadOnly", "spec.accessModes[0]: must be one of"),
    (s.CLAIM, "spec.resources.requests", {"memory": "1Gi"}, "requests.storage: is required"),
]


@pytest.mark.parametrize(("obj", "path", "value", "expected"), REFUSED)
def test_a_bad_field_is_named_and_explained(obj: Json, path: str, value: Any, expected: str) -> None:
    violations = said(changed(obj, path, value))
    assert any(expected in text for text in violations), violations


def test_all_violations_come_at_once_and_in_order() -> None:
    obj = changed(changed(s.POOL, "spec.appProtocol", "grpc"), "metadata.name", "A")
    obj = changed(obj, "spec.extra", 1)
    assert [violation.path for violation in validate(obj, "1.36")] == [
        "metadata.name",
        "spec.appProtocol",
        "spec.extra",
    ]


def test_equal_items_of_one_list_are_told_once() -> None:
    ports = [{"name": "a", "containerPort": 1}, {"name": "b", "containerPort": 1, "protocol": "TCP"}]
    violations = said(changed(s.DEPLOYMENT, f"{CONTAINER}.ports", ports))
    assert [text for text in violations if "items 0 and 1" in text] == [
        "spec.template.spec.containers[0].ports: items 0 and 1 have the same containerPort and protocol"
    ]


@pytest.mark.parametrize("version", ["1.36", "v1.36", "1.36.4", "v1.36.2-gke.100", "1.36+"])
def test_any_patch_release_counts_as_its_minor(version: str) -> None:
    assert validate(s.SERVICE, version) == []


@pytest.mark.parametrize("version", ["1.24", "1.99", "", "latest", "1", "1.3"])
def test_a_version_without_schemas_is_an_error(version: str) -> None:
    with pytest.raises(UnsupportedKubernetes, match=r"they cover 1\.25 to 1\.\d\d"):
        validate(s.SERVICE, version)


def test_the_supported_versions_are_in_order() -> None:
    assert supported_kubernetes()[:2] == ("1.25", "1.26")
    assert "1.36" in supported_kubernetes()


def test_a_field_is_checked_by_the_version_of_the_cluster() -> None:
    # matchLabelKeys of pod affinity came with Kubernetes 1.29.
    affinity = {
        "podAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "a", "matchLabelKeys": ["b"]}]
        }
    }
    obj = changed(s.DEPLOYMENT, "spec.template.spec.affinity", affinity)
    assert said(obj, "1.36") == []
    assert any("matchLabelKeys: unknown field" in text for text in said(obj, "1.28"))


def test_a_registry_keeps_what_it_compiled() -> None:
    registry = Registry()
    registry.validate(s.POOL, "1.36")
    (first,) = registry._found.values()
    registry.validate(changed(s.POOL, "spec.appProtocol", "x"), "1.36")
    assert list(registry._found.values()) == [first]


def test_a_violation_reads_as_path_and_message() -> None:
    assert str(Violation("spec.a", "is required")) == "spec.a: is required"
    assert str(Violation("", "is no object")) == "is no object"


def test_contracts_compiled_ahead_are_not_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = sum(1 for _ in compile_contracts())
    monkeypatch.setattr(registry, "compiled", None)

    assert Registry().validate(s.POOL, "1.36") == []
    assert steps == sum(len(kinds) for kinds in kinds_of_contracts().values())
