"""The schema of every kind, compiled once, and the objects that do not hold to it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from components.contracts import core, documents
from components.contracts.crds import CrdIndex
from components.contracts.documents import Json
from components.contracts.keywords import KEYWORDS
from components.contracts.messages import Violation, path_text, suggestion, violations


@dataclass(frozen=True)
class Compiled:
    """A schema document and its validator."""

    document: Json = field(repr=False)
    validator: jsonschema_rs.Draft202012Validator

    def check(self, obj: Any) -> list[Violation]:
        if self.validator.is_valid(obj):
            return []
        return violations(self.validator.iter_errors(obj), self.document)


def compiled(document: Json) -> Compiled:
    """`document` with its validator: patterns in linear time, and the keywords of `keywords.py`."""
    validator = jsonschema_rs.Draft202012Validator(
        document, keywords=KEYWORDS, validate_formats=True, pattern_options=jsonschema_rs.RegexOptions()
    )
    return Compiled(document, validator)


class Registry:
    """Validates objects: by the CRD when a directory of `crds` has one for the kind, else by the contract,
    else by the schema of the Kubernetes version. A kind is compiled when it is first met, and kept."""

    def __init__(self, *crds: Path) -> None:
        """`crds` hold CustomResourceDefinitions in YAML files, in any folders. Raises NotADirectoryError."""
        self._crds = CrdIndex(*crds) if crds else None
        self._found: dict[tuple[str, str, str], Compiled | Violation] = {}

    def validate(self, obj: Mapping[str, Any], kubernetes: str) -> list[Violation]:
        """What the API server of Kubernetes `kubernetes` ("1.36") would refuse in `obj`, ordered by field.

        Raises UnsupportedKubernetes (a ValueError) for a version that has no schemas.
        """
        try:
            found = self._found[obj["apiVersion"], obj["kind"], kubernetes]
        except (KeyError, TypeError):
            found = self._find(obj, kubernetes)
        if isinstance(found, Violation):
            return [found]
        try:
            return found.check(obj)
        except ValueError as error:
            return sorted(_unrepresentable(obj)) or [Violation("", f"cannot be checked: {error}")]

    def _find(self, obj: Any, kubernetes: str) -> Compiled | Violation:
        version = core.minor(kubernetes)
        if not isinstance(obj, Mapping):
            return Violation("", "is not an object with apiVersion and kind")
        for name in ("apiVersion", "kind"):
            if not isinstance(obj.get(name), str) or not obj[name]:
                return Violation(name, "is required" if obj.get(name) is None else "must be a string")
        key = (obj["apiVersion"], obj["kind"], kubernetes)
        return self._found.setdefault(key, self._lookup(*key[:2], version))

    def _lookup(self, api_version: str, kind: str, version: str) -> Compiled | Violation:
        group = api_version.rpartition("/")[0]
        crd = self._crds.schemas(group, kind) if self._crds else {}
        if crd:
            return compiled(crd[api_version]) if api_version in crd else _not_served(kind, crd, "the CRD")
        if kind in documents.kinds().get(group, ()):
            return _contract(group, kind, api_version)
        if core.is_core_group(group):
            return _core(version, api_version, kind)
        return _unknown(group, kind)


def compile_contracts() -> Iterator[None]:
    """Compiles the contract of every kind, one at each step, for whoever has time before there is an object."""
    for group, kinds in documents.kinds().items():
        for kind in kinds:
            known = documents.contract(group, kind)
            for api_version in known.api_versions if known else ():
                _contract(group, kind, api_version)
            yield


@cache
def _contract(group: str, kind: str, api_version: str) -> Compiled | Violation:
    contract = documents.contract(group, kind)
    if contract is None:
        return _unknown(group, kind)
    if api_version not in contract.api_versions:
        return _not_served(kind, contract.api_versions)
    return compiled(contract.schema)


@cache
def _core(version: str, api_version: str, kind: str) -> Compiled | Violation:
    schema = core.schema(version, api_version, kind)
    if schema is not None:
        return compiled(schema)
    group = api_version.rpartition("/")[0]
    others = core.served(version, group, kind)
    if others:
        return _not_served(kind, others, f"Kubernetes {version}")
    return _unknown(group, kind)


def _not_served(kind: str, known: Any, by: str = "this project") -> Violation:
    return Violation("apiVersion", f"{by} knows {kind} as {', '.join(sorted(known))} only")


def _unknown(group: str, kind: str) -> Violation:
    groups = documents.kinds()
    if group in groups:
        return Violation(
            "kind", f"{group} has no kind {kind!r} that this project knows{suggestion(kind, groups[group])}"
        )
    if core.is_core_group(group):
        return Violation("kind", f"Kubernetes has no kind {kind!r} in {group or 'the core group'}")
    return Violation(
        "apiVersion", f"{group!r} is no API group that this project knows{suggestion(group, groups)}"
    )


def _unrepresentable(obj: Any) -> Iterator[Violation]:
    """What in `obj` cannot be JSON: keys that are no strings, other types, text that is no Unicode."""
    todo: list[tuple[tuple[str | int, ...], Any]] = [((), obj)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, dict):
            for key, item in value.items():
                if isinstance(key, str) and _is_text(key):
                    todo.append(((*path, key), item))
                else:
                    yield Violation(path_text(path), f"has the key {key!r}, which is not a string")
        elif isinstance(value, list):
            todo.extend(((*path, index), item) for index, item in enumerate(value))
        elif not _is_json(value):
            yield Violation(
                path_text(path), f"holds a {type(value).__name__}, which JSON does not have: {value!a}"
            )


def _is_json(value: Any) -> bool:
    if isinstance(value, str):
        return _is_text(value)
    return (
        value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value))
    )


def _is_text(value: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in value)
