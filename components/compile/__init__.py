"""The one kadet component that Kapitan loads: compiles whatever target it is called for.

Kapitan executes this file anew for every target, under a name of its own, and puts no folder of ours on
``sys.path``. Imported as ``components.compile`` it is an ordinary package and does nothing.
"""

import sys
from pathlib import Path

if __name__ != "components.compile":
    _ROOT = str(Path(__file__).resolve().parents[2])
    if sys.path[0] != _ROOT:
        sys.path.insert(0, _ROOT)

    from components.compile import entry

    # Not in main(): there Kapitan replaces the message of every exception.
    _FILES = entry.files()


def main() -> dict[str, str]:
    """File texts by path."""
    return dict(_FILES)
