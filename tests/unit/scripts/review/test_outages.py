"""Who answers while pods are replaced, moved or gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import review_cases as support
from tests.unit.scripts.review.judged import LLAMA, QWEN, consequences, said

SHORTER = {"file": LLAMA, "replace": "pool: h100", "with": "pool: h100\n    maxModelLen: 8192"}


def _rollout(text: str, replicas: int = 1) -> support.Edit:
    settings = f"minReplicas: {replicas}\n    maxReplicas: 3\n    rollout: {text}"
    return {"file": LLAMA, "replace": "maxReplicas: 2", "with": settings}


@pytest.mark.parametrize(
    ("rollout", "replicas", "severity", "how"),
    [
        (
            "{maxSurge: 1, maxUnavailable: 1}",
            1,
            "look",
            "1 old pod may stop before a new one is ready (maxUnavailable 1), so that nobody answers for up to 16 "
            "min; LiteLLM falls back to qwen-8b.",
        ),
        (
            "{maxSurge: 1, maxUnavailable: 1}",
            3,
            "look",
            "1 old pod may stop before a new one is ready (maxUnavailable 1), so that 2 of 3 pods serve meanwhile.",
        ),
        ("{maxSurge: 0, maxUnavailable: 1}", 2, "look", "so that 1 of 2 pods serves meanwhile."),
        ("{maxSurge: 1, maxUnavailable: 0}", 1, "routine", "so that no request fails."),
        (
            "{maxSurge: 2, maxUnavailable: 0}",
            2,
            "routine",
            "2 at a time, each new pod before an old one stops",
        ),
    ],
)
def test_pods_that_may_be_missing(
    rollout: str, replicas: int, severity: str, how: str, tmp_path: Path
) -> None:
    found = said(tmp_path, "restart", SHORTER, before=[_rollout(rollout, replicas)])
    assert found.severity == severity
    assert how in found.sentence


def test_production_without_a_fallback(tmp_path: Path) -> None:
    alone = {"file": LLAMA, "replace": "fallbacks:\n      qwen-8b: 1", "with": "fallbacks: {}"}
    before = [alone, _rollout("{maxSurge: 1, maxUnavailable: 1}")]
    found = said(tmp_path, "restart", SHORTER, before=before)
    assert found.severity == "dangerous"
    assert found.sentence.endswith("requests fail, as there is no fallback.")


def test_a_proxy_without_pods(tmp_path: Path) -> None:
    name = "infra-litellm-proxy"
    patch = f"parameters:\n  overrides: {{Deployment: {{{name}: {{spec: {{replicas: 0}}}}}}}}\n"
    found = said(tmp_path, "proxy-stopped", {"file": "targets/eu/cluster.yml", "append": patch})
    assert found.severity == "dangerous"
    assert found.sentence == "LiteLLM of eu has no pods any more: every request through it fails."


@pytest.mark.parametrize(
    ("gateway", "severity", "what"),
    [
        (
            "{}",
            "dangerous",
            "its Endpoint Picker refuses requests, so that nothing ever asks for the first one.",
        ),
        (
            "{pool: {enabled: false}}",
            "dangerous",
            "requests fail, so that nothing ever asks for the first one.",
        ),
        ("{epp: {flowControl: true}}", "look", "The first request after a pause waits for a pod to start."),
    ],
)
def test_a_stack_that_scales_to_zero(gateway: str, severity: str, what: str, tmp_path: Path) -> None:
    edit = {"file": LLAMA, "replace": "maxReplicas: 2", "with": "minReplicas: 0\n    maxReplicas: 2"}
    before: list[support.Edit] = [{"file": LLAMA, "append": f"  gateway: {gateway}\n"}]
    found = said(tmp_path, "replicas", edit, before=before)
    assert found.severity == severity
    assert found.sentence.endswith(what)
    assert bool(found.remedy) == (severity == "dangerous")


@pytest.mark.parametrize(
    ("replicas", "how"),
    [
        (1, "a new pod starts first, and the old one stops when that is ready"),
        (2, "its pods all stop at once, the leader finishes on the connections that it has"),
    ],
)
def test_how_an_endpoint_picker_rolls_out(replicas: int, how: str, tmp_path: Path) -> None:
    edit = {"file": QWEN, "replace": "verbosity: 2", "with": "verbosity: 3"}
    before: list[support.Edit] = [
        {"file": QWEN, "append": f"  gateway: {{epp: {{replicas: {replicas}, verbosity: 2}}}}\n"}
    ]
    found = said(tmp_path, "picker", edit, before=before)
    assert found.severity == "routine"
    assert how in found.sentence


def test_an_address_that_nobody_serves_yet(tmp_path: Path) -> None:
    move = {"file": QWEN, "replace": "    minReplicas", "with": "    namespace: search\n    minReplicas"}
    found = said(tmp_path, "led-ahead", move)
    assert found.severity == "dangerous"
    assert "LiteLLM of eu leads to qwen-8b at its new address as soon as it reads that" in found.sentence
    assert found.sentence.endswith("need up to 7 min to start; requests fail, as there is no fallback.")


@pytest.mark.parametrize(
    "edit",
    [
        {"file": QWEN, "replace": "    minReplicas", "with": "    name: qwen\n    minReplicas"},
        {"file": QWEN, "append": "  litellm: {enabled: false}\n"},
    ],
)
def test_an_address_that_stays(edit: support.Edit, tmp_path: Path) -> None:
    fallback = {"file": LLAMA, "replace": "fallbacks:\n      qwen-8b: 1", "with": "fallbacks: {}"}
    assert "led-ahead" not in {one.rule for one in consequences(tmp_path, [edit], [fallback])}


def test_another_mode_promises_nothing(tmp_path: Path) -> None:
    found = consequences(tmp_path, [*support.case("knative").edits])
    (restart,) = [one for one in found if one.rule == "restart"]
    assert "somebody has to delete its InferenceService first" in restart.sentence
    assert "no request fails" not in restart.sentence


def test_downloads_are_counted_by_pod(tmp_path: Path) -> None:
    edit = {"file": "classes/runtimes/vllm.yml", "append": "      args: {seed: 1}\n"}
    found = [one for one in consequences(tmp_path, [edit]) if one.rule == "download"]
    (sentence,) = [one.sentence for one in found if one.clusters == ("eu",)]
    assert "llama-70b (263 GiB) and qwen-8b (2 pods of 15 GiB); 294 GiB in all." in sentence
