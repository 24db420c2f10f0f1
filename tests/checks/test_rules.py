"""Every rule is proved by what it must find and by what it must leave alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from scripts.check.model import Hit
from scripts.check.rule import rules
from tests.support.check_fixtures import ROOT, Fixture, fixtures, hits, hits_of, views

BASES = sorted(path.stem for path in (ROOT / "_bases").glob("*.yaml"))


@pytest.mark.parametrize("rule_id", rules())
def test_rule_has_both_fixtures(rule_id: str) -> None:
    names = {path.name.partition(".")[0] for path in (ROOT / rule_id).glob("*.yaml")}
    assert names == {"success", "failure"}, f"tests/checks/{rule_id}/ needs success.*.yaml and failure.*.yaml"


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda fixture: fixture.id)
def test_fixture(fixture: Fixture) -> None:
    assert fixture.rule in rules(), f"no rule {fixture.rule}"
    found = hits(fixture)
    expected = fixture.text.get("expect") or []
    assert bool(expected) == fixture.fails, "a failure says what it expects, a success expects nothing"
    missing = [one for one in expected if not any(_fits(hit, one) for hit in found)]
    beyond = [hit for hit in found if not any(_fits(hit, one) for one in expected)]
    assert not missing, f"not found: {missing}; found: {[_told(hit) for hit in found]}"
    assert not beyond, f"found beyond what is expected: {[_told(hit) for hit in beyond]}"


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("rule_id", rules())
def test_base_is_quiet(rule_id: str, base: str) -> None:
    found = hits_of(rule_id, views({"base": base}))
    assert not found, [_told(hit) for hit in found]


def _fits(hit: Hit, expected: Mapping[str, Any]) -> bool:
    at = hit.at if isinstance(hit.at, str) else hit.at.ref
    return (
        at == (expected.get("object") or expected.get("target"))
        and hit.field == expected.get("field", "")
        and expected.get("message", "") in hit.message
        and expected.get("level", hit.level) == hit.level
    )


def _told(hit: Hit) -> str:
    at = hit.at if isinstance(hit.at, str) else hit.at.ref
    return f"{at} {hit.field}: {hit.message}"
