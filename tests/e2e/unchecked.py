"""The ``inferstack`` command, without the check of what it compiles: its rules have tests of their own."""

import sys

from scripts.compile import verify
from tests.support.compiling import unchecked

verify.check_tree = unchecked

from scripts.cli import main  # noqa: E402 - after the check is gone

sys.exit(main())
