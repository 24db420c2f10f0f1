"""One compile, from what lies on disk to what will lie there."""

from __future__ import annotations

import datetime
import errno
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from components.common.errors import InferstackError
from scripts.compile import record, verify
from scripts.compile.changes import Tree, new_tree
from scripts.compile.engine import STALL_SECONDS, Engine, Job, Report
from scripts.compile.inputs import Inputs, cluster_of, look_edited, read_inputs, read_shared
from scripts.compile.outputs import Outputs, identify, scan
from scripts.compile.plan import Plan, in_part, plan, stale_targets
from scripts.compile.publish import build, publish
from scripts.compile.record import Times
from scripts.compile.removals import LIMIT_PERCENT, guard_removals
from scripts.compile.selection import Selected, Selection
from scripts.compile.shards import gather, require_shards
from scripts.compile.state import State, load_state, save_state
from scripts.compile.terminal import Progress
from scripts.compile.verify import Checked, Guarded, is_guarded
from scripts.compile.view import write_view
from scripts.compile.workspace import COMPILED, Lock, Workspace
from scripts.project import Project

ATTEMPTS = 3
"""A compile during which somebody edits the code is done again, so often."""


class ChangedError(InferstackError):
    """The code was edited while it compiled."""


Check = Callable[[Path, frozenset[str], datetime.date, int], Checked]


@dataclass(frozen=True)
class Request:
    """What is asked of a compile."""

    selection: Selection = Selection()
    compare_only: bool = False
    """Compile and compare; write nothing."""
    wait: bool = True
    """For another compile to end."""
    processes: int = 0
    """How many compile; 0: as many as there are processors."""
    profile: bool = False
    """Compile in one process, and write its profile beside the state."""
    removal_limit: float | None = LIMIT_PERCENT
    """Percent of all objects; None when any removal is welcome."""
    patience: float = STALL_SECONDS
    """Seconds without a word of Kapitan after which it is given up."""
    date: datetime.date = datetime.date.min
    """The day that the check holds waivers against."""
    shards: tuple[Path, ...] = ()
    """Folders with what shards have compiled: it is taken from there, and nothing is compiled here."""
    check: Check | None = None
    """What checks the new tree; `inferstack check` does when absent."""


@dataclass
class Outcome:
    """What a compile did."""

    work: Plan
    tree: Tree | None = None
    """None when there was nothing to do."""
    report: Report = field(default_factory=Report)
    warnings: str = ""
    checked: Checked = Checked()
    unchecked: frozenset[str] = frozenset()
    """Clusters that change and were not checked, because targets of theirs were left out that are not as they should
    be."""
    profile: Path | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall seconds by phase, in order."""


def run(project: Project, workspace: Workspace, request: Request, progress: Progress) -> Outcome:
    """Bring ``compiled/`` up to date. Raises InferstackError, with ``compiled/`` as it was."""
    require_shards(request.shards)
    with _faults_of_the_system(), workspace.locked(wait=request.wait) as lock:
        for _ in range(ATTEMPTS):
            workspace.recover()
            with workspace.stage() as staging, ExitStack() as stack:
                outcome = _Attempt(project, workspace, request, progress, lock, staging, stack).run()
                if outcome:
                    return outcome
            progress.phase("the code was edited meanwhile; once more")
        raise ChangedError("the code is edited while it compiles; run again when it is quiet")


@dataclass
class _Attempt:
    """The steps of one attempt, in order, and what they hand on."""

    project: Project
    workspace: Workspace
    request: Request
    progress: Progress
    lock: Lock
    staging: Path
    stack: ExitStack
    seconds: dict[str, float] = field(default_factory=dict)
    engine: Engine | None = None

    def run(self) -> Outcome | None:
        """None when the code was edited meanwhile."""
        with self.phase("inputs"):
            shared = read_shared(self.project)
            # Kapitan imports code from here on, which must be the code that the keys know of.
            if not self.request.shards and look_edited(self.project, self.workspace.state):
                self.start_engine()
            inputs = read_inputs(self.project, shared)
            state = load_state(self.workspace.state)
            # Labels are read from the rendered inventory, so it must be fit to be rendered.
            guarded = verify.guard_all(self.project) if self.request.selection.labels else None
            selected = self.request.selection.resolve(inputs)
            stale = stale_targets(inputs, state, selected)
            if stale and not self.request.shards:
                self.start_engine()
        with self.phase("outputs"):
            surveyed = self.lock.now()
            outputs = self.identified(state, selected)
            work = plan(inputs, outputs, state, selected, stale, everything=self.request.selection.is_all)
        with self.phase("guard"):
            guarded = guarded or verify.guard(
                self.project,
                inputs,
                state,
                work.reasons,
                self.staging / "guarded",
                everything=self.request.selection.is_all,
            )
        if work.is_empty:
            return self.idle(inputs, state, outputs, work, surveyed, guarded.warnings)
        closures = guarded.closures
        report = Report()
        if work.reasons:
            with self.phase("compile"):
                report = self.compile(inputs, guarded, work)
            if read_shared(self.project) != inputs.shared:
                return None
        with self.phase("compare"):
            compiled = self.lock.now()
            tree = new_tree(work, outputs, self.staging / "out" / COMPILED)
        outcome = Outcome(work, tree, report, guarded.warnings, profile=self.profile, seconds=self.seconds)
        if not self.request.compare_only:
            # What only the inventory says, such as the size of a pool or a waiver, changes no file.
            touched = tree.clusters | tree.present(cluster_of(target) for target in work.reasons)
            if not self.request.selection.is_all:
                outcome.unchecked = in_part(inputs, outputs, state, selected, touched)
            after = self.take_place(inputs, closures, outputs, tree, outcome, touched - outcome.unchecked)
            times = Times(surveyed, compiled, self.lock.now())
            new = record.with_work(state, inputs, closures, work, outputs, tree, after, times)
            if not outcome.checked.faults:  # what nobody could judge is judged again
                save_state(self.workspace.state, new)
        return outcome

    def idle(
        self, inputs: Inputs, state: State, outputs: Outputs, work: Plan, surveyed: int, warnings: str
    ) -> Outcome:
        """Nothing to compile; remember what had to be read to know it."""
        was_read = any(folder.was_read for folder in outputs.folders.values())
        # An engine that was started in vain: the state's time is what decides that.
        if (was_read or self.engine or not is_guarded(inputs, state)) and not self.request.compare_only:
            save_state(self.workspace.state, record.without_work(state, inputs, outputs, work, surveyed))
        return Outcome(work, warnings=warnings, seconds=self.seconds)

    @property
    def profile(self) -> Path | None:
        """Where a profile is written."""
        return self.workspace.folder / "profile.pstats" if self.request.profile else None

    def start_engine(self) -> Engine:
        """Kapitan takes half a second to import."""
        if self.engine is None:
            self.engine = Engine(self.project.root, self.staging / "tmp", self.lock)
            self.stack.callback(self.engine.close)
        return self.engine

    def identified(self, state: State, selected: Selected) -> Outputs:
        """``compiled/``, with digests of what the run is about."""
        outputs = scan(self.workspace.compiled)
        for target, folder in outputs.folders.items():
            if selected(target):
                identify(self.workspace.compiled, target, folder, state.targets.get(target))
        return outputs

    def compile(self, inputs: Inputs, guarded: Guarded, work: Plan) -> Report:
        """Let Kapitan compile what must be, or take it from the shards."""
        if self.request.shards:
            gather(
                self.request.shards, inputs, guarded.closures, work.reasons, self.staging / "out" / COMPILED
            )
            return Report()
        engine = self.start_engine()
        needed = inputs.needed_by(work.reasons)
        job = Job(
            inventory=guarded.view or write_view(inputs, guarded.closures, needed, self.staging),
            output=self.staging / "out",
            targets=sorted(work.reasons),
            only=len(needed) > len(work.reasons),
            processes=self.request.processes,
            profile=self.profile,
        )
        self.progress.start(len(work.reasons))
        with nullcontext() if self.request.compare_only else verify.warmed_up():
            return engine.compile(job, self.progress.step, self.request.patience)

    def take_place(
        self,
        inputs: Inputs,
        closures: Mapping[str, list[str]],
        outputs: Outputs,
        tree: Tree,
        outcome: Outcome,
        clusters: frozenset[str],
    ) -> Outputs:
        """Check the new tree and publish it; returns what lies there now, where something changed. ``clusters`` are
        checked."""
        if self.request.removal_limit is not None:
            guard_removals(tree, outputs, self.request.removal_limit)
        with self.phase("build"):
            candidate = build(tree, clusters, self.workspace.compiled, self.staging / "candidate")
        with self.phase("check"):
            if clusters:
                project = verify.lay_out(candidate, inputs, closures, self.workspace.compiled)
                check = self.request.check or verify.check_tree
                outcome.checked = check(project, clusters, self.request.date, self.request.processes)
        if tree.unit is None:
            return Outputs({}, ())
        with self.phase("publish"):
            publish(candidate, self.workspace)
            return scan(self.workspace.compiled, tree.unit)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measures a step, and tells that it has begun."""
        self.progress.phase(name)
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - start


@contextmanager
def _faults_of_the_system() -> Iterator[None]:
    """No space, no permission, a disk that fails: one line, no traceback."""
    try:
        yield
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        remedy = "; free some space and run again" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        told = error.strerror or type(error).__name__
        raise InferstackError(f"{where}{told}{remedy}. compiled/ is as it was") from error
