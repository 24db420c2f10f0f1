"""The CI jobs of `inferstack review`: valid, careful with what strangers write, and right about the comment."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import review
from scripts.review.markdown import MARKER

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github" / "workflows" / "review.yml"
GITLAB = ROOT / ".gitlab" / "review.yml"


def load(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = load(GITHUB)["jobs"]["review"]["steps"]
    return found


def scripts() -> Iterator[str]:
    yield from (step["run"] for step in steps() if "run" in step)
    yield from load(GITLAB)["review"]["script"]


def test_the_workflow_has_the_shape_that_github_wants() -> None:
    workflow = load(GITHUB)
    assert workflow.keys() <= {"name", "on", "permissions", "concurrency", "jobs"}
    assert workflow["on"].keys() == {
        "pull_request"
    }  # never pull_request_target: strangers' code runs with its token
    job = workflow["jobs"]["review"]
    assert job.keys() <= {"runs-on", "timeout-minutes", "env", "steps"}
    for step in steps():
        assert ("run" in step) != ("uses" in step)
        assert step.keys() <= {"name", "id", "if", "uses", "with", "env", "run"}
        assert step["name"]
    expressions = re.findall(r"\$\{\{(.*?)\}\}", GITHUB.read_text(encoding="utf-8"))
    known = {step["id"] for step in steps() if "id" in step}
    for expression in expressions:
        context, *path = expression.strip().split(".")
        assert context in ("github", "steps")
        assert context != "steps" or path[0] in known


def test_the_token_may_do_no_more_than_comment() -> None:
    assert load(GITHUB)["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert "secrets." not in GITHUB.read_text(encoding="utf-8")


def test_actions_are_pinned_by_commit() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action) for action in used)


def test_no_expression_stands_in_a_script() -> None:
    assert all("${{" not in step["run"] for step in steps() if "run" in step)


def test_the_whole_history_is_fetched() -> None:
    assert steps()[0]["with"]["fetch-depth"] == "0" or steps()[0]["with"]["fetch-depth"] == 0
    assert load(GITLAB)["review"]["variables"]["GIT_DEPTH"] == "0"


@pytest.mark.parametrize("script", list(scripts()), ids=lambda text: text.split()[0])
def test_scripts_parse(script: str) -> None:
    done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_commands_know_their_options() -> None:
    parser = argparse.ArgumentParser()
    review.arguments(parser)
    known = {option for action in parser._actions for option in action.option_strings}
    lines = [" ".join(line.split()) for script in scripts() for line in script.splitlines()]
    commands = [line.partition("inferstack review")[2] for line in lines if "inferstack review" in line]
    assert len(commands) == 3
    for command in commands:
        assert set(re.findall(r"(?<= )--[a-z-]+", command)) <= known


def test_the_marker_is_that_of_the_comment() -> None:
    for path in (GITHUB, GITLAB):
        assert MARKER in path.read_text(encoding="utf-8")


def test_gitlab_job_has_the_shape_that_gitlab_wants() -> None:
    job = load(GITLAB)
    assert job.keys() == {"review"}
    known = {"stage", "image", "needs", "rules", "variables", "script", "artifacts"}
    assert job["review"].keys() <= known
    assert job["review"]["artifacts"].keys() <= {"expose_as", "paths", "expire_in", "when"}
    assert all("*" not in path for path in job["review"]["artifacts"]["paths"])  # expose_as takes no patterns


@pytest.mark.parametrize(
    ("existing", "wanted"),
    [("", "POST repos/o/r/issues/7/comments"), ("42", "PATCH repos/o/r/issues/comments/42")],
)
def test_one_comment_is_made_and_then_updated(existing: str, wanted: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    fake = tmp_path / "gh"
    fake.write_text(
        f'#!/usr/bin/env bash\nif [[ "$*" == *--paginate* ]]; then printf %s "{existing}"\n'
        f'else echo "$*" >> {log}; fi\n',
        encoding="utf-8",
    )
    fake.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "COMMENTS": "repos/o/r/issues/7/comments",
        "COMMENT": "repos/o/r/issues/comments",
    }
    script = steps()[-1]["run"]
    subprocess.run(["bash", "-eo", "pipefail", "-c", script], env=environment, cwd=tmp_path, check=True)
    assert log.read_text(encoding="utf-8") == f"api --silent --method {wanted} --field body=@review.md\n"


@pytest.mark.parametrize(("notes", "wanted"), [([], "POST"), ([{"id": 9, "body": f"{MARKER}\nold"}], "PUT")])
def test_one_note_is_made_and_then_updated(notes: list[Any], wanted: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    (tmp_path / "notes").write_text(json.dumps(notes), encoding="utf-8")
    fake = tmp_path / "curl"
    fake.write_text(
        f'#!/usr/bin/env bash\nif [[ "$*" == *per_page* ]]; then cat {tmp_path}/notes; else echo "$*" >> {log}; fi\n',
        encoding="utf-8",
    )
    fake.chmod(0o755)
    shutil.copy(sys.executable, tmp_path / "python3") if shutil.which("python3") is None else None
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "REVIEW_TOKEN": "secret",
        "CI_API_V4_URL": "https://gitlab.example.com/api/v4",
        "CI_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_IID": "2",
    }
    script = load(GITLAB)["review"]["script"][-1]
    subprocess.run(["sh", "-e", "-c", script], env=environment, cwd=tmp_path, check=True)
    said = log.read_text(encoding="utf-8")
    end = "/notes/9" if notes else "/notes"
    assert f"--request {wanted} " in said
    assert said.strip().endswith(f"/projects/1/merge_requests/2{end}")
