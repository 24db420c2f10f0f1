"""Contract files as JSON Schemas.

A contract is `<group>/<Kind>.yaml`: a short header (`apiVersions`, `scope`, optionally `name`) and the JSON
Schema of the object, without `apiVersion`, `kind` and what every `metadata` has in common. Two things are
left unwritten in the files, because they could be forgotten there:

- a node with `properties` is an object and admits no other property (`additionalProperties: false`);
  a node with `items` is a list;
- `common.yaml#/$defs/label` refers to `shared/common.yaml`.

Nodes below `if`, `then`, `allOf` and the like only add conditions and stay open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]

ROOT = Path(__file__).parent
SHARED = ROOT / "shared"
_OPEN = "open-"


@dataclass(frozen=True)
class Contract:
    """A kind that the project emits. `schema` is a closed JSON Schema without references to the outside."""

    group: str
    kind: str
    api_versions: tuple[str, ...]
    scope: str
    schema: Json


def read_yaml(path: Path) -> Any:
    """The one YAML document in `path`."""
    return yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)


@cache
def kinds() -> Mapping[str, tuple[str, ...]]:
    """Group -> kinds that have a contract, from the file names alone."""
    groups = sorted(path for path in ROOT.iterdir() if path.is_dir() and "." in path.name)
    return {group.name: tuple(sorted(file.stem for file in group.glob("*.yaml"))) for group in groups}


@cache
def contract(group: str, kind: str) -> Contract | None:
    """The contract of a kind, or None."""
    if kind not in kinds().get(group, ()):
        return None
    source = read_yaml(ROOT / group / f"{kind}.yaml")
    properties = {key: node for key, node in source["properties"].items() if key != "metadata"}
    api_versions = tuple(source["apiVersions"])
    schema = root_schema(
        {
            "properties": {key: closed(node) for key, node in properties.items()},
            "required": source["required"],
            "allOf": source.get("allOf", [{}]),
            "$defs": {key: closed(node) for key, node in source.get("$defs", {}).items()},
        },
        api_versions=api_versions,
        kind=kind,
        metadata=metadata_schema(
            kind, source["scope"], source.get("name", {}), opened(source["properties"].get("metadata", {}))
        ),
    )
    return Contract(group, kind, api_versions, source["scope"], bundled(schema))


def root_schema(schema: Json, api_versions: tuple[str, ...], kind: str, metadata: Json) -> Json:
    """`schema` of a whole object: with apiVersion, kind and metadata, and closed."""
    typed = {"apiVersion": {"enum": list(api_versions)}, "kind": {"const": kind}, "metadata": metadata}
    return {
        **schema,
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "required": list(dict.fromkeys(["apiVersion", "kind", "metadata", *schema.get("required", [])])),
        "properties": {**typed, **schema["properties"]},
        "additionalProperties": False,
    }


def metadata_schema(kind: str, scope: str, name: Json, extra: Json) -> Json:
    """metadata of a `kind`: the common part, the rule for its name, its scope, and what the kind adds."""
    namespaced = {"required": ["namespace"]}
    cluster = {"properties": {"namespace": False}, "message": f"is not allowed: {kind} has no namespace"}
    return {
        "allOf": [
            {"$ref": "common.yaml#/$defs/objectMeta"},
            {"properties": {"name": name or {"$ref": "common.yaml#/$defs/subdomain"}}},
            namespaced if scope == "Namespaced" else cluster,
            extra,
        ]
    }


def closed(node: Any, strict: bool = True) -> Any:
    """`node` with the unwritten written out; with `strict=False` objects stay open to other properties."""
    if not isinstance(node, dict):
        return node
    out = {key: _closed_value(key, value, strict) for key, value in node.items()}
    if "properties" in node:
        out.setdefault("type", "object")
        if strict:
            out.setdefault("additionalProperties", False)
    elif "additionalProperties" in node or "minProperties" in node:
        out.setdefault("type", "object")
    elif "items" in node:
        out.setdefault("type", "array")
    return out


def _closed_value(key: str, value: Any, strict: bool) -> Any:
    if key in ("properties", "$defs"):
        return {name: closed(node, strict) for name, node in value.items()}
    if key in ("items", "additionalProperties", "propertyNames"):
        return closed(value, strict)
    return value


def opened(node: Any) -> Any:
    """`node` as mere conditions on top of another schema: open, and so is everything that it refers to."""
    return _renamed(closed(node, strict=False))


def bundled(schema: Json) -> Json:
    """`schema` with every shared document it refers to, directly or not, embedded below `$defs`."""
    wanted, documents = set(_references(schema)), {}
    while wanted:
        name = wanted.pop()
        documents[name], others = shared(name)
        wanted |= others - documents.keys()
    own = _relocated(schema, "")
    return {**own, "$defs": {**own.get("$defs", {}), **dict(sorted(documents.items()))}}


@cache
def shared(name: str) -> tuple[Json, frozenset[str]]:
    """The definitions of the shared document `name` (`common.yaml` closed, `open-common.yaml` open), ready to be
    embedded, and the documents that they refer to."""
    file = name.removeprefix(_OPEN)
    finish = closed if file == name else opened
    definitions = {key: finish(node) for key, node in read_yaml(SHARED / file)["$defs"].items()}
    return {"$defs": _relocated(definitions, name)}, frozenset(_references(definitions))


def _renamed(node: Any) -> Any:
    """`node` with its references to shared documents turned to the open ones."""
    if isinstance(node, list):
        return [_renamed(item) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str) and not reference.startswith("#"):
        return {**node, "$ref": _OPEN + reference}
    return {key: _renamed(value) for key, value in node.items()}


def _references(node: Any) -> Iterator[str]:
    """Names of the shared documents that `node` refers to."""
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str) and reference[0] != "#":
            yield reference.partition("#")[0]
        for value in node.values():
            if isinstance(value, dict | list):
                yield from _references(value)


def _relocated(node: Any, home: str) -> Any:
    """`node` of the document `home` (empty: the root) with references that hold inside the bundle."""
    if isinstance(node, list):
        return [_relocated(item, home) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _pointer(value, home) if key == "$ref" and isinstance(value, str) else _relocated(value, home)
        for key, value in node.items()
    }


def _pointer(reference: str, home: str) -> str:
    document, _, pointer = reference.partition("#")
    name = document or home
    return f"#/$defs/{name}{pointer}" if name else f"#{pointer}"


def resolve(document: Json, node: Any) -> Any:
    """`node` with its `$ref`, if any, followed inside `document` (a bundled schema)."""
    while isinstance(node, dict) and isinstance(node.get("$ref"), str):
        node = at(document, pointer_keys(node["$ref"]))
    return node


def pointer_keys(reference: str) -> list[str]:
    """The keys of a local reference: `#/$defs/pod.yaml/$defs/Volume` -> [$defs, pod.yaml, $defs, Volume]."""
    return [key.replace("~1", "/").replace("~0", "~") for key in reference.removeprefix("#").split("/")[1:]]


def at(document: Any, keys: list[Any]) -> Any:
    """The node of `document` under `keys`."""
    for key in keys:
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document
