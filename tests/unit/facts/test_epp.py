"""The endpoint picker between 0.9 and 0.10."""

from __future__ import annotations

import pytest

from components.facts import FactError, epp
from components.facts.engines import logical_metrics
from components.facts.tables import table


@pytest.mark.parametrize(
    ("word", "version", "message"),
    [
        ("--secure-serving=false", "0.10.0", None),
        ("--pool-name=llama", "0.9.0", None),
        # llm-d-router#1940 removed them, gateway.md 3.2
        (
            "--model-server-metrics-scheme=https",
            "0.10.0",
            "--model-server-metrics-scheme was removed in EPP 0.10.0 (this is 0.10.0); "
            "use the parameters of metrics-data-source",
        ),
        ("--model-server-metrics-scheme=https", "0.9.0", None),
        # options.go Validate refuses the flag though it parses
        (
            "--kv-cache-usage-percentage-metric=x",
            "0.10.0",
            "EPP 0.10.0: --kv-cache-usage-percentage-metric is refused at startup; "
            "use the engineConfigs of core-metrics-extractor",
        ),
        # llm-d-router#1885
        ("--drain-timeout=60s", "0.9.0", "--drain-timeout needs EPP 0.10.0 or newer (this is 0.9.0)"),
        ("--pool-nam=x", "0.10.0", "EPP 0.10.0 has no flag --pool-nam; did you mean --pool-name?"),
    ],
)
def test_flags(word: str, version: str, message: str | None) -> None:
    assert epp.flag_problem(word, version) == message


def test_booleans_are_one_word() -> None:
    assert epp.argv_problems(["--secure-serving", "false", "--v", "3", "--tracing=false"], "0.10.0") == [
        "EPP: write --secure-serving=false as one word"
    ]


def test_defaults_of_security_are_on() -> None:
    # gateway.md 3.2
    flags = epp.flags().flags
    assert flags["secure-serving"].default is True
    assert flags["metrics-endpoint-auth"].default is True
    assert flags["grpc-port"].default == 9002


def test_alpha_plugins_need_the_flag_only_where_it_exists() -> None:
    # llm-d-router#2073
    new, old = epp.plugin("session-affinity-scorer", "0.10.0"), epp.plugin("session-affinity-scorer", "0.9.0")
    assert new is not None
    assert new.experimental
    assert old is not None
    assert not old.experimental


@pytest.mark.parametrize(
    ("plugin", "version", "parameters", "message"),
    [
        ("queue-scorer", "0.10.0", (), None),
        ("prefix-cache-scorer", "0.10.0", ("prefixMatchInfoProducerName",), None),
        (
            "prefix-cache-scorer",
            "0.10.0",
            ("hashBlockSize",),
            "plugin prefix-cache-scorer has no parameter hashBlockSize",
        ),
        (
            "concurrency-detector",
            "0.10.0",
            ("maxConcurency",),
            "plugin concurrency-detector has no parameter maxConcurency; did you mean maxConcurrency?",
        ),
        ("context-length-aware", "0.10.0", ("anything",), None),
        (
            "kv-cache-scorer",
            "0.10.0",
            (),
            "EPP 0.10.0 registers no plugin type kv-cache-scorer; did you mean prefix-cache-scorer?",
        ),
        (
            "topology-affinity-scorer",
            "0.9.0",
            (),
            "plugin topology-affinity-scorer needs EPP 0.10.0 or newer (this is 0.9.0)",
        ),
        (
            "pd-profile-handler",
            "0.11.0",
            (),
            "plugin pd-profile-handler was removed in EPP 0.11.0 (this is 0.11.0); "
            "use disagg-profile-handler",
        ),
    ],
)
def test_plugins(plugin: str, version: str, parameters: tuple[str, ...], message: str | None) -> None:
    assert epp.plugin_problem(plugin, version, parameters) == message


def test_references_between_plugins_resolve() -> None:
    types = set(table("epp-plugins")["rows"])
    for plugin in epp.plugins("0.10.0"):
        assert set(plugin.producers) <= types, plugin.type
        assert set(plugin.metrics) <= logical_metrics(), plugin.type
        assert plugin.use is None or plugin.use in types, plugin.type
    assert set(table("epp-plugins")["engine_config_keys"]) <= logical_metrics()


def test_parsers_of_the_flags_table_are_plugins() -> None:
    parsers = {plugin.type for plugin in epp.plugins("0.10.0", "parser")}
    assert set(table("epp")["parsers"]) | {epp.PASSTHROUGH_PARSER} <= parsers
    assert "queue-scorer" in {plugin.type for plugin in epp.plugins("0.10.0", "scorer")}


@pytest.mark.parametrize(
    ("gate", "version", "part"),
    [
        ("flowControl", "0.9.0", None),
        ("haPopulateNonLeaderDatastore=false", "0.10.0", None),
        ("flowControl=false", "0.9.0", "takes gates by name alone"),
        ("dataLayer", "0.10.0", "was removed in EPP 0.10.0"),
        ("enableLegacyMetrics", "0.10.0", "was removed in EPP 0.9.0"),
        ("haPopulateNonLeaderDatastore", "0.9.0", "needs EPP 0.10.0"),
        ("flowControll", "0.10.0", "did you mean flowControl?"),
    ],
)
def test_feature_gates(gate: str, version: str, part: str | None) -> None:
    problem = epp.feature_gate_problem(gate, version)
    assert problem is None if part is None else part in str(problem)


@pytest.mark.parametrize(
    ("path", "configured", "parser"),
    [
        # gateway.md 3.6: by suffix, so that a prefix does not matter
        ("/v1/chat/completions", None, "openai-parser"),
        ("/qwen3-8b/v1/completions", None, "openai-parser"),
        ("/v1/messages", None, "anthropic-parser"),
        ("/v1/rerank", None, None),
        ("/api/chat", ["openai-parser", "passthrough-parser"], "passthrough-parser"),
        ("/v1/mychat/completionsx", None, None),
    ],
)
def test_paths_find_their_parser(path: str, configured: list[str] | None, parser: str | None) -> None:
    assert epp.parser_for(path, configured) == parser


def test_metrics() -> None:
    assert epp.metric("0.10.0", "request_ttft") == "llm_d_epp_request_ttft_seconds"
    assert epp.metric("0.9.0", "flow_control_requests") is None
    with pytest.raises(FactError, match="did you mean request_ttft"):
        epp.metric("0.10.0", "request_tfft")
    current = {row["name"] for rows in table("epp")["metrics"].values() for row in rows}
    assert set(table("epp")["legacy_metrics"].values()) <= current


def test_images_moved_with_the_repository() -> None:
    # gateway.md 3.1
    assert epp.image_problem("ghcr.io/llm-d/llm-d-router-endpoint-picker", "0.10.0") is None
    assert "llm-d-router-endpoint-picker" in str(
        epp.image_problem("ghcr.io/llm-d/llm-d-inference-scheduler", "0.10.0")
    )
    assert epp.image_problem("registry.example/mirror/epp", "0.10.0") is None


def test_keys_of_a_configuration_that_the_version_does_not_read() -> None:
    config = {
        "plugins": [{"type": "queue-scorer", "parameters": {"anything": 1}}, {"typ": "x"}],
        "flowControl": {"saturationDetector": {"pluginRef": "d"}, "maxByte": 1},
        "dataLayer": None,
        "requestHandler": {"parsers": "no list"},
    }
    found = [path for path, _ in epp.unknown_config_keys(config, "0.10.0")]

    assert found == [("plugins", 1, "typ"), ("flowControl", "maxByte")]
    assert list(epp.unknown_config_keys(config, "0.99.0")) == []
