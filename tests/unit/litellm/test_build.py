from __future__ import annotations

from typing import Any

import pytest
import yaml

from components.cluster.build import owner
from components.cluster.params import Fleet
from components.common.manifest import Manifest
from components.common.place import Built, place
from components.facts.litellm import environment_references
from components.facts.tables import table
from components.litellm.build import build
from components.litellm.proxy_config import proxy_config
from tests.support.stacks import make_fleet, make_stack

PROXY = "infra-litellm-proxy"
EVERYTHING: dict[str, Any] = {
    "deploy": True,
    "hostname": "llm.example.com",
    "redisSecret": "litellm-redis",
    "databaseSecret": "litellm-database",
    "saltKeySecret": "litellm-salt",
}
PROVIDED = {f"llm-platform/litellm-{name}": True for name in ("redis", "database", "salt")}


def fleet(**litellm: Any) -> Fleet:
    return make_fleet(make_stack(), cluster={"litellm": litellm, "provided": {"Secret": PROVIDED}})


def compiled(one: Fleet) -> dict[tuple[str, str], Manifest]:
    """Placed objects by kind and name; placing checks each against its schema."""
    placed = place(owner("eu-h100.cluster", one), [Built("litellm", "litellm-proxy", build(one))])
    return {(m["kind"], m["metadata"]["name"]): m for m in placed.values()}


def container(one: Fleet) -> dict[str, Any]:
    found: dict[str, Any] = compiled(one)["Deployment", PROXY]["spec"]["template"]["spec"]["containers"][0]
    return found


def test_without_deploy_only_the_configuration_is_compiled() -> None:
    assert list(compiled(fleet())) == [("ConfigMap", f"{PROXY}-config")]


def test_with_deploy_the_whole_proxy_is() -> None:
    assert set(compiled(fleet(deploy=True, hostname="llm.example.com"))) == {
        ("ConfigMap", f"{PROXY}-config"),
        ("Deployment", PROXY),
        ("ExternalSecret", "litellm-master-key"),
        ("HTTPRoute", PROXY),
        ("PodDisruptionBudget", PROXY),
        ("Service", PROXY),
        ("ServiceAccount", PROXY),
    }


def test_the_proxy_too_is_pulled_from_a_private_registry() -> None:
    one = make_fleet(
        make_stack(), cluster={"imagePullSecrets": {"registry": True}, "litellm": {"deploy": True}}
    )
    assert compiled(one)["ServiceAccount", PROXY]["imagePullSecrets"] == [{"name": "registry"}]


def test_names_and_namespace_are_those_of_the_infrastructure_release() -> None:
    release = {"releaseName": "edge", "namespace": "infra"}
    one = make_fleet(
        make_stack(),
        cluster={"infrastructure": release, "litellm": {"deploy": True, "hostname": "llm.example.com"}},
    )
    objects = compiled(one)
    assert {m["metadata"]["namespace"] for m in objects.values()} == {"infra"}
    assert ("Service", "edge-litellm-proxy") in objects
    (parent,) = objects["HTTPRoute", "edge-litellm-proxy"]["spec"]["parentRefs"]
    assert (parent["name"], parent["namespace"]) == ("edge-networking-layer-gateway", "infra")


def test_the_file_in_the_config_map_is_the_proxy_config() -> None:
    one = fleet()
    assert yaml.safe_load(
        compiled(one)["ConfigMap", f"{PROXY}-config"]["data"]["config.yaml"]
    ) == proxy_config(one)


def test_every_variable_that_the_configuration_reads_has_a_source() -> None:
    one = fleet(**EVERYTHING)
    named = {variable["name"] for variable in container(one)["env"]}
    assert environment_references(proxy_config(one)) <= named
    assert {"LITELLM_SALT_KEY", "LITELLM_MIGRATION_DIR", "REDIS_PORT"} <= named


def test_secrets_are_read_from_secrets() -> None:
    references = {
        variable["name"]: variable["valueFrom"]["secretKeyRef"]
        for variable in container(fleet(**EVERYTHING))["env"]
        if "valueFrom" in variable
    }
    assert references == {
        "DATABASE_URL": {"name": "litellm-database", "key": "uri"},
        "LITELLM_MASTER_KEY": {"name": "litellm-master-key", "key": "master-key"},
        "LITELLM_SALT_KEY": {"name": "litellm-salt", "key": "salt-key"},
        "REDIS_HOST": {"name": "litellm-redis", "key": "host"},
        "REDIS_PASSWORD": {"name": "litellm-redis", "key": "password"},
    }


def test_the_master_key_comes_from_the_store_where_it_is_kept_there() -> None:
    spec = compiled(fleet(deploy=True))["ExternalSecret", "litellm-master-key"]["spec"]
    assert spec["secretStoreRef"] == {"kind": "ClusterSecretStore", "name": "vault"}
    (data,) = spec["data"]
    assert data["secretKey"] == "master-key"
    assert (data["remoteRef"]["key"], data["remoteRef"]["property"]) == ("llm/litellm", "master-key")


def test_no_external_secret_where_another_release_brings_the_key() -> None:
    provided = {"Secret": {"llm-platform/litellm-master-key": True}}
    one = make_fleet(
        make_stack(),
        cluster={"litellm": {"deploy": True}, "provided": provided, "secrets": {"litellm-master-key": None}},
    )
    assert "ExternalSecret" not in {kind for kind, _ in compiled(one)}


def test_no_probe_costs_a_request_to_every_model() -> None:
    probes = [
        probe["httpGet"]["path"]
        for name, probe in container(fleet(deploy=True)).items()
        if name.endswith("Probe")
    ]
    image = table("litellm")["image"]
    assert sorted(probes) == sorted([image["readiness"], image["readiness"], image["liveness"]])
    assert image["costly"] not in probes


def test_service_route_and_container_agree_on_the_port() -> None:
    objects = compiled(fleet(deploy=True, hostname="llm.example.com"))
    served = {port["name"]: port["targetPort"] for port in objects["Service", PROXY]["spec"]["ports"]}
    declared = {port["name"]: port["containerPort"] for port in container(fleet(deploy=True))["ports"]}
    assert served == declared
    arguments = container(fleet(deploy=True))["args"]
    assert arguments[arguments.index("--port") + 1] == str(served["http"]) == "4000"
    (rule,) = objects["HTTPRoute", PROXY]["spec"]["rules"]
    (backend,) = rule["backendRefs"]
    assert (backend["name"], backend["port"]) == (PROXY, 4000)


def test_metrics_are_served_where_no_route_leads() -> None:
    variables = {one["name"]: one.get("value") for one in container(fleet(deploy=True))["env"]}
    ports = {one["name"]: one["containerPort"] for one in container(fleet(deploy=True))["ports"]}
    assert variables["PROMETHEUS_METRICS_PORT"] == str(ports["metrics"]) != str(ports["http"])
    assert proxy_config(fleet(deploy=True))["litellm_settings"]["callbacks"] == ["prometheus"]


def test_the_service_selects_the_pods() -> None:
    objects = compiled(fleet(deploy=True))
    pods = objects["Deployment", PROXY]["spec"]["template"]["metadata"]["labels"]
    assert objects["Deployment", PROXY]["spec"]["selector"]["matchLabels"] == pods
    for kind in ("Service", "PodDisruptionBudget"):
        wanted = objects[kind, PROXY]["spec"]["selector"]
        assert wanted.get("matchLabels", wanted).items() <= pods.items()


def test_the_longest_request_of_any_stack_fits() -> None:
    patient = make_stack(serving={"requestTimeoutSeconds": 1800})
    one = make_fleet(patient, cluster={"litellm": {"deploy": True, "hostname": "llm.example.com"}})
    objects = compiled(one)
    assert objects["HTTPRoute", PROXY]["spec"]["rules"][0]["timeouts"] == {"request": "1800s"}
    assert objects["Deployment", PROXY]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > 1800
    variables = {variable["name"]: variable.get("value") for variable in container(one)["env"]}
    assert variables["GRACEFUL_SHUTDOWN_TIMEOUT"] == "1800"


def test_the_default_route_timeout_is_ten_minutes() -> None:
    route = compiled(fleet(deploy=True, hostname="llm.example.com"))["HTTPRoute", PROXY]
    assert route["spec"]["hostnames"] == ["llm.example.com"]
    assert route["spec"]["rules"][0]["timeouts"] == {"request": "600s"}
    assert "sectionName" not in route["spec"]["parentRefs"][0]


def test_a_listener_can_be_named() -> None:
    route = compiled(fleet(deploy=True, hostname="llm.example.com", externalListener="https"))[
        "HTTPRoute", PROXY
    ]
    assert route["spec"]["parentRefs"][0]["sectionName"] == "https"


def test_a_new_configuration_rolls_the_pods_and_nothing_else_does() -> None:
    def annotation(one: Fleet) -> str:
        (text,) = compiled(one)["Deployment", PROXY]["spec"]["template"]["metadata"]["annotations"].values()
        return str(text)

    assert annotation(fleet(deploy=True)) == annotation(fleet(deploy=True, replicas=5))
    assert annotation(fleet(deploy=True)) != annotation(fleet(deploy=True, retries=5))


@pytest.mark.parametrize(("replicas", "expected"), [(1, False), (2, True)])
def test_a_disruption_budget_and_a_spread_need_two_replicas(replicas: int, expected: bool) -> None:
    objects = compiled(fleet(deploy=True, replicas=replicas))
    assert (("PodDisruptionBudget", PROXY) in objects) is expected
    pod = objects["Deployment", PROXY]["spec"]["template"]["spec"]
    assert ("topologySpreadConstraints" in pod) is expected


def test_the_pod_satisfies_the_restricted_level_with_only_tmp_writable() -> None:
    pod = compiled(fleet(**EVERYTHING))["Deployment", PROXY]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 65534
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (only,) = pod["containers"]
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    writable = [mount["mountPath"] for mount in only["volumeMounts"] if not mount.get("readOnly")]
    assert writable == ["/tmp"]
    folders = [one["value"] for one in only["env"] if str(one.get("value")).startswith("/tmp")]
    assert len(folders) == 3
    # The image's own Prisma engine would be hidden by a cache elsewhere.
    assert not [one["name"] for one in only["env"] if one["name"].startswith("PRISMA")]


def test_quantities_are_canonical() -> None:
    resources = container(fleet(deploy=True, resources={"cpu": "2000m", "memory": "4096Mi"}))["resources"]
    assert resources["requests"] == {"cpu": "2", "memory": "4Gi"}


def test_no_route_without_a_hostname() -> None:
    assert ("HTTPRoute", PROXY) not in compiled(fleet(deploy=True))
