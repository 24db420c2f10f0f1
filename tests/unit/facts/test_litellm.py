"""LiteLLM's providers, URLs and keys."""

from __future__ import annotations

import pytest

from components.facts import litellm

VLLM = "hosted_vllm/meta-llama/Llama-3.3-70B-Instruct"


def test_a_model_is_a_provider_and_a_served_name() -> None:
    assert litellm.split_model(VLLM) == ("hosted_vllm", "meta-llama/Llama-3.3-70B-Instruct")


@pytest.mark.parametrize(
    ("model", "part"),
    [
        (VLLM, None),
        ("ollama_chat/qwen3:8b", None),
        ("llama-70b", "has no provider"),
        ("hosted-vllm/x", "did you mean hosted_vllm?"),
        ("vllm/x", "use hosted_vllm"),  # litellm#2831
    ],
)
def test_providers(model: str, part: str | None) -> None:
    problem = litellm.provider_problem(model)
    assert problem is None if part is None else part in str(problem)


@pytest.mark.parametrize(
    ("model", "api_base", "ok"),
    [
        # serving.md 3.1, measured: without /v1 the backend answers 404
        (VLLM, "http://gateway.llm.svc.cluster.local/v1", True),
        (VLLM, "http://gateway.llm.svc.cluster.local/llama-70b/v1/", True),
        (VLLM, "http://gateway.llm.svc.cluster.local", False),
        ("openai/x", "http://gateway/v2", False),
        ("ollama_chat/x", "http://ollama:11434", True),
        ("ollama_chat/x", "http://ollama:11434/v1", False),
        ("anthropic/claude", "https://example.com", True),
    ],
)
def test_api_base(model: str, api_base: str, ok: bool) -> None:
    assert (litellm.api_base_problem(model, api_base) is None) is ok


@pytest.mark.parametrize(
    ("section", "key", "suggestion"),
    [
        ("litellm_params", "api_base", None),
        ("litellm_params", "temperature", None),  # any parameter of a completion
        ("litellm_params", "apiBase", "api_base"),
        ("router_settings", "routing_strategy", None),
        ("router_settings", "fallback", "fallbacks"),
        ("general_settings", "master_key", None),
        ("general_settings", "masterkey", "master_key"),
        ("litellm_settings", "request_timeout", None),
        ("litellm_settings", "drop_param", "drop_params"),
        ("top_level", "model_list", None),
        ("model_info", "mode", None),
    ],
)
def test_keys(section: litellm.Section, key: str, suggestion: str | None) -> None:
    problem = litellm.key_problem(section, key)
    assert problem is None if suggestion is None else f"did you mean {suggestion}?" in str(problem)


def test_references_to_the_environment_are_found_wherever_they_are() -> None:
    config = {
        "general_settings": {"master_key": "os.environ/MASTER"},
        "model_list": [{"litellm_params": {"api_key": "os.environ/KEY", "rpm": 3}}],
    }
    assert litellm.environment_references(config) == {"MASTER", "KEY"}


def test_routing_strategies() -> None:
    assert "simple-shuffle" in litellm.routing_strategies()


def test_coverage() -> None:
    assert litellm.coverage_problem("1.106.2") is None
    assert litellm.coverage_problem("1.109.1") is not None
