"""Sentences about internal gateways, beside the golden cases."""

from __future__ import annotations

from pathlib import Path

from scripts.review.build import build
from scripts.review.change import Consequence
from tests.support import review_cases as support

EU = "classes/clusters/eu.yml"
LAB = "classes/clusters/lab.yml"
QWEN = "targets/eu/qwen-8b.yml"


def said(
    folder: Path, rule: str, edits: list[support.Edit], before: list[support.Edit] | None = None
) -> list[Consequence]:
    base = support.tree(folder / "base", before or [])
    head = support.tree(folder / "head", [*(before or []), *edits])
    return [one for one in build(support.pair(base, head), support.DATE).consequences if one.rule == rule]


def with_gateway(text: str) -> support.Edit:
    return {"file": QWEN, "append": f"  gateway:\n    {text}\n"}


def test_the_class_of_a_gateway_of_one_stack(tmp_path: Path) -> None:
    provided = {"file": EU, "replace": "envoy: true", "with": "envoy: true\n        envoy-edge: true"}
    (found,) = said(tmp_path, "gateway-class", [with_gateway("className: envoy-edge")], [provided])
    assert found.severity == "look"
    assert found.stacks == ("eu.qwen-8b",)
    assert "all requests of qwen-8b pass there. Where" in found.sentence


def test_gateways_of_one_class_share_a_sentence(tmp_path: Path) -> None:
    provided = {"file": EU, "replace": "envoy: true", "with": "envoy: true\n        envoy-edge: true"}
    edge = {"file": EU, "append": "  gateway:\n    className: envoy-edge\n"}
    (found,) = said(tmp_path, "gateway-class", [edge], [provided])
    assert found.stacks == ("eu.llama-70b", "eu.qwen-8b")
    assert found.sentence.startswith(
        "Gateway llm-platform/llama-70b-inference-gateway and Gateway llm-platform/qwen-8b-inference-gateway of eu: "
        "spec.gatewayClassName goes from envoy to envoy-edge; all requests of llama-70b and qwen-8b pass there."
    )


def test_the_class_that_another_wiring_brings_is_told_by_the_wiring(tmp_path: Path) -> None:
    edits = [*support.case("wiring").edits]
    assert not said(tmp_path / "class", "gateway-class", edits)
    assert said(tmp_path / "wiring", "wiring", edits)


def test_the_class_of_a_gateway_that_nobody_uses(tmp_path: Path) -> None:
    shared = "    sharedGateways:\n      spare:\n        wiring: envoy-extension-policy"
    before: list[support.Edit] = [
        {"file": EU, "replace": "envoy: true", "with": "envoy: true\n        envoy-edge: true"},
        {"file": EU, "replace": "    runtimes:", "with": f"{shared}\n    runtimes:"},
    ]
    edit = {
        "file": EU,
        "replace": "        wiring: envoy-extension-policy",
        "with": "        wiring: envoy-extension-policy\n        className: envoy-edge",
    }
    (found,) = said(tmp_path, "gateway-class", [edit], before)
    assert "no stack's requests pass there yet" in found.sentence
    assert found.stacks == ("eu.cluster",)


def test_a_name_that_litellm_calls_a_gateway_by(tmp_path: Path) -> None:
    (found,) = said(tmp_path / "new", "hostname-added", [with_gateway("hostname: qwen.internal")])
    assert found.sentence == (
        "LiteLLM of eu calls qwen-8b by the name qwen.internal: DNS must lead from it to Gateway "
        "llm-platform/qwen-8b-inference-gateway, or requests fail."
    )
    other = {"file": QWEN, "replace": "qwen.internal", "with": "models.internal"}
    before = [with_gateway("hostname: qwen.internal")]
    (found,) = said(tmp_path / "other", "hostname-added", [other], before)
    assert "by the name models.internal" in found.sentence
    faster = {"file": QWEN, "replace": "minReplicas: 2", "with": "minReplicas: 3"}
    assert not said(tmp_path / "same", "hostname-added", [faster], before)


def test_requests_fail_when_a_picker_that_was_skipped_is_down(tmp_path: Path) -> None:
    istio = support.case("wiring").edits
    (found,) = said(tmp_path, "failure-mode", [with_gateway("pool: {failureMode: FailClose}")], [*istio])
    assert found.sentence == (
        "While no Endpoint Picker of qwen-8b (eu) answers, requests fail instead of going to any pod (FailClose)."
    )


def test_tls_that_comes_and_goes(tmp_path: Path) -> None:
    backends = {
        "file": EU,
        "replace": "    pools:",
        "with": "    envoyGateway:\n      backendApi: true\n    pools:",
    }
    off, on = with_gateway("epp: {tls: 'off'}"), {"file": QWEN, "replace": "'off'", "with": "self-signed"}
    (found,) = said(tmp_path / "on", "picker-tls", [on], [backends, off])
    assert "speak TLS instead of plain text: requests fail" in found.sentence
    secure, plain = (
        with_gateway("epp: {tls: self-signed}"),
        {"file": QWEN, "replace": "self-signed", "with": "'off'"},
    )
    (found,) = said(tmp_path / "off", "picker-tls", [plain], [backends, secure])
    assert "speak plain text instead of TLS: prompts can be read" in found.sentence
    assert found.severity == "look"


def test_tls_that_another_wiring_brings_is_told_by_the_wiring(tmp_path: Path) -> None:
    assert not said(tmp_path, "picker-tls", [*support.case("wiring").edits])
