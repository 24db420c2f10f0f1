"""What is asked of a compile on the command line, and makes no sense."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from scripts import compile as verb
from scripts.project import MisuseError, Project


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--max-removals", "nan"], "--max-removals nan: give a number from 0"),
        (["--patience", "nan"], "--patience nan: give a number of seconds"),
        (["--patience", "0"], "--patience 0: give a number of seconds"),
        (["--shard", "1/2", "--merge", "a", "b"], "leave --shard out"),
        (["--watch", "--check"], "--watch goes on for ever"),
        (["--output", "{root}/compiled/x"], "lies in a tree of the project"),
        (["--output", "{root}/inventory"], "lies in a tree of the project"),
        (["--output", "{root}/build/../components"], "lies in a tree of the project"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, words: list[str], says: str) -> None:
    parser = argparse.ArgumentParser()
    verb.arguments(parser)
    options = parser.parse_args([word.format(root=tmp_path) for word in words])

    with pytest.raises(MisuseError, match=says):
        verb.run(options, Project(tmp_path))
