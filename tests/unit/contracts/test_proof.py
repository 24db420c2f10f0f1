"""That the proof of test_against_crds.py finds a contract that allows too much, and that CEL rules are evaluated."""

from __future__ import annotations

import copy
import datetime
from typing import Any

import pytest

from components.contracts import documents
from components.contracts.crds import strict_schemas
from components.contracts.documents import Json, at
from components.contracts.registry import compiled
from tests.support.cel import FUNCTIONS, cel_violations, defaulted, escaped, rules, typed
from tests.support.cel import compiled as program
from tests.support.crds import index, requires_crds
from tests.support.schema_objects import made
from tests.support.schema_subset import excesses
from tests.unit.contracts import samples as s
from tests.unit.contracts.samples import changed

GATEWAY, ENVOY = "gateway.networking.k8s.io", "gateway.envoyproxy.io"
# Where a contract holds what, and how it is loosened there: a value, or `...` to take it away.
COMPARED: list[tuple[str, str, str, Any, str]] = [
    (
        "inference.networking.k8s.io",
        "InferencePool",
        "properties.spec.properties.targetPorts.maxItems",
        9,
        "is above 8",
    ),
    (
        "inference.networking.k8s.io",
        "InferencePool",
        "properties.spec.properties.targetPorts.minItems",
        ...,
        "is below 1",
    ),
    ("inference.networking.k8s.io", "InferencePool", "properties.spec.required", [], "must require selector"),
    (
        "inference.networking.k8s.io",
        "InferencePool",
        "properties.spec.properties.extra",
        {"type": "string"},
        "is no field",
    ),
    (
        "inference.networking.k8s.io",
        "InferencePool",
        "properties.spec.properties.appProtocol.enum",
        ["grpc"],
        "is no value",
    ),
    (
        "inference.networking.k8s.io",
        "InferencePool",
        "$defs.common.yaml.$defs.port.maximum",
        65536,
        "is above 65535",
    ),
    (
        "inference.networking.k8s.io",
        "InferencePool",
        "$defs.common.yaml.$defs.labelValue.pattern",
        "^.*$",
        "is no value",
    ),
    (
        "inference.networking.k8s.io",
        "InferencePool",
        "$defs.common.yaml.$defs.labelValue.maxLength",
        ...,
        "maxLength None",
    ),
    (GATEWAY, "Gateway", "properties.spec.properties.listeners.allOf", [], "needs uniqueBy ['name']"),
    (GATEWAY, "Gateway", "$defs.listener.properties.tls.additionalProperties", ..., "is open"),
    (GATEWAY, "HTTPRoute", "$defs.gateway.yaml.$defs.headerNames.uniqueItems", ..., "needs uniqueItems"),
    (GATEWAY, "HTTPRoute", "$defs.match.properties.method", {"type": "string"}, "must list its values"),
    ("keda.sh", "ScaledObject", "$defs.common.yaml.$defs.nonNegative.maximum", ..., "is above 2147483647"),
    ("keda.sh", "ScaledObject", "$defs.trigger.properties.useCachedMetrics.type", "string", "are not within"),
]
GENERATED = [
    ("inference.networking.k8s.io", "InferencePool", "properties.spec.properties.targetPorts.uniqueBy"),
    (GATEWAY, "HTTPRoute", "$defs.path.if"),
    (GATEWAY, "HTTPRoute", "$defs.rule.allOf"),
    (GATEWAY, "HTTPRoute", "$defs.gateway.yaml.$defs.parentRefs.if"),
    (GATEWAY, "HTTPRoute", "$defs.gateway.yaml.$defs.timeouts.notLonger"),
    (GATEWAY, "Gateway", "$defs.listener.allOf"),
    (GATEWAY, "BackendTLSPolicy", "properties.spec.properties.validation.oneOf"),
    (ENVOY, "EnvoyExtensionPolicy", "$defs.extProc.if"),
    (ENVOY, "EnvoyExtensionPolicy", "$defs.metadataNamespace.not"),
    (ENVOY, "Backend", "$defs.tls.not"),
    ("keda.sh", "ScaledObject", "properties.spec.notAbove"),
]


def loosened(group: str, kind: str, path: str, value: Any = ...) -> Json:
    contract = documents.contract(group, kind)
    assert contract is not None
    schema = copy.deepcopy(contract.schema)
    *parents, last = path.replace(".yaml", "\0").split(".")
    node = at(schema, [key.replace("\0", ".yaml") for key in parents])
    if value is ...:
        del node[last]
    else:
        node[last] = value
    if last == "if":
        node.pop("then", None)
        node.pop("else", None)
    return schema


@requires_crds
@pytest.mark.parametrize(("group", "kind", "path", "value", "expected"), COMPARED)
def test_the_comparison_finds_a_loosened_contract(
    group: str, kind: str, path: str, value: Any, expected: str
) -> None:
    schema, crd = loosened(group, kind, path, value), index().crd(group, kind)
    assert crd is not None
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    found = list(excesses(schema, schema["properties"]["spec"], spec, "spec"))
    assert any(expected in text for text in found), found


@requires_crds
@pytest.mark.parametrize(("group", "kind", "path"), GENERATED)
def test_generated_objects_find_a_loosened_contract(group: str, kind: str, path: str) -> None:
    contract, crd = compiled(loosened(group, kind, path)), index().crd(group, kind)
    assert crd is not None
    theirs = {api: compiled(schema) for api, schema in strict_schemas(crd).items()}
    made_objects = (made(contract, ("envoy.filters.http",), seed) for seed in range(400))
    assert any(theirs[obj["apiVersion"]].check(obj) or cel_violations(obj, crd) for obj in made_objects)


@requires_crds
@pytest.mark.parametrize(
    ("group", "kind"), [(group, kind) for group, kinds in documents.kinds().items() for kind in kinds]
)
def test_every_rule_of_a_crd_can_be_evaluated(group: str, kind: str) -> None:
    crd = index().crd(group, kind)
    for rule in rules(crd) if crd else ():
        functions = {name for name in program(rule).functions() if name.isidentifier()}
        assert functions <= FUNCTIONS.keys() | BUILT_IN, rule


BUILT_IN = {
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "duration",
    "timestamp",
    "string",
    "int",
    "double",
    "has",
}


@requires_crds
@pytest.mark.parametrize(
    ("obj", "path", "value", "expected"),
    [
        (
            s.POOL,
            "spec.targetPorts",
            [{"number": 1}, {"number": 1}],
            "spec.targetPorts: port number must be unique",
        ),
        (
            s.POOL,
            "spec.endpointPickerRef.port",
            ...,
            "spec.endpointPickerRef: port is required when kind is 'Service'",
        ),
        (s.POOL, "spec.endpointPickerRef", {"name": "a"}, "spec.endpointPickerRef: port is required"),
        (s.EXTENSION, "spec.extProc.0.failOpen", True, "FailOpen must be false"),
        (s.ROUTE, "spec.rules.0.backendRefs.0.port", ..., "Must have port for Service reference"),
        (s.ROUTE, "spec.rules.0.matches.0.path.value", "/a//b", "must not contain '//'"),
        (s.ROUTE, "spec.parentRefs.0.namespace", "other", None),
        (
            s.SCALER,
            "spec.minReplicaCount",
            9,
            "minReplicaCount must be less than or equal to maxReplicaCount",
        ),
        (
            changed(s.SCALER, "spec.minReplicaCount", 101),
            "spec.maxReplicaCount",
            ...,
            "minReplicaCount must be",
        ),
    ],
)
def test_the_rules_of_the_real_crds(obj: Json, path: str, value: Any, expected: str | None) -> None:
    crd = index().crd(obj["apiVersion"].partition("/")[0], obj["kind"])
    assert crd is not None
    found = cel_violations(changed(obj, path, value), crd)
    assert any(expected in text for text in found) if expected else found == [], found


def crd_with(rule: Json, schema: Json) -> Json:
    spec = {"type": "object", "properties": {"a": {**schema, "x-kubernetes-validations": [rule]}}}
    version = {
        "name": "v1",
        "served": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
    }
    names = {"kind": "Thing", "plural": "things"}
    return {
        "metadata": {"name": "things.x.y"},
        "spec": {"group": "x.y", "names": names, "versions": [version]},
    }


def evaluated(rule: Json, schema: Json, value: Any) -> list[str]:
    return cel_violations(
        {"apiVersion": "x.y/v1", "kind": "Thing", "spec": {"a": value}}, crd_with(rule, schema)
    )


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        ({"rule": "self == 'b'"}, "b", []),
        ({"rule": "self == 'b'", "message": "be b"}, "c", ["spec.a: be b"]),
        ({"rule": "self == 'b'"}, "c", ["spec.a: failed rule: self == 'b'"]),
        ({"rule": "self == 'b'", "messageExpression": "'not ' + self"}, "c", ["spec.a: not c"]),
        (
            {"rule": "self == 'b'", "messageExpression": "nope(self)"},
            "c",
            ["spec.a: failed rule: self == 'b'"],
        ),
        ({"rule": "self == oldSelf"}, "c", []),
        ({"rule": "isIP(self)"}, "10.0.0.1", []),
        ({"rule": "isIP(self)", "message": "no IP"}, "10.0.0", ["spec.a: no IP"]),
        ({"rule": "isCIDR(self)"}, "10.0.0.0/8", []),
        ({"rule": "self.lowerAscii() == 'äb' && self.upperAscii() == 'äB'"}, "äB", []),
        ({"rule": "self.split('/')[0].size() < 3 && self.substring(1, 2) == 'b'"}, "ab/c", []),
    ],
)
def test_a_rule_is_evaluated(rule: Json, value: str, expected: list[str]) -> None:
    assert evaluated(rule, {"type": "string"}, value) == expected


@pytest.mark.parametrize(
    "rule",
    [
        {"rule": "quantity(self).isGreaterThan(quantity('1'))"},
        {"rule": "self.nope() == 1"},
        {"rule": "self.b == 1"},
        {"rule": "self ==="},
        {"rule": "self.substring(5) == ''"},
        {"rule": "self == oldSelf", "optionalOldSelf": True},
    ],
)
def test_a_rule_that_cannot_be_evaluated_never_passes(rule: Json) -> None:
    (found,) = evaluated(rule, {"type": "string"}, "a")
    assert "rule not evaluated" in found


def test_an_object_of_another_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="is not served by"):
        cel_violations(
            {"apiVersion": "x.y/v2", "kind": "Thing"}, crd_with({"rule": "true"}, {"type": "string"})
        )


def test_defaults_are_those_of_the_schema() -> None:
    schema = {
        "properties": {
            "a": {"default": {"b": 1}, "properties": {"c": {"default": 2}}},
            "d": {"items": {"properties": {"e": {"default": "x"}}}},
            "f": {"additionalProperties": {"properties": {"g": {"default": True}}}},
        }
    }
    assert defaulted({"d": [{}], "f": {"k": {}}}, schema) == {
        "a": {"b": 1, "c": 2},
        "d": [{"e": "x"}],
        "f": {"k": {"g": True}},
    }


def test_values_are_typed_by_the_schema() -> None:
    schema = {
        "properties": {
            "namespace": {},
            "a-b": {},
            "ratio": {"type": "number"},
            "when": {"format": "date-time"},
            "raw": {"format": "byte"},
            "labels": {"additionalProperties": {"type": "string"}},
        }
    }
    value = {
        "namespace": "n",
        "a-b": 1,
        "ratio": 1,
        "when": "2026-01-01T00:00:00Z",
        "raw": "aGk=",
        "labels": {"a-b": "c"},
    }
    assert typed(value, schema) == {
        "__namespace__": "n",
        "a__dash__b": 1,
        "ratio": 1.0,
        "when": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        "raw": b"aGk=",
        "labels": {"a-b": "c"},
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [("a", "a"), ("in", "__in__"), ("a.b/c", "a__dot__b__slash__c"), ("a__b", "a__underscores__b")],
)
def test_a_field_name_is_escaped(name: str, text: str) -> None:
    assert escaped(name) == text
