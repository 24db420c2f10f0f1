"""The memory arithmetic, held against what was measured and published (inference-stacks.md 4 and 5)."""

from __future__ import annotations

from typing import Any

import pytest

from components.common.model import Architecture
from scripts.check.fit import GIB, Plan, fit, layer_bytes, remedies, request_gib, token_bytes, weights_gib
from tests.unit.scripts.check.architectures import architecture

H100, H200, RTX6000, L4 = 79.19, 139.8, 94.97, 22.03
CARDS = {H100: "h100-sxm", H200: "h200-sxm", RTX6000: "rtx-pro-6000", L4: "l4"}
OLD, MEASURED = "0.16.0", "0.19.0"


def plan(model: str, weights: float, card: float, utilization: float, context: int, **more: Any) -> Plan:
    return Plan(
        architecture=architecture(model),
        weights_gib=weights,
        card_gib=card,
        utilization=utilization,
        context=context,
        accelerator=CARDS[card],
        **({"version": MEASURED} | more),
    )


# 5.3: KV cache that vLLM reported, GiB
@pytest.mark.parametrize(
    ("one", "measured", "within"),
    [
        pytest.param(plan("llama-8b", 14.99, H100, 0.95, 131072), 58.11, 0.04, id="llama-3.1-8b"),
        # the table's constant is 2.25, the run measured 2.21 + 0.24
        pytest.param(plan("qwen2.5-7b", 14.25, H100, 0.95, 32768), 58.53, 0.08, id="qwen2.5-7b"),
        pytest.param(
            plan("llama-70b", 67.76, H100, 0.9, 8192, tensor=2, version=OLD),
            32.0,
            0.02,
            id="llama-3.3-70b-fp8",
        ),
        pytest.param(plan("qwen3-32b", 61.03, H100, 0.9, 8192, version=OLD), 4.45, 0.02, id="qwen3-32b-tp1"),
        pytest.param(
            plan("qwen3-32b", 61.18, H100, 0.9, 8192, tensor=2, version=OLD), 34.49, 0.02, id="qwen3-32b-tp2"
        ),
    ],
)
def test_kv_cache_as_measured(one: Plan, measured: float, within: float) -> None:
    assert fit(one).budget_gib == pytest.approx(measured, abs=within)


def test_tokens_as_measured() -> None:
    # 5.3: 476,016 tokens measured for Llama-3.1-8B
    assert fit(plan("llama-8b", 14.99, H100, 0.95, 131072)).tokens == pytest.approx(476016, rel=0.001)


# 5.6: published configurations; KV cache, one request, verdict
@pytest.mark.parametrize(
    ("one", "budget", "request_", "verdict"),
    [
        pytest.param(plan("gemma-3-27b", 51.1, H100, 0.92, 131072), 17.5, 10.4, "ok", id="h100-gemma-3-27b"),
        pytest.param(
            plan("gemma-4-31b", 58.2, H100, 0.92, 131072), 10.43, 10.78, "margin", id="h100-gemma-4-31b"
        ),
        pytest.param(
            plan("llama-70b", 131.4, H100, 0.95, 131072, tensor=4), 38.3, 10.0, "ok", id="h100-llama-70b"
        ),
        pytest.param(plan("qwen3-32b", 61.0, H100, 0.95, 32768), 11.7, 8.0, "ok", id="h100-qwen3-32b"),
        pytest.param(
            plan("qwen3-32b", 61.0, H100, 0.95, 32768, version=OLD),
            8.4,
            8.0,
            "margin",
            id="h100-qwen3-32b-old",
        ),
        pytest.param(
            plan("llama-70b", 131.4, H200, 0.95, 131072, tensor=4), 95.9, 10.0, "ok", id="h200-llama-70b"
        ),
        pytest.param(
            plan("llama-70b", 131.4, RTX6000, 0.95, 48128, tensor=2), 20.4, 7.3, "ok", id="rtx-llama-70b"
        ),
        pytest.param(plan("qwen3-32b", 61.0, RTX6000, 0.95, 32768), 26.7, 8.0, "ok", id="rtx-qwen3-32b"),
        pytest.param(
            plan("gemma-3-27b", 51.1, L4, 0.8, 131072, tensor=8), 5.2, 1.3, "ok", id="l4-gemma-3-27b"
        ),
        # the table rounds weights and activation up
        pytest.param(
            plan("gpt-oss-20b", 13.47, L4, 0.8, 131072, tensor=8), 11.2, 0.4, "ok", id="l4-gpt-oss-20b"
        ),
    ],
)
def test_published_configuration(one: Plan, budget: float, request_: float, verdict: str) -> None:
    found = fit(one)
    assert found.verdict == verdict
    assert found.budget_gib == pytest.approx(budget, abs=0.2)
    assert found.request_gib == pytest.approx(request_, abs=0.05)


# 4: further deployments of real projects, and what the table says of each
@pytest.mark.parametrize(
    ("one", "verdict"),
    [
        pytest.param(plan("llama-70b", 67.76, H100, 0.9, 131072, tensor=4), "ok", id="14-llama-70b-fp8"),
        pytest.param(plan("qwen3-32b", 61.03, H100, 0.95, 16000, tensor=2), "ok", id="17-qwen3-32b"),
        pytest.param(plan("qwen3-30b-a3b", 56.9, H100, 0.95, 262144, tensor=2), "ok", id="18-qwen3-30b-a3b"),
        pytest.param(plan("qwen3-30b-a3b", 56.9, H100, 0.95, 40960, tensor=2), "ok", id="18-short"),
        pytest.param(plan("gpt-oss-120b", 64.38, H100, 0.9, 32768, tensor=8), "ok", id="20-gpt-oss-120b"),
        pytest.param(
            plan("qwen3-coder-480b", 449, H100, 0.95, 131072, tensor=4, pipeline=3), "ok", id="21-qwen3-coder"
        ),
        pytest.param(
            plan("llama-70b", 67.76, H100, 0.95, 16384, kv_dtype="fp8", version="0.8.5"),
            "margin",
            id="24-llama-70b-fp8-tp1",
        ),
        pytest.param(
            plan("llama-70b", 67.76, H100, 0.9, 16384, version=OLD),
            "no",
            id="24-llama-70b-fp8-tp1-without-fp8",
        ),
        pytest.param(plan("llama-405b", 378, H100, 0.9, 131072, tensor=8), "ok", id="25-llama-405b-fp8"),
        pytest.param(plan("llama-70b", 131.4, H100, 0.9, 131072, tensor=8), "ok", id="28-llama-70b-tp8"),
        pytest.param(
            plan("nemotron-3-ultra", 550 / 1.074, H200, 0.9, 131072, tensor=8, kv_dtype="fp8"),
            "ok",
            id="12-nemotron",
        ),
        pytest.param(
            plan("deepseek-r1", 641.3, H200, 0.99, 4096, data=16), "margin", id="13-deepseek-r1-at-0.99"
        ),
        pytest.param(plan("llama-4-scout", 202, RTX6000, 0.95, 8192), "no", id="scout-bf16-on-one-card"),
    ],
)
def test_real_deployment(one: Plan, verdict: str) -> None:
    assert fit(one).verdict == verdict


# 5.4: KV cache of one token in bytes (bf16, whole model) and of 32k and 128k tokens in GiB
@pytest.mark.parametrize(
    ("model", "token", "short", "long"),
    [
        ("llama-8b", 131072, 4.0, 16.0),
        ("llama-70b", 327680, 10.0, 40.0),
        ("llama-405b", 516096, 15.8, 63.0),
        ("llama-4-scout", 49152, None, None),
        ("qwen3-8b", 147456, 4.5, 18.0),
        ("qwen3-32b", 262144, 8.0, 32.0),
        ("qwen3-30b-a3b", 98304, 3.0, 12.0),
        ("qwen3-235b", 192512, 5.88, 23.5),
        ("qwen3-coder-480b", 253952, 7.75, 31.0),
        ("qwen3.5-27b", 65536, 2.14, 8.14),
        ("qwen3.5-35b-a3b", 20480, 0.68, 2.56),
        ("qwen3.5-122b", 24576, 0.89, 3.14),
        ("qwen3.5-397b", 30720, 1.12, 3.93),
        ("deepseek-r1", 70272, 2.14, 8.58),
        ("deepseek-v3.2", 70272 + 8052, 2.4, 9.6),
        ("kimi-k2", 70272, 2.14, 8.58),
        ("kimi-k3", 27648, 1.26, 3.79),
        ("glm-5.2", 89856, 2.74, 10.97),
        ("gpt-oss-20b", 24576, 0.75, 3.0),
        ("gpt-oss-120b", 36864, 1.13, 4.5),
        ("mixtral-8x7b", 131072, 4.0, 16.0),
        ("mixtral-8x22b", 229376, 7.0, 28.0),
        ("gemma-4-31b", 81920, 3.28, 10.78),
        ("minimax-m2.5", 253952, 7.75, 31.0),
        ("nemotron-3-super", 8192, 0.41, 1.16),
        ("nemotron-3-ultra", 12288, 0.75, 1.88),
    ],
)
def test_kv_cache_of_a_model(model: str, token: int, short: float | None, long: float | None) -> None:
    assert token_bytes(architecture(model)) == token
    for context, gib in ((32768, short), (131072, long)):
        if gib is not None:
            assert request_gib(plan(model, 1, H100, 0.9, context)) == pytest.approx(gib, rel=0.025)


def test_ranks_beyond_the_kv_heads_hold_copies() -> None:
    model = architecture("qwen3-235b")
    assert [layer_bytes(model, tensor, "auto") for tensor in (1, 4, 8)] == [2048, 512, 512]


def test_an_mla_latent_is_on_every_rank() -> None:
    model = architecture("deepseek-r1")
    assert layer_bytes(model, 8, "auto") == layer_bytes(model, 1, "auto") == 1152
    assert layer_bytes(model, 8, "fp8") == 512 + 128  # the rotary key stays at 16 bits


def test_without_the_hybrid_manager_windows_cost_as_much_as_full_attention() -> None:
    with_it = plan("gpt-oss-20b", 13.47, H100, 0.9, 131072)
    without = plan("gpt-oss-20b", 13.47, H100, 0.9, 131072, hybrid_manager=False)
    assert request_gib(with_it) == pytest.approx(3.0, abs=0.01)
    assert request_gib(without) == pytest.approx(6.0, abs=0.01)


def test_eight_bits_halve_the_cache() -> None:
    both = [
        request_gib(plan("llama-70b", 1, H100, 0.9, 32768, kv_dtype=kind)) for kind in ("auto", "fp8_e4m3")
    ]
    assert both == [10.0, 5.0]


def test_stages_share_layers_and_weights() -> None:
    staged = plan("llama-405b", 756, H100, 0.9, 32768, tensor=8, pipeline=4)
    assert weights_gib(staged) == pytest.approx(756 / 32)
    assert request_gib(staged) == pytest.approx(15.75 * 32 / 126 / 8)  # 32 of 126 layers, 1 of 8 KV heads


def test_experts_are_spread_over_data_ranks_and_the_rest_is_not() -> None:
    spread = plan("deepseek-r1", 641.3, H200, 0.9, 4096, data=16)
    assert 641.3 / 16 < weights_gib(spread) < 641.3 / 8
    assert weights_gib(plan("llama-70b", 131.4, H100, 0.9, 4096, data=8)) == 131.4


def test_a_cache_set_by_hand_replaces_the_utilization() -> None:
    assert fit(plan("llama-8b", 14.99, H100, 0.9, 131072, kv_gib=10.0)).verdict == "no"
    assert fit(plan("llama-8b", 14.99, H100, 0.9, 131072, kv_gib=20.0)).verdict == "ok"
    # more than the card has left
    assert fit(plan("llama-8b", 14.99, L4, 0.9, 65536, kv_gib=20.0)).verdict == "no"


def test_a_full_card_is_never_ok() -> None:
    assert fit(plan("llama-8b", 14.99, H100, 0.97, 8192)).verdict == "ok"
    assert fit(plan("llama-8b", 14.99, H100, 0.98, 8192)).verdict == "margin"


@pytest.mark.parametrize(
    ("one", "calibrated", "doubtful"),
    [
        pytest.param(plan("llama-70b", 131.4, H100, 0.95, 131072, tensor=4), True, False, id="measured"),
        pytest.param(plan("llama-70b", 131.4, H200, 0.95, 131072, tensor=4), False, False, id="room enough"),
        pytest.param(plan("qwen3-8b", 15.3, L4, 0.92, 8192), False, True, id="little room"),
        pytest.param(
            plan("qwen3-8b", 15.3, H100, 0.92, 8192, version="0.33.0"), False, False, id="newer engine"
        ),
    ],
)
def test_estimates_are_doubted_where_they_decide(one: Plan, calibrated: bool, doubtful: bool) -> None:
    found = fit(one)
    assert (found.verdict, found.calibrated, found.doubtful) == ("ok", calibrated, doubtful)


def test_remedies_fit() -> None:
    tight = plan("qwen3-32b", 61.03, H100, 0.9, 131072)
    assert fit(tight).verdict == "no"
    offered = remedies(tight, 8, 9.0)
    assert offered == ["serving.maxModelLen: 27648", "serving.tensorParallelSize: 2"]
    assert fit(plan("qwen3-32b", 61.03, H100, 0.9, 27648)).verdict == "ok"
    assert fit(plan("qwen3-32b", 61.03, H100, 0.9, 131072, tensor=2)).verdict == "ok"
    assert remedies(plan("llama-70b", 131.4, L4, 0.9, 8192), 1, 8.9) == []


def test_fp8_is_offered_where_the_card_has_it() -> None:
    tight = plan("llama-8b", 14.99, L4, 0.92, 32768)
    assert "serving.kvCacheDtype: fp8" not in remedies(tight, 1, 8.0)
    assert fit(tight).verdict != "ok"
    shorter = plan("llama-8b", 14.99, L4, 0.92, 24576)
    assert "serving.kvCacheDtype: fp8" in remedies(shorter, 1, 8.9)


def test_the_arithmetic_is_shown() -> None:
    said = fit(plan("gemma-3-27b", 51.1, H100, 0.92, 131072)).arithmetic
    assert said == (
        "79.19 GiB x 0.92 - 51.1 weights - 3.94 activation - 0.27 CUDA and NCCL = 17.5 GiB for the KV cache,"
        " one request of 131072 tokens takes 10.4, 7.1 are left"
    )


def test_bytes_are_whole_models() -> None:
    assert isinstance(architecture("llama-8b"), Architecture)
    assert token_bytes(architecture("llama-8b")) * 8192 / GIB == 1.0
