"""The main job as a user does it, and what a user's mistakes look like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.checkout import ROOT, Checkout, difference, tree

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

LLAMA = "targets/eu-h100/llama-70b.yml"
CLUSTER = "classes/clusters/eu-h100.yml"
MODEL = "classes/models/llama-3-3-70b-instruct.yml"
ISTIO = "targets/us-h200/qwen3-235b.yml"
PLACE = re.compile(r"^inventory/\S+:\d+:\d+: ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One edit of the committed inventory, and what must be said about it."""

    path: str
    old: str
    new: str
    says: str
    """A regular expression of the message."""
    at: str = ""
    """Text of the line that must be named, if not the changed one."""
    at_path: str = ""
    """The file that must be named, if not the changed one."""
    below: int = 0
    """How many lines further down."""
    lines: int = 1
    """How many lines say something about it."""


FOUND_BY_THE_COMPILER = {
    "unknown key": Mistake(
        LLAMA, "maxReplicas:", "maxReplicass:", r"unknown key serving\.maxReplicass.*maxReplicas"
    ),
    "wrong type": Mistake(LLAMA, "maxReplicas: 4", "maxReplicas: four", r"serving\.maxReplicas is .*four"),
    "not allowed": Mistake(
        LLAMA, "pool: h100", "pool: h100\n    mode: standard", r"serving\.mode.*Standard", "mode:"
    ),
    "missing fact": Mistake(
        MODEL, "    maxContext:", "    # maxContext:", r"maxContext is missing", "  model:"
    ),
    "gpu count": Mistake(
        LLAMA, "tensorParallelSize: 4", "tensorParallelSize: 4\n    gpus: 2", r"gpus", "gpus:"
    ),
    "unknown pool": Mistake(LLAMA, "pool: h100", "pool: h200", r"h200.*h100"),
    "unknown runtime": Mistake(LLAMA, "runtime: vllm", "runtime: vlm", r"vlm.*vllm"),
    "runtime that is off": Mistake(
        CLUSTER, "vllm: true", "vllm: false", r"'vllm' is switched off", "runtime: vllm", LLAMA
    ),
    "name too long": Mistake(
        LLAMA,
        "runtime: vllm",
        f"runtime: vllm\n    name: {'llama-' * 12}70b",
        r"75 characters; use at most 63",
        below=1,
    ),
    "no effect": Mistake(
        ISTIO, "  serving:", "  gateway: {streamIdle: 60s}\n  serving:", r"streamIdle has no effect"
    ),
    "wrong cluster": Mistake(CLUSTER, "name: eu-h100", "name: eu-h200", r"cluster\.name", lines=2),
}
FOUND_BY_THE_GUARD = {
    "unknown class": Mistake(LLAMA, "- stacks.stack", "- stacks.stak", r"unknown class.*stacks\.stack"),
    "class loop": Mistake(
        MODEL, "parameters:", "classes: [models.llama-3-3-70b-instruct]\nparameters:", "includes itself"
    ),
    "syntax": Mistake(LLAMA, "maxReplicas: 4", "maxReplicas: [4", "expected ',' or ']'", below=1),
    "duplicate key": Mistake(
        LLAMA, "pool: h100", "pool: h100\n    pool: h100", r"duplicate key `pool`", below=1
    ),
    "dangling reference": Mistake(
        LLAMA, "maxReplicas: 4", 'maxReplicas: "${serving:minimum}"', r"serving:minimum"
    ),
    "misspelt section": Mistake(LLAMA, "parameters:", "parameter:", r"parameters"),
}


def cases(found: dict[str, Mistake]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("mistake", found.values(), ids=found.keys())


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.copy(tmp_path / "checkout", compiled=True)


def made(checkout: Checkout, mistake: Mistake) -> str:
    """Makes the mistake; the file and line that a message must name."""
    checkout.edit(mistake.path, mistake.old, mistake.new)
    path = mistake.at_path or mistake.path
    line = checkout.line_of(path, mistake.at or mistake.new.splitlines()[0]) + mistake.below
    return f"inventory/{path}:{line}:"


def test_stock_kapitan_compile_gives_the_committed_tree(tmp_path: Path) -> None:
    checkout = Checkout.copy(tmp_path / "checkout", compiled=False)

    ran = checkout.kapitan()

    assert ran.code == 0, ran.output
    assert difference(checkout.compiled(), tree(ROOT / "compiled")) == []


def test_what_was_left_in_compiled_is_removed(checkout: Checkout) -> None:
    stray = checkout.root / "compiled/eu-h100/gone/model-service/service-gone.yaml"
    stray.parent.mkdir(parents=True)
    stray.write_text("kind: Service\n", encoding="utf-8")

    ran = checkout.kapitan()

    assert ran.code == 0, ran.output
    assert difference(checkout.compiled(), tree(ROOT / "compiled")) == []


@cases(FOUND_BY_THE_COMPILER)
def test_stock_kapitan_compile_names_the_mistake_and_stops(checkout: Checkout, mistake: Mistake) -> None:
    place = made(checkout, mistake)

    ran = checkout.kapitan()

    assert ran.code == 1
    assert "Traceback" not in ran.output
    about = [line for line in ran.output.splitlines() if line.startswith(place)]
    assert len(about) == mistake.lines, ran.output
    assert all(re.search(mistake.says, line) for line in about), about
    assert difference(checkout.compiled(), tree(ROOT / "compiled")) == []


def test_a_name_that_kapitan_takes_apart_is_one_line(checkout: Checkout) -> None:
    target = checkout.root / "inventory/targets/eu-h100/llama-70b.yml"
    target.rename(target.with_name("llama.3.yml"))

    ran = checkout.kapitan()

    assert (ran.code, "Traceback" in ran.output) == (1, False), ran.output
    assert "inventory/targets/eu-h100/llama.3.yml: `llama.3` is not a slug" in ran.output
    assert difference(checkout.compiled(), tree(ROOT / "compiled")) == []


@cases(FOUND_BY_THE_GUARD)
def test_make_compile_names_the_mistake_and_stops(checkout: Checkout, mistake: Mistake) -> None:
    place = made(checkout, mistake)

    ran = checkout.make_compile()

    assert ran.code == 1
    assert "Traceback" not in ran.output
    about = [line for line in ran.output.splitlines() if line.startswith(place)]
    assert about, ran.output
    assert re.search(mistake.says, about[0])
    assert difference(checkout.compiled(), tree(ROOT / "compiled")) == []


def test_all_mistakes_of_all_targets_are_reported_at_once(checkout: Checkout) -> None:
    checkout.edit(LLAMA, "maxReplicas: 4", "maxReplicass: 4")
    checkout.edit(LLAMA, "pool: h100", "pool: h100\n    mode: standard")
    checkout.edit("targets/us-h200/llama-70b.yml", "serving:", "servin:")
    checkout.edit("targets/edge-cpu/qwen3-4b.yml", "pool: cpu", "pool: 3")

    ran = checkout.kapitan()

    assert ran.code == 1
    for word in ("maxReplicass", "serving.mode", "servin", "serving.pool"):
        assert any(word in line and PLACE.match(line) for line in ran.output.splitlines()), word


def test_a_mistake_in_a_class_is_one_line_for_all_its_targets(checkout: Checkout) -> None:
    checkout.edit("classes/runtimes/vllm.yml", "engine: vllm", "engine: vlm")

    ran = checkout.kapitan()

    assert ran.code == 1
    (line,) = [line for line in ran.output.splitlines() if PLACE.match(line)]
    assert line.startswith("inventory/classes/runtimes/vllm.yml:")
    assert "more" in line
