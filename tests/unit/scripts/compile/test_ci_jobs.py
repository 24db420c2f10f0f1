"""The ready CI jobs are what they must be: well formed, complete, and made of commands that there are."""

from __future__ import annotations

import argparse
import re
from importlib import import_module
from typing import Any

import pytest

from scripts.cli import VERBS
from tests.support.ci_jobs import GITHUB, GITLAB, github_steps, gitlab_steps, inferstack_words, load

COUNT = 4
ACTION = re.compile(r"actions/[a-z-]+@[0-9a-f]{40}")
JOB_KEYS = {"runs-on", "timeout-minutes", "strategy", "needs", "steps"}
STEP_KEYS = {"uses", "with", "run", "name"}
GITLAB_TOP = {"stages", "workflow", "default", "shard", "whole"}
GITLAB_JOB_KEYS = {"stage", "parallel", "cache", "script", "artifacts", "needs"}


def shard_values(index: int) -> dict[str, str]:
    number, count = str(index), str(COUNT)
    return {
        "matrix.shard": number,
        "env.SHARDS": count,
        "CI_NODE_INDEX": number,
        "CI_NODE_TOTAL": count,
    }


def parsed(words: list[str]) -> argparse.Namespace:
    """Arguments as the verb reads them; argparse ends the test when it does not know one."""
    verb, *rest = words
    assert verb in VERBS
    parser = argparse.ArgumentParser(prog=verb)
    import_module(f"scripts.{verb}").arguments(parser)
    return parser.parse_args(rest)


@pytest.mark.parametrize("steps", [github_steps, gitlab_steps])
def test_every_shard_is_compiled_into_a_folder_of_its_own(steps: Any) -> None:
    asked = [
        parsed(words)
        for k in range(1, COUNT + 1)
        for words in inferstack_words(steps("shard", shard_values(k)))
    ]

    assert [one.shard for one in asked] == [f"{k}/{COUNT}" for k in range(1, COUNT + 1)]
    assert len({one.output for one in asked}) == COUNT


@pytest.mark.parametrize("steps", [github_steps, gitlab_steps])
def test_the_whole_is_compared_and_checked(steps: Any) -> None:
    compiling, checking = inferstack_words(steps("whole", {}))

    asked = parsed(compiling)
    assert asked.check
    assert [str(folder) for folder in asked.merge] == ["build/shards/*"]
    assert checking[0] == "check"
    parsed(checking)


def test_github_has_as_many_runners_as_shards() -> None:
    workflow = load(GITHUB)

    shards = workflow["jobs"]["shard"]["strategy"]["matrix"]["shard"]
    assert shards == [str(k) for k in range(1, COUNT + 1)]
    assert workflow["env"]["SHARDS"] == str(COUNT)
    assert workflow["jobs"]["whole"]["needs"] == "shard"


def test_github_may_only_read() -> None:
    workflow = load(GITHUB)

    assert workflow["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in workflow["jobs"].values())
    assert set(workflow["on"]) == {"pull_request", "push"}


def test_github_knows_every_key() -> None:
    workflow = load(GITHUB)

    assert set(workflow) == {"name", "on", "permissions", "concurrency", "env", "jobs"}
    for job in workflow["jobs"].values():
        assert set(job) <= JOB_KEYS
        assert {"runs-on", "timeout-minutes", "steps"} <= set(job)
        for step in job["steps"]:
            assert set(step) <= STEP_KEYS
            assert len({"uses", "run"} & set(step)) == 1
            assert "uses" not in step or ACTION.fullmatch(step["uses"])


def test_github_passes_the_shards_on_with_what_they_remember() -> None:
    jobs = load(GITHUB)["jobs"]
    given = {
        step["uses"].partition("@")[0]: step["with"]
        for job in jobs.values()
        for step in job["steps"]
        if "with" in step
    }

    up, down = given["actions/upload-artifact"], given["actions/download-artifact"]
    assert up["name"] == "shard-${{ matrix.shard }}"
    assert up["include-hidden-files"] == "true"
    assert up["path"] == down["path"] == given["actions/cache"]["path"] == "build/shards"
    assert down["pattern"] == "shard-*"
    assert down["merge-multiple"] == "true"


def test_gitlab_has_as_many_runners_as_shards() -> None:
    pipeline = load(GITLAB)

    assert pipeline["shard"]["parallel"] == str(COUNT)
    assert pipeline["whole"]["needs"] == ["shard"]
    assert pipeline["shard"]["artifacts"]["paths"] == ["build/shards/"]
    assert pipeline["shard"]["cache"]["key"] == "shard-$CI_NODE_INDEX-of-$CI_NODE_TOTAL"


def test_gitlab_knows_every_key() -> None:
    pipeline = load(GITLAB)

    assert set(pipeline) >= GITLAB_TOP
    for name in ("shard", "whole"):
        assert set(pipeline[name]) <= GITLAB_JOB_KEYS
        assert pipeline[name]["stage"] in pipeline["stages"]
