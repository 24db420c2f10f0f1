"""What a change costs, and what its rollouts ask for."""

from __future__ import annotations

from pathlib import Path

from scripts.review import show
from scripts.review.build import build
from tests.support import review_cases as support
from tests.unit.scripts.review.judged import EU, QWEN, of_eu, said

CHEAP: list[support.Edit] = [
    {
        "file": EU,
        "replace": "  - accelerators.h100-sxm",
        "with": "  - accelerators.h100-sxm\n  - accelerators.l4",
    },
    {"file": EU, "replace": "    pools:", "with": "    pools:\n      l4: {accelerator: l4, nodes: 2}"},
]
SEED: support.Edit = {"file": "classes/runtimes/vllm.yml", "append": "      args: {seed: 1}\n"}


def test_a_pool_without_a_price_saves_nothing(tmp_path: Path) -> None:
    found = said(tmp_path, "cost", {"file": QWEN, "replace": "pool: h100", "with": "pool: l4"}, before=CHEAP)
    assert found.sentence.startswith("It saves 6,570 USD a month")
    assert found.sentence.endswith("The price of 2 GPUs more in pool l4 of eu is not known.")


def test_euros_are_not_taken_from_dollars(tmp_path: Path) -> None:
    more = {"file": QWEN, "replace": "minReplicas: 2", "with": "minReplicas: 3"}
    found = said(tmp_path, "cost", of_eu("currency: EUR"), more)
    assert found.sentence == (
        "Prices of pool h100 of eu are in EUR instead of USD: what the change costs there is not told."
    )


def test_a_price_that_is_told_for_the_first_time_changes_no_bill(tmp_path: Path) -> None:
    edit = {
        "file": "classes/clusters/lab.yml",
        "replace": "nodes: 1",
        "with": "nodes: 1\n        pricePerGpuHour: 1",
    }
    base, head = support.tree(tmp_path / "base"), support.tree(tmp_path / "head", [edit])
    change = build(support.pair(base, head), support.DATE)
    assert "cost" not in {one.rule for one in change.consequences}


def test_rollouts_ask_at_once_and_share_what_is_free(tmp_path: Path) -> None:
    copies: support.Edit = {"file": QWEN, "copies": 2}
    base = support.tree(tmp_path / "base", [copies])
    head = support.tree(tmp_path / "head", [copies, SEED])
    change = build(support.pair(base, head), support.DATE)
    (row,) = [one for one in change.ledger if one.pool == "h100"]
    assert show.level(row)[2:] == ("10 to 14", "10 to 14", "+7", "18", "6")
    (contention,) = [one.sentence for one in change.consequences if one.rule == "contention"]
    assert "4 rollouts in pool h100 of eu ask for 7 GPUs at once, and 6 are free" in contention


def test_rollouts_take_no_more_than_there_is(tmp_path: Path) -> None:
    """One alone is over the capacity by what does not fit; the others wait."""
    base, head = support.tree(tmp_path / "base"), support.tree(tmp_path / "head", [SEED])
    change = build(support.pair(base, head), support.DATE)
    (row,) = [one for one in change.ledger if one.pool == "h100"]
    assert show.level(row)[2:] == ("6 to 10", "6 to 10", "+5", "15", "10")
    assert "contention" not in {one.rule for one in change.consequences}


def test_values_that_read_the_same() -> None:
    assert show.pair("1", 1) == ('"1"', "1")
    assert show.pair(True, "true") == ("true", '"true"')
    assert show.pair("1", "2") == ("1", "2")
