"""Every rule is proved by what it must find and by what it must leave alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from scripts.check.fleet import FleetView
from scripts.check.model import Hit
from scripts.check.rule import declared_rules, rules
from scripts.check.running import cluster_hits
from tests.support.check_bases import ROOT
from tests.support.check_fixtures import Fixture, fixtures, hits, views

BASES = sorted(path.stem for path in (ROOT / "_bases").glob("*.yaml"))


@pytest.mark.parametrize("rule_id", declared_rules())
def test_rule_has_both_fixtures(rule_id: str) -> None:
    names = {path.name.partition(".")[0] for path in (ROOT / rule_id).glob("*.yaml")}
    assert names == {"success", "failure"}, f"tests/checks/{rule_id}/ needs success.*.yaml and failure.*.yaml"


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda fixture: fixture.id)
def test_fixture(fixture: Fixture) -> None:
    assert fixture.rule in rules(), f"no rule {fixture.rule}"
    found = hits(rules()[fixture.rule], fixture.text)
    expected = fixture.text.get("expect") or []
    assert bool(expected) == fixture.fails, "a failure says what it expects, a success expects nothing"
    missing = [one for one in expected if not any(_fits(hit, one) for hit in found)]
    beyond = [hit for hit in found if not any(_fits(hit, one) for one in expected)]
    assert not missing, f"not found: {missing}; found: {[_told(hit) for hit in found]}"
    assert not beyond, f"found beyond what is expected: {[_told(hit) for hit in beyond]}"


@pytest.mark.parametrize("base", BASES)
def test_base_is_quiet(base: str) -> None:
    fleet = views({"base": base})
    whole = FleetView({name: view.declared for name, view in fleet.items()})
    found = [
        f"{rule.id}: {_told(hit)}"
        for rule in rules().values()
        for hit in (
            rule.check(whole)
            if rule.scope == "fleet"
            else (hit for view in fleet.values() for hit in cluster_hits(rule, view))
        )
        if (hit.level or rule.level) != "note"
    ]
    assert not found, found


def _fits(hit: Hit, expected: Mapping[str, Any]) -> bool:
    """Object or target, field, place (``file:line:column``) and level as given; the message holds the words."""
    return (
        _at(hit) == (expected.get("object") or expected.get("target") or "")
        and _same_field(hit.field, expected.get("field", ""))
        and str(hit.place or "") == expected.get("place", str(hit.place or ""))
        and expected.get("message", "") in hit.message
        and expected.get("level", hit.level) == hit.level
    )


def _same_field(found: str, expected: str) -> bool:
    """Whether they are equal; ``[*]`` stands for any index."""
    pattern = re.escape(expected).replace(re.escape("[*]"), r"\[\d+\]")
    return re.fullmatch(pattern, found) is not None


def _at(hit: Hit) -> str:
    return hit.at if isinstance(hit.at, str) else hit.at.ref


def _told(hit: Hit) -> str:
    return f"{hit.place or ''} {_at(hit)} {hit.field}: {hit.message}"
