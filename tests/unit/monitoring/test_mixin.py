"""What the mixin makes of a cluster's stacks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from typing import Any

import _gojsonnet
import pytest

from components.monitoring.mixin import MAIN, MonitoringError, evaluate
from tests.unit.monitoring.example import alerting, evaluated, example, many, rules

SOURCES = sorted([*MAIN.parent.rglob("*.libsonnet"), MAIN])


def by_name(manifests: tuple[dict[str, Any], ...], kind: str) -> dict[str, dict[str, Any]]:
    return {m["metadata"]["name"]: m for m in manifests if m["kind"] == kind}


def labels_of(endpoint: dict[str, Any]) -> dict[str, str]:
    return {
        step["targetLabel"]: step["replacement"]
        for step in endpoint["relabelings"]
        if step["action"] == "replace"
    }


def test_a_pod_monitor_for_each_stack_with_metrics() -> None:
    monitors = by_name(evaluated().monitors, "PodMonitor")
    assert sorted(monitors) == ["llama-70b", "mistral-small", "phi-cpu", "qwen-72b"]


def test_a_pod_monitor_scrapes_the_container_port_of_its_pods() -> None:
    monitor = by_name(evaluated().monitors, "PodMonitor")["llama-70b"]
    assert monitor["metadata"]["namespace"] == "llm-platform"
    assert monitor["metadata"]["labels"] == {"release": "kube-prometheus-stack"}
    assert monitor["spec"]["selector"] == {"matchLabels": {"app": "isvc.llama-70b-predictor"}}
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert (endpoint["portNumber"], endpoint["path"], endpoint["interval"]) == (8080, "/metrics", "15s")
    assert labels_of(endpoint) == {
        "cluster": "eu-h100",
        "stack": "llama-70b",
        "model": "meta-llama/Llama-3.3-70B-Instruct",
        "engine": "vllm",
        "component": "model",
    }


def test_an_epp_monitor_keeps_its_own_service_and_shows_a_token_where_one_is_asked_for() -> None:
    monitors = by_name(evaluated().monitors, "ServiceMonitor")
    assert sorted(monitors) == [
        "infra-litellm-proxy",
        "llama-70b-inference-gateway-epp",
        "qwen-72b-inference-gateway-epp",
    ]
    (guarded,) = monitors["llama-70b-inference-gateway-epp"]["spec"]["endpoints"]
    (open_,) = monitors["qwen-72b-inference-gateway-epp"]["spec"]["endpoints"]
    assert guarded["relabelings"][0] == {
        "action": "keep",
        "sourceLabels": ["__meta_kubernetes_service_name"],
        "regex": "llama-70b-inference-gateway-epp",
    }
    assert guarded["authorization"] == {
        "type": "Bearer",
        "credentials": {"name": "llama-70b-inference-gateway-epp-metrics-token", "key": "token"},
    }
    assert "authorization" not in open_
    assert labels_of(open_)["component"] == "epp"


def test_the_proxy_is_scraped_where_its_metrics_are_on() -> None:
    (endpoint,) = by_name(evaluated().monitors, "ServiceMonitor")["infra-litellm-proxy"]["spec"]["endpoints"]
    assert labels_of(endpoint) == {"cluster": "eu-h100", "component": "litellm"}
    secret = {"name": "litellm-master-key", "key": "master-key"}
    guarded = evaluated(litellm=example()["litellm"] | {"tokenSecret": secret})
    (endpoint,) = by_name(guarded.monitors, "ServiceMonitor")["infra-litellm-proxy"]["spec"]["endpoints"]
    assert endpoint["authorization"] == {"type": "Bearer", "credentials": secret}

    without = evaluated(litellm=None)
    assert "infra-litellm-proxy" not in by_name(without.monitors, "ServiceMonitor")
    assert not [rule for rule in rules(without) if "litellm" in rule["expr"]]


def test_every_stack_has_its_facts_in_a_rule_of_its_own() -> None:
    found = by_name(evaluated().rules, "PrometheusRule")
    assert sorted(found) == [
        "inference-alerts",
        "inference-litellm",
        "inference-recording",
        "inference-stack-gemma-ollama",
        "inference-stack-llama-70b",
        "inference-stack-mistral-small",
        "inference-stack-phi-cpu",
        "inference-stack-qwen-72b",
    ]
    (group,) = found["inference-stack-llama-70b"]["spec"]["groups"]
    facts = {rule["record"]: rule["expr"] for rule in group["rules"]}
    assert facts == {
        "stack:inference_stack:info": "vector(1)",
        "stack:inference_replicas_min:config": "vector(1)",
        "stack:inference_replicas_max:config": "vector(4)",
        "stack:inference_gpus_per_replica:config": "vector(4)",
        "stack:inference_startup_seconds:config": "vector(900)",
        "stack:epp_replicas:config": "vector(2)",
        "stack:inference_ttft_seconds_objective:config": "vector(2)",
        "stack:inference_tpot_seconds_objective:config": "vector(0.1)",
        "stack:inference_error_ratio_objective:config": "vector(0.01)",
    }


def test_alerts_and_recording_rules_do_not_grow_with_the_stacks() -> None:
    def shared(count: int) -> int:
        return sum(
            len(group["rules"])
            for name, rule in by_name(evaluate(many(count)).rules, "PrometheusRule").items()
            for group in rule["spec"]["groups"]
            if not name.startswith("inference-stack-")
        )

    assert shared(5) == shared(50)


def test_records_are_named_level_metric_operation() -> None:
    names = {rule["record"] for rule in rules(evaluated()) if "record" in rule}
    assert len(names) > 40
    assert [name for name in names if not re.fullmatch(r"[a-z_]+:[a-z0-9_]+:[a-z0-9_]+", name)] == []


def test_an_engine_without_metrics_has_no_monitor_and_no_rule_on_metrics() -> None:
    ollama = {"gemma-ollama": example()["stacks"]["gemma-ollama"]}
    alone = evaluated(stacks=ollama, litellm=None)
    assert alone.monitors == ()
    assert {rule["alert"] for rule in alerting(alone)} == {
        "InferenceModelDown",
        "InferenceReplicasBelowMinimum",
        "InferencePodStuckStarting",
        "InferenceContainerRestarting",
    }
    assert not [rule["expr"] for rule in rules(alone) if re.search(r"vllm|llamacpp|\bup\{", rule["expr"])]


def test_a_signal_that_no_engine_reports_is_left_out() -> None:
    phi = {"phi-cpu": example()["stacks"]["phi-cpu"]}
    alone = evaluated(stacks=phi, litellm=None)
    names = {rule["alert"] for rule in alerting(alone)}
    assert "InferenceQueueGrowing" in names
    assert names.isdisjoint({"InferenceKvCacheNearFull", "InferencePreemptions", "InferenceErrorRatioHigh"})
    assert not [name for name in names if "Budget" in name or "Epp" in name]
    titles = [panel["title"] for board in alone.dashboards for panel in _panels(board)]
    assert "Requests running and waiting" in titles
    assert "KV cache in use" not in titles


def _panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    (text,) = board["data"].values()
    panels: list[dict[str, Any]] = json.loads(text)["panels"]
    return panels


def test_failures_fall_back_to_what_the_engine_counts() -> None:
    params = example()
    del params["metrics"]["vllm"]["http_requests"]
    found = {rule["record"]: rule["expr"] for rule in rules(evaluate(params)) if "record" in rule}
    failed = found["stack:inference_answers_failed:rate5m"]
    assert 'vllm:request_success_total{cluster="eu-h100",stack!="",finished_reason="error"}' in failed
    assert "http_requests_total" not in failed


def test_a_metric_that_a_version_lacks_is_null_and_left_out() -> None:
    params = example()
    for stack in params["stacks"].values():
        stack["metrics"] = stack.get("metrics", {}) | {"preemptions": None}
    assert "InferencePreemptions" not in {rule["alert"] for rule in alerting(evaluate(params))}


def test_objectives_only_where_some_stack_has_them() -> None:
    stacks = {name: facts | {"slo": None} for name, facts in example()["stacks"].items()}
    names = {rule["alert"] for rule in alerting(evaluated(stacks=stacks))}
    assert not [name for name in names if "Budget" in name]
    stacks["qwen-72b"] |= {"slo": {"ttftP95Seconds": 3}}
    names = {rule["alert"] for rule in alerting(evaluated(stacks=stacks))}
    assert [name for name in names if "Budget" in name] == ["InferenceTtftBudgetBurn"]


def test_a_large_objective_can_still_be_missed() -> None:
    stacks = example()["stacks"]
    stacks["llama-70b"]["slo"]["errorRatio"] = 0.2
    found = alerting(evaluated(stacks=stacks))
    burns = [rule["expr"] for rule in found if rule["alert"] == "InferenceErrorBudgetBurn"]
    assert len(burns) == 2
    assert all("clamp_max(" in expr for expr in burns)


@pytest.mark.parametrize("rule", alerting(evaluated()), ids=lambda rule: rule["alert"])
def test_an_alert_says_who_what_and_where_to_read_on(rule: dict[str, Any]) -> None:
    notes = rule["annotations"]
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["labels"]["environment"] == "prod"
    page = "litellm.md" if rule["alert"].startswith("LiteLLM") else "{{ $labels.stack }}.md"
    assert notes["runbook_url"] == f"https://git.example.com/runbooks/{page}#{rule['alert'].lower()}"
    if rule["alert"].startswith("Inference"):
        assert "{{ $labels.model }} (stack {{ $labels.stack }}" in notes["summary"]
    assert notes["summary"].endswith(".")
    assert notes["description"].endswith(".")
    if rule["alert"] not in {"LiteLLMDown"}:
        assert "$value" in notes["description"]


def test_runbooks_learn_of_every_alert_once() -> None:
    monitoring = evaluated()
    assert {alert.alert for alert in monitoring.alerts} == {rule["alert"] for rule in alerting(monitoring)}
    assert len({alert.anchor for alert in monitoring.alerts}) == len(monitoring.alerts)
    assert all(alert.meaning and alert.steps for alert in monitoring.alerts)
    scopes = {alert.alert: alert.scope for alert in monitoring.alerts}
    assert {scope for name, scope in scopes.items() if name.startswith("LiteLLM")} == {"litellm"}
    assert {scope for name, scope in scopes.items() if name.startswith("Inference")} == {"stack"}


def test_without_a_runbook_base_there_is_no_link() -> None:
    notes = [rule["annotations"] for rule in alerting(evaluated(runbookBaseUrl=None))]
    assert notes
    assert not [each for each in notes if "runbook_url" in each]


def test_thresholds_can_be_changed() -> None:
    changed = evaluated(config={"kvCacheUsage": 0.8})
    (rule,) = [rule for rule in alerting(changed) if rule["alert"] == "InferenceKvCacheNearFull"]
    assert rule["expr"].endswith("> 0.8")


def test_the_mixin_can_be_used_alone() -> None:
    snippet = """
        local mixin = (import 'mixin.libsonnet') {
          _config+:: {
            metrics: { vllm: { requests_waiting: 'vllm:num_requests_waiting' } },
            stacks: { a: { engine: 'vllm', metricsPort: 8080 } },
          },
        };
        {
          alerts: [rule.alert for group in mixin.prometheusAlerts.groups for rule in group.rules],
          records: [rule.record for group in mixin.prometheusRules.groups for rule in group.rules],
          dashboards: std.objectFields(mixin.grafanaDashboards),
        }
    """
    found = json.loads(_gojsonnet.evaluate_snippet(str(MAIN), snippet))
    assert "InferenceQueueGrowing" in found["alerts"]
    assert "InferenceKvCacheNearFull" not in found["alerts"]
    assert "stack:inference_requests_waiting:sum" in found["records"]
    assert found["dashboards"] == ["inference-model.json", "inference-overview.json"]


def test_an_unknown_engine_is_an_error_of_one_line() -> None:
    stacks = example()["stacks"]
    stacks["phi-cpu"]["engine"] = "sglang"
    with pytest.raises(MonitoringError) as caught:
        evaluated(stacks=stacks)
    assert str(caught.value) == (
        "monitoring: stack phi-cpu: no metrics for engine sglang; known are epp, llamacpp, ollama, vllm"
    )


def test_a_missing_parameter_names_the_place() -> None:
    params = example()
    del params["interval"]
    with pytest.raises(
        MonitoringError, match=r"^monitoring: Field does not exist: interval \(monitors\.libsonnet:"
    ):
        evaluate(params)


def test_numbers_are_written_as_people_write_them() -> None:
    monitoring = evaluated()
    texts = [rule["expr"] for rule in rules(monitoring)] + [
        text for board in monitoring.dashboards for text in board["data"].values()
    ]
    assert [text for text in texts if re.search(r"0000000|9999999", text)] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_jsonnet_is_written_for_speed_and_reading(path: Any) -> None:
    text = path.read_text()
    assert "%" not in text, "string formatting is the slowest part of Jsonnet"
    assert "std.format" not in text
    assert text.count("\n") < 400
    assert text.startswith(("//", "local", "{")), path


def test_fifty_stacks_cost_less_than_half_a_second() -> None:
    params = many(50)
    spent = []
    for index in range(3):
        before = time.process_time()
        evaluate(params | {"cluster": f"c{index}"})
        spent.append(time.process_time() - before)
    assert min(spent) < 0.5


def test_same_input_same_bytes_whatever_the_hash_seed() -> None:
    code = "from tests.unit.monitoring.example import evaluated; print(repr(evaluated()))"
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(MAIN.parents[2])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "7")
    }
    assert len(texts) == 1
