"""From the facts of a fleet to the parameters of the mixin, and through place."""

from __future__ import annotations

from typing import Any

import pytest

from components.cluster.params import Fleet
from components.common.place import Built, Owner, place
from components.facts import engines
from components.monitoring import build as monitoring
from tests.support.stacks import make_fleet, make_stack


def fleet(**overrides: Any) -> Fleet:
    return make_fleet(make_stack(), **overrides)


def test_a_stack_is_described_by_its_own_facts() -> None:
    stack = make_stack(monitoring={"slo": {"ttftP95Seconds": 2.0}})
    (facts,) = monitoring.parameters(make_fleet(stack))["stacks"].values()
    assert facts["podSelector"] == {"app": "isvc.llama-70b-predictor"}
    assert facts["metricsPort"] == 8080
    assert facts["gpusPerReplica"] == stack.gpus_per_pod
    assert facts["minReplicas"] == stack.serving.min_replicas
    assert facts["maxReplicas"] == stack.max_replicas
    assert facts["startupSeconds"] > 300
    assert facts["epp"] == {
        "service": "llama-70b-inference-gateway-epp",
        "selector": {
            "app.kubernetes.io/name": "inference-gateway",
            "app.kubernetes.io/instance": "llama-70b",
            "app.kubernetes.io/component": "endpoint-picker",
        },
        "metricsPort": "http-metrics",
        "tokenSecret": "llama-70b-inference-gateway-epp-metrics-token",
        "replicas": 2,
        "flowControl": False,
    }
    assert facts["slo"] == {"ttftP95Seconds": 2.0, "tpotP95Seconds": None, "errorRatio": None}


def test_metric_names_are_those_of_the_version_that_runs() -> None:
    params = monitoring.parameters(fleet())
    assert params["metrics"]["vllm"]["kv_cache_usage"] == "vllm:kv_cache_usage_perc"
    assert params["metrics"]["epp"]["pool_ready_endpoints"] == "llm_d_epp_ready_endpoints"
    image = {"repository": "docker.io/vllm/vllm-openai", "tag": "v0.9.0"}
    old = {"engine": "vllm", "version": "0.9.0", "image": image}
    shared: dict[str, Any] = {"runtimes": {"vllm-old": old}, "cluster": {"runtimes": {"vllm-old": True}}}
    two = make_fleet(
        make_stack("a-new", **shared),
        make_stack("b-old", **shared, serving={"runtime": "vllm-old"}),
    )
    stacks = monitoring.parameters(two)["stacks"]
    assert stacks["a-new"]["metrics"] == {}
    assert stacks["b-old"]["metrics"]["kv_cache_usage"] == "vllm:gpu_cache_usage_perc"
    assert stacks["b-old"]["metrics"]["prompt_tokens_cached"] is None


def test_the_mixin_asks_for_logical_names_that_the_facts_know() -> None:
    asked = {"requests_waiting", "requests_running", "kv_cache_usage", "prefix_cache_hits"}
    asked |= {
        "prefix_cache_queries",
        "prompt_tokens",
        "generation_tokens",
        "request_success",
        "http_requests",
        "preemptions",
        "time_to_first_token",
    }
    asked |= {"time_per_output_token", "inter_token_latency", "queue_time", "e2e_latency"}
    assert asked <= engines.logical_metrics()
    names = monitoring.parameters(fleet())["metrics"]["epp"]
    asked = {"request_total", "request_error", "request_duration", "scheduler_duration"}
    asked |= {
        "pool_ready_endpoints",
        "pool_average_queue_size",
        "pool_average_kv_cache_utilization",
        "flow_control_pool_saturation",
    }
    asked |= {"flow_control_queue_size", "datalayer_poll_errors"}
    assert asked <= set(names)


def test_a_server_without_statistics_is_not_scraped() -> None:
    stack = make_stack(serving={"args": {"disable-log-stats": True}})
    (facts,) = monitoring.parameters(make_fleet(stack))["stacks"].values()
    assert facts["metricsPort"] is None


def test_what_is_switched_off_is_not_compiled() -> None:
    off = fleet(cluster={"monitoring": {"enabled": False}})
    assert list(monitoring.build(off)) == []
    assert monitoring.alerts(off) == ()
    unwatched = make_fleet(make_stack(monitoring={"enabled": False}))
    assert monitoring.parameters(unwatched)["stacks"] == {}


@pytest.mark.parametrize(
    ("repository", "base"),
    [
        ("https://github.com/acme/inference.git", "https://github.com/acme/inference/blob/main/"),
        ("git@github.com:acme/inference.git", "https://github.com/acme/inference/blob/main/"),
        ("https://gitlab.acme.com/ml/inference", "https://gitlab.acme.com/ml/inference/-/blob/main/"),
        (
            "ssh://git@gitlab.acme.com:2222/ml/inference.git",
            "https://gitlab.acme.com/ml/inference/-/blob/main/",
        ),
        ("https://git.acme.com:8443/ml/inference.git", "https://git.acme.com:8443/ml/inference/blob/main/"),
    ],
)
def test_runbooks_are_read_where_the_forge_shows_the_repository(repository: str, base: str) -> None:
    one = fleet(cluster={"argocd": {"repoUrl": repository}})
    assert monitoring.runbook_base_url(one) == f"{base}compiled/eu-h100/cluster/runbooks/"


def test_a_given_runbook_base_wins() -> None:
    url = "https://runbooks.acme.com/"
    one = fleet(cluster={"monitoring": {"runbookBaseUrl": url}})
    assert monitoring.parameters(one).get("runbookBaseUrl") == url


def test_the_proxy_is_watched_where_it_is_compiled() -> None:
    assert monitoring.parameters(fleet()).get("litellm") is None
    deployed = fleet(cluster={"litellm": {"deploy": True}})
    assert monitoring.parameters(deployed).get("litellm") == {
        "service": "infra-litellm-proxy",
        "namespace": "llm-platform",
        "port": "metrics",
    }


def test_everything_can_be_placed() -> None:
    one = make_fleet(
        make_stack(),
        make_stack("second"),
        cluster={"litellm": {"deploy": True}},
    )
    owner = Owner("eu-h100.cluster", "eu-h100", "llm-platform", "1.36", {})
    files = place(owner, [Built("monitoring", "monitoring", monitoring.build(one))])
    assert "monitoring/prometheusrule-inference-stack-llama-70b.yaml" in files
    monitor = files["monitoring/podmonitor-llama-70b.yaml"]
    assert monitor["metadata"]["labels"]["release"] == "kube-prometheus-stack"
    assert monitor["metadata"]["namespace"] == "llm-platform"
    dashboard = files["monitoring/configmap-inference-model-dashboard.yaml"]
    assert dashboard["metadata"]["namespace"] == "monitoring"
