"""The ready CI jobs as data, and the commands that they run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github" / "workflows" / "compile.yml"
GITLAB = ROOT / ".gitlab-ci.yml"


def load(path: Path) -> dict[str, Any]:
    """A file as YAML 1.2 has it: ``on`` is a word."""
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    assert isinstance(document, dict)
    return document


def github_steps(job: str, values: Mapping[str, str]) -> list[str]:
    """The shell commands of a job, with its expressions replaced."""
    steps = load(GITHUB)["jobs"][job]["steps"]
    return [_filled(step["run"], r"\$\{\{ *(\S+) *\}\}", values) for step in steps if "run" in step]


def gitlab_steps(job: str, values: Mapping[str, str]) -> list[str]:
    """The shell commands of a job, with its variables replaced."""
    return [_filled(line, r"\$(\w+)", values) for line in load(GITLAB)[job]["script"]]


def inferstack_words(commands: list[str]) -> list[list[str]]:
    """The arguments of every ``inferstack`` command."""
    words = [shlex.split(command) for command in commands]
    return [found[1:] for found in words if found[0] == ".venv/bin/inferstack"]


def _filled(text: str, pattern: str, values: Mapping[str, str]) -> str:
    return re.sub(pattern, lambda match: values[match[1]], text)
