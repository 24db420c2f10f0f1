"""Gateway, route, pool, Endpoint Picker: every reference comes from one fact."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from components.inference_gateway.build import api_base
from components.inference_gateway.wiring import WIRINGS
from components.stack.load import load_stack
from tests.support.objects import objects, one
from tests.support.stacks import make_stack, stack_params

_LLAMACPP: dict[str, Any] = {
    "serving": {
        "runtime": "llamacpp",
        "pool": "cpu",
        "tensorParallelSize": None,
        "maxModelLen": 8192,
        "parallelRequests": 4,
    },
    "model": {"weights": {"uri": "s3://m/q.gguf", "file": "q.gguf", "sizeGiB": 5}},
}
_OLLAMA: dict[str, Any] = {
    "serving": {
        "runtime": "ollama",
        "tensorParallelSize": None,
        "gpus": 1,
        "maxModelLen": 8192,
        "parallelRequests": 2,
    },
    "model": {"ollamaTag": "llama3.3:70b"},
}
ENGINES: dict[str, dict[str, Any]] = {"vllm": {}, "llamacpp": _LLAMACPP, "ollama": _OLLAMA}


VERSIONS: dict[str, dict[str, str]] = {
    "envoy-ai-gateway": {"envoyGateway": "1.8.3", "envoyAiGateway": "1.1.0", "gatewayApi": "1.5.1"},
    "istio": {"istio": "1.30.3", "gatewayApi": "1.5.1"},
    "agentgateway": {"agentgateway": "1.4.1"},
}


def wired(wiring: str, engine: str = "vllm", **gateway: Any) -> dict[str, Any]:
    """Overrides for a stack with this wiring and engine."""
    versions = VERSIONS.get(wiring, {})
    hostname = {"hostname": "llama.internal.example.com"} if wiring == "gke" else {}
    return ENGINES[engine] | {
        "gateway": {"wiring": wiring, **hostname, **gateway},
        "cluster": {"versions": versions, "sharedGateways": {"shared": {"wiring": wiring}}},
    }


@pytest.mark.parametrize("wiring", WIRINGS)
@pytest.mark.parametrize("engine", ENGINES)
def test_pool_service_route_and_picker_name_each_other(wiring: str, engine: str) -> None:
    stack = make_stack(**wired(wiring, engine))
    pool = one(stack, "InferencePool")
    picker = pool["spec"]["endpointPickerRef"]
    service = one(stack, "Service", picker["name"])
    deployment = one(stack, "Deployment")
    assert picker["port"]["number"] in [port["port"] for port in service["spec"]["ports"]]
    assert service["spec"]["selector"] == deployment["spec"]["template"]["metadata"]["labels"]
    arguments = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    assert f"--pool-name={pool['metadata']['name']}" in arguments
    assert f"--pool-namespace={pool['metadata']['namespace']}" in arguments
    assert pool["spec"]["selector"]["matchLabels"] == {"app": "isvc.llama-70b-predictor"}

    route = one(stack, "HTTPRoute")
    gateway = one(stack, "Gateway")
    (parent,) = route["spec"]["parentRefs"]
    assert parent["name"] == gateway["metadata"]["name"]
    assert parent["sectionName"] == gateway["spec"]["listeners"][0]["name"]
    (backend,) = route["spec"]["rules"][0]["backendRefs"]
    if WIRINGS[wiring].POOL_BACKEND:
        assert (backend["kind"], backend["name"]) == ("InferencePool", pool["metadata"]["name"])
    else:
        endpoints = one(stack, "Service", backend["name"])
        assert endpoints["spec"]["selector"] == pool["spec"]["selector"]["matchLabels"]
        assert endpoints["spec"]["ports"][0]["targetPort"] == pool["spec"]["targetPorts"][0]["number"]
        assert backend["port"] == endpoints["spec"]["ports"][0]["port"]


@pytest.mark.parametrize(("wiring", "tls"), [(w, w != "envoy-extension-policy") for w in WIRINGS])
def test_picker_serves_tls_where_the_wiring_needs_it(wiring: str, tls: bool) -> None:
    arguments = _arguments(make_stack(**wired(wiring)))
    assert f"--secure-serving={str(tls).lower()}" in arguments


def _arguments(stack: Any) -> list[str]:
    arguments: list[str] = one(stack, "Deployment")["spec"]["template"]["spec"]["containers"][0]["args"]
    return arguments


def test_envoy_extension_policy_as_proved_on_a_real_envoy() -> None:
    stack = make_stack(**wired("envoy-extension-policy"))
    (processor,) = one(stack, "EnvoyExtensionPolicy")["spec"]["extProc"]
    assert processor["failOpen"] is False
    assert processor["processingMode"]["request"]["body"] == "FullDuplexStreamed"
    assert processor["processingMode"]["response"]["body"] == "FullDuplexStreamed"
    assert processor["messageTimeout"] == "600s"
    assert processor["statusOnError"] == 503
    policy = one(stack, "BackendTrafficPolicy")["spec"]
    assert policy["loadBalancer"]["endpointOverride"]["extractFrom"] == [
        {"header": "x-gateway-destination-endpoint"}
    ]
    assert policy["circuitBreaker"]["maxParallelRequests"] == 40000
    client = one(stack, "ClientTrafficPolicy")["spec"]
    assert client["connection"]["bufferLimit"] == "1Mi"
    assert "x-gateway-destination-endpoint" in client["headers"]["earlyRequestHeaders"]["remove"]


def test_older_envoy_gateway_gets_no_field_it_lacks() -> None:
    stack = make_stack(cluster={"versions": {"envoyGateway": "1.8.3"}})
    assert "statusOnError" not in one(stack, "EnvoyExtensionPolicy")["spec"]["extProc"][0]


@pytest.mark.parametrize(("version", "protocol"), [("1.3.0", None), ("1.4.0", "http")])
def test_a_pool_has_the_fields_of_its_crd(version: str, protocol: str | None) -> None:
    stack = make_stack(cluster={"versions": {"inferenceExtension": version}})
    assert one(stack, "InferencePool")["spec"].get("appProtocol") == protocol


@pytest.mark.parametrize(("version", "name"), [("1.3.0", None), ("1.4.1", "inference")])
def test_a_route_has_the_fields_of_its_crd(version: str, name: str | None) -> None:
    stack = make_stack(cluster={"versions": {"gatewayApi": version}})
    assert one(stack, "HTTPRoute")["spec"]["rules"][0].get("name") == name


@pytest.mark.parametrize(
    "where", [{"cluster": {"monitoring": {"enabled": False}}}, {"monitoring": {"enabled": False}}]
)
def test_nobody_has_a_token_for_metrics_that_nobody_scrapes(where: dict[str, Any]) -> None:
    stack = make_stack(**where)
    assert "Secret" not in objects(stack)
    assert one(stack, "ClusterRole")


def test_switching_the_extension_policy_off_leaves_the_picker_unwired() -> None:
    stack = make_stack(gateway={"extensionPolicy": False})
    found = objects(stack)
    assert "EnvoyExtensionPolicy" not in found
    assert "endpointOverride" not in one(stack, "BackendTrafficPolicy")["spec"]["loadBalancer"]
    assert "InferencePool" in found


def test_two_replicas_elect_a_leader() -> None:
    stack = make_stack()
    deployment = one(stack, "Deployment")
    assert deployment["spec"]["replicas"] == 2
    assert deployment["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 0, "maxUnavailable": "100%"},
    }
    assert "--ha-enable-leader-election=true" in _arguments(stack)
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert container["livenessProbe"]["grpc"] == {"port": 9003, "service": "liveness"}
    assert container["readinessProbe"]["grpc"] == {"port": 9003, "service": "readiness"}
    resources = {resource for rule in one(stack, "Role")["rules"] for resource in rule.get("resources", [])}
    assert {"leases", "events", "pods", "inferencepools"} <= resources
    assert "PodDisruptionBudget" not in objects(stack)


def test_one_replica_needs_no_lease() -> None:
    stack = make_stack(gateway={"epp": {"replicas": 1}})
    assert not any("leader-election" in argument for argument in _arguments(stack))
    assert all("leases" not in rule.get("resources", []) for rule in one(stack, "Role")["rules"])
    assert one(stack, "Deployment")["spec"]["strategy"]["type"] == "RollingUpdate"


def _config(stack: Any) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(one(stack, "ConfigMap")["data"]["epp.yaml"])
    return config


def _scorers(stack: Any) -> dict[str, float]:
    (profile,) = _config(stack)["schedulingProfiles"]
    return {plugin["pluginRef"]: plugin["weight"] for plugin in profile["plugins"] if "weight" in plugin}


def test_scorers_are_what_the_engine_can_report() -> None:
    prefix = {"prefix-cache-scorer": 3.0}
    assert _scorers(make_stack()) == prefix | {"queue-scorer": 2.0, "kv-cache-utilization-scorer": 2.0}
    assert _scorers(make_stack(**_LLAMACPP)) == prefix | {
        "queue-scorer": 2.0,
        "running-requests-size-scorer": 2.0,
    }
    assert _scorers(make_stack(**_OLLAMA)) == prefix | {"active-request-scorer": 2.0}


def test_every_plugin_that_is_named_is_declared() -> None:
    for engine in ENGINES.values():
        config = _config(make_stack(**engine, gateway={"epp": {"flowControl": True}}))
        declared = [plugin["type"] for plugin in config["plugins"]]
        assert len(declared) == len(set(declared))
        used = {
            plugin["pluginRef"] for profile in config["schedulingProfiles"] for plugin in profile["plugins"]
        }
        used |= {parser["pluginRef"] for parser in config["requestHandler"]["parsers"]}
        used |= {source["pluginRef"] for source in config.get("dataLayer", {}).get("sources", [])}
        assert used <= set(declared)


def test_an_engine_without_metrics_is_not_scraped() -> None:
    assert _config(make_stack(**_OLLAMA))["dataLayer"] == {"injectDefaults": False}


def test_a_stack_may_choose_scorers() -> None:
    stack = make_stack(
        gateway={"epp": {"scorers": {"queue-scorer": 0, "token-load-scorer": 1.5}, "prefixCache": "off"}}
    )
    assert _scorers(stack) == {"kv-cache-utilization-scorer": 2.0, "token-load-scorer": 1.5}


def test_a_changed_configuration_restarts_the_picker() -> None:
    def digest(stack: Any) -> str:
        annotations = one(stack, "Deployment")["spec"]["template"]["metadata"]["annotations"]
        return str(annotations["inferstack.io/config-hash"])

    assert digest(make_stack()) != digest(make_stack(gateway={"epp": {"prefixCache": "off"}}))


def test_a_shared_gateway_routes_by_path() -> None:
    stack = make_stack(**wired("envoy-extension-policy", shared="shared"))
    assert "Gateway" not in objects(stack)
    route = one(stack, "HTTPRoute")
    assert route["spec"]["parentRefs"][0]["name"] == "shared-inference-gateway"
    (rule,) = route["spec"]["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/llama-70b"}}]
    assert rule["filters"][0]["urlRewrite"]["path"]["replacePrefixMatch"] == "/"
    assert api_base(stack) == "http://shared-inference-gateway.llm-platform.svc.cluster.local/llama-70b/v1"


@pytest.mark.parametrize("deploy", ["ControllerNamespace", "GatewayNamespace"])
def test_the_host_that_litellm_calls_is_a_service(deploy: str) -> None:
    stack = make_stack(cluster={"envoyGateway": {"deploy": deploy}})
    proxy = one(stack, "EnvoyProxy")["spec"]["provider"]["kubernetes"]["envoyService"]
    assert proxy["type"] == "ClusterIP"
    assert api_base(stack) == "http://llama-70b-inference-gateway.llm-platform.svc.cluster.local/v1"
    aliases = [m for m in objects(stack)["Service"] if m["metadata"]["name"] == "llama-70b-inference-gateway"]
    if deploy == "GatewayNamespace":
        assert (proxy["name"], aliases) == ("llama-70b-inference-gateway", [])
    else:
        (alias,) = aliases
        assert alias["spec"]["externalName"] == f"{proxy['name']}.envoy-gateway-system.svc.cluster.local"


def test_gke_has_no_route_timeouts_and_needs_policies() -> None:
    stack = make_stack(**wired("gke"))
    assert "timeouts" not in one(stack, "HTTPRoute")["spec"]["rules"][0]
    assert one(stack, "HealthCheckPolicy")["spec"]["targetRef"]["kind"] == "InferencePool"
    assert one(stack, "GCPBackendPolicy")["spec"]["default"]["timeoutSec"] == 600
    assert api_base(stack) == "http://llama.internal.example.com/v1"


def test_istio_speaks_tls_to_the_picker() -> None:
    rule = one(make_stack(**wired("istio")), "DestinationRule")
    assert rule["spec"]["host"] == "llama-70b-inference-gateway-epp.llm-platform.svc.cluster.local"
    assert rule["spec"]["trafficPolicy"]["tls"] == {"mode": "SIMPLE", "insecureSkipVerify": True}


def test_agentgateway_gets_one_address() -> None:
    config = _config(make_stack(**wired("agentgateway")))
    (picker,) = [plugin for plugin in config["plugins"] if plugin["type"] == "max-score-picker"]
    assert picker["parameters"] == {"maxNumOfEndpoints": 1}


def test_verified_tls_to_the_picker() -> None:
    stack = make_stack(gateway={"epp": {"tls": "cert-manager", "issuer": "internal"}})
    certificate = one(stack, "Certificate")
    policy = one(stack, "BackendTLSPolicy")
    assert policy["spec"]["validation"]["hostname"] in certificate["spec"]["dnsNames"]
    pod = one(stack, "Deployment")["spec"]["template"]["spec"]
    assert {"name": "certificates", "secret": {"secretName": certificate["spec"]["secretName"]}} in pod[
        "volumes"
    ]
    assert "--cert-path=/certs" in _arguments(stack)


def test_without_a_gateway_litellm_calls_the_predictor() -> None:
    stack = make_stack(gateway={"enabled": False})
    assert set(objects(stack)) == {"ServiceAccount", "InferenceService"}
    assert api_base(stack) == "http://llama-70b-predictor.llm-platform.svc.cluster.local/v1"


def test_without_a_pool_the_route_goes_straight_to_the_pods() -> None:
    stack = make_stack(gateway={"pool": {"enabled": False}})
    found = objects(stack)
    assert "InferencePool" not in found
    assert "Deployment" not in found
    assert one(stack, "HTTPRoute")["spec"]["rules"][0]["backendRefs"][0]["name"] == "llama-70b-endpoints"


def test_what_a_scorer_needs_is_declared() -> None:
    declared = [plugin["type"] for plugin in _config(make_stack(**_OLLAMA))["plugins"]]
    assert {"inflight-load-producer", "approx-prefix-cache-producer"} <= set(declared)
    chosen = make_stack(gateway={"epp": {"scorers": {"session-affinity-scorer": 1}}})
    assert "--allow-experimental-plugins=true" in _arguments(chosen)
    assert not any("experimental" in argument for argument in _arguments(make_stack()))


def test_null_in_a_patch_of_the_configuration_removes() -> None:
    parameters = stack_params()
    parameters["gateway"] = {"epp": {"config": {"requestHandler": None}}}
    config = _config(load_stack("eu-h100.llama-70b", parameters))
    assert "requestHandler" not in config


def test_a_picker_outlives_the_longest_request() -> None:
    stack = make_stack(serving={"requestTimeoutSeconds": 1800})
    pod = one(stack, "InferenceService")["spec"]["predictor"]
    assert pod["terminationGracePeriodSeconds"] == 1830
    assert one(stack, "Deployment")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 1840
