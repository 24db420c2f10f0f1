"""Makefile, hooks and shell scripts hold together."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pre_commit.clientlib import load_config

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted([*(ROOT / "scripts").glob("*.sh"), ROOT / ".ci/run"])
MAKE = shutil.which("make")
needs_make = pytest.mark.skipif(MAKE is None, reason="make is not installed")


def makefile() -> str:
    return (ROOT / "Makefile").read_text(encoding="utf-8")


def make(*arguments: str) -> str:
    """What a make of its own prints: one that a make started prints also the directories it enters."""
    own = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    ran = subprocess.run(["make", *arguments], cwd=ROOT, env=own, capture_output=True, text=True, check=True)
    return ran.stdout


def recipe(target: str) -> str:
    """The lines that make would run for a target if nothing were done yet."""
    return make("--dry-run", "--always-make", target)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_executable_bash_that_stops_at_the_first_error(script: Path) -> None:
    content = script.read_text(encoding="utf-8")

    assert script.stat().st_mode & 0o111
    assert content.startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in content
    subprocess.run(["bash", "-n", script], check=True)


@needs_make
def test_help_lists_every_task() -> None:
    shown = make("help")
    tasks = re.findall(r"^\.PHONY: ([a-z-]+)$", makefile(), re.MULTILINE)

    assert tasks
    assert [line.split()[0] for line in shown.splitlines()] == tasks


@needs_make
def test_compile_installs_what_is_locked_and_guards_before_it_compiles() -> None:
    lines = recipe("compile")

    order = [
        "--require-hashes -r requirements/run.txt",
        "--no-deps --no-build-isolation --editable .",
        "inferstack guard",
        "kapitan compile",
        "inferstack check",
    ]
    places = [lines.index(step) for step in order]
    assert places == sorted(places)
    assert "requirements/test.txt" not in lines


@needs_make
def test_tests_come_last_so_that_their_closing_line_is_seen() -> None:
    lines = recipe("test").strip().splitlines()

    assert lines[-1].startswith(".venv/bin/pytest")
    for tool in ("ruff check", "ruff format --check", "mypy", "yamllint --strict", "schema --check"):
        assert any(tool in line for line in lines[:-1]), tool


def test_hooks_fetch_nothing_and_run_what_make_lint_runs() -> None:
    config = load_config(ROOT / ".pre-commit-config.yaml")
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]

    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    for hook in hooks:
        assert hook["language"] in {"system", "unsupported"}
        assert hook["entry"].startswith(".venv/bin/")
    entries = " ".join(hook["entry"] for hook in hooks)
    for tool in re.findall(r"^\t\$\(BIN\)/(ruff \w+|mypy|yamllint|inferstack \w+)", _lint(), re.MULTILINE):
        assert f".venv/bin/{tool}" in entries


def _lint() -> str:
    return makefile().partition("\nlint:")[2].partition("\n\n")[0]


def test_ci_calls_make_test_and_proves_that_compile_changes_nothing() -> None:
    ci = (ROOT / ".ci/run").read_text(encoding="utf-8")

    for step in ("scripts/install-debian-packages.sh", "make test", "make compile", "git status --porcelain"):
        assert step in ci


def test_ci_and_readme_install_debian_packages_by_the_same_script() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert "scripts/install-debian-packages.sh" in readme
    assert "apt-get" not in readme
    assert "apt-get" not in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_a_python_in_range_is_found_and_another_is_refused() -> None:
    finder = ROOT / "scripts/find-python.sh"

    found = subprocess.run(
        [finder], env=_environment(sys.executable), capture_output=True, text=True, check=True
    )
    refused = subprocess.run(
        [finder], env=_environment("/bin/false"), capture_output=True, text=True, check=False
    )

    assert Path(found.stdout.strip()).exists()
    assert refused.returncode == 1
    assert refused.stderr == (
        "PYTHON is /bin/false, which is not a Python 3.11, 3.12 or 3.13 with the venv module.\n"
    )


def _environment(python: str) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHON": python}


def test_generated_files_are_marked_for_reviews() -> None:
    attributes = (ROOT / ".gitattributes").read_text(encoding="utf-8")

    for path in ("compiled/**", "docs/schemas/**", "docs/parameters.md"):
        assert f"{path} linguist-generated\n" in attributes


def test_the_lint_of_yaml_leaves_out_only_what_is_compiled_or_installed() -> None:
    config = yaml.safe_load((ROOT / ".yamllint").read_text(encoding="utf-8"))

    assert config["ignore"].split() == [".venv/", ".venv-alt/", "compiled/"]
