"""What one model is: ``inventory/classes/models/<name>.yml``. Facts of the weights, not of a deployment."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from components.common.params import FlagValue, Params
from components.common.runtime import Engine

StorageUri = Annotated[
    str, StringConstraints(pattern=r"^(hf|pvc|oci|oci\+native|s3|gs|https?|hdfs|webhdfs|file)://[^\s]+$")
]
"""A storage URI that KServe can fetch (KServe v0.20 kserve_storage.py)."""

ServedName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,252}$")]
"""A model name as clients send it."""


AdapterName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
"""A LoRA adapter's name: clients send it, and it names a folder in the pod."""

Revision = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+$")]
"""A commit, tag or branch of a model repository."""


def pinned(uri: str, revision: str | None) -> str:
    """A storage URI with its revision, where the scheme has one: ``hf://owner/model:revision``."""
    has_one = not uri.startswith("hf://") or ":" in uri.removeprefix("hf://")
    return uri if has_one or revision is None else f"{uri}:{revision}"


class Weights(Params):
    """Where the weights are and how large they are."""

    uri: StorageUri | None = None
    """What KServe fetches or mounts at /mnt/models. Absent for a model that Ollama pulls itself."""
    size_gib: float = Field(gt=0)
    """Size in GiB of the checkpoint that the engine loads."""
    repository_gib: float | None = Field(default=None, gt=0)
    """Size in GiB of all files of the repository, where it holds more than the checkpoint: KServe fetches all of
    them from ``hf://`` (KServe v0.20 kserve_storage.py)."""
    file: str | None = None
    """The ``.gguf`` file below /mnt/models that llama.cpp loads."""


class Architecture(Params):
    """The numbers of config.json that decide memory and parallelism."""

    family: str
    """Key into the activation constants of ``components/facts``: ``llama``, ``qwen3``, ``gpt-oss``."""
    parameters_b: float = Field(gt=0)
    """Parameters in billions."""
    layers: int = Field(ge=1)
    attention_heads: int = Field(ge=1)
    key_value_heads: int = Field(ge=1)
    head_dim: int = Field(ge=1)
    vocabulary: int | None = Field(default=None, ge=1)
    attention: Literal["gqa", "mla", "sliding", "hybrid"] = "gqa"
    """``sliding``: some layers see a window only. ``hybrid``: some layers keep a fixed state."""
    full_attention_layers: int | None = Field(default=None, ge=0)
    """Layers whose KV cache grows with the context; all of them when unset."""
    full_attention_key_value_heads: int | None = Field(default=None, ge=1)
    """KV heads of those layers, where the others have another number (Gemma 4)."""
    full_attention_head_dim: int | None = Field(default=None, ge=1)
    """Head dimension of those layers, where the others have another one (Gemma 4)."""
    window: int | None = Field(default=None, ge=1)
    """Window in tokens of the sliding layers."""
    fixed_state_mib: float = Field(default=0, ge=0)
    """State in MiB that each running sequence keeps whatever its length."""
    kv_lora_rank: int | None = Field(default=None, ge=1)
    """MLA: rank of the compressed KV."""
    rope_head_dim: int | None = Field(default=None, ge=1)
    """MLA: dimensions of the decoupled rotary key."""
    indexer_head_dim: int | None = Field(default=None, ge=1)
    """MLA with a sparse indexer: dimensions of the key that the indexer keeps of every token (DeepSeek V3.2: 128)."""
    experts: int | None = Field(default=None, ge=1)
    moe_intermediate: int | None = Field(default=None, ge=1)
    """Intermediate size of one expert."""
    quantization_block: int | None = Field(default=None, ge=1)
    """Block size of a block-quantised checkpoint (128 for FP8 blocks)."""


class Adapter(Params):
    """One LoRA adapter of the model; its name is the entry's key."""

    uri: StorageUri
    revision: Revision | None = None
    """Revision of the adapter; for ``hf://`` it becomes part of the URI."""
    rank: int = Field(default=16, ge=1, le=512)

    @property
    def storage_uri(self) -> str:
        """``uri`` with the pinned revision."""
        return pinned(self.uri, self.revision)


class Model(Params):
    """One model."""

    name: ServedName
    """The model's real name, as its publisher writes it."""
    kind: Literal["chat", "completion", "embedding"] = "chat"
    licence: str | None = None
    gated: bool = False
    """Whether the publisher asks for an access token."""
    revision: Revision | None = None
    """Revision of the weights; for ``hf://`` it becomes part of the URI."""
    weights: Weights
    ollama_tag: (
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*:[A-Za-z0-9._-]+$")] | None
    ) = None
    """The name under which Ollama pulls it: ``gemma3:27b``."""
    precision: Literal["fp32", "bf16", "fp16", "fp8", "int8", "int4", "mxfp4", "nvfp4", "gguf"] = "bf16"
    max_context: int = Field(ge=1)
    """The longest context in tokens that the model was made for."""
    architecture: Architecture | None = None
    """Unknown architecture means an unknown memory verdict, never a good one."""
    aliases: dict[ServedName, bool] = Field(default_factory=dict)
    """Further names under which it is served; ``false`` switches one off."""
    adapters: dict[AdapterName, Adapter] = Field(default_factory=dict)
    """LoRA adapters, keyed by served name."""
    args: dict[Engine, dict[str, FlagValue]] = Field(default_factory=dict)
    """Flags that the model itself needs (tool-call parser, chat template), by engine, without dashes."""

    @property
    def storage_uri(self) -> str | None:
        """``weights.uri`` with the pinned revision where the scheme has one (``hf://owner/model:revision``)."""
        return pinned(self.weights.uri, self.revision) if self.weights.uri else None
