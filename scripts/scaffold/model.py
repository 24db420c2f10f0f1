"""``inferstack new model``: one class file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, get_args

from components.common.model import Model
from scripts.project import MisuseError, Project
from scripts.scaffold.huggingface import facts_of
from scripts.scaffold.plan import Plan, rendered, slug, without_nothing

PRECISIONS: tuple[str, ...] = get_args(Model.model_fields["precision"].annotation)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the scaffold."""
    parser.add_argument("name", help="name of the class, a slug: llama-3-1-8b-instruct")
    parser.add_argument(
        "--model-name", required=True, help="the model's real name: meta-llama/Llama-3.1-8B-Instruct"
    )
    parser.add_argument("--uri", help="what KServe fetches: hf://…, pvc://…, oci://…, s3://…")
    parser.add_argument("--ollama-tag", help="what Ollama pulls, for a model that it serves: gemma3:27b")
    parser.add_argument("--file", help="the .gguf file below the weights, for llama.cpp")
    parser.add_argument("--size-gib", type=float, required=True, help="size of the checkpoint in GiB")
    parser.add_argument("--revision", help="revision of the weights")
    parser.add_argument("--licence", help="licence of the weights")
    parser.add_argument("--gated", action="store_true", help="its publisher asks for an access token")
    parser.add_argument("--precision", choices=PRECISIONS, default="bf16")
    parser.add_argument(
        "--max-context", type=int, help="longest context in tokens; read from --config if absent"
    )
    parser.add_argument(
        "--config", type=Path, help="the model's config.json, to fill in its architecture from"
    )
    parser.add_argument("--parameters-b", type=float, help="parameters in billions; needed with --config")


def plan(options: argparse.Namespace, project: Project) -> Plan:
    """The class file. Raises MisuseError when facts are missing or wrong."""
    name = slug(options.name, "the model")
    if not options.uri and not options.ollama_tag:
        raise MisuseError("where are the weights? give --uri, or --ollama-tag for a model that Ollama pulls")
    model = without_nothing(_model(options))
    title = f"{options.model_name.rpartition('/')[2].replace('-', ' ')}, {options.precision}"
    path = f"inventory/classes/models/{name}.yml"
    return Plan(
        files={path: rendered(project, "model.yml.j2", title=title, model=model)},
        next_steps=(
            f"check the facts in {path}; docs/parameters.md says what else a model may state",
            f"put it on a cluster: inferstack new target <cluster>/<stack> --model {name}",
        ),
    )


def _model(options: argparse.Namespace) -> dict[str, Any]:
    known = _config(options)
    context = options.max_context or known.get("maxContext")
    if context is None:
        raise MisuseError("how long is the longest context? give --max-context, or --config")
    return {
        "name": options.model_name,
        "licence": options.licence,
        "gated": options.gated or None,
        "revision": options.revision,
        "weights": {"uri": options.uri, "sizeGiB": options.size_gib, "file": options.file},
        "ollamaTag": options.ollama_tag,
        "precision": None if options.precision == "bf16" else options.precision,
        "maxContext": context,
        "architecture": known.get("architecture"),
    }


def _config(options: argparse.Namespace) -> dict[str, Any]:
    """What config.json says, in our keys; nothing without one."""
    if options.config is None:
        return {}
    if options.parameters_b is None:
        raise MisuseError("config.json does not say how many parameters there are; give --parameters-b")
    try:
        config = json.loads(options.config.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MisuseError(f"{options.config} cannot be read as JSON: {error}") from None
    if not isinstance(config, dict):
        raise MisuseError(f"{options.config} holds no JSON object")
    return facts_of(config, options.parameters_b)
