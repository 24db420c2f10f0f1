"""Configurations as their publishers write them, cut to the keys that are read."""

from __future__ import annotations

from typing import Any

import pytest

from components.common.model import Architecture
from components.inventory.rendered import render
from scripts.project import MisuseError, Project
from scripts.scaffold.huggingface import facts_of
from scripts.scaffold.plan import without_nothing

LLAMA_3_1_8B = {
    "model_type": "llama",
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "hidden_size": 4096,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
}
DEEPSEEK_R1 = {
    "model_type": "deepseek_v3",
    "num_hidden_layers": 61,
    "num_attention_heads": 128,
    "num_key_value_heads": 128,
    "hidden_size": 7168,
    "vocab_size": 129280,
    "max_position_embeddings": 163840,
    "kv_lora_rank": 512,
    "qk_rope_head_dim": 64,
    "n_routed_experts": 256,
    "moe_intermediate_size": 2048,
    "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]},
}
GPT_OSS_20B = {
    "model_type": "gpt_oss",
    "num_hidden_layers": 24,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "hidden_size": 2880,
    "vocab_size": 201088,
    "max_position_embeddings": 131072,
    "layer_types": ["sliding_attention", "full_attention"] * 12,
    "sliding_window": 128,
    "num_local_experts": 32,
    "intermediate_size": 2880,
    "quantization_config": {"quant_method": "mxfp4"},
}
QWEN3_NEXT = {
    "model_type": "qwen3_next",
    "num_hidden_layers": 48,
    "num_attention_heads": 16,
    "num_key_value_heads": 2,
    "head_dim": 256,
    "vocab_size": 151936,
    "max_position_embeddings": 262144,
    "layer_types": (["linear_attention"] * 3 + ["full_attention"]) * 12,
    "num_experts": 512,
    "moe_intermediate_size": 512,
}
MULTIMODAL = {"model_type": "gemma3", "text_config": {**LLAMA_3_1_8B, "model_type": "gemma3_text"}}


def architecture(config: dict[str, Any]) -> dict[str, Any]:
    return without_nothing(facts_of(config, 8.0)["architecture"])


@pytest.mark.parametrize(
    ("config", "special"),
    [
        (LLAMA_3_1_8B, {"family": "llama", "headDim": 128, "keyValueHeads": 8}),
        (DEEPSEEK_R1, {"attention": "mla", "kvLoraRank": 512, "ropeHeadDim": 64, "experts": 256}),
        (DEEPSEEK_R1, {"family": "deepseek-v3", "moeIntermediate": 2048, "quantizationBlock": 128}),
        (GPT_OSS_20B, {"attention": "sliding", "fullAttentionLayers": 12, "window": 128, "headDim": 64}),
        (GPT_OSS_20B, {"experts": 32, "moeIntermediate": 2880}),
        (QWEN3_NEXT, {"attention": "hybrid", "fullAttentionLayers": 12, "experts": 512}),
        (MULTIMODAL, {"family": "gemma3", "layers": 32}),
    ],
    ids=["gqa", "mla", "blocks", "sliding", "experts", "hybrid", "multimodal"],
)
def test_the_architecture_is_read(config: dict[str, Any], special: dict[str, Any]) -> None:
    found = architecture(config)

    assert {key: found.get(key) for key in special} == special
    Architecture.model_validate(found)


@pytest.mark.parametrize(
    ("config", "target"), [(LLAMA_3_1_8B, "eu-h100.llama-8b"), (GPT_OSS_20B, "lab-l4.gpt-oss-20b")]
)
def test_it_agrees_with_the_committed_class(committed: Project, config: dict[str, Any], target: str) -> None:
    known = render(committed.inventory, [target])[target]["model"]

    found = architecture(config)

    assert {**found, "parametersB": 0} == {**known["architecture"], "parametersB": 0}
    assert facts_of(config, 8.0)["maxContext"] == known["maxContext"]


@pytest.mark.parametrize("key", ["model_type", "num_hidden_layers", "num_attention_heads", "hidden_size"])
def test_a_missing_number_is_named(key: str) -> None:
    config = {name: value for name, value in LLAMA_3_1_8B.items() if name != key}

    with pytest.raises(MisuseError, match=f"config.json has no {key}"):
        facts_of(config, 8.0)
