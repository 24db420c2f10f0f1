"""Bring together what shards have compiled on other machines, instead of compiling it here.

A shard's folder (``--output``) holds its targets and the keys that they were compiled under. What is taken over must
have the key that this checkout gives, and the digest that its shard recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from scripts.compile.content import digest, read_file
from scripts.compile.errors import ToldError
from scripts.compile.inputs import Inputs
from scripts.compile.outputs import home_of
from scripts.compile.state import TargetRecord, load_state
from scripts.compile.workspace import COMPILED, Workspace
from scripts.project import MisuseError


class ShardsError(ToldError):
    """The shards are not the whole, or not of this checkout."""


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
        folder, record = found[target]
        if record.key != inputs.key(target, closures):
            wrong.append(f"{target} in {folder} was compiled from another checkout; compile the shard anew")
            continue
        wrong += _copy(target, record, folder / COMPILED / home_of(target), output / home_of(target))
    if wrong:
        raise ShardsError("\n".join([*wrong, "compiled/ is as it was"]))


def _records(folders: Sequence[Path]) -> dict[str, tuple[Path, TargetRecord]]:
    found: dict[str, tuple[Path, TargetRecord]] = {}
    for folder in folders:
        if not folder.is_dir():
            raise MisuseError(f"--merge {folder}: no such folder")
        for target, record in load_state(Workspace(folder).state).targets.items():
            found[target] = (folder, record)
    return found


def _copy(target: str, record: TargetRecord, source: Path, destination: Path) -> list[str]:
    wrong: list[str] = []
    for path, value in record.files.items():
        content = read_file(source / path)
        if content is None or digest(content) != value:
            wrong.append(f"{target}: {source / path} is not what its shard compiled")
            continue
        (destination / path).parent.mkdir(parents=True, exist_ok=True)
        (destination / path).write_bytes(content)
    return wrong
