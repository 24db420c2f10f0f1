"""A model's facts from its ``config.json``, as Hugging Face transformers write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.project import MisuseError

Config = Mapping[str, Any]


def facts_of(config: Config, parameters_b: float) -> dict[str, Any]:
    """``maxContext`` and ``architecture``. Raises MisuseError without a number that every model has."""
    text = config.get("text_config") or config
    heads = _number(text, "num_attention_heads")
    facts = {
        "family": _family(text.get("model_type") or config.get("model_type") or ""),
        "parametersB": parameters_b,
        "layers": _number(text, "num_hidden_layers"),
        "attentionHeads": heads,
        "keyValueHeads": text.get("num_key_value_heads") or heads,
        "headDim": text.get("head_dim") or _number(text, "hidden_size") // heads,
        "vocabulary": text.get("vocab_size") or config.get("vocab_size"),
        **_attention(text),
        **_experts(text),
        "quantizationBlock": _block(config.get("quantization_config") or {}),
    }
    return {"maxContext": text.get("max_position_embeddings"), "architecture": facts}


def _family(model_type: str) -> str:
    """``qwen3_moe`` is ``qwen3-moe``; the text part of a multimodal model is of the model's family."""
    if not model_type:
        raise MisuseError("config.json has no model_type")
    return model_type.replace("_", "-").removesuffix("-text")


def _number(config: Config, key: str) -> int:
    value = config.get(key)
    if not isinstance(value, int) or value < 1:
        raise MisuseError(f"config.json has no {key}")
    return value


def _attention(config: Config) -> dict[str, Any]:
    """How the KV cache grows. Latent attention first: such models may carry an unused window."""
    if config.get("kv_lora_rank"):
        return {
            "attention": "mla",
            "kvLoraRank": config["kv_lora_rank"],
            "ropeHeadDim": config.get("qk_rope_head_dim"),
        }
    kinds = config.get("layer_types") or []
    full = sum(kind == "full_attention" for kind in kinds)
    if "linear_attention" in kinds:
        return {"attention": "hybrid", "fullAttentionLayers": full}
    if "sliding_attention" in kinds and config.get("sliding_window"):
        return {"attention": "sliding", "fullAttentionLayers": full, "window": config["sliding_window"]}
    return {}


def _experts(config: Config) -> dict[str, Any]:
    count = config.get("num_local_experts") or config.get("num_experts") or config.get("n_routed_experts")
    if not count:
        return {}
    width = config.get("moe_intermediate_size") or config.get("intermediate_size")
    return {"experts": count, "moeIntermediate": width}


def _block(quantization: Config) -> int | None:
    """Block size of a block-quantised checkpoint."""
    shape = quantization.get("weight_block_size")
    return shape[0] if isinstance(shape, list) and shape else None
