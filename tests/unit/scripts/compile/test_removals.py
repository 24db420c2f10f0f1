"""How much may go without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.compile.changes import Change, Tree, is_object
from scripts.compile.outputs import Folder, Outputs
from scripts.compile.removals import RemovalsError, guard_removals


def outputs(count: int, clusters: tuple[str, ...] = ("eu", "us")) -> Outputs:
    names = [f"x/service-{index}.yaml" for index in range(count)]
    return Outputs({f"{cluster}.s": Folder({name: [] for name in names}) for cluster in clusters}, ())


def without(before: Outputs, gone: set[str]) -> Tree:
    paths = set(before.paths())
    assert gone <= paths
    return Tree({}, frozenset(paths - gone), tuple(Change(path, "removed", "") for path in sorted(gone)), {})


def some(cluster: str, count: int) -> set[str]:
    return {f"{cluster}/s/x/service-{index}.yaml" for index in range(count)}


@pytest.mark.parametrize(("gone", "stops"), [(0, False), (4, False), (5, True), (9, True)])
def test_a_share_of_all_objects(gone: int, stops: bool) -> None:
    before = outputs(10)
    tree = without(before, some("eu", gone))
    if not stops:
        guard_removals(tree, before, 20)
        return
    with pytest.raises(RemovalsError, match=rf"remove {gone} of 20 objects") as error:
        guard_removals(tree, before, 20)
    assert "--accept-removals" in str(error.value)
    assert f"compiled/eu: {gone} of 10" in str(error.value)


def test_a_whole_cluster_however_small() -> None:
    before = Outputs({**outputs(1000, ("eu",)).folders, **outputs(1, ("us",)).folders}, ())

    with pytest.raises(RemovalsError, match="us: 1, all that there is of this cluster"):
        guard_removals(without(before, some("us", 1)), before, 20)


def test_a_renamed_object_is_one_removed_and_one_added() -> None:
    before = outputs(2)
    removed = without(before, some("eu", 2))
    added = {"eu/s/x/service-new.yaml": Path("new")}

    with pytest.raises(RemovalsError, match=r"2 of 4 objects \(50 %\)"):
        guard_removals(Tree(added, removed.linked, removed.changes, {}), before, 20)


def test_documents_are_no_objects() -> None:
    before = Outputs(
        {"eu.cluster": Folder({"docs/values.yaml": [], "runbooks/s.md": [], "x/s.yaml": []})}, ()
    )

    guard_removals(without(before, {"eu/cluster/docs/values.yaml", "eu/cluster/runbooks/s.md"}), before, 0)


def test_the_first_compile_removes_nothing() -> None:
    guard_removals(Tree({"eu/s/x/a.yaml": Path("a")}, frozenset(), (), {}), Outputs({}, ()), 0)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("eu/s/x/service.yaml", True),
        ("eu/s/x/service.yml", True),
        ("eu/s/x/service.json", False),
        ("eu/cluster/docs/values.yaml", False),
        ("eu/cluster/runbooks/s.md", False),
        ("eu/docs/x/service.yaml", True),
        ("stray.yaml", False),
        ("eu/stray.yaml", False),
    ],
)
def test_what_argo_cd_would_delete(path: str, answer: bool) -> None:
    assert is_object(path) is answer
