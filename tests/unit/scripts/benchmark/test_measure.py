"""What a command costs: of it and of all that it starts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts.benchmark.measure import CommandFailedError, measure

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="memory is read from /proc"
)
CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], check=True)"


def test_the_work_of_children_counts(tmp_path: Path) -> None:
    spin = "import time; until = time.process_time() + 0.3\nwhile time.process_time() < until: pass"

    cost = measure([sys.executable, "-c", CHILD, spin], tmp_path)

    assert cost.cpu >= 0.3
    assert cost.wall > 0


@needs_proc
def test_the_memory_of_children_counts(tmp_path: Path) -> None:
    fill = "import time; kept = b'x' * (80 << 20); time.sleep(1)"

    assert measure([sys.executable, "-c", CHILD, fill], tmp_path).peak_mib > 80


def test_a_command_that_fails_is_an_error_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(CommandFailedError, match=r"exited 3: no such thing"):
        measure([sys.executable, "-c", "import sys; print('no such thing'); sys.exit(3)"], tmp_path)


def test_it_runs_where_it_should_with_what_it_is_given(tmp_path: Path) -> None:
    script = (
        f"import os; assert os.getcwd() == {str(tmp_path.resolve())!r}; assert os.environ['GIVEN'] == 'x'"
    )

    measure([sys.executable, "-c", script], tmp_path, {"GIVEN": "x"})
