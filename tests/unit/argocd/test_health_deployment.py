"""Health of Deployments: Argo CD's rules for all, and ours for Endpoint Pickers with standbys."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.objects import one
from tests.support.stacks import make_stack
from tests.unit.argocd.lua import health, run

DEADLINE = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
PROGRESS = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}


def status(updated: int, available: int, replicas: int | None = None, **more: Any) -> dict[str, Any]:
    return {
        "observedGeneration": 3,
        "replicas": updated if replicas is None else replicas,
        "updatedReplicas": updated,
        "availableReplicas": available,
        "conditions": [PROGRESS],
        **more,
    }


def deployment(replicas: int, state: dict[str, Any] | None, **spec: Any) -> dict[str, Any]:
    obj: dict[str, Any] = {
        "metadata": {"name": "litellm", "generation": 3},
        "spec": {
            "replicas": replicas,
            "template": {"metadata": {"labels": {}}, "spec": {"containers": [{"name": "a"}]}},
            **spec,
        },
    }
    return obj if state is None else obj | {"status": state}


def picker(replicas: int, state: dict[str, Any] | None, **epp: Any) -> dict[str, Any]:
    """The Endpoint Picker as it is compiled, as the API server would show it."""
    compiled = one(make_stack(gateway={"epp": {"replicas": replicas, **epp}}), "Deployment")
    live = {**compiled, "metadata": {**compiled["metadata"], "generation": 3}}
    return live if state is None else live | {"status": state}


def of(obj: dict[str, Any]) -> str:
    return health("apps", "Deployment", obj)


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        pytest.param(deployment(2, status(2, 2)), "Healthy", id="all available"),
        pytest.param(deployment(0, status(0, 0)), "Healthy", id="scaled to zero"),
        pytest.param(deployment(2, None), "Progressing", id="no status yet"),
        pytest.param(deployment(2, status(2, 2, observedGeneration=2)), "Progressing", id="not seen yet"),
        pytest.param(deployment(2, status(1, 2, 3)), "Progressing", id="not all made"),
        pytest.param(deployment(2, status(2, 2, 3)), "Progressing", id="an old one is left"),
        pytest.param(deployment(2, status(2, 1)), "Progressing", id="one not available"),
        pytest.param(deployment(2, status(2, 1, conditions=[DEADLINE])), "Degraded", id="deadline exceeded"),
        pytest.param(deployment(2, status(2, 2), paused=True), "Suspended", id="paused"),
        pytest.param(deployment(2, status(2, 2), paused=False), "Healthy", id="not paused"),
        pytest.param(
            deployment(2, status(2, 2)) | {"metadata": {"generation": 3, "deletionTimestamp": "x"}},
            "Progressing",
            id="being deleted",
        ),
    ],
)
def test_any_deployment(obj: dict[str, Any], expected: str) -> None:
    assert of(obj) == expected


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        pytest.param(picker(2, status(2, 1)), "Healthy", id="leader and standby"),
        pytest.param(picker(3, status(3, 1)), "Healthy", id="leader and two standbys"),
        pytest.param(
            picker(2, status(2, 1, conditions=[DEADLINE])), "Healthy", id="the deadline means nothing"
        ),
        pytest.param(picker(2, status(1, 1)), "Healthy", id="leader while the standby is made"),
        pytest.param(picker(2, status(2, 0)), "Progressing", id="no leader yet"),
        pytest.param(picker(2, status(2, 0, conditions=[DEADLINE])), "Degraded", id="never a leader"),
        pytest.param(picker(2, status(0, 1, 2)), "Progressing", id="old leader only"),
        pytest.param(picker(2, status(2, 1, 3)), "Progressing", id="an old pod is left"),
        pytest.param(picker(2, status(2, 1, observedGeneration=2)), "Progressing", id="not seen yet"),
        pytest.param(picker(2, None), "Progressing", id="no status yet"),
        pytest.param(picker(1, status(1, 1)), "Healthy", id="single and available"),
        pytest.param(picker(1, status(1, 0)), "Progressing", id="single and not available"),
        pytest.param(picker(1, status(1, 0, conditions=[DEADLINE])), "Degraded", id="single, too late"),
        pytest.param(
            picker(2, status(2, 1), flags={"ha-enable-leader-election": False}),
            "Progressing",
            id="active-active: every replica counts",
        ),
    ],
)
def test_an_endpoint_picker(obj: dict[str, Any], expected: str) -> None:
    assert of(obj) == expected


def test_somebody_elses_leader_election_is_judged_as_usual() -> None:
    container = {"name": "a", "args": ["--ha-enable-leader-election=true"]}
    template = {"metadata": {"labels": {"app.kubernetes.io/component": "controller"}}}
    obj = deployment(2, status(2, 1), template=template | {"spec": {"containers": [container]}})
    assert of(obj) == "Progressing"


def test_the_message_says_why_one_of_two_is_enough() -> None:
    assert run("deployment", picker(2, status(2, 1)))[1].startswith(
        "1 of 2 replicas are available: the leader"
    )


def documented(wanted: int, state: dict[str, Any]) -> str:
    """The rules of argo-cd v3.5 docs/operator-manual/health.md and of kubectl rollout status."""
    if state["observedGeneration"] < 3:
        return "Progressing"
    if DEADLINE in state["conditions"]:
        return "Degraded"
    done = (
        state["updatedReplicas"] >= wanted
        and state["replicas"] <= state["updatedReplicas"]
        and state["availableReplicas"] >= state["updatedReplicas"]
    )
    return "Healthy" if done else "Progressing"


counts = st.integers(min_value=0, max_value=4)


@given(
    wanted=counts,
    state=st.fixed_dictionaries(
        {
            "observedGeneration": st.integers(2, 3),
            "replicas": counts,
            "updatedReplicas": counts,
            "availableReplicas": counts,
            "conditions": st.sampled_from([[], [PROGRESS], [DEADLINE], [PROGRESS, DEADLINE]]),
        }
    ),
)
def test_it_follows_the_documented_rules(wanted: int, state: dict[str, Any]) -> None:
    assert of(deployment(wanted, state)) == documented(wanted, state)
