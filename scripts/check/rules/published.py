"""What the inventory says of models that everybody knows, held against what their publishers say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from components.common.model import Architecture, Model
from components.common.params import inventory_key
from components.facts.models import Published, published, published_names
from scripts.check.fleet import StackView
from scripts.check.model import Hit
from scripts.check.rule import rule
from scripts.check.slips import slip

_ROUNDING = 0.03
"""How far parameters and sizes may lie off: people round, and count tied embeddings once or twice."""
_NEEDED = frozenset(["quantizationBlock"])
"""Without these a limit is not seen at all."""
_WORDS = frozenset(
    "instruct chat text base code thinking latest fp16 bf16 q2_K q3_K_S q3_K_M q3_K_L q4_0 q4_1 q4_K_S q4_K_M q5_0 q5_1"
    " q5_K_S q5_K_M q6_K q8_0 it-qat".split()
)
"""Words of tags in Ollama's library (ollama.com/library)."""
_LONGER = ("rope-scaling", "rope-scale", "rope-parameters", "hf-overrides", "yarn-orig-ctx")
"""Flags of one who stretches a model's context."""


@rule(
    "model-facts-published",
    scope="stack",
    level="warning",
    why="Memory, parallelism and limits are reckoned from facts of another model.",
    fix="Copy the numbers from the model's config.json (`inferstack new model` reads it).",
    source="huggingface.co config.json; inference-stacks.md 5.4",
    cause=("model",),
)
def facts_published(view: StackView) -> Iterator[Hit]:
    """What is stated of a well-known model is what its publisher states."""
    model = view.stack.model
    row = published(model.name)
    fetched = (view.stack.storage_uri or "").startswith("hf://")
    for key, said in _differences(model, row, _flags(view)) if row else ():
        if key == "weights.repositoryGiB" and not fetched:
            continue  # nobody fetches the repository
        yield Hit(view.target, f"model.{key}", f"{model.name}: {said}", cause=("model", *key.split(".")))


def _flags(view: StackView) -> Mapping[str, Any]:
    stack = view.stack
    own = stack.model.args.get(stack.runtime.engine, {})
    return {**stack.runtime.args, **own, **stack.serving.args}


def _differences(model: Model, row: Published, flags: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(inventory key below ``model``, what is wrong)."""
    if model.licence is not None and row["licence"] not in model.licence.lower():
        yield "licence", f"the licence is {model.licence or '(empty)'}, published under {row['licence']}"
    if model.max_context > row["context"] and flags.keys().isdisjoint(_LONGER):
        yield "maxContext", f"a context of {model.max_context}, published with {row['context']}"
    if model.kind != row.get("kind", model.kind):
        yield "kind", f"it is said to be of kind {model.kind}, published for {row['kind']}"
    if model.precision == row["precision"] and not _near(model.weights.size_gib, row["gib"]):
        yield "weights.sizeGiB", f"{model.weights.size_gib:g} GiB, published with {_said(row['gib'])}"
    if model.architecture is not None:
        if not _near(model.architecture.parameters_b, row["parametersB"]):
            own = model.architecture.parameters_b
            yield "architecture.parametersB", f"{own:g} billion, published with {_said(row['parametersB'])}"
        for key, value in _numbers(model.architecture, row["architecture"]):
            yield f"architecture.{key}", value
    yield from _repository(model, row)
    for flag, allowed in row.get("parsers", {}).items():
        if isinstance(flags.get(flag), str) and flags[flag] not in allowed:
            yield "args", f"--{flag} {flags[flag]}, and the model writes for {', '.join(allowed)}"


def _numbers(architecture: Architecture, row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    stated = {inventory_key(name): getattr(architecture, name) for name in Architecture.model_fields}
    for key, value in row.items():
        allowed = value if isinstance(value, list) else [value]
        needed = key in _NEEDED and stated[key] is None
        if needed or (stated[key] is not None and stated[key] not in allowed):
            yield key, f"{key} {stated[key]}, published with {_said(value)}"


def _repository(model: Model, row: Published) -> Iterator[tuple[str, str]]:
    """A publisher's own repository is as large as it is, whatever is loaded of it."""
    whole = row.get("repositoryGib")
    own = model.weights.repository_gib or model.weights.size_gib
    if whole and model.weights.uri == f"hf://{model.name}" and not whole * 0.95 <= own <= whole * 1.5:
        yield "weights.repositoryGiB", f"all files take {whole} GiB, and {own:g} GiB are reckoned with"


def _near(number: float, value: float | list[float]) -> bool:
    """Whether a number is the published one, or lies between two, but for rounding."""
    bounds = value if isinstance(value, list) else [value]
    return min(bounds) * (1 - _ROUNDING) <= number <= max(bounds) * (1 + _ROUNDING)


def _said(value: Any) -> str:
    return " or ".join(map(str, value)) if isinstance(value, list) else str(value)


@rule(
    "weights-of-the-model",
    scope="stack",
    level="warning",
    why="Another model is served under this one's name, or the hub has no such repository.",
    fix="Correct model.name, model.weights.uri, model.weights.file or model.ollamaTag.",
    source="inference-stacks.md 2.18; serving.md 1.3",
    cause=("model", "weights"),
)
def weights_of_model(view: StackView) -> Iterator[Hit]:
    """Where weights come from is not nearly, but not quite, named after the model, nor after another known one."""
    model = view.stack.model
    yield from _name(view, published_names())
    if view.stack.runtime.engine == "ollama":
        if model.ollama_tag and not _tagged(model.ollama_tag, model.name):
            yield Hit(view.target, "model.ollamaTag", f"{model.ollama_tag} does not hold {model.name}")
        return
    uri, known = model.weights.uri or "", published_names()
    repository = uri.removeprefix("hf://").partition(":")[0] if uri.startswith("hf://") else ""
    for key, given, wanted in (
        ("weights.uri", repository, model.name),
        ("weights.file", model.weights.file or "", model.name.rpartition("/")[2]),
    ):
        other = max((one for one in sorted(known) if _after(given, one)), key=len, default=None)
        if given and (_misspelt(given, wanted) or (other and other != model.name and model.name in known)):
            yield Hit(view.target, f"model.{key}", f"{given} does not hold {model.name}")


def _name(view: StackView, known: frozenset[str]) -> Iterator[Hit]:
    folded = {one.lower(): one for one in known}
    near = folded.get(slip(view.stack.model.name.lower(), folded) or "")
    if near:
        said = f"there is no model {view.stack.model.name}; did you mean {near}?"
        yield Hit(view.target, "model.name", said, cause=("model", "name"))


def _after(given: str, name: str) -> bool:
    """Whether a repository is a model's own, or a file is called after it."""
    return given == name or given.startswith(f"{name.rpartition('/')[2]}-")


def _misspelt(given: str, wanted: str) -> bool:
    """Whether what is called after a model is called so but for a slip."""
    given, wanted = given.lower(), wanted.lower()
    heads = [given[: len(wanted) + more] for more in (-1, 0, 1)]
    return not given.startswith(wanted) and any(slip(one, [wanted]) for one in heads)


def _tagged(tag: str, name: str) -> bool:
    """Whether the words of an Ollama tag are a model's: ``gemma3:27b`` of gemma-3-27b-it. A tag out of another
    registry may be called as its owner likes."""
    base, _, variant = tag.partition(":")
    if "/" in base:
        return True
    size = re.match(r"e?\d+(\.\d+)?[bm](?![a-z])", variant, re.IGNORECASE)
    own = name.rpartition("/")[2].lower()
    sizes = re.findall(r"e?\d+(?:\.\d+)?[bm](?![a-z])", own)
    family = re.sub(r"[^a-z]", "", base)
    if any(slip(word, _WORDS) for word in variant.split("-")) or re.search(r"-\d$", variant):
        return False
    return family[:4] in re.sub(r"[^a-z]", "", own) and (size is None or not sizes or size.group() in sizes)


@rule(
    "repository-fetched-as-such",
    scope="stack",
    why="KServe fetches the page about the model, or another revision than the one that is declared.",
    fix="Write hf://owner/model, and the revision in `model.revision` alone.",
    source="kserve v0.20 kserve_storage.py; serving.md 1.9",
    cause=("model", "weights", "uri"),
)
def fetched_as_such(view: StackView) -> Iterator[Hit]:
    """A repository of Hugging Face is named by hf://, and its revision is said once."""
    model = view.stack.model
    uri = model.weights.uri or ""
    if re.match(r"https?://(www\.)?huggingface\.co/", uri) and "/resolve/" not in uri:
        yield Hit(view.target, "model.weights.uri", f"{uri} is a page, not a repository")
    said = uri.removeprefix("hf://").partition(":")[2] if uri.startswith("hf://") else ""
    if said and model.revision and said != model.revision:
        yield Hit(
            view.target, "model.weights.uri", f"it names {said}, and model.revision is {model.revision}"
        )
