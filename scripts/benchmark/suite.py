"""What is measured: this project's commands, its peers, and the floor, on one synthetic fleet in one run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmark import charts, floor, tools
from scripts.benchmark.fleet import write_fleet
from scripts.benchmark.measure import Cost, measure
from scripts.project import Project

JOBS = "2"
NOT_INSTALLED = "not installed"
_SHIPPED = "version: 0.36.3\nglobal: {compose-target-name: true}\ncompile: {search-paths: [.]}\n"
"""Settings that this layout cannot do without; everything else as Kapitan ships it."""
_KNOB = "requestTimeoutSeconds"
_SCRATCH = "tmp"
MODEL = Path("inventory", "classes", "models", "llama-3-3-70b-instruct.yml")
STACK = Path("inventory", "classes", "stacks", "stack.yml")
"""The class that every stack includes."""


@dataclass(frozen=True, slots=True)
class Result:
    """One row: a cost, or why there is none."""

    name: str
    size: int
    cost: Cost | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Bench:
    """A project with a synthetic fleet, in a folder of its own."""

    project: Project
    root: Path
    size: int
    stacks: list[str]

    @property
    def compiled(self) -> Path:
        """What stock Kapitan compiled."""
        return self.root / "compiled"

    def python(self, *words: str) -> list[str]:
        """A command of this interpreter."""
        return [sys.executable, *words]

    def inferstack(self, *words: str) -> list[str]:
        """An ``inferstack`` command on the synthetic project."""
        return self.python("-m", "scripts.cli", *words)

    def run(self, command: list[str]) -> Cost:
        """Measure a command in the synthetic project."""
        scratch = {"TMPDIR": str(self.root / _SCRATCH)}
        return measure(command, self.root, {"PYTHONPATH": str(self.project.root), **scratch})


def make(project: Project, root: Path, size: int, seed: int) -> Bench:
    """A synthetic project below ``root``."""
    for name in ("components", "templates", "scripts"):
        (root / name).symlink_to(project.root / name)
    shutil.copy(project.root / ".kapitan", root / ".kapitan")
    (root / _SCRATCH).mkdir()
    return Bench(project, root, size, write_fleet(project.inventory, root / "inventory", size, seed))


def stock(bench: Bench) -> Cost:
    """``kapitan compile`` with the settings of ``.kapitan``."""
    return bench.run([str(Path(sys.executable).with_name("kapitan")), "compile", "--quiet"])


def stock_as_shipped(bench: Bench) -> Cost:
    """``kapitan compile`` without them: spawned workers, the reclass backend."""
    ours = (bench.root / ".kapitan").read_text(encoding="utf-8")
    (bench.root / ".kapitan").write_text(_SHIPPED, encoding="utf-8")
    try:
        kapitan = str(Path(sys.executable).with_name("kapitan"))
        return bench.run([kapitan, "compile", "--quiet", "--output-path", str(bench.root / "shipped")])
    finally:
        (bench.root / ".kapitan").write_text(ours, encoding="utf-8")


def compile_cold(bench: Bench) -> Cost:
    """``inferstack compile`` without what it remembers."""
    shutil.rmtree(bench.root / ".inferstack", ignore_errors=True)
    return bench.run(bench.inferstack("compile"))


def compile_again(bench: Bench) -> Cost:
    """``inferstack compile`` with nothing edited."""
    return bench.run(bench.inferstack("compile"))


def compile_one_edit(bench: Bench) -> Cost:
    """``inferstack compile`` after one target was edited."""
    _turn(bench.root / "inventory" / "targets" / f"{bench.stacks[0].replace('.', '/')}.yml")
    return bench.run(bench.inferstack("compile"))


def compile_class_edit(bench: Bench) -> Cost:
    """``inferstack compile`` after a class that every stack includes was edited."""
    _turn(bench.root / STACK)
    return bench.run(bench.inferstack("compile"))


def _turn(path: Path) -> None:
    """Change one number of a file's ``serving``, in place: 599 s or 598 s for the longest request."""
    text = path.read_text(encoding="utf-8")
    line = f"    {_KNOB}: {598 if f'{_KNOB}: 599' in text else 599}\n"
    if _KNOB in text:
        text = re.sub(rf" +{_KNOB}: .*\n", line, text, count=1)
    elif "  serving:\n" in text:
        text = text.replace("  serving:\n", f"  serving:\n{line}", 1)
    else:
        text = f"{text.rstrip()}\n  serving:\n{line}"
    path.write_text(text, encoding="utf-8")


def check(bench: Bench) -> Cost:
    """``inferstack check`` of the whole fleet."""
    return bench.run(bench.inferstack("check", "--stats"))


def explain_value(bench: Bench) -> Cost:
    """``inferstack explain`` of one value."""
    return bench.run(bench.inferstack("explain", bench.stacks[-1].replace(".", "/"), "serving.runtime"))


def explain_stack_line(bench: Bench) -> Cost:
    """``inferstack explain`` of a line of an InferenceService."""
    folder = bench.compiled / bench.stacks[-1].replace(".", "/") / "model-service"
    return _explain_line(bench, min(folder.glob("inferenceservice-*.yaml")), "modelFormat")


def explain_cluster_line(bench: Bench) -> Cost:
    """``inferstack explain`` of a line of an Application."""
    folder = bench.compiled / bench.stacks[-1].partition(".")[0] / "cluster" / "argocd"
    return _explain_line(bench, min(folder.glob("application-*.yaml")), "path:")


def explain_class_line(bench: Bench) -> Cost:
    """``inferstack explain`` of a line of a model's class: every field that it reaches in the fleet."""
    return _explain_line(bench, bench.root / MODEL, "maxContext")


def _explain_line(bench: Bench, file: Path, text: str) -> Cost:
    rows = file.read_text(encoding="utf-8").splitlines()
    line = next(number for number, row in enumerate(rows, 1) if text in row)
    return bench.run(bench.inferstack("explain", f"{file.relative_to(bench.root)}:{line}"))


def review_class(bench: Bench) -> Cost:
    """``inferstack review`` of one changed class, against a commit."""
    (bench.root / ".gitignore").write_text(
        f".inferstack/\nshipped/\ncharts/\n{_SCRATCH}/\n", encoding="utf-8"
    )
    _git(bench, "init", "--quiet", "-b", "main")
    return _review(bench, bench.root / MODEL)


def review_all(bench: Bench) -> Cost:
    """``inferstack review`` of a class that every stack includes."""
    return _review(bench, bench.root / STACK)


def _review(bench: Bench, file: Path) -> Cost:
    """Commit what is there, then edit a class, compile, and review."""
    _git(bench, "add", "-A")
    _git(bench, "commit", "--quiet", "-m", "base")
    _turn(file)
    bench.run(bench.inferstack("compile"))
    return bench.run(bench.inferstack("review", "HEAD"))


def _git(bench: Bench, *words: str) -> None:
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")
    subprocess.run(["git", "-C", str(bench.root), *who, *words], check=True)


def helm_each(bench: Bench) -> Cost | None:
    """``helm template`` once a release, on charts that render the same objects."""
    helm = tools.find(bench.project.root, "helm")
    if helm is None:
        return None
    releases = charts.releases(bench.compiled)
    folder = bench.root / "charts" / "each"
    by_shape = charts.write_charts(releases, folder)
    lines = []
    for release in releases:
        values = f"cluster={release.cluster},stack={release.stack},namespace={release.namespace}"
        name = f"r-{release.stack}"[:53].rstrip("-")
        lines.append(
            [str(helm.resolve()), "template", name, str(by_shape[release.shape]), "--set-string", values]
        )
    return bench.run(_each(bench, folder / "commands", lines))


def helm_umbrella(bench: Bench) -> Cost | None:
    """``helm template`` once, on one chart that loops over all releases."""
    helm = tools.find(bench.project.root, "helm")
    if helm is None:
        return None
    chart = charts.write_umbrella(charts.releases(bench.compiled), bench.root / "charts")
    return bench.run([str(helm.resolve()), "template", "fleet", str(chart)])


def kustomize_each(bench: Bench) -> Cost | None:
    """``kubectl kustomize`` once a release."""
    kubectl = tools.find(bench.project.root, "kubectl")
    if kubectl is None:
        return None
    folder = bench.root / "charts" / "kustomize"
    overlays = charts.write_kustomizations(charts.releases(bench.compiled), folder)
    lines = [[str(kubectl.resolve()), "kustomize", str(overlay)] for overlay in overlays]
    return bench.run(_each(bench, folder / "commands", lines))


def _each(bench: Bench, path: Path, lines: list[list[str]]) -> list[str]:
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return bench.python("-m", "scripts.benchmark.each", JOBS, str(path))


def floor_dump(bench: Bench) -> Cost:
    """Dump the objects of the compiled tree with libyaml, less the cost of reading them."""
    return _floor(bench, "dump")


def floor_write(bench: Bench) -> Cost:
    """Write the files of the compiled tree, less the cost of reading them."""
    return _floor(bench, "write")


def _floor(bench: Bench, what: str) -> Cost:
    packed = bench.root / "packed"
    if not packed.exists():
        floor.pack(bench.compiled, packed)
    out = bench.root / f"floor-{what}"
    whole = bench.run(bench.python("-m", "scripts.benchmark.floor", what, str(packed), str(out)))
    read = bench.run(bench.python("-m", "scripts.benchmark.floor", "read", str(packed), str(out)))
    return Cost(max(whole.wall - read.wall, 0.001), max(whole.cpu - read.cpu, 0.001), whole.peak_mib)


ROWS: dict[str, Callable[[Bench], Cost | None]] = {
    "kapitan compile, as shipped": stock_as_shipped,
    "kapitan compile, our settings": stock,
    "inferstack compile, cold": compile_cold,
    "inferstack compile, no edit": compile_again,
    "inferstack compile, one target edited": compile_one_edit,
    "inferstack compile, a class under all edited": compile_class_edit,
    "inferstack check": check,
    "inferstack explain, one value": explain_value,
    "inferstack explain, a line of a stack": explain_stack_line,
    "inferstack explain, a line of an Application": explain_cluster_line,
    "inferstack explain, a line of a class": explain_class_line,
    "inferstack review, one class changed": review_class,
    "inferstack review, a class under all changed": review_all,
    "helm template, a release at a time": helm_each,
    "helm template, one umbrella": helm_umbrella,
    "kubectl kustomize, a release at a time": kustomize_each,
    "floor: libyaml dump of the same objects": floor_dump,
    "floor: write of the same files": floor_write,
}
"""Every row in the order in which it is run: the first two leave the tree that the others work on."""


PEERS = frozenset(name for name in ROWS if name.startswith(("helm", "kubectl")) or "as shipped" in name)
"""What others do: minutes for a large fleet."""


def results(bench: Bench, wanted: Collection[str]) -> Iterator[Result]:
    """Run the wanted rows."""
    for name, row in ROWS.items():
        if name not in wanted:
            continue
        print(f"{bench.size} stacks: {name} …", end=" ", file=sys.stderr, flush=True)
        cost = row(bench)
        told = f"{cost.cpu:.2f} s CPU, {cost.peak_mib:.0f} MiB" if cost else NOT_INSTALLED
        print(told, file=sys.stderr, flush=True)
        yield Result(name, bench.size, cost, "" if cost else NOT_INSTALLED)
