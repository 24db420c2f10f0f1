"""CustomResourceDefinitions as strict JSON Schemas, in memory.

Strict: what the API server would prune is an unknown field here. Rules in CEL (`x-kubernetes-validations`)
are not evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import yaml

from components.contracts.documents import Json, bundled, metadata_schema, root_schema

# Keywords that mean the same in both.
_SAME = (
    "enum", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems",
    "minProperties", "maxProperties", "required", "multipleOf",
)  # fmt: skip
_RANGES: Mapping[str, Json] = {
    "int32": {"minimum": -(2**31), "maximum": 2**31 - 1},
    "int64": {"minimum": -(2**63), "maximum": 2**63 - 1},
}
_FORMATS = ("ipv4", "ipv6", "date-time", "date", "email", "uuid")
_BASE64 = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
_NAMES = re.compile(r"^  names:\n(?:    .*\n)*?    kind: (\S+)$", re.MULTILINE)
_GROUP = re.compile(r"^  group: (\S+)$", re.MULTILINE)


class CrdIndex:
    """The CRDs below directories, the first that has a kind. A file is searched for its kind, and parsed when the kind
    is needed."""

    def __init__(self, *roots: Path) -> None:
        self._files: dict[tuple[str, str], Path] = {}
        for root in roots:
            if not root.is_dir():
                raise NotADirectoryError(f"{root} is not a directory of CRDs")
            self._files = {**dict(_indexed(root)), **self._files}

    def kinds(self) -> list[tuple[str, str]]:
        """Every (group, kind), sorted."""
        return sorted(self._files)

    def crd(self, group: str, kind: str) -> Json | None:
        """The CRD of a kind, or None."""
        file = self._files.get((group, kind))
        documents = _documents(file) if file else ()
        return next((crd for crd in documents if _names(crd) == (group, kind)), None)

    def schemas(self, group: str, kind: str) -> Mapping[str, Json]:
        """Served apiVersion -> closed schema of the whole object; empty when there is no such CRD."""
        crd = self.crd(group, kind)
        return strict_schemas(crd) if crd else {}


def strict_schemas(crd: Json) -> Mapping[str, Json]:
    """Served apiVersion -> closed JSON Schema of a CRD's objects, without `status`."""
    spec = crd["spec"]
    served = {
        version["name"]: version["schema"] for version in spec["versions"] if version.get("served", True)
    }
    return {
        f"{spec['group']}/{name}": _root(schema["openAPIV3Schema"], spec, name)
        for name, schema in served.items()
    }


def _root(schema: Json, spec: Json, version: str) -> Json:
    kind = spec["names"]["kind"]
    # The API server checks apiVersion, kind and metadata by itself, and a status comes from a controller.
    managed = ("apiVersion", "kind", "metadata", "status")
    own = {name: node for name, node in schema.get("properties", {}).items() if name not in managed}
    body = strict({**schema, "properties": own})
    body["required"] = [name for name in body.get("required", []) if name not in managed]
    metadata = metadata_schema(kind, spec["scope"], strict_metadata(schema), {})
    return bundled(root_schema({"properties": {}, **body}, (f"{spec['group']}/{version}",), kind, metadata))


def strict_metadata(schema: Json) -> Json:
    """The rule for metadata.name that a CRD has, if any."""
    name = schema.get("properties", {}).get("metadata", {}).get("properties", {}).get("name")
    return strict(name) if name else {}


def strict(node: Json, structural: bool = True) -> Json:
    """An OpenAPI v3 structural schema as JSON Schema. Below allOf, anyOf, oneOf and not, `structural` is false
    and properties are mere conditions."""
    out: Json = {key: node[key] for key in _SAME if key in node}
    out |= _typed(node) | _formatted(node) | _listed(node)
    for key in ("minimum", "maximum"):
        bound = f"exclusive{key.capitalize()}"
        if node.get(bound) is True:
            out[bound] = out.pop(key)
    if "properties" in node:
        out["properties"] = {name: strict(value, structural) for name, value in node["properties"].items()}
    if isinstance(node.get("items"), dict):
        out["items"] = strict(node["items"], structural)
    for key in ("allOf", "anyOf", "oneOf"):
        if key in node:
            out[key] = [strict(value, False) for value in node[key]]
    if "not" in node:
        out["not"] = strict(node["not"], False)
    return out | _additional(node, structural) | _embedded(node)


def _typed(node: Json) -> Json:
    if node.get("x-kubernetes-int-or-string"):
        kinds = ["integer", "string"]
    elif "type" in node:
        kinds = [node["type"]]
    else:
        return {}
    kinds += ["null"] if node.get("nullable") else []
    return {"type": kinds[0] if len(kinds) == 1 else kinds}


def _formatted(node: Json) -> Json:
    name = node.get("format")
    if name in _RANGES:
        limits = _RANGES[str(name)]
        return {
            "minimum": max(limits["minimum"], node.get("minimum", limits["minimum"])),
            "maximum": min(limits["maximum"], node.get("maximum", limits["maximum"])),
        }
    if name == "byte":
        return {"allOf": [{"pattern": _BASE64}]} if "allOf" not in node else {}
    return {"format": name} if name in _FORMATS else {}


def _listed(node: Json) -> Json:
    match node.get("x-kubernetes-list-type"):
        case "set":
            return {"uniqueItems": True}
        case "map":
            properties = node["items"].get("properties", {})
            keys = node["x-kubernetes-list-map-keys"]
            return {"uniqueBy": {key: properties.get(key, {}).get("default") for key in keys}}
        case _:
            return {}


def _additional(node: Json, structural: bool) -> Json:
    additional = node.get("additionalProperties")
    if isinstance(additional, dict):
        return {"additionalProperties": strict(additional, structural)}
    open_ended = additional is True or node.get("x-kubernetes-preserve-unknown-fields")
    is_object = node.get("type") == "object" or "properties" in node
    return {"additionalProperties": False} if structural and is_object and not open_ended else {}


def _embedded(node: Json) -> Json:
    if not node.get("x-kubernetes-embedded-resource"):
        return {}
    return {"required": sorted({"apiVersion", "kind", "metadata", *node.get("required", [])})}


def _indexed(root: Path) -> Iterator[tuple[tuple[str, str], Path]]:
    for path in sorted(root.rglob("*.y*ml")):
        text = path.read_text(encoding="utf-8")
        group, names = _GROUP.findall(text), _NAMES.findall(text)
        if len(group) == len(names) == 1:
            yield (group[0].strip("'\""), names[0].strip("'\"")), path
        elif "CustomResourceDefinition" in text:
            for crd in _documents(path):
                yield _names(crd), path


def _names(crd: Json) -> tuple[str, str]:
    return crd["spec"]["group"], crd["spec"]["names"]["kind"]


@cache
def _documents(path: Path) -> tuple[Json, ...]:
    found = [
        doc for doc in yaml.load_all(path.read_bytes(), Loader=yaml.CSafeLoader) if isinstance(doc, dict)
    ]
    return tuple(doc for doc in found if doc.get("kind") == "CustomResourceDefinition")
