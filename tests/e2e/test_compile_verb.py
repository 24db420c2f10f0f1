"""`inferstack compile` as a user runs it: Kapitan's bytes, Kapitan's mistakes, and what goes wrong around them."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.compile.workspace import Workspace
from scripts.project import Project
from tests.e2e.compiling import SECONDS, a_stack, guard, inferstack, set_replicas, start, stock
from tests.support.ci_jobs import github_steps, gitlab_steps, inferstack_words
from tests.support.compiling import new_project, tree
from tests.support.edits import EDITS, broken_file, comment, new_stack, replicas

pytestmark = pytest.mark.e2e
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Eight stacks, not compiled yet."""
    return new_project(tmp_path / "project", 8)


@pytest.mark.slow
def test_kapitans_bytes_after_every_kind_of_edit(project: Project, tmp_path: Path) -> None:
    chance = random.Random(5)
    compiled = project.root / "compiled"
    inferstack(project.root)
    assert tree(compiled) == stock(project.root, tmp_path / "stock")[2]
    for edits in ([replicas], [comment, new_stack], [edit for edit in EDITS if edit is not broken_file]):
        for edit in edits:
            edit(project, chance)
        before = tree(compiled)
        code, said, wanted = stock(project.root, tmp_path / "stock")
        ran = inferstack(project.root, "--accept-removals", code=None)
        assert bool(ran.returncode) is bool(code), said + ran.stderr
        assert tree(compiled) == (before if code else wanted)


@pytest.mark.slow
def test_code_that_is_edited_compiles_everything(project: Project, tmp_path: Path) -> None:
    inferstack(project.root)
    labels = project.root / "components/common/labels.py"
    text = labels.read_text(encoding="utf-8")
    labels.write_text(text.replace('PRODUCT = "inference-stack"', 'PRODUCT = "stack"'), encoding="utf-8")

    ran = inferstack(project.root)

    assert re.search(r"compiled \d+ stacks and \d+ clusters, kept 0", ran.stdout)
    assert tree(project.root / "compiled") == stock(project.root, tmp_path / "stock")[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [("maxReplicas: ", "maxReplicass: "), ("runtime: ", "runtime: x"), ("pool: ", "pool: [")],
    ids=["unknown key", "unknown runtime", "no YAML"],
)
def test_mistakes_are_told_as_kapitan_tells_them(
    project: Project, tmp_path: Path, old: str, new: str
) -> None:
    inferstack(project.root)
    before = tree(project.root / "compiled")
    stack = a_stack(project)
    stack.write_text(stack.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")

    ran = inferstack(project.root, code=1)

    found = guard(project.root)
    said = found.stderr if found.returncode else stock(project.root, tmp_path / "stock")[1]
    assert places(ran.stderr) == places(said)
    assert places(ran.stderr)
    assert "Traceback" not in ran.stderr
    assert tree(project.root / "compiled") == before
    assert not Workspace(project.root).staging.exists()


def places(said: str) -> list[str]:
    """The lines that name a place in the inventory."""
    return sorted(line for line in said.splitlines() if line.startswith("inventory/"))


@pytest.mark.parametrize(
    ("end", "says"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "a process of Kapitan was killed by SIGKILL"),
        ("sys.exit(3)", "a process of Kapitan ended with code"),
    ],
    ids=["killed", "exited"],
)
def test_a_worker_that_dies_does_not_hang_it(project: Project, end: str, says: str) -> None:
    stack = a_stack(project)
    target = f"{stack.parent.name}.{stack.stem}"
    init = project.root / "components/compile/__init__.py"
    guilty = f"""
import os, signal
from kapitan.topics import current_target
if current_target.get() == {target!r}:
    {end}
"""
    init.write_text(init.read_text(encoding="utf-8") + guilty, encoding="utf-8")

    ran = inferstack(project.root, code=1)

    assert says in ran.stderr
    assert target in ran.stderr
    assert not (project.root / "compiled").exists()


def test_two_at_once_wait_for_each_other(project: Project) -> None:
    with Workspace(project.root).locked(wait=False):
        both = [start(project.root) for _ in range(2)]
        for process in both:
            assert process.stdout
            assert any(f"waiting for process {os.getpid()}" in line for line in process.stdout)

    said = [process.communicate(timeout=SECONDS)[0] for process in both]

    assert [process.returncode for process in both] == [0, 0], said
    assert sum("nothing to do" in one for one in said) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_polite_end_cleans_up(project: Project, number: signal.Signals) -> None:
    process = start(project.root)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("compiling")

    process.send_signal(number)
    process.communicate(timeout=60)

    assert process.returncode == 128 + number
    assert not (project.root / "compiled").exists()
    assert not Workspace(project.root).staging.exists()
    with Workspace(project.root).locked(wait=False):
        pass


def test_watching(project: Project) -> None:
    process = start(project.root, "--watch")
    stack = a_stack(project)
    try:
        assert "compiled" in until(process, "watching")
        set_replicas(stack, 3)
        told = until(process, "watching")
        assert f"edited: {stack.relative_to(project.root)}" in told
        assert "compiled 1 stack and 1 cluster" in told
        stack.write_text("parameters: [\n", encoding="utf-8")
        assert f"{stack.relative_to(project.root)}:" in until(process, "watching")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0


def until(process: subprocess.Popen[str], word: str) -> str:
    """What is printed up to a line with a word."""
    assert process.stdout is not None
    told = ""
    for line in process.stdout:
        told += line
        if word in line:
            return told
    raise AssertionError(told)


def test_check_lists_and_writes_nothing(project: Project) -> None:
    inferstack(project.root)
    compiled = project.root / "compiled"
    assert inferstack(project.root, "--check").stdout == "compiled/ is what it should be\n"
    edited = next(compiled.rglob("inferenceservice-*.yaml"))
    edited.write_text("edited\n", encoding="utf-8")
    missing = next(compiled.rglob("inferencepool-*.yaml"))
    missing.unlink()
    (compiled / "stray.yaml").touch()
    before = tree(compiled)

    ran = inferstack(project.root, "--check", code=1)

    assert sorted(ran.stdout.splitlines()) == [
        f"edited: compiled/{edited.relative_to(compiled)}",
        f"missing: compiled/{missing.relative_to(compiled)}",
        "stray: compiled/stray.yaml",
    ]
    assert tree(compiled) == before


def test_check_without_a_state_compares_by_compiling(project: Project) -> None:
    inferstack(project.root)
    Workspace(project.root).state.unlink()
    assert inferstack(project.root, "--check").stdout == "compiled/ is what it should be\n"
    stack = a_stack(project)
    set_replicas(stack, 3)

    ran = inferstack(project.root, "--check", code=1)

    assert all(line.startswith(("stale: ", "missing: ")) for line in ran.stdout.splitlines())
    assert any(f"/{stack.stem}/" in line for line in ran.stdout.splitlines())


def test_a_profile(project: Project) -> None:
    ran = inferstack(project.root, "--profile")

    assert "slowest targets:" in ran.stdout
    assert re.search(r" s +\d+ x  components/compile/\S+ compile_target", ran.stdout)
    assert Workspace(project.root).folder.joinpath("profile.pstats").is_file()


def test_a_misuse_is_one_line(project: Project) -> None:
    for arguments in (["--shard", "9/8"], ["--target", "nowhere"], ["--label", "x"], ["--jobs", "-1"]):
        ran = inferstack(project.root, *arguments, code=2)
        assert len(ran.stderr.splitlines()) == 1
        assert ran.stderr.startswith("inferstack: --")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no small file system here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@needs_root
@pytest.mark.slow
def test_a_full_disk(small_disk: Path) -> None:
    project = new_project(small_disk / "project", 8)
    compiled = project.root / "compiled"
    inferstack(project.root)
    before = tree(compiled)
    class_of_all = next(iter(sorted(project.inventory.glob("classes/environments/*.yml"))))
    class_of_all.write_text(f"{class_of_all.read_text(encoding='utf-8')}# more\n", encoding="utf-8")
    set_replicas(a_stack(project), 3)
    ballast = small_disk / "ballast"
    failed = 0
    for left in (0, 4, 16, 64, 128, 256, 512, 1024, 2048):
        fill(ballast, left * 1024)
        ran = inferstack(project.root, code=None)
        if not ran.returncode:
            break
        failed += 1
        assert ran.returncode == 1
        assert "No space left on device" in ran.stderr
        assert "Traceback" not in ran.stderr
        assert tree(compiled) == before
        ballast.unlink()
        assert not Workspace(project.root).staging.exists()
    assert failed > 3
    ballast.unlink(missing_ok=True)
    inferstack(project.root)
    assert tree(compiled) != before
    assert inferstack(project.root).stdout.startswith("nothing to do")


def fill(ballast: Path, left: int) -> None:
    """Leave so many bytes of a file system."""
    free = os.statvfs(ballast.parent)
    with ballast.open("wb") as file:
        remaining = free.f_bavail * free.f_frsize - left
        while remaining > 0:
            remaining -= file.write(b"\0" * min(remaining, 1 << 20))


@pytest.mark.slow
@pytest.mark.parametrize("steps", [github_steps, gitlab_steps], ids=["GitHub", "GitLab"])
def test_the_ready_ci_jobs(project: Project, steps: Callable[[str, dict[str, str]], list[str]]) -> None:
    inferstack(project.root)
    for index in range(1, 5):
        values = {
            "matrix.shard": str(index),
            "env.SHARDS": "4",
            "CI_NODE_INDEX": str(index),
            "CI_NODE_TOTAL": "4",
        }
        for words in inferstack_words(steps("shard", values)):
            assert "not checked: " in inferstack(project.root, *words[1:], checked=True).stdout
    shards = sorted(str(path) for path in project.root.glob("build/shards/*"))
    merging = inferstack_words(steps("whole", {}))[0][1:]
    arguments = [word for one in merging for word in (shards if "*" in one else [one])]

    assert inferstack(project.root, *arguments, checked=True).stdout == "compiled/ is what it should be\n"
    set_replicas(a_stack(project), 3)
    assert "another checkout" in inferstack(project.root, *arguments, code=1).stderr
    next(project.root.glob("compiled/*/*/*/inferenceservice-*.yaml")).write_text("edited", encoding="utf-8")
    inferstack(project.root, *arguments, code=1)
