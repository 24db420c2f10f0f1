"""Small projects to compile, an engine without Kapitan's start-up, and what the result must be."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable
from pathlib import Path

from components.compile.targets import compile_target
from components.inventory.rendered import render
from scripts.benchmark.fleet import write_fleet
from scripts.compile.engine import EngineError, Job, Report
from scripts.compile.job import Outcome, Request, run
from scripts.compile.verify import Checked
from scripts.compile.workspace import Lock, Workspace
from scripts.project import Project

ROOT = Path(__file__).resolve().parents[2]

Tree = dict[str, bytes]


def new_project(root: Path, size: int, seed: int = 0) -> Project:
    """A synthetic fleet of about ``size`` stacks with a copy of the checkout's components."""
    root.mkdir(parents=True, exist_ok=True)
    for name in ("components", "templates"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".kapitan", root)
    write_fleet(ROOT / "inventory", root / "linked", size, seed)
    shutil.copytree(root / "linked", root / "inventory")
    shutil.rmtree(root / "linked")
    return Project(root.resolve())


class InProcessEngine:
    """Compiles what the view shows with Kapitan's inventory backend and the same component, in this process."""

    def __init__(self, root: Path, temporary: Path, lock: Lock) -> None:
        temporary.mkdir(parents=True)

    def compile(self, job: Job, step: Callable[[str], None], stall: float) -> Report:
        """What :class:`scripts.compile.engine.Engine` does."""
        parameters = render(job.inventory)
        report = Report()
        for target in job.targets:
            try:
                files = compile_target(target, parameters)
            except Exception as error:
                raise EngineError(f"{target}: {error}") from error
            for path, text in files.items():
                file = job.output / "compiled" / target.replace(".", "/") / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            report.seconds[target] = 0.01
            step(target)
        return report

    def close(self) -> None:
        """Nothing runs."""


class Silent:
    """Progress that nobody watches."""

    def phase(self, name: str) -> None:
        """Nothing."""

    def start(self, total: int) -> None:
        """Nothing."""

    def step(self, target: str) -> None:
        """Nothing."""


def unchecked(project: Path, clusters: frozenset[str], date: datetime.date, processes: int) -> Checked:
    """A check that is content with everything."""
    return Checked(0, len(clusters))


def compile_now(project: Project, request: Request | None = None) -> Outcome:
    """One compile into the project, any removal accepted, without the check, unless asked otherwise."""
    asked = request or Request(check=unchecked, removal_limit=None)
    return run(project, Workspace(project.root), asked, Silent())


def expected(project: Project) -> Tree:
    """What a compile of everything gives."""
    parameters = render(project.inventory)
    return {
        f"{target.replace('.', '/')}/{path}": text.encode()
        for target in parameters
        for path, text in compile_target(target, parameters).items()
    }


def tree(folder: Path) -> Tree:
    """The files below a folder, links as what they are."""
    return {
        path.relative_to(folder).as_posix(): b"link" if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or not path.is_dir()
    }
