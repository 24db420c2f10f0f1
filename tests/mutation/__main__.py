"""Tries mutations of the committed fleet and prints the score and what survived; see docs/mutation.md."""

from __future__ import annotations

import argparse
import sys
import time

from tests.mutation import page, score
from tests.mutation.model import CLASSES, sample


def main(arguments: list[str]) -> int:
    """Exit code 1 when a mutation survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--sample", type=int, default=0, help="try so many (default: all of the full run)")
    parser.add_argument("--each", type=int, default=score.EACH, help="how many of like mutations to try")
    parser.add_argument("--seed", type=int, default=score.SEED, help="which of like mutations to try")
    parser.add_argument("--area", choices=["object", "inventory"], help="only these")
    parser.add_argument("--class", dest="sort", choices=CLASSES, help="only this class")
    parser.add_argument("--processes", type=int, default=0, help="default: one a processor")
    parser.add_argument("--write", action="store_true", help="write docs/mutation.md (of the full run)")
    given = parser.parse_args(arguments)
    since = time.monotonic()
    mutations = [
        one
        for one in score.chosen(given.each, given.seed)
        if given.area in (None, one.area) and given.sort in (None, one.sort)
    ]
    tried = sample(mutations, given.sample, given.seed) if given.sample else mutations
    _say(f"{len(tried)} of {len(score.every())} mutations; {time.monotonic() - since:.0f} s to make them")
    verdicts = score.verdicts(tried, given.processes)
    for one in score.survivors(verdicts):
        _say(f"survived: {one}")
    for line in score.table(verdicts):
        counts = f"{line.tried:7}{line.found:7}{line.harmless:7}{line.survived:7}"
        _say(f"{line.sort:16}{counts}{line.score:8.1%}")
    for pattern in score.idle(verdicts):
        _say(f"harmless.yml: nothing was like {pattern}")
    _say(f"{time.monotonic() - since:.0f} s")
    if given.write:
        page.write(verdicts)
    return 1 if any(one.survived for one in verdicts) else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
