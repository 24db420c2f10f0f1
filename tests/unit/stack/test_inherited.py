"""Settings of the gateway without effect: a mistake where the stack makes them, none where the cluster does."""

from __future__ import annotations

from typing import Any

import pytest

from components.common.errors import Mistake, MistakesError
from components.stack.load import load_stack
from tests.support.stacks import cluster_params, stack_params, wired

_OFF: dict[str, Any] = {"gateway": {"enabled": False}}
_NO_POOL: dict[str, Any] = {"gateway": {"pool": {"enabled": False}}}
_SHARED: dict[str, Any] = {
    "gateway": {"shared": "s"},
    "cluster": {"sharedGateways": {"s": {"wiring": "envoy-extension-policy"}}},
}

CASES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (_OFF, {"epp": {"replicas": 3}}, "gateway.epp.replicas"),
    (_OFF, {"streamIdle": "60s"}, "gateway.streamIdle"),
    (_OFF, {"pool": {"failureMode": "FailClose"}}, "gateway.pool.failureMode"),
    (_NO_POOL, {"epp": {"scorers": {"queue-scorer": 1.0}}}, "gateway.epp.scorers"),
    (_NO_POOL, {"pool": {"failureMode": "FailClose"}}, "gateway.pool.failureMode"),
    (_NO_POOL, {"extensionPolicy": False}, "gateway.extensionPolicy"),
    (_SHARED, {"className": "other"}, "gateway.className"),
    (wired("istio"), {"streamIdle": "60s"}, "gateway.streamIdle"),
    (wired("agentgateway"), {"streamIdle": "60s"}, "gateway.streamIdle"),
    (wired("gke"), {"streamIdle": "60s"}, "gateway.streamIdle"),
]


def _mistakes(base: dict[str, Any], own: dict[str, Any], default: dict[str, Any]) -> list[Mistake]:
    stack = stack_params(**base)
    gateway = stack.setdefault("gateway", {})
    for key, value in own.items():
        gateway[key] = {**gateway[key], **value} if isinstance(gateway.get(key), dict) else value
    try:
        load_stack("eu-h100.llama-70b", stack, cluster_params(gateway=default))
    except MistakesError as error:
        return error.mistakes
    return []


@pytest.mark.parametrize(("base", "own", "key"), CASES)
def test_what_the_stack_sets(base: dict[str, Any], own: dict[str, Any], key: str) -> None:
    (mistake,) = _mistakes(base, own, {})

    assert ".".join(map(str, mistake.path)) == key
    assert mistake.message.startswith(f"{key} has no effect: ")


@pytest.mark.parametrize(("base", "own", "key"), CASES)
def test_what_the_cluster_sets(base: dict[str, Any], own: dict[str, Any], key: str) -> None:
    assert _mistakes(base, own, own) == []


def test_what_has_an_effect() -> None:
    own = {
        "epp": {"replicas": 3},
        "streamIdle": "60s",
        "className": "x",
        "pool": {"failureMode": "FailClose"},
    }

    assert _mistakes({}, own, {}) == []


def test_nothing_is_said_where_the_defaults_are_not_known() -> None:
    assert load_stack("eu-h100.llama-70b", stack_params(**_OFF)).gateway.enabled is False
    unknown = stack_params(gateway={"enabled": False, "epp": {"replicas": 3}})
    assert load_stack("eu-h100.llama-70b", unknown).gateway.epp.replicas == 3
