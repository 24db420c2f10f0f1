"""Bring together what shards have compiled on other machines, instead of compiling it here.

A shard's folder (``--output``) holds its targets and the keys that they were compiled under. What is taken over must
have the key that this checkout gives, and the digest that its shard recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from scripts.compile.content import digest, read_file
from scripts.compile.errors import ToldError
from scripts.compile.inputs import Inputs
from scripts.compile.outputs import home_of
from scripts.compile.state import TargetRecord, load_state
from scripts.compile.workspace import COMPILED, Workspace
from scripts.project import MisuseError

TOLD: Final = 20
"""So many targets are told one by one: a shard that is absent is a quarter of the fleet."""


class ShardsError(ToldError):
    """The shards are not the whole, or not of this checkout."""


def require_shards(folders: Iterable[Path]) -> None:
    """Raises MisuseError for a folder that no shard was compiled to."""
    for folder in folders:
        if not Workspace(folder).state.is_file():
            raise MisuseError(f"--merge {folder}: nothing was compiled there with --output")


def gather(
    folders: Sequence[Path],
    inputs: Inputs,
    closures: Mapping[str, Iterable[str]],
    targets: Iterable[str],
    output: Path,
) -> None:
    """Copy the files of some targets to ``output``. Raises ShardsError with everything that is wrong."""
    found = _records(folders)
    wrong: list[str] = []
    for target in sorted(targets):
        if target not in found:
            wrong.append(f"{target} is in no shard; compile all of them")
            continue
        key = inputs.key(target, closures)
        folder, record = next((one for one in found[target] if one[1].key == key), found[target][-1])
        if record.key != key:
            wrong.append(f"{target} in {folder} was compiled from another checkout; compile the shard anew")
            continue
        wrong += _copy(target, record, folder / COMPILED / home_of(target), output / home_of(target))
    if wrong:
        more = [f"and {len(wrong) - TOLD:,} more"] if len(wrong) > TOLD else []
        raise ShardsError("\n".join([*wrong[:TOLD], *more, "compiled/ is as it was"]))


def _records(folders: Sequence[Path]) -> dict[str, list[tuple[Path, TargetRecord]]]:
    """What the folders have of each target, in their order."""
    found: dict[str, list[tuple[Path, TargetRecord]]] = {}
    for folder in folders:
        for target, record in load_state(Workspace(folder).state).targets.items():
            found.setdefault(target, []).append((folder, record))
    return found


def _is_below(path: str) -> bool:
    """Whether a path, which another machine recorded, leads to a place below a folder."""
    return not path.startswith("/") and ".." not in path.split("/")


def _copy(target: str, record: TargetRecord, source: Path, destination: Path) -> list[str]:
    wrong: list[str] = []
    for path, value in record.files.items():
        if not _is_below(path):
            wrong.append(f"{target}: {path} does not lie in its folder; compile the shard anew")
            continue
        content = read_file(source / path)
        if content is None or digest(content) != value:
            wrong.append(f"{target}: {source / path} is not what its shard compiled")
            continue
        (destination / path).parent.mkdir(parents=True, exist_ok=True)
        (destination / path).write_bytes(content)
    return wrong
