"""All or nothing: killed or failed at any call to the file system, the tree is the old one or the new one."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.compile import exchange
from scripts.compile.changes import Change, Tree
from scripts.compile.publish import build, publish
from scripts.compile.workspace import Workspace
from tests.support.compiling import tree as files_of
from tests.support.faults import Stopwatch, calls_of, killed_at, watched

OLD = {
    "a/one/x/service.yaml": "old",
    "a/one/x/config.yaml": "same",
    "a/two/x/service.yaml": "same",
    "b/one/x/service.yaml": "old",
    "b/two/x/service.yaml": "same",
    "c/one/x/service.yaml": "same",
}
NEW = {
    "all": OLD | {"a/one/x/service.yaml": "new", "b/one/x/service.yaml": "new", "b/three/y/pool.yaml": "new"},
    "cluster": OLD | {"a/one/x/service.yaml": "new", "a/three/x/service.yaml": "new"},
    "target": OLD | {"a/one/x/service.yaml": "new", "a/one/z/pool.yaml": "new"},
    "lost target": {path: text for path, text in OLD.items() if not path.startswith("a/two/")},
    "lost cluster": {path: text for path, text in OLD.items() if not path.startswith("a/")},
    "lost clusters": {path: text for path, text in OLD.items() if not path.startswith(("a/", "b/"))},
    "new cluster": OLD | {"d/one/x/service.yaml": "new"},
}
UNITS = {
    "all": "",
    "cluster": "a",
    "target": "a/one",
    "lost target": "a/two",
    "lost cluster": "a",
    "lost clusters": "",
    "new cluster": "d",
}
Wanted = dict[str, bytes]

cases = pytest.mark.parametrize("case", NEW)


@pytest.fixture(params=["at once", "in two steps"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With the atomic exchange, and where the system has none."""
    if request.param == "in two steps":
        monkeypatch.setattr(exchange, "_exchange", lambda one, other: False)
    return str(request.param)


def write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def encoded(files: dict[str, str]) -> Wanted:
    return {path: text.encode() for path, text in files.items()}


def new_tree(workspace: Workspace, new: dict[str, str]) -> Tree:
    """The tree of ``new``, what differs written to the staging folder."""
    staged = workspace.staging / "out"
    taken = {path: staged / path for path in new if OLD.get(path) != new[path]}
    write(staged, {path: new[path] for path in taken})
    changes = [
        *(Change(path, "changed" if path in OLD else "added", "t") for path in taken),
        *(Change(path, "removed", "t") for path in OLD if path not in new),
    ]
    return Tree(taken, frozenset(new.keys() - taken.keys()), tuple(changes), {})


def publishing(workspace: Workspace, new: dict[str, str]) -> Callable[[], None]:
    """A whole publication, from what Kapitan has written."""
    tree = new_tree(workspace, new)

    def go() -> None:
        publish(build(tree, tree.clusters, workspace.compiled, workspace.staging / "candidate"), workspace)

    return go


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], Workspace]:
    """A workspace with the old tree; a new one each time."""
    made: list[Workspace] = []

    def make() -> Workspace:
        workspace = Workspace(tmp_path / str(len(made)))
        made.append(workspace)
        write(workspace.compiled, OLD)
        workspace.staging.mkdir(parents=True)
        return workspace

    return make


@cases
def test_the_smallest_folder_is_exchanged(fresh: Callable[[], Workspace], case: str) -> None:
    assert new_tree(fresh(), NEW[case]).unit == UNITS[case]


@cases
def test_it_publishes(fresh: Callable[[], Workspace], case: str, way: str) -> None:
    workspace = fresh()

    publishing(workspace, NEW[case])()

    assert files_of(workspace.compiled) == encoded(NEW[case])
    assert not workspace.journal.exists()
    assert all(path.stat().st_nlink == 1 for path in workspace.compiled.rglob("*.yaml"))


def test_the_first_tree_is_published(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    new = {path: tmp_path / "staged" / path for path in OLD}
    write(tmp_path / "staged", OLD)
    tree = Tree(new, frozenset(), tuple(Change(path, "added", "t") for path in new), {})

    publish(build(tree, tree.clusters, workspace.compiled, workspace.staging / "candidate"), workspace)

    assert tree.unit == ""
    assert files_of(workspace.compiled) == encoded(OLD)


@cases
def test_killed_at_any_call_it_leaves_the_old_tree_or_the_new_one(
    fresh: Callable[[], Workspace], case: str, way: str
) -> None:
    count = calls_of(publishing(fresh(), NEW[case]))
    assert count > 10
    seen = set()
    for call in range(1, count + 1):
        workspace = fresh()
        killed_at(call, publishing(workspace, NEW[case]))
        if way == "at once":
            seen.add(_which(workspace, case))
        workspace.recover()
        seen.add(_which(workspace, case))
        assert not workspace.staging.exists()
        assert not workspace.journal.exists()
    assert seen == {"old", "new"}


@cases
def test_out_of_space_at_any_call_it_leaves_the_old_tree_or_the_new_one(
    fresh: Callable[[], Workspace], case: str, way: str
) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    failed = 0
    for call in range(1, calls_of(publishing(fresh(), NEW[case])) + 1):
        workspace = fresh()
        go = publishing(workspace, NEW[case])
        try:
            with watched(Stopwatch(call, full)):
                go()
            wanted = "new"
        except OSError:
            wanted = "old"
            failed += 1
        assert _which(workspace, case) == wanted
        workspace.recover()
        assert not workspace.staging.exists()
    assert failed


def test_an_exchange_between_file_systems_is_refused_and_undone(
    fresh: Callable[[], Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(one: Path, place: Path) -> bool:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(exchange, "_exchange", other)
    workspace = fresh()

    with pytest.raises(OSError, match="cross-device"):
        publishing(workspace, NEW["all"])()

    assert files_of(workspace.compiled) == encoded(OLD)


@pytest.mark.parametrize("journal", [b"", b"{", b"[]", b"{}", b'{"new": 1, "place": 2, "aside": 3}'])
def test_a_torn_journal_is_one_of_nothing(tmp_path: Path, journal: bytes) -> None:
    workspace = Workspace(tmp_path)
    write(workspace.compiled, OLD)
    workspace.folder.mkdir(parents=True)
    workspace.journal.write_bytes(journal)

    workspace.recover()

    assert files_of(workspace.compiled) == encoded(OLD)
    assert not workspace.journal.exists()


def _which(workspace: Workspace, case: str) -> str:
    found = files_of(workspace.compiled)
    if found == encoded(OLD):
        return "old"
    assert found == encoded(NEW[case])
    return "new"
