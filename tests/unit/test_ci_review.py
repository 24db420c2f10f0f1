"""The CI jobs of `inferstack review`: valid, careful with what strangers write, and right about the comment."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

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
    assert MARKER in GITHUB.read_text(encoding="utf-8")


def test_gitlab_job_has_the_shape_that_gitlab_wants() -> None:
    job = load(GITLAB)
    assert job.keys() == {"review"}
    known = {"stage", "image", "needs", "rules", "variables", "script", "artifacts"}
    assert job["review"].keys() <= known
    assert job["review"]["artifacts"].keys() <= {"expose_as", "paths", "expire_in", "when"}
    assert all("*" not in path for path in job["review"]["artifacts"]["paths"])  # expose_as takes no patterns


COMMENT = "PATCH repos/o/r/issues/comments/42"
COMMENTS = "POST repos/o/r/issues/7/comments"


def comment(folder: Path, listing: str, *, touches: bool = True) -> tuple[int, str]:
    """Exit code of the last step where ``gh`` answers a listing like that, and what it asks of ``gh`` then."""
    log = folder / "log"
    log.touch()
    gh = f'if [[ "$*" == *--paginate* ]]; then {listing}; else echo "$*" >> {log}; fi'
    for name, does in (("gh", gh), ("git", f"exit {int(touches)}")):
        fake = folder / name
        fake.write_text(f"#!/usr/bin/env bash\n{does}\n", encoding="utf-8")
        fake.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "BASE": "1",
        "HEAD": "2",
        "COMMENTS": "repos/o/r/issues/7/comments",
        "COMMENT": "repos/o/r/issues/comments",
    }
    # As GitHub runs a step that names no shell: without pipefail.
    done = subprocess.run(["bash", "-e", "-c", steps()[-1]["run"]], env=environment, cwd=folder, check=False)
    return done.returncode, log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("listing", "touches", "wanted"),
    [
        ("true", True, COMMENTS),
        ("true", False, ""),
        ("echo 42", True, COMMENT),
        ("echo 42", False, COMMENT),
        ("printf '42\\n43\\n'", True, COMMENT),
    ],
    ids=["first", "fleet untouched", "again", "fleet untouched again", "two"],
)
def test_one_comment_is_made_and_then_updated(
    listing: str, touches: bool, wanted: str, tmp_path: Path
) -> None:
    said = f"api --silent --method {wanted} --field body=@review.md\n" if wanted else ""
    assert comment(tmp_path, listing, touches=touches) == (0, said)


def test_nothing_is_written_where_the_comments_cannot_be_listed(tmp_path: Path) -> None:
    code, said = comment(tmp_path, "exit 1")
    assert code != 0
    assert said == ""


def test_every_pull_request_is_reviewed() -> None:
    """A paths filter would leave the comment of a pull request that stops touching them as it was."""
    assert not load(GITHUB)["on"]["pull_request"]


def test_checkout_review_and_links_are_of_one_commit() -> None:
    head = "${{ github.event.pull_request.head.sha }}"
    assert load(GITHUB)["jobs"]["review"]["env"]["HEAD"] == steps()[0]["with"]["ref"] == head
    (source,) = [step["env"]["SOURCE"] for step in steps() if "SOURCE" in step.get("env", {})]
    assert source.endswith(f"/blob/{head}")
    reviews = [line for script in scripts() for line in script.splitlines() if "inferstack review" in line]
    assert [re.findall(r'review ("\S+" "\S+")', line) for line in reviews] == [
        ['"$BASE" "$HEAD"'],
        ['"$BASE" "$HEAD"'],
        ['"$CI_MERGE_REQUEST_DIFF_BASE_SHA" "$head"'],
    ]
    assert reviews[2].endswith('--source-url "$CI_PROJECT_URL/-/blob/$head"')


class GitLab(ThreadingHTTPServer):
    """The API of a GitLab with one merge request."""

    def __init__(self, notes: list[dict[str, Any]], status: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.notes, self.status = notes, status
        self.written: list[tuple[str, str, Any]] = []


class Answer(BaseHTTPRequestHandler):
    """One answer of it."""

    server: GitLab

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/api/v4/user":
            self._say({"id": 7})
            return
        asked = parse_qs(url.query)
        size, page = int(asked["per_page"][0]), int(asked["page"][0])
        self._say(self.server.notes[(page - 1) * size : page * size])

    def do_POST(self) -> None:
        data = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.written.append((self.command, self.path, data))
        self._say({})

    def do_PUT(self) -> None:
        self.do_POST()

    def _say(self, data: Any) -> None:
        is_known = self.headers["PRIVATE-TOKEN"] == "secret"
        self.send_response(self.server.status if is_known else 401)
        self.end_headers()
        self.wfile.write(json.dumps(data).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def write_note(server: GitLab, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the script of the note against a GitLab."""
    (folder / "review.md").write_text(f"{MARKER}\nnew", encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "NO_PROXY": "127.0.0.1",
        "REVIEW_TOKEN": "secret",
        "CI_API_V4_URL": f"http://127.0.0.1:{server.server_port}/api/v4",
        "CI_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_IID": "2",
    }
    with server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        words = [sys.executable, str(ROOT / ".gitlab" / "note.py"), "review.md"]
        done = subprocess.run(words, env=environment, cwd=folder, check=False, text=True, capture_output=True)
        server.shutdown()
        thread.join()
    return done


def note(number: int, author: int, body: str = f"{MARKER}\nold") -> dict[str, Any]:
    return {"id": number, "author": {"id": author}, "body": body}


TALK = [note(number, 7 if number % 2 else 8, f"I say {MARKER}") for number in range(1000, 1250)]


@pytest.mark.parametrize(
    ("notes", "wanted"),
    [
        ([], "POST"),
        ([note(9, 7)], "PUT"),
        ([*TALK, note(9, 7)], "PUT"),
        ([note(1, 8), note(9, 7)], "PUT"),
        ([note(1, 8), *TALK], "POST"),
    ],
    ids=["first", "again", "after many", "after a stranger's", "a stranger's alone"],
)
def test_one_note_is_made_and_then_updated(notes: list[Any], wanted: str, tmp_path: Path) -> None:
    server = GitLab(notes)
    done = write_note(server, tmp_path)
    assert done.returncode == 0, done.stderr
    path = "/api/v4/projects/1/merge_requests/2/notes" + ("/9" if wanted == "PUT" else "")
    assert server.written == [(wanted, path, {"body": f"{MARKER}\nnew"})]


def test_a_refusal_says_what_the_token_needs(tmp_path: Path) -> None:
    server = GitLab([], status=403)
    done = write_note(server, tmp_path)
    assert done.returncode == 1
    assert server.written == []
    assert "403" in done.stderr
    assert done.stderr.endswith("REVIEW_TOKEN needs the role Reporter and the scope api\n")
    assert "secret" not in done.stderr
