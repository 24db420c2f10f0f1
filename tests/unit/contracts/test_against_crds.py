"""Whatever a contract allows, the CRD must allow: by comparing both, and by generated objects."""

from __future__ import annotations

import re
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.contracts import documents
from components.contracts.crds import strict_schemas
from components.contracts.documents import Contract, Json
from components.contracts.registry import Compiled, compiled
from tests.support.cel import cel_violations, rules
from tests.support.crds import CRDS, index, requires_crds
from tests.support.schema_objects import objects
from tests.support.schema_subset import excesses

KINDS = [(group, kind) for group, kinds in documents.kinds().items() for kind in kinds]
# Not among the CRDs that the tests compare with.
WITHOUT_CRD = {
    ("agentgateway.dev", "AgentgatewayParameters"),
    ("agentgateway.dev", "AgentgatewayPolicy"),
    ("networking.gke.io", "GCPBackendPolicy"),
    ("networking.gke.io", "HealthCheckPolicy"),
}
COVERED = [kind for kind in KINDS if kind not in WITHOUT_CRD]

pytestmark = [requires_crds, pytest.mark.slow]


def _contract(group: str, kind: str) -> Contract:
    contract = documents.contract(group, kind)
    assert contract is not None
    return contract


def _crd(group: str, kind: str) -> Json:
    crd = index().crd(group, kind)
    assert crd is not None, f"no CRD of {kind} in {CRDS.name}/"
    return crd


@cache
def _ours(group: str, kind: str) -> Compiled:
    return compiled(_contract(group, kind).schema)


@cache
def _theirs(group: str, kind: str, api_version: str) -> Compiled:
    return compiled(strict_schemas(_crd(group, kind))[api_version])


@cache
def _words(group: str, kind: str) -> tuple[str, ...]:
    """The texts that the rules of a CRD speak of."""
    return tuple(sorted(set(re.findall(r"'([^' ]+)'", "\n".join(rules(_crd(group, kind)))))))


def test_only_the_listed_kinds_lack_a_crd() -> None:
    assert [kind for kind in KINDS if kind not in index().kinds()] == sorted(WITHOUT_CRD)


@pytest.mark.parametrize(("group", "kind"), COVERED)
def test_every_apiversion_is_served_with_the_same_scope(group: str, kind: str) -> None:
    contract, spec = _contract(group, kind), _crd(group, kind)["spec"]
    served = {f"{group}/{version['name']}" for version in spec["versions"] if version["served"]}
    assert set(contract.api_versions) <= served
    assert contract.scope == spec["scope"]


@pytest.mark.parametrize(("group", "kind"), COVERED)
def test_the_contract_is_within_the_crd(group: str, kind: str) -> None:
    contract, versions = _contract(group, kind), _crd(group, kind)["spec"]["versions"]
    for version in versions:
        if f"{group}/{version['name']}" in contract.api_versions:
            schema = version["schema"]["openAPIV3Schema"]
            for field, node in contract.schema["properties"].items():
                if field not in ("apiVersion", "kind", "metadata"):
                    assert list(excesses(contract.schema, node, schema["properties"][field], field)) == []


@pytest.mark.parametrize(("group", "kind"), COVERED)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_generated_objects_are_valid_by_the_crd_and_its_rules(
    group: str, kind: str, data: st.DataObject
) -> None:
    obj = data.draw(objects(_ours(group, kind), _words(group, kind)))
    assert _theirs(group, kind, obj["apiVersion"]).check(obj) == []
    assert cel_violations(obj, _crd(group, kind)) == []
