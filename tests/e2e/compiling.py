"""`inferstack compile` as a user runs it, beside the stock command."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from scripts.compile.workspace import Workspace
from scripts.project import Project
from tests.support.compiling import ROOT, Tree, new_project, tree

SECONDS = 300


def command(*arguments: str, checked: bool = False) -> list[str]:
    """The command line of ``inferstack compile``, mostly without the check, which takes longer than the rest."""
    return [sys.executable, "-m", "scripts" if checked else "tests.e2e.unchecked", "compile", *arguments]


def environment(root: Path) -> dict[str, str]:
    """The checkout's own ``scripts`` on a project that lies elsewhere."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}


def inferstack(
    root: Path, *arguments: str, code: int | None = 0, checked: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run it to its end; ``code`` is what it must end with."""
    ran = subprocess.run(
        command(*arguments, checked=checked),
        cwd=root,
        env=environment(root),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert code is None or ran.returncode == code, ran.stdout + ran.stderr
    return ran


def guard(root: Path) -> subprocess.CompletedProcess[str]:
    """What ``make compile`` runs before Kapitan."""
    return subprocess.run(
        [sys.executable, "-m", "scripts", "guard"],
        cwd=root,
        env=environment(root),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def start(root: Path, *arguments: str) -> subprocess.Popen[str]:
    """Run it, and go on."""
    return subprocess.Popen(
        command(*arguments),
        cwd=root,
        env=environment(root),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def kill_after(root: Path, seconds: float, *arguments: str) -> bool:
    """Kill it after a while; False when it was faster."""
    process = start(root, *arguments)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return True
    process.communicate()
    assert process.returncode == 0
    return False


def stock(root: Path, beside: Path) -> tuple[int, str, Tree]:
    """Exit code, output and tree of stock ``kapitan compile`` of the same project in another folder."""
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    for name in ("components", "templates", "inventory", ".kapitan"):
        (beside / name).symlink_to(root / name)
    ran = subprocess.run(
        [sys.executable, "-m", "kapitan", "compile"],
        cwd=beside,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return ran.returncode, ran.stdout, tree(beside / "compiled")


def a_stack(project: Project) -> Path:
    """One stack of the fleet, whose replicas are written in its file."""
    return next(
        path
        for path in sorted(project.inventory.glob("targets/*/*.yml"))
        if "maxReplicas: " in path.read_text(encoding="utf-8")
    )


def set_replicas(stack: Path, number: int) -> None:
    """Edit one line."""
    lines = stack.read_text(encoding="utf-8").splitlines()
    edited = [
        f"{line.partition('maxReplicas')[0]}maxReplicas: {number}" if "maxReplicas: " in line else line
        for line in lines
    ]
    stack.write_text("\n".join(edited) + "\n", encoding="utf-8")


class Killing:
    """Two states of a project, each with the tree that it compiles to, and runs that are killed between them."""

    def __init__(self, root: Path, arguments: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())) -> None:
        """``arguments`` of the command in either state."""
        self.project = new_project(root, 8)
        self.compiled = self.project.root / "compiled"
        self.stack = a_stack(self.project)
        self.arguments = arguments
        self.trees: list[Tree] = []
        self.seconds = 0.0

    def prepare(self, state: int) -> None:
        """Edit the inventory to one of the states."""
        set_replicas(self.stack, 2 + state)

    def learn(self) -> None:
        """What either state compiles to, and how long that takes."""
        for state in (0, 1):
            self.prepare(state)
            began = time.monotonic()
            inferstack(self.project.root, *self.arguments[state])
            self.seconds = time.monotonic() - began
            self.trees.append(tree(self.compiled))
        assert self.trees[0] != self.trees[1]

    def kill(self, times: int, seed: int) -> dict[str, int]:
        """Kill so many runs at random moments; what the tree was afterwards, and how many had ended before."""
        chance = random.Random(seed)
        seen = {"as it was": 0, "as it should be": 0, "ended": 0}
        for _ in range(times):
            before = tree(self.compiled)
            state = 0 if before == self.trees[1] else 1
            self.prepare(state)
            moment = chance.uniform(0, 1.1) * self.seconds
            killed = kill_after(self.project.root, moment, *self.arguments[state])
            after = tree(self.compiled)
            assert after in (before, self.trees[state])
            word = "ended" if not killed else "as it was" if after == before else "as it should be"
            seen[word] += 1
            # A busy machine is slower now than when it was measured: stay where the old tree gives way to the new.
            self.seconds *= 1.1 if word == "as it was" else 0.85
        return seen

    def finish(self) -> None:
        """The next run puts everything right and leaves nothing."""
        for state in (0, 1):
            self.prepare(state)
            inferstack(self.project.root, *self.arguments[state])
            assert tree(self.compiled) == self.trees[state]
        folder = Workspace(self.project.root).folder
        assert sorted(path.name for path in folder.iterdir()) == ["lock", "state.json"]
        assert all(path.stat().st_nlink == 1 for path in self.compiled.rglob("*.yaml"))
