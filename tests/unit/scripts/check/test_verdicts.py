"""The verdict table."""

from __future__ import annotations

from scripts.check.verdicts import record, text, verdicts
from tests.support.check_fixtures import views


def test_every_model_has_a_verdict() -> None:
    fleet = views({"base": "vllm", "declared": {"eu-h100.qwen3-8b": {"model": {"architecture": None}}}})
    rows = verdicts(fleet["eu-h100"])
    assert [(row.service, row.verdict, row.tokens is None) for row in rows] == [
        ("llm-platform/llama-70b", "ok", False),
        ("llm-platform/qwen3-8b", "unknown", True),
    ]
    assert rows[0].arithmetic.startswith("79.60 GiB x 0.92 - 32.9 weights")


def test_the_table() -> None:
    fleet = views({"base": "ollama"})
    told = text(verdicts(fleet["eu-h100"])).splitlines()
    assert told[:2] == [
        "target             model                  verdict  left GiB  KV tokens",
        "eu-h100.gemma-27b  google/gemma-3-27b-it  ok          ~60.9",
    ]
    assert told[2].startswith("  ")
    assert told[2].endswith("= 60.9 GiB left")


def test_what_is_not_known_has_no_arithmetic() -> None:
    fleet = views({"base": "vllm", "declared": {"eu-h100.qwen3-8b": {"model": {"architecture": None}}}})
    rows = verdicts(fleet["eu-h100"])
    assert len(text(rows).splitlines()) == 1 + 2 + 1
    assert record(rows[1])["arithmetic"] is None
    assert record(rows[0])["verdict"] == "ok"
