"""Variants of the mixin's parameters: what is left out because nothing looks at it would have been the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from components.compile import trial
from scripts.explain import mixin
from scripts.explain.variants import MONITORING
from scripts.explain.workshop import Workshop

CLUSTER = "lab-l4"


@pytest.fixture(scope="module")
def base(workshop: Workshop) -> mixin.Parameters:
    study = workshop.fleet(f"{CLUSTER}.cluster")
    found = mixin.parameters(trial.fleet(study.own, list(study.stacks.values())[:2]))
    assert found is not None
    return found


def variants(value: Any, root: Any) -> Iterator[mixin.Parameters]:
    """The parameters with each text or number in turn another one, and each map without its first entry."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        if isinstance(item, str | int) and not isinstance(item, bool):
            value[key] = f"{item}x" if isinstance(item, str) else item + 1
            yield json.dumps(root)
            value[key] = item
        yield from variants(item, root)
    if isinstance(value, dict) and value:
        key = next(iter(value))
        item = value.pop(key)
        yield json.dumps(root)
        value[key] = item


def test_what_is_not_looked_at_makes_no_difference(workshop: Workshop, base: mixin.Parameters) -> None:
    root = json.loads(base)
    every = list(variants(root, root))
    objects = workshop.fleet(f"{CLUSTER}.cluster").base(MONITORING)
    by_kind = {one["kind"]: one for one in objects.values()}
    for one in by_kind.values():
        which = mixin.Wanted(one["kind"], one["metadata"]["name"], 0, 1)
        assert mixin.objects(every, which, base) == mixin.objects(every, which)
    assert mixin.kinds(every, base) == mixin.kinds(every)
    assert mixin.alerts(every, base) == mixin.alerts(every)


def test_something_is_left_out(base: mixin.Parameters) -> None:
    root = json.loads(base)
    (traced,) = mixin._traced([base], "kinds")
    alike = [params for params in variants(root, root) if traced.is_same(json.loads(params))]
    assert len(alike) > 20
