"""What people read afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.compile.changes import Change, Tree
from scripts.compile.job import Outcome
from scripts.compile.plan import Plan, Reason
from scripts.compile.summary import SHOWN, difference, faults, slowest, summary
from scripts.compile.verify import FAULTS, Checked


def outcome(changes: list[Change], reasons: dict[str, Reason], gone: frozenset[str] = frozenset()) -> Outcome:
    work = Plan(reasons, frozenset({"us.x", "us.y"}), gone, ())
    tree = Tree({}, frozenset({"us/x/a/b.yaml"}), tuple(changes), {})
    return Outcome(work, tree, checked=Checked(7, 1, 2), seconds={"inputs": 0.1, "compile": 1.2})


def test_a_compile() -> None:
    done = outcome(
        [Change("eu/a/x/service.yaml", "changed", "eu.a"), Change("eu/a/x/new.yaml", "added", "eu.a")],
        {"eu.a": "stale", "eu.cluster": "stale"},
    )

    assert summary(done).splitlines() == [
        "compiled 1 stack and 1 cluster, kept 2, pruned 0",
        "files: 1 added, 1 changed, all in compiled/eu",
        "checked 7 objects of 1 cluster, 2 warnings: see `inferstack check`",
        "1.3 s: inputs 0.10, compile 1.20",
    ]


def test_a_compile_that_changed_nothing() -> None:
    assert "no file changed" in summary(outcome([], {"eu.a": "stale"}))


def test_nothing_to_do() -> None:
    work = Plan({}, frozenset({"eu.a", "eu.b"}), frozenset(), ())

    told = summary(Outcome(work, seconds={"inputs": 0.1, "outputs": 0.1}))

    assert told == "nothing to do: 2 targets as they should be, 0.20 s"


@pytest.mark.parametrize(
    ("kind", "reason", "word"),
    [
        ("added", "new", "missing"),
        ("changed", "new", "stale"),
        ("removed", "new", "gone"),
        ("changed", "stale", "stale"),
        ("added", "stale", "missing"),
        ("changed", "edited", "edited"),
        ("added", "missing", "missing"),
        ("removed", "edited", "stray"),
    ],
)
def test_a_difference_has_a_word(kind: str, reason: Reason, word: str) -> None:
    change = Change("eu/a/x/service.yaml", kind, "eu.a")  # type: ignore[arg-type]

    assert difference(outcome([change], {"eu.a": reason})) == [f"{word}: compiled/eu/a/x/service.yaml"]


def test_what_no_target_wrote() -> None:
    changes = [Change("stray", "removed", ""), Change("eu/b/x/service.yaml", "removed", "eu.b")]

    assert difference(outcome(changes, {}, frozenset({"eu.b"}))) == [
        "stray: compiled/stray",
        "gone: compiled/eu/b/x/service.yaml",
    ]


def test_a_long_difference_is_cut() -> None:
    changes = [Change(f"{index:03}", "removed", "") for index in range(SHOWN + 5)]

    lines = difference(outcome(changes, {}))

    assert len(lines) == SHOWN + 1
    assert lines[-1] == "and 5 more files"


def test_clusters_that_were_not_checked_are_told() -> None:
    done = outcome([Change("eu/a/x/service.yaml", "changed", "eu.a")], {"eu.a": "stale"})
    done.unchecked = frozenset({"us", "eu", "ap"})

    assert "not checked: ap and 2 more clusters, of which only a part is compiled" in summary(done)


def test_faults_of_the_check_are_told_and_cut() -> None:
    done = outcome([], {})
    done.checked = Checked(
        faults=tuple(f"rule a-b on eu-{index}: KeyError: 'x'" for index in range(FAULTS + 3))
    )

    lines = faults(done)

    assert lines[0] == "inferstack: a fault of the check, not of your input: rule a-b on eu-0: KeyError: 'x'"
    assert len(lines) == FAULTS + 1
    assert lines[-1] == "inferstack: and 3 more faults: see `inferstack check`"
    assert faults(outcome([], {})) == []


def test_the_slowest_come_first() -> None:
    lines = slowest({f"eu.s-{index}": index / 10 for index in range(20)})

    assert lines[0] == "    1.90 s  eu.s-19"
    assert len(lines) == 10


def test_the_unit_is_named() -> None:
    change = Change("us/z/x/service.yaml", "changed", "us.z")
    tree = Tree({"us/z/x/service.yaml": Path("new")}, frozenset({"us/x/a/b.yaml"}), (change,), {})

    told = summary(Outcome(Plan({"us.z": "stale"}, frozenset(), frozenset(), ()), tree))

    assert "files: 1 changed, all in compiled/us/z" in told
