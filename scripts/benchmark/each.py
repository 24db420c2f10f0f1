"""Run a command once per line of a list, a few at a time: ``python -m scripts.benchmark.each JOBS LIST``.

Each line is a JSON list of words. Stops at the first that fails. What the commands print is thrown away.
"""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def main(jobs: str, commands: str) -> int:
    """The exit code of the first command that failed, else 0."""
    lines = Path(commands).read_text(encoding="utf-8").splitlines()
    with ThreadPoolExecutor(int(jobs)) as pool:
        return max(pool.map(_run, lines), default=0)


def _run(line: str) -> int:
    words = json.loads(line)
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print(done.stderr[-500:], file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
