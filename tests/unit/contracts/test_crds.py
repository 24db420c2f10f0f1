"""CRDs as strict schemas, and as the source of validation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from components.contracts import Registry
from components.contracts.crds import CrdIndex, strict, strict_schemas
from components.contracts.registry import compiled
from tests.support.crds import CRDS, requires_crds
from tests.unit.contracts import samples as s
from tests.unit.contracts.samples import Json, changed

CRD: Json = yaml.safe_load(
    """
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: widgets.example.org}
    spec:
      group: example.org
      names: {kind: Widget, plural: widgets}
      scope: Namespaced
      versions:
      - name: v1
        served: true
        storage: true
        schema:
          openAPIV3Schema:
            type: object
            required: [spec]
            properties:
              apiVersion: {type: string}
              kind: {type: string}
              metadata: {type: object, properties: {name: {type: string, maxLength: 5}}}
              status: {type: object}
              spec:
                type: object
                oneOf: [{properties: {count: {maximum: 9}}}, {required: [free]}]
                properties:
                  size: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
                  free: {type: object, x-kubernetes-preserve-unknown-fields: true}
                  child:
                    type: object
                    x-kubernetes-embedded-resource: true
                    x-kubernetes-preserve-unknown-fields: true
                  maybe: {type: string, nullable: true}
                  tags: {type: array, items: {type: string}, x-kubernetes-list-type: set}
                  count: {type: integer, format: int32, minimum: 1}
                  ports:
                    type: array
                    x-kubernetes-list-type: map
                    x-kubernetes-list-map-keys: [port, protocol]
                    items:
                      type: object
                      properties: {port: {type: integer}, protocol: {type: string, default: TCP}}
      - {name: v1alpha1, served: false, storage: false, schema: {openAPIV3Schema: {type: object}}}
    """
)
WIDGET: Json = {
    "apiVersion": "example.org/v1",
    "kind": "Widget",
    "metadata": {"name": "a", "namespace": "b"},
    "spec": {
        "size": "10Gi",
        "free": {"any": [1]},
        "tags": ["a"],
        "ports": [{"port": 1}],
        "maybe": None,
        "count": 10,
    },
}


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    (tmp_path / "group").mkdir()
    (tmp_path / "group" / "widgets.yaml").write_text(yaml.safe_dump(CRD), encoding="utf-8")
    return Registry(tmp_path)


def test_a_good_object_has_no_violation(registry: Registry) -> None:
    assert registry.validate(WIDGET, "1.36") == []


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("spec.sise", 1, "spec.sise: unknown field; did you mean 'size'?"),
        ("spec.size", 1.5, "spec.size: must be a whole number or a string, not 1.5"),
        (
            "spec.size",
            None,
            "spec.size: must be a whole number or a string, not null; leave the field out instead",
        ),
        ("spec.tags", ["a", "a"], "spec.tags: holds an item twice"),
        (
            "spec.ports",
            [{"port": 1}, {"port": 1, "protocol": "TCP"}],
            "items 0 and 1 have the same port and protocol",
        ),
        ("spec.ports", [{"port": 1, "a": 1}], "spec.ports[0].a: unknown field"),
        ("spec.count", 2**31, "spec.count: must be at most 2147483647"),
        ("spec.count", 0, "spec.count: must be at least 1"),
        ("spec.count", 3, "spec: is not valid (oneOf)"),
        ("spec.child", {"kind": "A"}, "spec.child.apiVersion: is required"),
        ("spec", ..., "spec: is required"),
        ("status", {}, "status: unknown field"),
        ("metadata.name", "abcdef", "metadata.name: must have at most 5 characters, not 6"),
        ("metadata.namespace", ..., "metadata.namespace: is required"),
        (
            "apiVersion",
            "example.org/v1alpha1",
            "apiVersion: the CRD knows Widget as example.org/v1 only",
        ),
    ],
)
def test_what_a_crd_refuses(registry: Registry, path: str, value: Any, expected: str) -> None:
    violations = [str(violation) for violation in registry.validate(changed(WIDGET, path, value), "1.36")]
    assert any(expected in text for text in violations), violations


def test_kinds_without_a_crd_fall_back(registry: Registry) -> None:
    assert registry.validate(s.POOL, "1.36") == []
    assert registry.validate(s.SERVICE, "1.36") == []
    assert registry.validate(changed(s.POOL, "spec.x", 1), "1.36")


@pytest.mark.parametrize("dump", [{"indent": 4}, {"default_flow_style": True}, {"width": 10_000}])
def test_crds_are_found_however_they_are_written(tmp_path: Path, dump: dict[str, Any]) -> None:
    other = changed(CRD, "spec.names.kind", "Gadget")
    text = yaml.safe_dump_all([{"kind": "ConfigMap"}, CRD, other], **dump)
    (tmp_path / "all.yml").write_text(text, encoding="utf-8")
    index = CrdIndex(tmp_path)
    assert index.kinds() == [("example.org", "Gadget"), ("example.org", "Widget")]
    assert index.crd("example.org", "Gadget") == other
    assert index.crd("example.org", "Missing") is None


def test_a_missing_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match="is not a directory of CRDs"):
        Registry(tmp_path / "none")


def test_only_served_versions_have_a_schema() -> None:
    assert list(strict_schemas(CRD)) == ["example.org/v1"]


@pytest.mark.parametrize(
    ("node", "good", "bad"),
    [
        ({"type": "object"}, {}, {"a": 1}),
        ({"type": "object", "additionalProperties": True}, {"a": 1}, []),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"a": "b"}, {"a": 1}),
        (
            {"type": "object", "properties": {"a": {}}, "x-kubernetes-preserve-unknown-fields": True},
            {"b": 1},
            1,
        ),
        ({"type": "string", "format": "byte"}, "aGk=", "hi!"),
        ({"type": "string", "format": "ipv4"}, "10.0.0.1", "10.0.0"),
        ({"type": "string", "format": "int-or-whatever"}, "x", 1),
        ({"type": "integer", "format": "int64"}, 2**40, 2**63),
        ({"type": "number", "minimum": 0, "exclusiveMinimum": True}, 0.1, 0),
        ({"type": "string", "pattern": "^(?i)(abort|warn)?$"}, "WARN", "x"),
        ({"type": "string", "allOf": [{"maxLength": 3}, {"enum": ["a", "b"]}]}, "a", "c"),
        (
            {"type": "object", "properties": {"a": {"type": "string"}}, "not": {"required": ["a"]}},
            {},
            {"a": "b"},
        ),
    ],
)
def test_a_node_means_what_the_api_server_reads(node: Json, good: Any, bad: Any) -> None:
    check = compiled(strict(node)).check
    assert check(good) == []
    assert check(bad) != []


@requires_crds
@pytest.mark.parametrize(
    "obj", [obj for obj in s.VALID if "." in obj["apiVersion"]], ids=lambda obj: obj["kind"]
)
def test_the_samples_are_valid_by_the_real_crds(obj: Json) -> None:
    assert Registry(CRDS).validate(obj, "1.36") == []
