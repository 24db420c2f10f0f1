"""Variants of the mixin's parameters: what is left out because nothing looks at it would have been the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
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


def single(base: mixin.Parameters, count: int) -> list[mixin.Parameters]:
    """Fleets of one stack each, of two kinds."""
    root = json.loads(base)
    first, second = root["stacks"].values()
    return [
        json.dumps({**root, "stacks": {f"stack-{number}": {**one, "minReplicas": 1 + number}}})
        for number in range(count)
        for one in (first, {**second, "metricsPort": None, "slo": {"ttftP95Seconds": 1.0}})
    ]


def test_stacks_that_are_looked_at_alike_make_the_same(
    base: mixin.Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluated: list[int] = []
    original = mixin._evaluated

    def counting(variants: Sequence[mixin.Parameters], function: str) -> dict[mixin.Parameters, Any]:
        evaluated.append(len(variants))
        return original(variants, function)

    every = single(base, 6)
    rules = mixin.Wanted("PrometheusRule", "inference-alerts", 1, 3)
    plain = mixin.objects(every, rules), mixin.alerts(every), mixin.kinds(every)
    monkeypatch.setattr(mixin, "_evaluated", counting)
    assert (mixin.objects(every, rules, every[0]), mixin.alerts(every, every[0])) == plain[:2]
    assert sum(evaluated) < len(every)
    # the number of replicas is in the facts of a stack, and its name is that of their object
    facts = mixin.Wanted("PrometheusRule", "inference-stack-stack-0", 2, 3)
    assert mixin.objects(every, facts, every[0]) == mixin.objects(every, facts)
    assert mixin.kinds(every, every[0]) == plain[2]
