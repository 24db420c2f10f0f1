"""The least that writing a compiled tree can cost: dump the same objects with libyaml, write the same files.

Run as a program, so that it is measured like every other (``python -m scripts.benchmark.floor dump PACKED OUT``).
The objects must be read first; ``read`` alone measures that part.
"""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path

import yaml


def pack(compiled: Path, packed: Path) -> None:
    """Objects and texts of a tree in one file that loads fast."""
    texts = {
        str(path.relative_to(compiled)): path.read_text(encoding="utf-8")
        for path in sorted(compiled.rglob("*"))
        if path.is_file()
    }
    objects = [
        yaml.load(text, Loader=yaml.CSafeLoader) for name, text in texts.items() if name.endswith(".yaml")
    ]
    packed.write_bytes(
        pickle.dumps({"texts": texts, "objects": [json.loads(json.dumps(one)) for one in objects]})
    )


def main(what: str, packed: str, out: str) -> None:
    """``read``: load the packed tree. ``dump``: also dump its objects. ``write``: also write its files."""
    tree = pickle.loads(Path(packed).read_bytes())  # noqa: S301 - our own file
    if what == "dump":
        for one in tree["objects"]:
            yaml.dump(one, Dumper=yaml.CSafeDumper, default_flow_style=False, sort_keys=False)
    if what == "write":
        for name, text in tree["texts"].items():
            path = Path(out) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
