"""Monitors and rules against the CRDs of the Prometheus operator."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from tests.support.crds import index, requires_crds
from tests.unit.monitoring.example import evaluated

GROUP = "monitoring.coreos.com"
OBJECTS = [*evaluated().monitors, *evaluated().rules]
every_object = pytest.mark.parametrize(
    "manifest", OBJECTS, ids=lambda m: f"{m['kind']}-{m['metadata']['name']}"
)


def defaulted(value: Any, schema: dict[str, Any]) -> Any:
    """A value with the defaults that the API server fills in."""
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        missing = {name: node["default"] for name, node in properties.items() if "default" in node}
        return {
            name: defaulted(item, properties.get(name, {})) for name, item in {**missing, **value}.items()
        }
    if isinstance(value, list):
        return [defaulted(item, schema.get("items", {})) for item in value]
    return value


@requires_crds
@every_object
def test_the_crd_takes_it(manifest: dict[str, Any]) -> None:
    schema = index().schemas(GROUP, manifest["kind"])[manifest["apiVersion"]]
    errors = jsonschema_rs.validator_for(schema).iter_errors(manifest)
    assert [f"{list(error.instance_path)}: {error.message}" for error in errors] == []


@requires_crds
@every_object
def test_the_api_server_adds_no_default(manifest: dict[str, Any]) -> None:
    crd = index().crd(GROUP, manifest["kind"])
    assert crd is not None
    (version,) = [one for one in crd["spec"]["versions"] if one["name"] == "v1"]
    schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert defaulted(manifest["spec"], schema) == manifest["spec"]
