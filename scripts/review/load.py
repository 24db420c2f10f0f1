"""Two trees from git: the base from a commit, the head from the working tree or from another commit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Generic, TypeVar

import components
from components.inventory.inventory import Inventory
from components.inventory.origin import Origins
from scripts.project import MisuseError, Project
from scripts.review.before import before_of
from scripts.review.git import WORKTREE, Entry, Repository, Revision, texts
from scripts.review.sides import Pair, Side

_CODE = ("components/", "templates/", ".kapitan", "requirements/")
_MARKERS = (b"<<<<<<< ", b">>>>>>> ", b"||||||| ")
_MARKER = re.compile(rb"^(<{7}|>{7}|\|{7}) ", re.MULTILINE)
P = TypeVar("P")
Reader = Callable[[str], Mapping[str, str]]
"""From a target to its compiled files."""
_RUNS = ("components", "templates")


@contextmanager
def pair(project: Project, base: str | None, head: str | None, main: Sequence[str]) -> Iterator[Pair]:
    """Both sides. Raises MisuseError where git does not have what is asked for, or a merge is not finished."""
    repository = Repository(project.root)
    repository.check()
    if head is None and (unmerged := repository.unmerged()):
        more = f" and {len(unmerged) - 1} more" if len(unmerged) > 1 else ""
        raise MisuseError(f"{unmerged[0]}{more} is not merged yet; end the merge, then review it")
    at_head = repository.revision(head) if head else Revision(WORKTREE)
    at_base = repository.revision(base) if base else repository.default_base(at_head, main)
    entries = repository.differences(at_base, at_head)
    old, new = texts(repository, entries)
    _refuse_markers(old, at_base.label)
    _refuse_markers(new, at_head.label)
    with TemporaryDirectory(prefix="inferstack-review-") as folder:
        inventory = _inventory(repository, at_head, Path(folder, "head"))
        compiled = _from_commit(repository, at_head) if at_head.commit else _from_disk(repository.root)
        after = Side(at_head.label, Origins(inventory), _compiled(new), compiled)
        texts_before = _compiled(old)
        as_it_was = _as_it_was(compiled, texts_before, frozenset(after.texts))
        inventory_before = before_of(inventory, old, new, Path(folder, "base"))
        before = Side(at_base.label, Origins(inventory_before), texts_before, as_it_was)
        yield Pair(
            before,
            after,
            tuple(entry.path for entry in entries if entry.path.startswith("inventory/") and _is_yaml(entry)),
            tuple(
                entry.path
                for entry in entries
                if entry.path.startswith(_CODE) and "/__pycache__/" not in entry.path
            ),
            _runs(repository, at_head),
            tuple(_notes(repository, at_head)),
        )


def _is_yaml(entry: Entry) -> bool:
    return entry.path.endswith((".yml", ".yaml"))


def _refuse_markers(contents: Mapping[str, bytes], label: str) -> None:
    """Raises MisuseError for a file with what a merge leaves behind."""
    for path, content in contents.items():
        # Most files hold none of them anywhere, which is seen ten times faster.
        is_suspect = any(marker in content for marker in _MARKERS)
        if is_suspect and path.startswith(("inventory/", "compiled/")) and (match := _MARKER.search(content)):
            line = content.count(b"\n", 0, match.start()) + 1
            raise MisuseError(
                f"{path}:{line}: a conflict marker at {label}; resolve the conflict, then review it"
            )


def _inventory(repository: Repository, revision: Revision, folder: Path) -> Inventory:
    if not revision.commit:
        return Inventory(repository.root / "inventory")
    (folder / "inventory").mkdir(parents=True)
    repository.write_tree(revision, "inventory", folder)
    return Inventory(folder / "inventory")


def _compiled(contents: Mapping[str, bytes]) -> dict[str, str]:
    return {
        path: content.decode("utf-8", "replace")
        for path, content in contents.items()
        if path.startswith("compiled/")
    }


def _as_it_was(head: Reader, old: Mapping[str, str], changed: frozenset[str]) -> Reader:
    """The files of the base: those of the head, with what differs as it was."""
    by_target: dict[str, dict[str, str]] = {}
    for path, text in old.items():
        by_target.setdefault(".".join(path.split("/")[1:3]), {})[path] = text

    def read(target: str) -> Mapping[str, str]:
        own, now = by_target.get(target, {}), head(target)
        kept = [path for path in now if path not in changed]
        return Files(
            {path: path for path in (*kept, *own)}, lambda path: own[path] if path in own else now[path]
        )

    return cache(read)


def _from_disk(root: Path) -> Reader:
    def read(target: str) -> Mapping[str, str]:
        folder = root / "compiled" / Path(*target.split(".", 1))
        files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        paths = {path.relative_to(root).as_posix(): path for path in files}
        return Files(paths, lambda path: path.read_text(encoding="utf-8", errors="replace"))

    return cache(read)


def _from_commit(repository: Repository, revision: Revision) -> Reader:
    def read(target: str) -> Mapping[str, str]:
        listed = repository.tree(revision, "compiled/" + target.replace(".", "/", 1))
        contents = repository.blobs(blob for _, blob in listed.values())
        return {path: contents[blob].decode("utf-8", "replace") for path, (_, blob) in listed.items()}

    return cache(read)


class Files(Mapping[str, str], Generic[P]):
    """Texts by path, each read when it is asked for."""

    def __init__(self, paths: Mapping[str, P], read: Callable[[P], str]) -> None:
        self._paths = paths
        self._read = read

    def __getitem__(self, path: str) -> str:
        return self._read(self._paths[path])

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def _runs(repository: Repository, head: Revision) -> bool:
    """Whether the components that run here are those of the head."""
    own = repository.root / "components"
    if own.is_dir() and own.resolve() != Path(components.__file__).resolve().parent:
        return False
    if not head.commit:
        return True
    return repository.ask("diff", "--quiet", head.commit, "--", *_RUNS) is not None


def _notes(repository: Repository, head: Revision) -> Iterator[str]:
    if head.commit and repository.is_dirty():
        yield f"the working tree holds changes that are in no commit; this review of {head.label} does not see them"
    if not _runs(repository, head):
        yield (
            f"the components that run here are not those of {head.label}, so that which edit changes which field is "
            "told per target, not per field"
        )
