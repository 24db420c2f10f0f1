"""The one kadet component that Kapitan loads: compiles whatever target it is called for.

Kapitan executes this file anew for every target, and puts no folder of ours on ``sys.path``.
"""

import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[2])
if sys.path[0] != _ROOT:
    sys.path.insert(0, _ROOT)

from components.compile import entry  # noqa: E402

_FILES = entry.files() if __name__ != "components.compile" else {}


def main() -> dict[str, str]:
    """File texts by path. They are made above, because Kapitan hides what an error in here says."""
    return _FILES
