"""What is compiled for people, runbooks and fragments, as objects whose fields are lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from components.argocd.documents import HEALTH
from components.cluster.documents import RUNBOOKS, writers
from components.cluster.params import Fleet
from components.monitoring import mixin as monitoring
from scripts.explain.effect import Objects
from scripts.explain.keyed import Steps
from scripts.explain.locate import NoSuchField

FOLDERS = ("docs", RUNBOOKS)
"""Folders of a cluster's own target that nothing syncs."""
KIND = "Document"
LINES = "lines"


def needs_kinds(folder: str, file: str) -> bool:
    """Whether a document, or one of a folder, tells of the kinds that are compiled."""
    return folder == FOLDERS[0] and file in ("", HEALTH)


def needs_alerts(folder: str) -> bool:
    """Whether the documents of a folder tell of alerts."""
    return folder == RUNBOOKS


def compiled(fleet: Fleet, folder: str, file: str, mixins: Mapping[str, str]) -> Objects:
    """A document, or all of a folder where there is none of that name. ``fleet`` knows its kinds; ``mixins`` holds the
    mixin's results by argument."""
    every = writers(fleet)
    wanted = [file] if file in every else [path for path in every if path.partition("/")[0] == folder]
    with _known(mixins):
        return {path: as_object(path, every[path]()) for path in wanted}


def as_object(file: str, text: str) -> dict[str, object]:
    """A document as an object, so that it is compared as one."""
    return {"kind": KIND, "metadata": {"name": file}, LINES: text.split("\n")}


def field_at(text: str, line: int) -> Steps:
    """The field that a line (from 1) of a document is. Raises NoSuchField."""
    rows = text.split("\n")
    if not 1 <= line <= len(rows) or not rows[line - 1].strip():
        raise NoSuchField(
            f"line {line} is empty" if 1 <= line <= len(rows) else f"it has {len(rows) - 1} lines"
        )
    return (LINES, line - 1)


def line_of(path: Steps) -> int:
    """The line (from 1) that a field is; the first for the document as a whole."""
    return int(path[1]) + 1 if len(path) > 1 else 1


@contextmanager
def _known(mixins: Mapping[str, str]) -> Iterator[None]:
    """Results of the mixin that need not be computed again."""
    original = monitoring._evaluate
    monitoring._evaluate = lambda params: mixins[params]  # type: ignore[assignment]
    try:
        yield
    finally:
        monitoring._evaluate = original
