"""Strict schemas of the kinds that Kubernetes itself serves.

The PyPI package `kubernetes-validate` ships the OpenAPI schemas of each minor version as files; only those
are used, the package is not imported. They are tightened here: no `null`, no `status`, 32-bit ranges, unique
list keys, the project's metadata, and the conditions of `shared/core.yaml`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from components.contracts.documents import (
    SHARED,
    Json,
    bundled,
    metadata_schema,
    opened,
    read_yaml,
    root_schema,
)

_DEFS = "#/$defs/"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
# Definitions whose published schema says nothing, replaced by ours.
_REPLACED: Mapping[str, Json] = {
    _META: {"$ref": "common.yaml#/$defs/templateMeta"},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"$ref": "common.yaml#/$defs/quantity"},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["integer", "string"]},
}
_INT32 = {"minimum": -(2**31), "maximum": 2**31 - 1}
_BASE64 = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"


class UnsupportedKubernetes(ValueError):
    """There are no schemas for the Kubernetes version asked for."""


@cache
def supported() -> tuple[str, ...]:
    """Kubernetes minor versions that can be checked, oldest first: ("1.25", ..., "1.37")."""
    names = (re.fullmatch(r"v(\d+)\.(\d+)\.\d+-local-strict", path.name) for path in _schemas().iterdir())
    versions = sorted((int(name[1]), int(name[2])) for name in names if name)
    return tuple(f"{major}.{minor}" for major, minor in versions)


@cache
def minor(kubernetes: str) -> str:
    """The minor version of `kubernetes` ("1.36", "v1.36.2" -> "1.36"). Raises UnsupportedKubernetes."""
    match = re.match(r"v?(\d+\.\d+)(?:[.+-]|$)", str(kubernetes))
    if match is None or match[1] not in supported():
        known = f"{supported()[0]} to {supported()[-1]}"
        raise UnsupportedKubernetes(f"no schemas for Kubernetes {kubernetes!r}; they cover {known}")
    return match[1]


def is_core_group(group: str) -> bool:
    """Whether Kubernetes itself may serve `group` ("", "apps", "policy", "networking.k8s.io")."""
    return "." not in group or group.endswith(".k8s.io")


def served(version: str, group: str, kind: str) -> tuple[str, ...]:
    """apiVersions under which Kubernetes `version` ("1.36") serves a kind; empty when it has no such kind."""
    start = f"{_stem(group, kind)}-"
    apis = (stem.removeprefix(start) for stem in _files(version) if stem.startswith(start))
    versions = (f"{group}/{api}" if group else api for api in apis)
    return tuple(sorted(api for api in versions if _document(version, api, kind) is not None))


def is_cluster_scoped(group: str, kind: str) -> bool:
    """Whether objects of a core kind lie in no namespace."""
    named = (known.rpartition("/") for known in _rules()["clusterScoped"])
    return any((api.rpartition("/")[0], of) == (group, kind) for api, _, of in named)


def schema(version: str, api_version: str, kind: str) -> Json | None:
    """The closed schema of a core kind in Kubernetes `version` ("1.36"); None when it does not serve it."""
    document = _document(version, api_version, kind)
    if document is None:
        return None
    rules, known = _rules(), f"{api_version}/{kind}"
    scope = "Cluster" if known in rules["clusterScoped"] else "Namespaced"
    extra = rules["kinds"].get(known, {})
    body = _tightened(document)
    properties = {
        key: node
        for key, node in body["properties"].items()
        if key not in ("apiVersion", "kind", "metadata", "status")
    }
    spec = ["spec"] if "spec" in properties and kind != "Namespace" else []
    root = {
        "properties": properties,
        "required": [*spec, *body.get("required", [])],
        "allOf": [opened(extra)],
        "$defs": _definitions(version, properties),
    }
    metadata = metadata_schema(kind, scope, rules["names"].get(known, {}), {})
    return bundled(root_schema(root, (api_version,), kind, metadata))


def _definitions(version: str, node: Any) -> Json:
    """The definitions that `node` needs, directly or not, each with its conditions."""
    every, rules = _all_definitions(version), _rules()["definitions"]
    wanted, found = _names(node), {}
    while wanted:
        name = wanted.pop()
        if name in _REPLACED:
            found[name] = dict(_REPLACED[name])
        else:
            found[name] = _tightened(every[name])
            if name in rules:
                found[name]["allOf"] = [opened(rules[name])]
        wanted |= _names(found[name]) - found.keys()
    return found


def _names(node: Any) -> set[str]:
    if isinstance(node, list):
        return {name for item in node for name in _names(item)}
    if not isinstance(node, dict):
        return set()
    reference = node.get("$ref")
    own = {reference[len(_DEFS) :]} if isinstance(reference, str) and reference.startswith(_DEFS) else set()
    return own.union(*(_names(value) for value in node.values()))


def _tightened(node: Json) -> Json:
    """A published schema node without prose and nulls, with local references, ranges and unique list keys."""
    if "$ref" in node:
        return {"$ref": _DEFS + node["$ref"].rpartition("/")[2]}
    out: Json = {key: node[key] for key in ("required", "enum", "additionalProperties") if key in node}
    kind = [name for name in _listed(node.get("type")) if name != "null"]
    if kind:
        out["type"] = kind[0] if len(kind) == 1 else kind
    if "properties" in node:
        out["properties"] = {name: _tightened(value) for name, value in node["properties"].items()}
    if isinstance(node.get("additionalProperties"), dict):
        out["additionalProperties"] = _tightened(node["additionalProperties"])
    if "items" in node:
        out["items"] = _tightened(node["items"])
    return {**out, **_formatted(node), **_list_type(node)}


def _formatted(node: Json) -> Json:
    match node.get("format"):
        case "int32":
            return dict(_INT32)
        case "byte":
            return {"pattern": _BASE64, "message": "must be base64"}
        case _:
            return {}


def _list_type(node: Json) -> Json:
    match node.get("x-kubernetes-list-type"):
        case "set":
            return {"uniqueItems": True}
        case "map":
            defaults = {"protocol": "TCP"}
            return {"uniqueBy": {key: defaults.get(key) for key in node["x-kubernetes-list-map-keys"]}}
        case _:
            return {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _stem(*parts: str) -> str:
    """How the package names a file: deployment-apps-v1, networkpolicy-networking-v1, service-v1."""
    group, kind, *version = parts
    return "-".join(part for part in (kind.lower(), group.partition(".")[0], *version) if part)


def _document(version: str, api_version: str, kind: str) -> Json | None:
    """The published schema of a kind; None when the file is missing, or is that of a list or a part."""
    group, _, api = api_version.rpartition("/")
    path = _files(version).get(_stem(group, kind, api))
    if path is None or kind.endswith("List"):
        return None
    document: Json = json.loads(path.read_bytes())
    gvk = {"group": group, "version": api, "kind": kind}
    return document if gvk in document.get("x-kubernetes-group-version-kind", ()) else None


@cache
def _files(version: str) -> Mapping[str, Path]:
    return {path.stem: path for path in _schemas(version).iterdir()}


@cache
def _all_definitions(version: str) -> Json:
    definitions: Json = json.loads((_schemas(version) / "_definitions.json").read_bytes())["$defs"]
    return definitions


@cache
def _rules() -> Json:
    rules: Json = read_yaml(SHARED / "core.yaml")
    return rules


@cache
def _schemas(version: str | None = None) -> Path:
    spec = find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise UnsupportedKubernetes("the package kubernetes-validate is not installed")
    root = Path(spec.origin).parent / "kubernetes-json-schema"
    return root / f"v{version}.0-local-strict" if version else root
