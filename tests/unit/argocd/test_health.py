"""Health of the other kinds, on statuses as their controllers write them."""

from __future__ import annotations

from typing import Any

import pytest

from components.argocd.health_checks import SCRIPTS
from tests.unit.argocd.lua import health, run

POLICIES = sorted(kind for kind, script in SCRIPTS.items() if script == "policy")
REFERENCED = sorted(kind for kind, script in SCRIPTS.items() if script == "referenced")
GENERATION = 4


def condition(kind: str, status: str, generation: int | None = GENERATION, **more: str) -> dict[str, Any]:
    seen = {} if generation is None else {"observedGeneration": generation}
    return {"type": kind, "status": status, "reason": status, "message": f"{kind} {status}", **seen, **more}


def live(status: dict[str, Any] | None) -> dict[str, Any]:
    obj: dict[str, Any] = {"metadata": {"name": "llama-70b", "generation": GENERATION}, "spec": {}}
    return obj if status is None else obj | {"status": status}


def judged(place: str, *parents: list[dict[str, Any]]) -> dict[str, Any]:
    return live({place: [{"conditions": conditions} for conditions in parents]})


ACCEPTED = condition("Accepted", "True")
REFUSED = condition("Accepted", "False")


@pytest.mark.parametrize("kind", POLICIES)
@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        pytest.param(live(None), "Progressing", id="no status"),
        pytest.param(live({"ancestors": []}), "Progressing", id="no ancestor"),
        pytest.param(judged("ancestors", [ACCEPTED]), "Healthy", id="accepted"),
        pytest.param(
            judged("ancestors", [ACCEPTED, condition("Overridden", "False")]), "Healthy", id="others' types"
        ),
        pytest.param(judged("ancestors", [ACCEPTED], [ACCEPTED]), "Healthy", id="accepted by two"),
        pytest.param(judged("ancestors", [ACCEPTED], [REFUSED]), "Degraded", id="refused by one"),
        pytest.param(
            judged("ancestors", [ACCEPTED, condition("ResolvedRefs", "False")]), "Degraded", id="no backend"
        ),
        pytest.param(judged("ancestors", [condition("Accepted", "Unknown")]), "Progressing", id="unknown"),
        pytest.param(judged("ancestors", [condition("Accepted", "True", 3)]), "Progressing", id="stale yes"),
        pytest.param(judged("ancestors", [condition("Accepted", "False", 3)]), "Progressing", id="stale no"),
        pytest.param(judged("ancestors", [condition("Accepted", "True", None)]), "Healthy", id="undated"),
    ],
)
def test_a_policy_waits_for_its_gateway(kind: tuple[str, str], obj: dict[str, Any], expected: str) -> None:
    assert health(*kind, obj) == expected


@pytest.mark.parametrize("kind", REFERENCED)
@pytest.mark.parametrize("place", ["parents", "ancestors"])
@pytest.mark.parametrize(
    ("parents", "expected"),
    [
        pytest.param([], "Healthy", id="nobody"),
        pytest.param([[ACCEPTED, condition("ResolvedRefs", "True")]], "Healthy", id="accepted"),
        pytest.param([[ACCEPTED], [REFUSED]], "Degraded", id="refused by one"),
        pytest.param([[ACCEPTED, condition("ResolvedRefs", "False")]], "Degraded", id="no Endpoint Picker"),
        pytest.param([[condition("Accepted", "False", 3)]], "Healthy", id="stale refusal"),
        pytest.param([[condition("Accepted", "Unknown")]], "Healthy", id="unknown"),
        pytest.param([[condition("Exported", "False")]], "Healthy", id="others' types"),
    ],
)
def test_a_referenced_object_waits_for_nobody(
    kind: tuple[str, str], place: str, parents: list[list[dict[str, Any]]], expected: str
) -> None:
    assert health(*kind, judged(place, *parents)) == expected


@pytest.mark.parametrize("kind", REFERENCED)
@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        pytest.param(live(None), "Healthy", id="no status"),
        pytest.param(live({"conditions": [ACCEPTED]}), "Healthy", id="accepted"),
        pytest.param(live({"conditions": [REFUSED]}), "Degraded", id="refused"),
        # Envoy AI Gateway names the condition after its meaning, GKE after the attachment.
        pytest.param(
            live({"conditions": [condition("NotAccepted", "False", None)]}), "Degraded", id="ai-gateway"
        ),
        pytest.param(live({"conditions": [condition("Attached", "False", None)]}), "Degraded", id="gke"),
        pytest.param(
            live({"conditions": [condition("Attached", "True", None)]}), "Healthy", id="gke attached"
        ),
    ],
)
def test_conditions_of_the_object_itself(kind: tuple[str, str], obj: dict[str, Any], expected: str) -> None:
    assert health(*kind, obj) == expected


def test_the_message_is_the_gateways() -> None:
    refused = condition("ResolvedRefs", "False", message="Service llm/epp does not exist")
    said = ("Degraded", "ResolvedRefs: Service llm/epp does not exist")
    assert run("referenced", judged("parents", [ACCEPTED, refused])) == said
    assert run("policy", judged("ancestors", [refused])) == said


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(None, "Healthy", id="analysis is off"),
        pytest.param({"validationMessages": [{"level": "WARNING"}]}, "Healthy", id="warning"),
        pytest.param(
            {"validationMessages": [{"level": "ERROR", "type": {"code": "IST0101", "name": "NotFound"}}]},
            "Degraded",
            id="error",
        ),
        pytest.param({"validationMessages": [{"level": "ERROR"}]}, "Degraded", id="error without a name"),
        pytest.param({"conditions": [condition("Reconciled", "False")]}, "Progressing", id="on its way"),
        pytest.param({"conditions": [condition("Reconciled", "True")]}, "Healthy", id="everywhere"),
    ],
)
def test_a_destination_rule(status: dict[str, Any] | None, expected: str) -> None:
    assert health("networking.istio.io", "DestinationRule", live(status)) == expected


READY = [condition("PredictorReady", "True"), condition("Ready", "True"), condition("Stopped", "False")]
LOADED = {"transitionStatus": "UpToDate"}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(None, "Progressing", id="no status"),
        pytest.param({"conditions": READY, "modelStatus": LOADED}, "Healthy", id="ready, Stopped=False"),
        pytest.param({"conditions": [*READY[:2], condition("Stopped", "True")]}, "Suspended", id="stopped"),
        pytest.param(
            {"conditions": [condition("Ready", "Unknown")], "modelStatus": LOADED},
            "Progressing",
            id="unknown",
        ),
        pytest.param(
            {"conditions": READY, "modelStatus": {"transitionStatus": "InProgress"}},
            "Progressing",
            id="loading",
        ),
        pytest.param(
            {"conditions": READY, "modelStatus": {"transitionStatus": "BlockedByFailedLoad"}},
            "Degraded",
            id="failed to load",
        ),
        pytest.param({"modelStatus": {"transitionStatus": "InvalidSpec"}}, "Degraded", id="invalid"),
    ],
)
def test_an_inference_service_for_an_old_argocd(status: dict[str, Any] | None, expected: str) -> None:
    assert health("serving.kserve.io", "InferenceService", live(status)) == expected


OURS = {"app.kubernetes.io/managed-by": "inferstack"}
SYNCED = {"history": [{"id": 0}], "operationState": {"phase": "Succeeded"}}


@pytest.mark.parametrize(
    ("labels", "status", "expected"),
    [
        pytest.param({}, None, "Progressing", id="new"),
        pytest.param({}, {"health": {"status": "Healthy"}}, "Healthy", id="somebody else's, never synced"),
        pytest.param(OURS, {"health": {"status": "Healthy"}}, "Progressing", id="ours, never synced"),
        pytest.param(OURS, {"health": {"status": "Missing"}}, "Missing", id="ours, nothing there"),
        pytest.param(
            OURS,
            {"health": {"status": "Healthy"}, "operationState": {"phase": "Running"}},
            "Progressing",
            id="ours, in its first sync",
        ),
        pytest.param(OURS, SYNCED | {"health": {"status": "Healthy"}}, "Healthy", id="ours, synced"),
        pytest.param(OURS, SYNCED | {"health": {"status": "Degraded"}}, "Degraded", id="ours, degraded"),
        pytest.param(
            OURS, SYNCED | {"health": {"status": "Progressing"}}, "Progressing", id="ours, progressing"
        ),
        pytest.param(
            OURS,
            SYNCED | {"health": {"status": "Healthy"}, "operationState": {"phase": "Running"}},
            "Healthy",
            id="ours, syncing again",
        ),
        pytest.param(
            OURS,
            SYNCED
            | {"health": {"status": "Healthy"}, "operationState": {"phase": "Failed", "message": "no"}},
            "Degraded",
            id="ours, sync failed",
        ),
    ],
)
def test_an_application(labels: dict[str, str], status: dict[str, Any] | None, expected: str) -> None:
    obj: dict[str, Any] = {"metadata": {"labels": labels}} | ({} if status is None else {"status": status})
    assert health("argoproj.io", "Application", obj) == expected


@pytest.mark.parametrize("name", sorted(set(SCRIPTS.values())))
def test_every_script_stands_an_empty_object(name: str) -> None:
    assert run(name, {})[0] in {"Healthy", "Progressing"}
