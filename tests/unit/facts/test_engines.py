"""Engines: ports, metrics, variables, defaults; spot checks cite what they were read from."""

from __future__ import annotations

import pytest

from components.facts import FactError, engine, metric
from components.facts.engines import ENGINES, logical_metrics


def test_ports_and_probes() -> None:
    # serving.md 2.4
    assert {name: engine(name).server.port for name in ENGINES} == {
        "vllm": 8000,
        "llamacpp": 9931,
        "ollama": 11434,
    }
    assert engine("vllm").server.health == "/health"
    assert engine("ollama").server.health == "/api/version"


def test_only_llama_cpp_has_to_be_asked_for_metrics_and_ollama_has_none() -> None:
    # serving.md 2.2 and 2.3
    assert engine("llamacpp").server.metrics_flag == "metrics"
    assert engine("llamacpp").flag("--metrics") is not None
    assert engine("ollama").server.metrics is None
    assert all(metric("ollama", "0.32.15", logical) is None for logical in logical_metrics())


@pytest.mark.parametrize(
    ("name", "version", "logical", "expected"),
    [
        # vllm v1/metrics/loggers.py at these versions
        ("vllm", "0.9.1", "kv_cache_usage", "vllm:gpu_cache_usage_perc"),
        ("vllm", "0.9.2", "kv_cache_usage", "vllm:kv_cache_usage_perc"),
        ("vllm", "0.33.0", "requests_waiting", "vllm:num_requests_waiting"),
        ("vllm", "0.33.0", "prefix_cache_hits", "vllm:prefix_cache_hits_total"),
        ("vllm", "0.10.1", "inter_token_latency", "vllm:time_per_output_token_seconds"),
        ("vllm", "0.33.0", "inter_token_latency", "vllm:inter_token_latency_seconds"),
        ("vllm", "0.15.0", "prompt_tokens_cached", None),
        # llama.cpp tools/server/server-task.cpp
        ("llamacpp", "b8123", "requests_waiting", "llamacpp:requests_deferred"),
        ("llamacpp", "b8123", "requests_running", "llamacpp:requests_processing"),
        ("llamacpp", "b8123", "kv_cache_usage", None),
    ],
)
def test_metric_names(name: str, version: str, logical: str, expected: str | None) -> None:
    assert metric(name, version, logical) == expected


def test_what_the_epp_maps_by_itself_is_what_vllm_exports() -> None:
    # gateway.md 3.8: the built-in engine mapping "vllm"
    vllm = engine("vllm")
    wanted = {
        "requests_waiting": "vllm:num_requests_waiting",
        "requests_running": "vllm:num_requests_running",
        "kv_cache_usage": "vllm:kv_cache_usage_perc",
        "lora_info": "vllm:lora_requests_info",
        "cache_info": "vllm:cache_config_info",
    }
    assert {logical: vllm.metric("0.33.0", logical) for logical in wanted} == wanted


def test_a_series_tells_its_type() -> None:
    found = engine("vllm").series("0.33.0", "time_to_first_token")
    assert found is not None
    assert found.type == "histogram"


@pytest.mark.parametrize("name", ENGINES)
def test_counters_carry_their_suffix_and_prefix(name: str) -> None:
    for rows in engine(name).metrics.values():
        for row in rows:
            # all are the engine's own, but what the HTTP server around it counts
            assert ":" in row.name or row.name.startswith("http_")
            if row.type == "counter" and row.verified:
                assert row.name.endswith("_total"), row.name


def test_defaults_by_version() -> None:
    # vllm/config/cache.py: 0.9 until 0.19, 0.92 from 0.20
    vllm = engine("vllm")
    assert vllm.default("gpu-memory-utilization", "0.19.1") == 0.9
    assert vllm.default("gpu-memory-utilization", "0.33.0") == 0.92
    assert vllm.default("no-such", "0.33.0") is None
    for row in ("gpu-memory-utilization", "enable-prefix-caching", "max-loras", "max-lora-rank"):
        assert vllm.flag(f"--{row}") is not None


@pytest.mark.parametrize(
    ("name", "variable", "version", "message"),
    [
        ("vllm", "VLLM_CACHE_ROOT", "0.33.0", None),
        ("vllm", "HF_HOME", "0.33.0", None),
        (
            "vllm",
            "VLLM_CACH_ROOT",
            "0.33.0",
            "vLLM 0.33.0 reads no variable VLLM_CACH_ROOT; did you mean VLLM_CACHE_ROOT?",
        ),
        ("vllm", "VLLM_NEW_THING", "0.40.0", None),
        ("llamacpp", "LLAMA_ARG_ENDPOINT_METRICS", "b8123", None),
        (
            "llamacpp",
            "LLAMA_ARG_PROT",
            "b8123",
            "llama.cpp b8123 reads no variable LLAMA_ARG_PROT; did you mean LLAMA_ARG_PORT?",
        ),
        ("ollama", "OLLAMA_KEEP_ALIVE", "0.32.15", None),
        (
            "ollama",
            "OLLAMA_KEEPALIVE",
            "0.32.15",
            "Ollama 0.32.15 reads no variable OLLAMA_KEEPALIVE; did you mean OLLAMA_KEEP_ALIVE?",
        ),
    ],
)
def test_variables(name: str, variable: str, version: str, message: str | None) -> None:
    assert engine(name).env_problem(variable, version) == message


def test_variables_have_windows_too() -> None:
    vllm = engine("vllm")
    gone = next(row for row in vllm.env.values() if row.span.until)
    assert "was removed in vLLM" in str(vllm.env_problem(gone.name, "0.33.0"))
    new = next(row for row in vllm.env.values() if row.span.since and not row.span.until)
    assert "needs vLLM" in str(vllm.env_problem(new.name, "0.8.0"))


def test_ollama_serve_has_no_flags() -> None:
    assert engine("ollama").flag_problem("--port", "0.32.15") == "Ollama 0.32.15 has no flag --port"


def test_unknown_names_are_errors_of_the_caller() -> None:
    with pytest.raises(FactError, match="no engine 'sglang'"):
        engine("sglang")
    with pytest.raises(FactError, match="did you mean requests_waiting"):
        metric("vllm", "0.33.0", "request_waiting")
