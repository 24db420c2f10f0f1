"""What one model is: ``inventory/classes/models/<name>.yml``. Facts of the weights, not of a deployment."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from components.common.forms import text
from components.common.params import FlagValue, Params
from components.common.runtime import Engine

StorageUri = Annotated[
    str,
    text(
        r"^((hf|s3|gs|pvc|oci|oci\+native|https?|hdfs|webhdfs)://[^\s/][^\s]*|file:///[^\s]+)$",
        "a URI of hf, s3, gs, pvc, oci, oci+native, http, https, hdfs, webhdfs or file",
        "hf://Qwen/Qwen3-14B",
    ),
]
"""A storage URI that KServe can fetch (KServe v0.20 kserve_storage.py)."""

ServedName = Annotated[
    str,
    text(
        r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,252}$",
        "letters, digits and any of ._:/@+- with a letter or digit first",
        "Qwen/Qwen3-14B",
    ),
]
"""A model name as clients send it."""

AdapterName = Annotated[
    str,
    text(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
        "at most 63 letters, digits and any of ._- with a letter or digit first",
        "support-tone",
    ),
]
"""A LoRA adapter's name: clients send it, and it names a folder in the pod."""

Revision = Annotated[
    str,
    text(
        r"^[A-Za-z0-9._-]+$",
        "a commit, tag or branch of letters, digits and any of ._- in quotes",
        '"40c069824f4251a91eefaf281ebe4c544efd3e18"',
    ),
]
"""A commit, tag or branch of a model repository."""

OllamaTag = Annotated[
    str,
    text(r"^[A-Za-z0-9][A-Za-z0-9._/-]*:[A-Za-z0-9._-]+$", "a name, a colon and a tag", "gemma3:27b"),
]
"""A name under which Ollama pulls a model."""


def pinned(uri: str, revision: str | None) -> str:
    """A storage URI with its revision, where the scheme has one: ``hf://owner/model:revision``."""
    has_one = not uri.startswith("hf://") or ":" in uri.removeprefix("hf://")
    return uri if has_one or revision is None else f"{uri}:{revision}"


class Weights(Params):
    """Where the weights are and how large they are."""

    uri: StorageUri | None = None
    """What KServe fetches or mounts at /mnt/models. Absent for a model that Ollama pulls itself."""
    size_gib: float = Field(gt=0, le=100_000)
    """Size in GiB of the checkpoint that the engine loads."""
    repository_gib: float | None = Field(default=None, gt=0, le=100_000)
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
    """Transformer layers (``num_hidden_layers``)."""
    attention_heads: int = Field(ge=1)
    """Query heads of a layer (``num_attention_heads``); the tensor parallel size must divide them."""
    key_value_heads: int = Field(ge=1)
    """KV heads of a layer (``num_key_value_heads``)."""
    head_dim: int = Field(ge=1)
    """Dimension of a head (``head_dim``)."""
    vocabulary: int | None = Field(default=None, ge=1)
    """Tokens that the model knows (``vocab_size``)."""
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
    """Routed experts of a mixture-of-experts layer; a dense model when unset."""
    moe_intermediate: int | None = Field(default=None, ge=1)
    """Intermediate size of one expert."""
    quantization_block: int | None = Field(default=None, ge=1)
    """Block size of a block-quantised checkpoint (128 for FP8 blocks)."""


class Adapter(Params):
    """One LoRA adapter of the model; its name is the entry's key."""

    uri: StorageUri
    """Where KServe fetches it from, to /mnt/adapters."""
    revision: Revision | None = None
    """Revision of the adapter; for ``hf://`` it becomes part of the URI."""
    size_gib: float = Field(default=1, gt=0, le=1000)
    """Size in GiB of its files, for which the pod needs node storage."""
    rank: int = Field(default=16, ge=1, le=512)
    """Rank of its matrices (``r`` in adapter_config.json); vLLM makes room for the largest one."""

    @property
    def storage_uri(self) -> str:
        """``uri`` with the pinned revision."""
        return pinned(self.uri, self.revision)


class Model(Params):
    """One model."""

    name: ServedName
    """The model's real name, as its publisher writes it."""
    kind: Literal["chat", "completion", "embedding", "rerank"] = "chat"
    """What it is asked for, which decides its mode in LiteLLM and the runbook's test request; ``rerank`` on vLLM
    only."""
    licence: str | None = None
    """The licence's name, for people."""
    gated: bool = False
    """Whether the publisher asks for an access token."""
    revision: Revision | None = None
    """Revision of the weights; for ``hf://`` it becomes part of the URI."""
    weights: Weights
    ollama_tag: OllamaTag | None = None
    """The name under which Ollama pulls it: ``gemma3:27b``."""
    precision: Literal["fp32", "bf16", "fp16", "fp8", "int8", "int4", "mxfp4", "nvfp4", "gguf"] = "bf16"
    """Number format of the weights."""
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
