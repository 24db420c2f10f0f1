"""What the picture of a change marks, which stacks it draws first, and what the bars of a pool mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts.review import drawing, picture
from scripts.review.build import build
from scripts.review.change import ClusterPicture, LedgerRow, Level, Node, StackPicture
from tests.support import review_cases as cases

QWEN = "targets/lab/qwen-8b.yml"
NAMESPACED = {
    "file": QWEN,
    "append": "  runtimes:\n    vllm:\n      namespaced: true\n",
}
"""A stack with a runtime of its own."""


def pictured(
    folder: Path, edits: Sequence[cases.Edit], before: Sequence[cases.Edit] = ()
) -> dict[str, ClusterPicture]:
    base, head = cases.tree(folder / "base", before), cases.tree(folder / "head", [*before, *edits])
    return {one.cluster: one for one in build(cases.pair(base, head), cases.DATE).pictures}


def marks(one: StackPicture) -> tuple[str, str, str]:
    return one.gateway.mark, one.epp.mark if one.epp else "none", one.pods.mark


@pytest.mark.parametrize(
    ("edits", "before", "wanted"),
    [
        pytest.param(
            [{"file": QWEN, "remove": True}], [], ("changed", "removed", "removed"), id="leaves-a-shared-one"
        ),
        pytest.param(
            [{"file": QWEN, "append": "  gateway:\n    shared: small\n"}],
            [{"file": QWEN, "replace": "\n  gateway:\n    shared: small", "with": ""}],
            ("changed", "", ""),
            id="joins-a-shared-one",
        ),
        pytest.param(
            [{"file": QWEN, "replace": "\n  gateway:\n    shared: small", "with": ""}],
            [],
            ("added", "", ""),
            id="gets-its-own",
        ),
        pytest.param(
            [{"file": QWEN, "replace": "    enabled: true", "with": "    enabled: false"}],
            [{"file": QWEN, "replace": "\n    shared: small", "with": "\n    enabled: true"}],
            ("removed", "none", ""),
            id="loses-its-own",
        ),
        pytest.param(
            [{"file": QWEN, "append": "  overrides:\n    ServingRuntime:\n      inferstack-qwen-8b-vllm:\n        "
                                      "metadata:\n          labels:\n            team: one\n"}],
            [NAMESPACED],
            ("", "", "changed"),
            id="a-runtime-of-its-own",
        ),
        pytest.param(
            [{"file": QWEN, "append": "    epp:\n      replicas: 3\n"}], [], ("", "changed", ""), id="picker"
        ),
    ],
)  # fmt: skip
def test_what_is_marked(
    edits: Sequence[cases.Edit], before: Sequence[cases.Edit], wanted: tuple[str, str, str], tmp_path: Path
) -> None:
    found = {one.target: marks(one) for one in pictured(tmp_path, edits, before)["lab"].stacks}
    assert found == {"lab.qwen-8b": wanted}


def test_a_stack_that_joins_a_shared_gateway_leaves_it_there(tmp_path: Path) -> None:
    copy = (cases.FLEET / QWEN).read_text(encoding="utf-8")
    (stack,) = pictured(tmp_path, [{"file": "targets/lab/second.yml", "write": copy}])["lab"].stacks
    assert marks(stack) == ("changed", "added", "added")


def test_a_shared_gateway_is_drawn_with_its_stacks_where_it_alone_changes(tmp_path: Path) -> None:
    edit = {
        "file": "classes/clusters/lab.yml",
        "replace": "        wiring: envoy",
        "with": "        className: other\n        wiring: envoy",
    }
    stacks = pictured(tmp_path, [edit])["lab"].stacks
    assert [marks(one) for one in stacks] == [("changed", "", ""), ("changed", "", "")]


def test_a_hostname_marks_the_way_in_and_not_the_proxy(tmp_path: Path) -> None:
    (edit,) = cases.case("hostname").edits
    eu = pictured(tmp_path, [edit])["eu"]
    assert (eu.external.mark, eu.external.detail, eu.litellm.mark) == ("changed", "models.eu.example.com", "")


@pytest.mark.parametrize(
    ("edit", "first"),
    [
        ({"file": QWEN, "remove": True}, "lab.qwen-8b"),
        ({"file": "targets/lab/z-new.yml", "write": (cases.FLEET / QWEN).read_text()}, "lab.z-new"),
    ],
)
def test_what_goes_and_comes_is_drawn_before_what_changes(
    edit: cases.Edit, first: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(picture, "MAX_STACKS", 1)
    other = {"file": "targets/lab/llama-8b.yml", "replace": "8192", "with": "4096"}
    lab = pictured(tmp_path, [other, edit])["lab"]
    assert [one.target for one in lab.stacks] == [first]
    assert lab.hidden == (2 if first == "lab.z-new" else 1)


def test_no_gateway_keeps_its_mark() -> None:
    node = Node("gateway", "a", "straight to the pods", "removed", present=False)
    stack = StackPicture("lab.a", "m", node, None, Node("pods", "1 pod", "l4"))
    one = ClusterPicture("lab", "", "", Node("external", "x", ""), Node("litellm", "y", ""), (stack,))
    assert 'class="box away removed"' in drawing.cluster(one)


@pytest.mark.parametrize(
    ("level", "wanted"),
    [
        (Level(8, 4, 6, 10), 'class="bar-over" x="800" y="12" width="200"'),
        (Level(8, 4, 10, 12), 'class="bar-over" x="667" y="12" width="333"'),
    ],
)
def test_what_is_over_the_budget_is_red(level: Level, wanted: str) -> None:
    assert wanted in drawing.pool(LedgerRow("lab", "l4", "GPUs", "l4", "USD", level, level))


def test_a_pool_within_its_budget_is_not_red() -> None:
    level = Level(8, 4, 6, 8)
    assert "bar-over" not in drawing.pool(LedgerRow("lab", "l4", "GPUs", "l4", "USD", level, level))


def test_a_pool_of_unknown_size_gets_no_capacity() -> None:
    old, new = Level(None, 1, 2, 3), Level(None, 2, 3, 4)
    assert "bar-room" not in drawing.pool(LedgerRow("lab", "cpu", "pods", "cpu", "USD", old, new))
