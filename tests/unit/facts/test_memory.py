"""Memory constants, held against the runs that they were measured with."""

from __future__ import annotations

import pytest

from components.facts import FactError, memory
from components.facts.tables import Table, table


@pytest.mark.parametrize("run", table("memory")["calibration"], ids=lambda run: str(run["model"]))
def test_the_budget_gives_the_measured_kv_cache(run: Table) -> None:
    # inference-stacks.md 5.3: predicted against measured, GiB
    card = memory.card(run["accelerator"])
    assert card is not None
    spent = run["weights_gib"] + run["activation_gib"] + run["non_torch_gib"]
    assert card.usable_gib * run["utilization"] - spent == pytest.approx(run["kv_gib"], abs=0.02)


@pytest.mark.parametrize(
    ("family", "version", "kind", "gib", "calibrated"),
    [
        ("llama", "0.19.0", "dense", 1.89, True),
        ("llama", "0.33.0", "dense", 1.89, False),
        ("qwen3", "0.16.0", "dense", 5.64, False),
        ("qwen3", "0.17.0", "dense", 2.21, True),
        ("gpt-oss", "0.19.0", "moe", 2.5, False),
        ("phi3", "0.16.0", "dense", 5.64, False),
    ],
)
def test_activation(family: str, version: str, kind: memory.ModelKind, gib: float, calibrated: bool) -> None:
    found = memory.activation(family, version, kind=kind, accelerator="h100-sxm")
    assert (found.gib, found.calibrated) == (gib, calibrated)


def test_other_cards_are_never_calibrated() -> None:
    assert not memory.activation("llama", "0.19.0", accelerator="l4").calibrated
    assert not memory.activation("llama", "0.19.0").calibrated


def test_activation_shrinks_with_pipeline_stages() -> None:
    # inference-stacks.md 5.2: 1.89, 1.10, 1.05 at PP 1, 2, 4
    measured = {1: 1.89, 2: 1.10, 3: 1.10, 4: 1.05, 8: 1.05}
    for stages, gib in measured.items():
        assert memory.activation("llama", "0.19.0", pipeline=stages).gib == pytest.approx(gib, abs=0.005)


@pytest.mark.parametrize(
    ("version", "tensor", "pipeline", "gib"),
    [
        ("0.19.0", 1, 1, 0.27),
        ("0.19.0", 2, 1, 2.1),
        ("0.33.0", 8, 1, 2.1),
        ("0.19.0", 1, 4, 0.07),
        ("0.16.0", 2, 1, 0.55),
    ],
)
def test_non_torch(version: str, tensor: int, pipeline: int, gib: float) -> None:
    assert memory.non_torch(version, tensor, pipeline).gib == gib


def test_cards() -> None:
    # inference-stacks.md 5.2 and 5.5
    h100, gb200, h200 = memory.card("h100-sxm"), memory.card("gb200"), memory.card("h200-sxm")
    assert h100 is not None
    assert (h100.usable_gib, h100.measured, h100.calibrated) == (79.19, True, True)
    assert gb200 is not None
    assert gb200.per_node == 4
    assert h200 is not None
    assert not h200.measured
    assert memory.card("h1000") is None


def test_usable_memory_is_less_than_a_gigabyte_label_suggests() -> None:
    for name in memory.cards():
        card = memory.card(name)
        assert card is not None
        assert 0.9 * card.marketed_gb <= card.usable_gib <= 1.01 * card.marketed_gb, name


def test_limits_of_a_verdict() -> None:
    assert memory.margin_gib() == 1.0
    assert memory.warmup_utilization() == 0.93
    assert {"llama", "qwen3", "gemma3"} <= memory.families()


def test_an_unknown_model_kind_is_an_error_of_the_caller() -> None:
    with pytest.raises(FactError, match="no model kind"):
        memory.activation("x", "0.19.0", kind="sparse")  # type: ignore[arg-type]
