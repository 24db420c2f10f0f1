"""What git knows: revisions, which files differ, and their contents. Never checks anything out."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.project import MisuseError

MAIN: Final = ("origin/main", "main", "origin/master", "master")
"""Where the main branch is looked for."""
WORKTREE: Final = "the working tree"
LOOKED_AT: Final = ("inventory", "compiled", "components", "templates", ".kapitan", "requirements/run.txt")
_LINK: Final = "120000"
_FETCH: Final = (
    "`git fetch --unshallow` brings the rest (in GitHub Actions: `fetch-depth: 0`, in GitLab: GIT_DEPTH: 0)"
)


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit; ``commit`` is empty for the working tree."""

    name: str
    commit: str = ""

    @property
    def label(self) -> str:
        """For people: ``main (1a2b3c4d)``."""
        short = self.commit[:10]
        if not self.commit:
            return self.name
        return short if self.commit.startswith(self.name) else f"{self.name} ({short})"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file that differs; a blob is empty where there is no file, ``None`` where it lies in the working tree."""

    path: str
    old_blob: str
    new_blob: str | None


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository that a project lies in; paths are seen from the project."""

    root: Path

    def run(self, *words: str, stdin: bytes | None = None) -> bytes:
        """What a git command prints. Raises MisuseError with what git says."""
        done = self._run(words, stdin)
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise MisuseError(f"git {words[0]}: {said[0] if said else f'exit code {done.returncode}'}")
        return done.stdout

    def ask(self, *words: str) -> str | None:
        """What a git command prints, without the end of line; None where it fails."""
        done = self._run(words, None)
        return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None

    def _run(self, words: Sequence[str], stdin: bytes | None) -> subprocess.CompletedProcess[bytes]:
        command = ["git", "-c", "core.quotePath=false", "-c", "core.fsmonitor=false", *words]
        try:
            return subprocess.run(command, cwd=self.root, input=stdin, capture_output=True, check=False)
        except FileNotFoundError:
            raise MisuseError("git is not installed; a review reads the base from it") from None

    @property
    def is_shallow(self) -> bool:
        """Whether the clone holds only part of the history."""
        return self.ask("rev-parse", "--is-shallow-repository") == "true"

    def check(self) -> None:
        """Raises MisuseError where there is nothing to compare with."""
        if self.ask("rev-parse", "--show-toplevel") is None:
            raise MisuseError(
                f"{self.root} lies in no git repository; a review compares two revisions of one"
            )
        if self.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}") is None:
            raise MisuseError("there is no commit yet; a review needs one as its base")

    def revision(self, name: str) -> Revision:
        """A revision by any name that git knows. Raises MisuseError."""
        if name.startswith("-"):
            raise MisuseError(f"{name!r} is no revision")
        commit = self.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if commit:
            return Revision(name, commit)
        if ".." in name:
            one, _, two = name.replace("...", "..").partition("..")
            two = two or "HEAD"
            raise MisuseError(
                f"{name!r} is no revision; write the two apart: `inferstack review {one or 'HEAD'} {two}`"
            )
        why = (
            f"this clone is shallow: {_FETCH}"
            if self.is_shallow
            else "see `git branch --all` for what there is"
        )
        raise MisuseError(f"there is no revision {name!r}; {why}")

    def default_base(self, head: Revision, main: Sequence[str] = MAIN) -> Revision:
        """Where ``head`` left the main branch. Raises MisuseError."""
        for name in main:
            commit = self.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
            if not commit:
                continue
            found = self.ask("merge-base", commit, head.commit or "HEAD")
            if found:
                return Revision(name, found)
            if self.is_shallow:
                raise MisuseError(
                    f"this clone is shallow and does not reach back to where it left {name}: {_FETCH}"
                )
            raise MisuseError(f"{head.name} and {name} share no history; name the base")
        why = f" This clone is shallow: {_FETCH}" if self.is_shallow else ""
        raise MisuseError(f"no main branch ({', '.join(main)}); name the base, or --main BRANCH.{why}")

    def differences(self, base: Revision, head: Revision) -> list[Entry]:
        """The files that differ, by path."""
        words = [
            "diff",
            "--raw",
            "-z",
            "--no-renames",
            "--no-abbrev",
            "--no-ext-diff",
            "--relative",
            base.commit,
        ]
        if head.commit:
            return list(_entries(self.run(*words, head.commit, "--", *LOOKED_AT), worktree=False))
        found = {entry.path: entry for entry in _entries(self.run(*words, "--", *LOOKED_AT), worktree=True)}
        listed = self.run("ls-files", "-z", "--others", "--exclude-standard", "--", *LOOKED_AT)
        for path in _paths(listed):
            old = found[path].old_blob if path in found else ""
            found[path] = Entry(path, old, None)
        return [found[path] for path in sorted(found)]

    def unmerged(self) -> list[str]:
        """Files with conflicts that a merge left."""
        return _paths(self.run("diff", "--name-only", "-z", "--diff-filter=U", "--relative"))

    def is_dirty(self) -> bool:
        """Whether the working tree holds what is in no commit."""
        return bool(self.run("status", "--porcelain", "-z", "--", *LOOKED_AT))

    def tree(self, revision: Revision, folder: str) -> dict[str, tuple[str, str]]:
        """(mode, blob) of every file below a folder of a commit, by path."""
        listed = self.run("ls-tree", "-r", "-z", revision.commit, "--", folder)
        found = {}
        for line in _paths(listed):
            facts, _, path = line.partition("\t")
            mode, kind, blob = facts.split()[:3]
            if kind == "blob":
                found[path] = (mode, blob)
        return found

    def blobs(self, names: Iterable[str]) -> dict[str, bytes]:
        """The contents of blobs, by name, from one process."""
        wanted = sorted(set(names) - {""})
        if not wanted:
            return {}
        output = self.run("cat-file", "--batch", stdin="".join(f"{name}\n" for name in wanted).encode())
        found: dict[str, bytes] = {}
        at = 0
        for name in wanted:
            end = output.index(b"\n", at)
            head = output[at:end].split()
            if len(head) != 3:
                why = _FETCH if self.is_shallow else "`git fsck` says what is missing"
                raise MisuseError(f"the repository does not hold {name[:10]}; {why}")
            size = int(head[2])
            found[name] = output[end + 1 : end + 1 + size]
            at = end + size + 2
        return found

    def write_tree(self, revision: Revision, folder: str, destination: Path) -> None:
        """Write a folder of a commit below ``destination``, for those who read from disk."""
        files = self.tree(revision, folder)
        contents = self.blobs(blob for _, blob in files.values())
        for parent in sorted({(destination / path).parent for path in files}):
            parent.mkdir(parents=True, exist_ok=True)
        for path, (mode, blob) in files.items():
            if mode == _LINK:
                (destination / path).symlink_to(contents[blob].decode("utf-8", "surrogateescape"))
            else:
                (destination / path).write_bytes(contents[blob])


def _paths(output: bytes) -> list[str]:
    return [part.decode("utf-8", "surrogateescape") for part in output.split(b"\0") if part]


def _entries(output: bytes, *, worktree: bool) -> Iterator[Entry]:
    """``:<mode> <mode> <blob> <blob> <status>``, then the path."""
    parts = _paths(output)
    for facts, path in zip(parts[::2], parts[1::2], strict=True):
        _, _, old, new, status = facts.split()
        old_blob = "" if set(old) == {"0"} else old
        gone = status.startswith("D")
        yield Entry(path, old_blob, "" if gone else None if worktree else new)


def texts(
    repository: Repository, entries: Iterable[Entry]
) -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
    """The contents of files that differ, at the base and at the head, by path."""
    listed = list(entries)
    contents = repository.blobs(
        [blob for entry in listed for blob in (entry.old_blob, entry.new_blob or "") if blob]
    )
    old = {entry.path: contents[entry.old_blob] for entry in listed if entry.old_blob}
    new: dict[str, bytes] = {}
    for entry in listed:
        if entry.new_blob:
            new[entry.path] = contents[entry.new_blob]
        elif entry.new_blob is None and (content := _content(repository.root / entry.path)) is not None:
            new[entry.path] = content
    return old, new


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() and not path.is_symlink() else None
    except OSError as error:
        raise MisuseError(f"{path.name} cannot be read: {error.strerror or error}") from None
