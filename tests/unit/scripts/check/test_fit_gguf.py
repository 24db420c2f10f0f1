"""Memory of llama.cpp and Ollama."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.check.fit_gguf import GgufPlan, cache_gib, fit_gguf
from tests.unit.scripts.check.architectures import architecture


def plan(model: str | None, **more: Any) -> GgufPlan:
    known = architecture(model) if model else None
    return GgufPlan(**({"architecture": known, "context": 8192, "slots": 1, "host_gib": 64.0} | more))


@pytest.mark.parametrize(
    ("one", "gib"),
    [
        pytest.param(plan("llama-8b", weights_gib=4.6), 1.0, id="gqa"),
        pytest.param(plan("llama-8b", weights_gib=4.6, slots=4), 4.0, id="every slot has its own context"),
        pytest.param(plan("llama-8b", weights_gib=4.6, key_type="q8_0", value_type="q8_0"), 0.531, id="q8_0"),
        pytest.param(plan("gemma-3-27b", weights_gib=16.2), 0.625 + 0.406, id="windows"),
        pytest.param(plan("gemma-3-27b", weights_gib=16.2, full_windows=True), 3.875, id="--swa-full"),
        pytest.param(plan(None, weights_gib=16.2), 0, id="unknown"),
    ],
)
def test_cache(one: GgufPlan, gib: float) -> None:
    assert cache_gib(one) == pytest.approx(gib, abs=0.001)


@pytest.mark.parametrize(
    ("one", "verdict", "offloaded"),
    [
        # inference-stacks.md 4, row 26: Gemma 3 27B and Llama 3.3 70B in 4 bits, each on one L4
        pytest.param(
            plan("gemma-3-27b", weights_gib=16.2, vram_gib=22.03), "ok", 0, id="gemma-3-27b on an L4"
        ),
        pytest.param(
            plan("llama-70b", weights_gib=39.6, vram_gib=22.03),
            "ok",
            0.51,
            id="llama-3.3-70b on an L4: half on CPU",
        ),
        pytest.param(
            plan("llama-70b", weights_gib=39.6, vram_gib=22.03, host_gib=8.0),
            "no",
            0.51,
            id="and no memory for it",
        ),
        pytest.param(
            plan("llama-70b", weights_gib=39.6, vram_gib=22.03, gpu_layers=999),
            "no",
            0,
            id="llama.cpp, all layers",
        ),
        pytest.param(
            plan("llama-70b", weights_gib=39.6, vram_gib=22.03, gpu_layers=36),
            "ok",
            0.55,
            id="llama.cpp, 36 layers",
        ),
        pytest.param(plan("llama-8b", weights_gib=4.6, host_gib=10.0), "ok", 0, id="CPU"),
        pytest.param(plan("llama-8b", weights_gib=4.6, host_gib=7.0), "margin", 0, id="CPU, tight"),
        pytest.param(plan("llama-8b", weights_gib=4.6, host_gib=4.0), "no", 0, id="CPU, too small"),
        pytest.param(
            plan("llama-8b", weights_gib=4.6, slots=8, host_gib=10.0), "no", 0, id="CPU, many slots"
        ),
    ],
)
def test_verdict(one: GgufPlan, verdict: str, offloaded: float) -> None:
    found = fit_gguf(one)
    assert found.verdict == verdict
    assert found.offloaded == pytest.approx(offloaded, abs=0.02)


def test_the_arithmetic_is_shown() -> None:
    assert fit_gguf(plan("gemma-3-27b", weights_gib=16.2, vram_gib=22.03)).arithmetic == (
        "22.0 GiB GPU memory - 16.2 weights - 1.0 KV cache for 1 x 8192 tokens - 1.5 buffers = 3.3 GiB left"
    )
    partial = plan("llama-70b", weights_gib=39.6, vram_gib=22.03, gpu_layers=36)
    assert fit_gguf(partial).arithmetic == (
        "22.0 GiB GPU memory - 45% of (39.6 weights + 2.5 KV cache for 1 x 8192 tokens) - 1.5 buffers"
        " = 1.6 GiB left"
    )
