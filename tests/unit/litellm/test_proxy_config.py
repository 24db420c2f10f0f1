from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from components.cluster import platform
from components.cluster.params import Fleet
from components.common import emit
from components.facts import litellm as facts
from components.inference_gateway import build as inference_gateway
from components.litellm.proxy_config import per_token, proxy_config
from components.stack.params import Stack
from tests.support.stacks import make_fleet, make_stack, wired
from tests.unit.litellm.fakes import served_by

CPU: dict[str, Any] = {"pool": "cpu", "tensorParallelSize": 1}
GGUF: dict[str, Any] = {"name": "acme/Tiny", "weights": {"file": "tiny.gguf"}}
KNATIVE: dict[str, Any] = {
    "serving": {"mode": "Knative"},
    "gateway": {"enabled": False},
    "cluster": {
        "versions": {"knative": "1.23.0"},
        "knative": {
            "features": {"kubernetes.podspec-nodeselector": True, "kubernetes.podspec-tolerations": True}
        },
    },
}
SHARED: dict[str, Any] = {
    "gateway": {"shared": "pair"},
    "cluster": {"sharedGateways": {"pair": {"wiring": "envoy-extension-policy", "namespace": "gateways"}}},
}

STACKS: dict[str, dict[str, Any]] = {
    "vllm": {},
    "llamacpp": {"serving": {"runtime": "llamacpp", **CPU}, "model": GGUF},
    "ollama": {"serving": {"runtime": "ollama", **CPU}, "model": {"ollamaTag": "llama3.3:70b"}},
    "no pool": {"gateway": {"pool": {"enabled": False}}},
    "no gateway": {"gateway": {"enabled": False}},
    "knative": KNATIVE,
    "shared gateway": SHARED,
    "service name": {"serving": {"name": "chat"}},
    "adapters": {"model": {"adapters": {"support": {"uri": "hf://acme/support"}}}},
    **{way: wired(way) for way in ("envoy-ai-gateway", "istio", "agentgateway", "gke")},
    "gateway namespace": {"cluster": {"envoyGateway": {"deploy": "GatewayNamespace"}}},
}


def entries(fleet: Fleet) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = proxy_config(fleet)["model_list"]
    return found


def entry(stack: Stack) -> dict[str, Any]:
    return next(one for one in entries(make_fleet(stack)) if one["model_info"]["id"] == stack.name)


@pytest.mark.parametrize("overrides", STACKS.values(), ids=STACKS)
def test_fault_1_api_base_ends_with_v1(overrides: dict[str, Any]) -> None:
    for one in entries(make_fleet(make_stack(**overrides))):
        parameters = one["litellm_params"]
        assert parameters["api_base"].endswith("/v1")
        assert facts.api_base_problem(parameters["model"], parameters["api_base"]) is None
        assert facts.provider_problem(parameters["model"]) is None


@pytest.mark.parametrize("overrides", STACKS.values(), ids=STACKS)
def test_fault_2_the_name_that_litellm_asks_for_is_served(overrides: dict[str, Any]) -> None:
    stack = make_stack(**overrides)
    for one in entries(make_fleet(stack)):
        _, asked = facts.split_model(one["litellm_params"]["model"])
        assert asked in served_by(stack)


@pytest.mark.parametrize("overrides", STACKS.values(), ids=STACKS)
def test_fault_3_the_host_of_api_base_is_a_service_that_exists(overrides: dict[str, Any]) -> None:
    stack = make_stack(**overrides)
    host = urlsplit(entry(stack)["litellm_params"]["api_base"]).hostname
    assert host in set(services(stack))


def services(stack: Stack) -> list[str]:
    """Full names of Services that exist once the stack is synced, read off its manifests: those that are
    compiled, and those that a controller makes under the name of an object."""
    fleet = make_fleet(stack)
    manifests = list(inference_gateway.build(stack))
    if stack.gateway.shared:
        manifests += platform.build(fleet)
    domain = stack.cluster.domain
    found = []
    for one in manifests:
        name, namespace = one["metadata"]["name"], one["metadata"].get("namespace", stack.namespace)
        made_by_gateway = one["kind"] == "Gateway" and (
            one["spec"]["gatewayClassName"] == "agentgateway"
            or stack.cluster.envoy_gateway.deploy == "GatewayNamespace"
        )
        if one["kind"] == "Service" or made_by_gateway:
            found.append(f"{name}.{namespace}.svc.{domain}")
    # KServe makes <name>-predictor in both modes.
    found.append(f"{stack.names.service}-predictor.{stack.namespace}.svc.{domain}")
    return [*found, *([stack.gateway.hostname] if stack.gateway.hostname else [])]


def test_an_envoy_in_another_namespace_has_a_service_under_the_gateways_name() -> None:
    stack = make_stack()
    alias = [one for one in inference_gateway.build(stack) if one["kind"] == "Service"]
    named = {one["metadata"]["name"]: one["spec"] for one in alias}
    host = str(urlsplit(entry(stack)["litellm_params"]["api_base"]).hostname).split(".")[0]
    assert named[host]["externalName"].startswith(f"llm-platform-{host}.envoy-gateway-system.svc.")


def test_an_entry_carries_what_litellm_needs() -> None:
    stack = make_stack(
        serving={"requestTimeoutSeconds": 900},
        litellm={"rpm": 60, "tpm": 90000, "inputCostPerMillion": 0.6, "outputCostPerMillion": 2.07},
    )
    assert entry(stack) == {
        "model_name": "llama-70b",
        "litellm_params": {
            "model": "hosted_vllm/meta-llama/Llama-3.3-70B-Instruct",
            "api_base": "http://llama-70b-inference-gateway.llm-platform.svc.cluster.local/v1",
            "api_key": "none",
            "timeout": 900,
            "stream_timeout": 900,
            "rpm": 60,
            "tpm": 90000,
        },
        "model_info": {
            "id": "llama-70b",
            "mode": "chat",
            "base_model": "meta-llama/Llama-3.3-70B-Instruct",
            "max_input_tokens": 32768,
            "input_cost_per_token": 6e-07,
            "output_cost_per_token": 2.07e-06,
        },
    }


def test_a_shared_gateway_is_called_below_the_stacks_own_path() -> None:
    stack = make_stack(**SHARED)
    expected = "http://pair-inference-gateway.gateways.svc.cluster.local/llama-70b/v1"
    assert entry(stack)["litellm_params"]["api_base"] == expected


@pytest.mark.parametrize("kind", ["embedding", "rerank"])
def test_a_model_that_does_not_chat_says_so(kind: str) -> None:
    assert entry(make_stack(model={"kind": kind}))["model_info"]["mode"] == kind


def test_every_adapter_is_a_model_of_its_own() -> None:
    stack = make_stack(model={"adapters": {"b": {"uri": "hf://acme/b"}, "a": {"uri": "hf://acme/a"}}})
    listed = entries(make_fleet(stack))
    assert [
        (one["model_name"], one["litellm_params"]["model"], one["model_info"]["id"]) for one in listed
    ] == [
        ("a", "hosted_vllm/a", "llama-70b.a"),
        ("b", "hosted_vllm/b", "llama-70b.b"),
        ("llama-70b", "hosted_vllm/meta-llama/Llama-3.3-70B-Instruct", "llama-70b"),
    ]


def test_stacks_of_one_public_name_share_the_load_under_ids_of_their_own() -> None:
    one = make_stack("llama-a", litellm={"modelName": "llama-70b", "fallbacks": {"qwen3": 2}})
    two = make_stack("llama-b", litellm={"modelName": "llama-70b", "fallbacks": {"tiny": 1}})
    rest = [make_stack(name, model={"name": f"acme/{name}"}) for name in ("qwen3", "tiny")]
    fleet = make_fleet(one, two, *rest)
    group = [entry for entry in entries(fleet) if entry["model_name"] == "llama-70b"]
    assert [entry["model_info"]["id"] for entry in group] == ["llama-a", "llama-b"]
    assert proxy_config(fleet)["router_settings"]["fallbacks"] == [{"llama-70b": ["tiny", "qwen3"]}]


def test_a_stack_can_stay_out() -> None:
    fleet = make_fleet(make_stack("a"), make_stack("b", litellm={"enabled": False}))
    assert [one["model_info"]["id"] for one in entries(fleet)] == ["a"]


def test_fallbacks_are_lists_of_one_key_maps_in_the_given_order() -> None:
    names = ("llama-70b", "qwen3", "tiny", "gemma")
    chosen = {"llama-70b": {"gemma": 1, "tiny": 3, "qwen3": 2}}
    stacks = [
        make_stack(name, model={"name": f"acme/{name}"}, litellm={"fallbacks": chosen.get(name, {})})
        for name in names
    ]
    aliases = {"gpt-4": "llama-70b", "small": "tiny"}
    fleet = make_fleet(*stacks, cluster={"litellm": {"modelGroupAliases": aliases}})
    router = proxy_config(fleet)["router_settings"]
    order = ["gemma", "qwen3", "tiny"]
    # Real LiteLLM follows the fallbacks of the name that was asked for, so the alias needs its own.
    assert router["fallbacks"] == [{"gpt-4": order}, {"llama-70b": order}]
    assert router["model_group_alias"] == {"gpt-4": "llama-70b", "small": "tiny"}
    known = {one["model_name"] for one in entries(fleet)}
    assert all(name in known for one in router["fallbacks"] for names in one.values() for name in names)


def test_limits_are_enforced_only_where_there_are_any() -> None:
    free = proxy_config(make_fleet(make_stack()))["router_settings"]
    assert "optional_pre_call_checks" not in free
    limited = proxy_config(make_fleet(make_stack(litellm={"rpm": 60})))["router_settings"]
    assert limited["optional_pre_call_checks"] == ["enforce_model_rate_limits"]


def test_no_timeout_is_shorter_than_the_gateways() -> None:
    patient = make_stack(serving={"requestTimeoutSeconds": 1800})
    fleet = make_fleet(patient, make_stack("qwen3", model={"name": "q"}))
    config = proxy_config(fleet)
    assert config["router_settings"]["timeout"] == config["litellm_settings"]["request_timeout"] == 1800
    for one, stack in zip(config["model_list"], fleet.stacks, strict=True):
        assert one["litellm_params"]["timeout"] >= stack.serving.request_timeout_seconds
        assert one["litellm_params"]["stream_timeout"] >= stack.serving.request_timeout_seconds


def test_secrets_are_names_of_variables() -> None:
    secrets = {"redisSecret": "redis", "databaseSecret": "database"}
    config = proxy_config(make_fleet(make_stack(), cluster={"litellm": secrets}))
    wanted = {"LITELLM_MASTER_KEY", "DATABASE_URL", "REDIS_HOST", "REDIS_PASSWORD"}
    assert facts.environment_references(config) == wanted
    assert config["general_settings"]["store_model_in_db"] is False
    assert config["router_settings"]["redis_port"] == 6379


def test_every_key_is_one_that_litellm_knows() -> None:
    stack = make_stack(litellm={"rpm": 1, "tpm": 1, "inputCostPerMillion": 1, "fallbacks": {"q": 1}})
    everything = {"redisSecret": "redis", "databaseSecret": "database", "modelGroupAliases": {"gpt-4": "q"}}
    config = proxy_config(make_fleet(stack, make_stack("q"), cluster={"litellm": everything}))
    for key in config:
        assert facts.key_problem("top_level", key) is None
    for section in ("litellm_settings", "router_settings", "general_settings"):
        for key in config[section]:
            assert facts.key_problem(section, key) is None
    for one in config["model_list"]:
        assert set(one) == {"model_name", "litellm_params", "model_info"}
        for key in one["litellm_params"]:
            assert facts.key_problem("litellm_params", key) is None
        for key in one["model_info"]:
            assert facts.key_problem("model_info", key) is None
    assert config["router_settings"]["routing_strategy"] in facts.routing_strategies()


def test_the_order_of_stacks_changes_nothing_and_the_text_reads_back() -> None:
    stacks = [make_stack(name, model={"name": f"acme/{name}"}) for name in ("c", "a", "b")]
    fleet = make_fleet(*stacks)
    turned = Fleet(fleet.params, tuple(reversed(fleet.stacks)), {})
    text = emit.dump(proxy_config(fleet))
    assert text == emit.dump(proxy_config(turned))
    assert yaml.safe_load(text) == proxy_config(fleet)


@pytest.mark.parametrize(
    ("per_million", "expected"), [(0.07, 7e-08), (0.6, 6e-07), (15, 1.5e-05), (None, 0.0), (0, 0.0)]
)
def test_costs_are_divided_exactly(per_million: float | None, expected: float) -> None:
    assert repr(per_token(per_million)) == repr(expected)


def test_a_cluster_without_stacks_has_an_empty_list() -> None:
    assert entries(make_fleet()) == []
