"""Small fleets that really compile, for fixtures of check rules: ``tests/checks/_bases/<name>.yaml``.

python -m tests.support.check_bases full                        # what a base compiles
python -m tests.support.check_bases full "Gateway ns/name"      # one object of it
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from components.common import emit
from components.common.place import merge_patch
from components.compile.targets import is_cluster, place_cluster, place_stack
from scripts.check.model import Obj
from tests.support import stacks

ROOT = Path(__file__).parents[1] / "checks"
Parameters = dict[str, Any]
_OPERATORS = {"argocd": "3.5.1", "prometheusOperator": "0.93.0"}
"""What every cluster compiles objects for."""
_LLAMA: Parameters = {"model": {"gated": True, "weights": {"repositoryGiB": 262.9}}}
"""What stacks have beside that name no other model: Llama's publisher asks for a token, and keeps two checkpoints."""


@cache
def inventory(base: str) -> dict[str, Parameters]:
    """The parameters of a base's targets, as if rendered. ``clusters`` lists further clusters, each written like
    a base."""
    text = read_yaml(ROOT / "_bases" / f"{base}.yaml")
    found: dict[str, Parameters] = {}
    for one in (text, *(text.get("clusters") or ())):
        found.update(_cluster(one))
    return found


def _cluster(text: Mapping[str, Any]) -> dict[str, Parameters]:
    shared: Parameters = merge_patch({"cluster": {"versions": _OPERATORS}}, text.get("shared") or {})
    if "wiring" in text:
        wired = stacks.wired(text["wiring"])
        shared = merge_patch({"cluster": wired["cluster"], "gateway": wired["gateway"]}, shared)
    cluster = stacks.cluster_params(**merge_patch(shared, text.get("cluster") or {}))
    name = cluster["cluster"]["name"]
    own = {f"{name}.cluster": cluster}
    for stack, patch in text["stacks"].items():
        llama = _LLAMA if "name" not in (patch or {}).get("model", {}) else {}
        placed = merge_patch(stacks.stack_params(**llama), shared)
        own[f"{name}.{stack}"] = merge_patch(placed, patch or {})
    return own


@cache
def compiled(base: str) -> tuple[Obj, ...]:
    """What a base compiles."""
    return tuple(compile_all(inventory(base)))


def compile_all(rendered: Mapping[str, Parameters]) -> Iterator[Obj]:
    """The objects of all targets, with the paths that the compiler would write them to."""
    for target in sorted(rendered):
        cluster, _, name = target.rpartition(".")
        if is_cluster(target):
            _, files = place_cluster(target, rendered)
        else:
            files = place_stack(target, rendered[target])
        for file, manifest in files.items():
            yield Obj(f"compiled/{cluster}/{name}/{file}", cluster, target, file.partition("/")[0], manifest)


def patched(rendered: Mapping[str, Parameters], patches: Mapping[str, Any]) -> dict[str, Parameters]:
    """Merge patches by target; ``*`` is every target. Raises ValueError for a target that is not there."""
    for target in patches:
        if target != "*" and target not in rendered:
            raise ValueError(f"there is no target {target}; there are {sorted(rendered)}")
    everywhere = patches.get("*", {})
    return {
        target: merge_patch(merge_patch(parameters, everywhere), patches.get(target, {}))
        for target, parameters in rendered.items()
    }


def read_yaml(path: Path) -> Any:
    """The document of a fixture or a base."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def main(words: list[str]) -> None:
    """Shows what a base compiles: all references, or the YAML of those that are named."""
    for obj in compiled(words[0]):
        if not words[1:]:
            sys.stdout.write(f"{obj.target:24} {obj.ref}\n")
        elif obj.ref in words[1:]:
            sys.stdout.write(emit.document(obj.doc))


if __name__ == "__main__":
    main(sys.argv[1:])
