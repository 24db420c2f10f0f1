"""What the last compile read and wrote, so that the next one does only what changed.

A cache: deleted, torn, old or of another version, it is as good as none. It vouches for nothing that it does not
prove by content: a target is kept when its key is what its inputs give now, and every one of its files has the
digest that the compile under that key gave.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from scripts.compile.content import Signature, digest, read_file

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class TargetRecord:
    """One target as it was last compiled."""

    key: str
    """Digest of everything that its files depend on."""
    closure: list[str]
    """Its inventory files in merge order, as ``inventory/…``."""
    files: dict[str, str]
    """Digests of its files by path below the target's folder."""
    signatures: dict[str, Signature]
    """Signatures under which the digests were taken."""
    taken: int
    """When, in ns since the epoch."""


@dataclass(frozen=True, slots=True)
class State:
    """All targets, and the inventory that the guard has passed."""

    shared: str = ""
    """Digest of the code and settings under which the guard found no error in the inventory."""
    inventory: Mapping[str, str] = field(default_factory=dict)
    """Digests of the inventory files in which it found none."""
    targets: Mapping[str, TargetRecord] = field(default_factory=dict)


def load_state(path: Path) -> State:
    """The state in a file; an empty one when there is none that can be trusted. Never raises."""
    try:
        head, _, body = (read_file(path) or b"").partition(b"\n")
        if head.decode() != _head(body):
            return State()
        document = json.loads(body)
        return State(
            shared=document["shared"],
            inventory=document["inventory"],
            targets={name: TargetRecord(**record) for name, record in document["targets"].items()},
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return State()


def save_state(path: Path, state: State) -> None:
    """Write the state, whole or not at all. A failure is passed over: the next run only does more."""
    document: dict[str, Any] = {
        "shared": state.shared,
        "inventory": state.inventory,
        "targets": {name: _plain(record) for name, record in sorted(state.targets.items())},
    }
    body = json.dumps(document, separators=(",", ":"), ensure_ascii=True).encode()
    temporary = path.with_name(f"{path.name}.new")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(_head(body).encode() + b"\n" + body)
        temporary.replace(path)


def _head(body: bytes) -> str:
    return f"inferstack compile {FORMAT} {digest(body)}"


def _plain(record: TargetRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in TargetRecord.__slots__}
